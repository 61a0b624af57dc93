//! What constructs make, read from the finished template.

use std::time::Duration;

use cfn::aws_sns::CfnTopic;
use cfn::{Json, LogicalId, Value};
use constructs::{
    Acknowledgement, Alarm, Architecture, Bucket, BucketProps, Code, CorsPreflight, Dashboard, Exceptions, Fifo,
    GlobalSecondaryIndex, HttpApi, HttpApiProps, ParameterSource, Projection, Queue, QueueProps, RemovalPolicy,
    RouteAuthorization, RustFunction, RustFunctionProps, Secret, SqsEventSource, Stack, Suppression, Table, TableProps,
    Throttling, Topic, VpcPlacement, Widget,
};

const FIVE_MINUTES: Duration = Duration::from_secs(300);

fn stack() -> Stack {
    Stack::new("Demo", "dev", "demo", &[("Owner".to_owned(), "data".to_owned())])
}

fn queue(stack: &mut Stack) -> Queue {
    Queue::new(stack, "Orders", queue_props())
}

fn queue_props() -> QueueProps {
    QueueProps {
        queue_name: "orders".to_owned(),
        dead_letter_queue_name: "orders-dlq".to_owned(),
        visibility_timeout: Queue::visibility_timeout_for(FIVE_MINUTES, Duration::from_secs(30)),
        retention_period: Duration::from_secs(345_600),
        max_receive_count: 5,
        fifo: None,
    }
}

fn function(stack: &mut Stack, id: &str, vpc: Option<VpcPlacement>) -> RustFunction {
    let props = RustFunctionProps {
        function_name: format!("{id}-dev"),
        description: "Saves orders.",
        code: Code { asset: "order-saver" },
        architecture: Architecture::Arm64,
        memory_mb: 256,
        timeout: FIVE_MINUTES,
        reserved_concurrent_executions: None,
        log_retention_days: 14,
        environment: Vec::new(),
        vpc,
        layers: Vec::new(),
    };
    RustFunction::new(stack, id, props)
}

/// Sid, actions and resources of each statement of a role.
fn statements(stack: &Stack, role: &str) -> Vec<(String, Vec<String>, Vec<Json>)> {
    let entry = stack.template().resource(&LogicalId::new(role)).expect("the role is there");
    let policy = &entry.parts.properties.get("Policies").and_then(Json::as_list).expect("it has one")[0];
    let statements = policy.get("PolicyDocument").and_then(|document| document.get("Statement")?.as_list());
    let texts =
        |json: &Json| json.as_list().unwrap_or_default().iter().filter_map(Json::as_str).map(str::to_owned).collect();
    statements
        .expect("a list")
        .iter()
        .map(|statement| {
            let sid = statement.get("Sid").and_then(Json::as_str).expect("a sid").to_owned();
            let resources = statement.get("Resource").and_then(Json::as_list).expect("a list").to_vec();
            (sid, texts(statement.get("Action").expect("actions")), resources)
        })
        .collect()
}

fn arn(id: &str) -> Json {
    cfn::intrinsics::get_att::<String>(id, "Arn").into_json()
}

#[test]
fn an_event_source_makes_the_mapping_and_its_grant() {
    let mut stack = stack();
    let (queue, function) = (queue(&mut stack), function(&mut stack, "Saver", None));
    let source =
        SqsEventSource { queue: &queue, batch_size: 10, max_batching_window: Duration::ZERO, max_concurrency: 2 };
    function.add_event_source(&mut stack, source);
    let mapping = stack.template().resource(&"SaverSource".into()).expect("the mapping is there");
    assert_eq!(mapping.parts.properties.get("EventSourceArn"), Some(&arn("Orders")));
    let consume = &statements(&stack, "SaverRole")[1];
    assert_eq!((consume.0.as_str(), consume.2.as_slice()), ("ConsumeMessages", [arn("Orders")].as_slice()));
    assert!(consume.1.contains(&"sqs:DeleteMessage".to_owned()), "{consume:?}");
}

/// FIFO attributes of the queue `Orders` and of its dead-letter queue.
fn fifo_attributes(fifo: Option<Fifo>) -> [Vec<(String, serde_json::Value)>; 2] {
    let mut stack = stack();
    Queue::new(&mut stack, "Orders", QueueProps { fifo, ..queue_props() });
    let template = json(stack);
    ["Orders", "OrdersDeadLetters"].map(|id| {
        let properties = template["Resources"][id]["Properties"].as_object().expect("properties").iter();
        let of_fifo = properties.filter(|(name, _)| name.contains("Fifo") || name.contains("Deduplication"));
        of_fifo.map(|(name, value)| (name.clone(), value.clone())).collect()
    })
}

