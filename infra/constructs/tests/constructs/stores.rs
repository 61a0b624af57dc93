//! Tables and buckets.

use super::*;

fn table(stack: &mut Stack, removal_policy: RemovalPolicy) -> Table {
    Table::new(stack, "Orders", table_props(removal_policy))
}

fn table_props(removal_policy: RemovalPolicy) -> TableProps {
    TableProps {
        table_name: "Orders-dev".to_owned(),
        partition_key: "id",
        time_to_live_attribute: Some("expiration"),
        global_secondary_indexes: Vec::new(),
        deletion_protection: true,
        removal_policy,
    }
}

fn bucket(stack: &mut Stack, removal_policy: RemovalPolicy) -> Bucket {
    let thirty_days = Duration::from_secs(30 * 24 * 3600);
    let props = BucketProps {
        bucket_name: None,
        noncurrent_version_expiration: thirty_days,
        removal_policy,
        why_no_access_log: "one function writes",
    };
    Bucket::new(stack, "Reports", props)
}

#[test]
fn an_index_has_its_keys_and_the_table_defines_each_attribute_once() {
    let mut stack = stack();
    let index = |index_name, sort_key, projection| GlobalSecondaryIndex {
        index_name,
        partition_key: "status",
        sort_key,
        projection,
    };
    let by_time = index("by-time", "since", Projection::All);
    let by_id = index("by-id", "id", Projection::Include(&["amount"]));
    let props = TableProps { global_secondary_indexes: vec![by_time, by_id], ..table_props(RemovalPolicy::Destroy) };
    Table::new(&mut stack, "Orders", props);
    let table = json(stack)["Resources"]["Orders"]["Properties"].clone();
    let defined: Vec<_> = table["AttributeDefinitions"].as_array().expect("a list").iter().collect();
    let text = |name: &str| serde_json::json!({ "AttributeName": name, "AttributeType": "S" });
    assert_eq!(defined, [&text("id"), &text("status"), &text("since")]);
    assert_eq!(
        table["GlobalSecondaryIndexes"],
        serde_json::json!([
            {
                "IndexName": "by-time",
                "KeySchema": [
                    { "AttributeName": "status", "KeyType": "HASH" },
                    { "AttributeName": "since", "KeyType": "RANGE" },
                ],
                "Projection": { "ProjectionType": "ALL" },
            },
            {
                "IndexName": "by-id",
                "KeySchema": [
                    { "AttributeName": "status", "KeyType": "HASH" },
                    { "AttributeName": "id", "KeyType": "RANGE" },
                ],
                "Projection": { "ProjectionType": "INCLUDE", "NonKeyAttributes": ["amount"] },
            },
        ])
    );
}

#[test]
fn a_table_is_on_demand_recoverable_encrypted_and_protected() {
    let mut stack = stack();
    table(&mut stack, RemovalPolicy::Retain);
    let template = json(stack);
    let table = &template["Resources"]["Orders"];
    assert_eq!((&table["DeletionPolicy"], &table["UpdateReplacePolicy"]), (&"Retain".into(), &"Retain".into()));
    let properties = &table["Properties"];
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(properties["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(properties["DeletionProtectionEnabled"], true);
    let time_to_live = serde_json::json!({ "AttributeName": "expiration", "Enabled": true });
    assert_eq!(properties["TimeToLiveSpecification"], time_to_live);
}

#[test]
fn grants_on_tables_and_buckets_name_what_is_done_and_where() {
    let mut stack = stack();
    let (table, bucket) = (table(&mut stack, RemovalPolicy::Destroy), bucket(&mut stack, RemovalPolicy::Destroy));
    let (reader, writer) = (function(&mut stack, "Reader", None), function(&mut stack, "Writer", None));
    table.grant_read_data(&mut stack, &reader);
    table.grant_query(&mut stack, &reader, "by-time");
    table.grant_write_data(&mut stack, &writer);
    table.grant_update_data(&mut stack, &writer);
    table.grant_delete_data(&mut stack, &writer);
    bucket.grant_put(&mut stack, &writer);
    let granted = |role: &str| statements(&stack, role)[1..].to_vec();
    let actions = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let index = cfn::intrinsics::sub("${Orders.Arn}/index/by-time").into_json();
    assert_eq!(
        granted("ReaderRole"),
        [
            ("ReadItems".to_owned(), actions(&["dynamodb:GetItem"]), vec![arn("Orders")]),
            ("QueryItems".to_owned(), actions(&["dynamodb:Query"]), vec![index]),
        ]
    );
    let objects = cfn::intrinsics::sub("${Reports.Arn}/*").into_json();
    assert_eq!(
        granted("WriterRole"),
        [
            ("WriteItems".to_owned(), actions(&["dynamodb:PutItem"]), vec![arn("Orders")]),
            ("UpdateItems".to_owned(), actions(&["dynamodb:UpdateItem"]), vec![arn("Orders")]),
            ("DeleteItems".to_owned(), actions(&["dynamodb:DeleteItem"]), vec![arn("Orders")]),
            ("PutObjects".to_owned(), actions(&["s3:PutObject"]), vec![objects]),
        ]
    );
}

#[test]
fn a_bucket_is_private_versioned_encrypted_and_takes_tls_alone() {
    let mut stack = stack();
    bucket(&mut stack, RemovalPolicy::Retain);
    let template = json(stack);
    let bucket = &template["Resources"]["Reports"];
    let private = bucket["Properties"]["PublicAccessBlockConfiguration"].as_object().expect("an object");
    assert!(private.len() == 4 && private.values().all(|on| *on == true), "{private:?}");
    assert_eq!(bucket["Properties"]["VersioningConfiguration"]["Status"], "Enabled");
    assert_eq!(bucket["Properties"]["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced");
    let old = &bucket["Properties"]["LifecycleConfiguration"]["Rules"][0];
    assert_eq!(
        (&old["NoncurrentVersionExpiration"]["NoncurrentDays"], &old["Status"]),
        (&30.into(), &"Enabled".into())
    );
    assert!(old.get("ExpirationInDays").is_none(), "what stands in it now never ends: {old}");
    assert!(bucket["Properties"].get("BucketName").is_none());
    let policy = &template["Resources"]["ReportsPolicy"];
    assert_eq!((&bucket["DeletionPolicy"], &policy["DeletionPolicy"]), (&"Retain".into(), &"Retain".into()));
    let statement = &policy["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!((&statement["Effect"], &statement["Action"]), (&"Deny".into(), &"s3:*".into()));
    assert_eq!(statement["Condition"]["Bool"]["aws:SecureTransport"], "false");
    assert_eq!(
        statement["Resource"],
        serde_json::json!([{ "Fn::GetAtt": ["Reports", "Arn"] }, { "Fn::Sub": "${Reports.Arn}/*" }])
    );
}