#[test]
fn a_fifo_queue_has_a_fifo_dead_letter_queue_and_groups_that_share_nothing() {
    let expected = |content_based: bool| {
        [
            ("ContentBasedDeduplication".to_owned(), content_based.into()),
            ("DeduplicationScope".to_owned(), "messageGroup".into()),
            ("FifoQueue".to_owned(), true.into()),
            ("FifoThroughputLimit".to_owned(), "perMessageGroupId".into()),
        ]
    };
    for content_based_deduplication in [true, false] {
        for mut attributes in fifo_attributes(Some(Fifo { content_based_deduplication })) {
            attributes.sort_by(|(left, _), (right, _)| left.cmp(right));
            assert_eq!(attributes, expected(content_based_deduplication));
        }
    }
    assert_eq!(fifo_attributes(None), [vec![], vec![]]);
}

#[test]
fn whoever_replays_dead_letters_takes_them_and_counts_what_waits() {
    let mut stack = stack();
    let (queue, function) = (queue(&mut stack), function(&mut stack, "Replayer", None));
    queue.dead_letter_queue().grant_consume_messages(&mut stack, &function);
    queue.grant_read_attributes(&mut stack, &function);
    let statements = statements(&stack, "ReplayerRole");
    assert_eq!(statements[1].2, [arn("OrdersDeadLetters")]);
    assert_eq!(
        (&statements[2].1, &statements[2].2),
        (&vec!["sqs:GetQueueAttributes".to_owned()], &vec![arn("Orders")])
    );
}

#[test]
fn a_function_that_runs_often_is_never_retried_and_says_why() {
    let mut stack = stack();
    let function = function(&mut stack, "Sweeper", None);
    function.never_retry(&mut stack, FIVE_MINUTES, "the next run does what is left");
    let template = json(stack);
    let config = &template["Resources"]["SweeperAsyncInvoke"]["Properties"];
    assert_eq!((&config["MaximumRetryAttempts"], &config["MaximumEventAgeInSeconds"]), (&0.into(), &300.into()));
    assert!(config.get("DestinationConfig").is_none());
    let skipped = &template["Resources"]["Sweeper"]["Metadata"]["checkov"]["skip"];
    assert!(skipped.to_string().contains("the next run does what is left"), "{skipped}");
}

#[test]
fn grants_of_one_kind_join_one_statement_and_are_not_repeated() {
    let mut stack = stack();
    let (queue, function) = (queue(&mut stack), function(&mut stack, "Saver", None));
    queue.grant_send_messages(&mut stack, &function);
    queue.dead_letter_queue().grant_send_messages(&mut stack, &function);
    queue.grant_send_messages(&mut stack, &function);
    let statements = statements(&stack, "SaverRole");
    assert_eq!(statements.len(), 2, "{statements:?}");
    assert_eq!(statements[1].2, [arn("Orders"), arn("OrdersDeadLetters")]);
}

#[test]
fn a_function_may_log_to_its_own_log_group_alone_which_is_made_first() {
    let mut stack = stack();
    function(&mut stack, "Saver", None);
    let statements = statements(&stack, "SaverRole");
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0].2, [arn("SaverLogGroup")]);
    let ids: Vec<_> = stack.template().resources().iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["SaverLogGroup", "SaverRole", "Saver"]);
}

#[test]
fn a_function_in_a_vpc_may_have_network_interfaces() {
    let mut stack = stack();
    let placement = VpcPlacement {
        subnet_ids: Value::from_json(Json::list(["subnet-1"])),
        security_group_id: Value::from_json("sg-1"),
    };
    function(&mut stack, "Saver", Some(placement));
    let statements = statements(&stack, "SaverRole");
    assert_eq!(statements[1].0, "NetworkInterfaces");
    assert!(statements[1].1.iter().all(|action| action.starts_with("ec2:")), "{statements:?}");
    // Lambda may, the function's own code may not.
    assert_eq!((statements[2].0.as_str(), &statements[2].1), ("NetworkInterfacesOfItsOwn", &statements[1].1));
    let yaml = stack.finish().template.to_yaml();
    let denied = "Effect: Deny";
    assert!(yaml.contains(denied) && yaml.contains("function:Saver-dev"), "{yaml}");
}

#[test]
fn all_assets_come_from_one_bucket_each_under_its_own_key() {
    let mut stack = stack();
    let buckets = [stack.asset("order-saver").0, stack.asset("order-reader").0];
    assert_eq!(buckets[0], buckets[1]);
    let parameters = stack.finish().parameters;
    assert_eq!(
        parameters,
        [
            ("AssetBucket".to_owned(), ParameterSource::AssetBucket),
            ("OrderSaverAssetKey".to_owned(), ParameterSource::AssetKey { asset: "order-saver".to_owned() }),
            ("OrderReaderAssetKey".to_owned(), ParameterSource::AssetKey { asset: "order-reader".to_owned() }),
        ]
    );
}

#[test]
fn a_generated_password_never_stands_in_the_template() {
    let mut stack = stack();
    let secret = Secret::generated(&mut stack, "Owner", "owner", "Owner of the database.");
    let password = format!("{:?}", secret.secret_value_from_json("password"));
    assert!(password.contains("{{resolve:secretsmanager:${Owner}:SecretString:password}}"), "{password}");
    let yaml = stack.finish().template.to_yaml();
    assert!(yaml.contains("GenerateStringKey: password") && !yaml.contains(" SecretString:"), "{yaml}");
}

#[test]
fn a_generated_member_is_all_that_its_secret_has() {
    let mut stack = stack();
    Secret::generated_member(&mut stack, "Keys", ("current", 64), "Keys that tokens are signed with.");
    let generate = json(stack)["Resources"]["Keys"]["Properties"]["GenerateSecretString"].clone();
    let expected = serde_json::json!({
        "SecretStringTemplate": "{}", "GenerateStringKey": "current", "PasswordLength": 64, "ExcludePunctuation": true,
    });
    assert_eq!(generate, expected);
}

#[test]
fn tags_stand_on_everything_that_takes_them() {
    let mut stack = stack();
    queue(&mut stack);
    function(&mut stack, "Saver", None);
    let yaml = stack.finish().template.to_yaml();
    assert_eq!(yaml.matches("Key: Application").count(), 5, "{yaml}");
    assert_eq!(yaml.matches("Value: data").count(), 5);
}

#[test]
fn exceptions_come_out_as_the_metadata_that_their_readers_take() {
    let mut stack = stack();
    let accepted = |rule| Acknowledgement { rule, reason: "moved to Orders", until: "2027-03-31" };
    let topic = CfnTopic::new()
        .suppress(Suppression::checkov("CKV_AWS_26", "no people's data"))
        .suppress(Suppression::cfn_lint("W3005", "the order matters"))
        .acknowledge(accepted("encryption/removed"));
    stack.add("Topic", topic);
    stack.suppress("Topic", Suppression::checkov("CKV_AWS_1", "another"));
    stack.suppress("Topic", Suppression::guard("TOPIC_RULE", "a third"));
    stack.suppress("Topic", Suppression::guard("TOPIC_RULE", "a third"));
    stack.acknowledge("Topic", accepted("exposure/widened"));
    stack.acknowledge_removed("OldTable", accepted("data-loss/removed"));
    let template = serde_json::from_str::<serde_json::Value>(&stack.finish().template.to_json()).expect("JSON");
    let accepted = |rule: &str| serde_json::json!({ "Rule": rule, "Reason": "moved to Orders", "Until": "2027-03-31" });
    assert_eq!(
        template["Resources"]["Topic"]["Metadata"],
        serde_json::json!({
            "checkov": { "skip": [
                { "id": "CKV_AWS_26", "comment": "no people's data" },
                { "id": "CKV_AWS_1", "comment": "another" },
            ] },
            "cfn-lint": {
                "config": { "ignore_checks": ["W3005"] },
                "reasons": { "W3005": "the order matters" },
            },
            "guard": { "SuppressedRules": ["TOPIC_RULE"], "Reasons": { "TOPIC_RULE": "a third" } },
            "Acknowledged": [accepted("encryption/removed"), accepted("exposure/widened")],
        })
    );
    let mut removed = accepted("data-loss/removed");
    removed["LogicalId"] = "OldTable".into();
    assert_eq!(template["Metadata"], serde_json::json!({ "Acknowledged": [removed] }));
}

fn api(stack: &mut Stack, allow_origins: &[&str]) -> HttpApi {
    let cors = CorsPreflight {
        allow_origins: allow_origins.iter().map(|origin| (*origin).to_owned()).collect(),
        allow_methods: &["POST"],
        ..CorsPreflight::default()
    };
    let throttling = Throttling { rate_limit: 50, burst_limit: 100 };
    let props = HttpApiProps {
        api_name: "orders-dev".to_owned(),
        description: "Orders.",
        throttling,
        cors,
        log_retention_days: 14,
    };
    HttpApi::new(stack, "Api", props)
}

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

fn json(stack: Stack) -> serde_json::Value {
    serde_json::from_str(&stack.finish().template.to_json()).expect("JSON")
}

#[test]
fn a_route_comes_with_the_permission_of_this_route_alone_and_an_integration_a_function() {
    let mut stack = stack();
    let api = api(&mut stack, &[]);
    let (reader, writer) = (function(&mut stack, "Reader", None), function(&mut stack, "Writer", None));
    api.add_route(&mut stack, "GetOrder", "GET /orders/{id}", &reader, RouteAuthorization::None);
    api.add_route(&mut stack, "ListOrders", "GET /orders", &reader, RouteAuthorization::None);
    api.add_route(&mut stack, "PostOrder", "POST /orders", &writer, RouteAuthorization::Iam);
    let template = json(stack);
    let count = |kind: &str| {
        template["Resources"].as_object().expect("resources").values().filter(|entry| entry["Type"] == kind).count()
    };
    let of = |kind: &str| count(&format!("AWS::ApiGatewayV2::{kind}"));
    assert_eq!([of("Integration"), of("Route"), count("AWS::Lambda::Permission"), of("Stage")], [2, 3, 3, 1]);
    let properties = |id: &str| template["Resources"][id]["Properties"].clone();
    assert_eq!(properties("ListOrders")["Target"]["Fn::Sub"], "integrations/${ReaderIntegration}");
    assert_eq!(properties("ReaderIntegration")["PayloadFormatVersion"], "2.0");
    let authorization = |id: &str| properties(id)["AuthorizationType"].clone();
    assert_eq!([authorization("ListOrders"), authorization("PostOrder")], ["NONE", "AWS_IAM"]);
    let permission = properties("GetOrderPermission");
    assert_eq!(permission["FunctionName"], serde_json::json!({ "Fn::GetAtt": ["Reader", "Arn"] }));
    let source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/GET/orders/{id}";
    assert_eq!(permission["SourceArn"]["Fn::Sub"], source);
}

#[test]
fn an_api_is_throttled_and_logs_each_call_as_json() {
    let mut stack = stack();
    api(&mut stack, &[]);
    let template = json(stack);
    let stage = &template["Resources"]["ApiStage"]["Properties"];
    assert_eq!(
        stage["DefaultRouteSettings"],
        serde_json::json!({ "ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 100 })
    );
    assert_eq!((&stage["StageName"], &stage["AutoDeploy"]), (&"$default".into(), &true.into()));
    let line: serde_json::Value =
        serde_json::from_str(stage["AccessLogSettings"]["Format"].as_str().expect("text")).expect("JSON");
    let values: Vec<_> = line.as_object().expect("an object").values().filter_map(|value| value.as_str()).collect();
    assert!(values.len() > 8 && values.iter().all(|value| value.starts_with("$context.")), "{values:?}");
    assert_eq!(template["Resources"]["ApiAccessLog"]["Properties"]["RetentionInDays"], 14);
    assert!(template["Resources"]["Api"]["Properties"].get("CorsConfiguration").is_none());
}

#[test]
fn browsers_may_call_an_api_from_the_named_origins_alone() {
    let mut stack = stack();
    api(&mut stack, &["https://shop.example"]);
    let template = json(stack);
    let cors = &template["Resources"]["Api"]["Properties"]["CorsConfiguration"];
    assert_eq!(
        (&cors["AllowOrigins"], &cors["AllowMethods"]),
        (&serde_json::json!(["https://shop.example"]), &serde_json::json!(["POST"]))
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

#[test]
fn an_alarm_on_the_slowest_in_a_hundred_calls_of_an_api_knows_its_id() {
    let mut stack = stack();
    let api = api(&mut stack, &[]);
    let topic = Topic::for_alarms(&mut stack, "Alarms", "orders-alarms-dev".to_owned());
    Alarm::new(&mut stack, "Slow", &api.metric_latency(), 1000, "Slow.", &topic);
    let widgets = [Widget { title: "Latency", metrics: vec![api.metric_latency()] }];
    Dashboard::new(&mut stack, "Board", "orders-dev".to_owned(), &widgets);
    let template = json(stack);
    let alarm = &template["Resources"]["Slow"]["Properties"];
    assert_eq!((&alarm["ExtendedStatistic"], alarm.get("Statistic")), (&"p99".into(), None));
    assert_eq!(alarm["Dimensions"], serde_json::json!([{ "Name": "ApiId", "Value": { "Fn::Sub": "${Api}" } }]));
    let body = template["Resources"]["Board"]["Properties"]["DashboardBody"]["Fn::Sub"].as_str().expect("a text");
    assert!(body.contains(r#"["AWS/ApiGateway","Latency","ApiId","${Api}","#), "{body}");
}
