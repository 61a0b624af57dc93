//! What the templates of the analytics say.

use std::fs;
use std::path::Path;

use constructs::SynthesizedStack;
use serde_json::{Value, json};
use system::StageName;
use systems::{ConfiguredStage, Files};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

fn files(name: StageName) -> Files {
    systems::read(root(), name.as_str()).expect("the committed settings are readable")
}

/// The settings of a stage with other texts in `analytics.toml`.
fn changed(name: StageName, changes: &[(&str, &str)]) -> Files {
    let mut files = files(name);
    let text = files.get_mut("analytics.toml").expect("the analytics have settings");
    for (written, other) in changes {
        assert!(text.contains(written), "{written}");
        *text = text.replace(written, other);
    }
    files
}

/// AnalyticsData and Analytics.
fn drawn(name: StageName, files: &Files) -> [SynthesizedStack; 2] {
    let stage = ConfiguredStage::parse(name.as_str(), files).expect("valid");
    let stacks = stage.synth().expect("nothing is refused").into_iter();
    let ours: Vec<_> = stacks.filter(|stack| stack.name.starts_with("Analytics")).collect();
    ours.try_into().expect("two stacks")
}

fn templates(name: StageName, files: &Files) -> [Value; 2] {
    drawn(name, files).map(|stack| serde_json::from_str(&stack.template.to_json()).expect("JSON"))
}

fn committed(name: StageName) -> [Value; 2] {
    templates(name, &files(name))
}

fn refused(name: StageName, files: &Files) -> String {
    match ConfiguredStage::parse(name.as_str(), files) {
        Ok(stage) => stage.synth().expect_err("it is refused").to_string(),
        Err(error) => error.to_string(),
    }
}

/// By logical id, in the template's order.
fn of_type<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().expect("resources").iter();
    resources.filter(|(_, entry)| entry["Type"] == kind).map(|(id, entry)| (id.as_str(), entry)).collect()
}

fn properties<'a>(template: &'a Value, id: &str) -> &'a Value {
    let properties = &template["Resources"][id]["Properties"];
    assert!(properties.is_object(), "{id} is not there");
    properties
}

fn names(template: &Value, kind: &str, name: &str) -> Vec<String> {
    let name = |entry: &Value| entry["Properties"][name].as_str().expect("text").to_owned();
    let mut names: Vec<_> = of_type(template, kind).iter().map(|(_, entry)| name(entry)).collect();
    names.sort_unstable();
    names
}

#[test]
fn names_and_outputs_are_those_that_users_know() {
    let [data, api] = committed(StageName::Dev);
    assert_eq!(names(&api, "AWS::Lambda::Function", "FunctionName"), ["AnalyticsApi-dev", "CsvImporter-dev"]);
    assert_eq!(
        names(&api, "AWS::SQS::Queue", "QueueName"),
        ["csv-processing-dlq-dev", "csv-processing-queue-dev", "csv-upload-dlq-dev"]
    );
    assert_eq!(names(&api, "AWS::SNS::Topic", "TopicName"), ["analytics-alarms-dev", "csv-upload-topic-dev"]);
    let bucket = json!({ "Fn::Sub": "analytics-api-bucket-dev-${AWS::AccountId}" });
    assert_eq!(properties(&api, "UploadBucket")["BucketName"], bucket);
    assert_eq!(properties(&data, "Cluster")["DatabaseName"], "analytics");
    let outputs = |template: &Value| -> Vec<String> {
        template["Outputs"].as_object().expect("outputs").keys().cloned().collect()
    };
    for output in ["FastApiUrl", "S3BucketName", "SnsTopicArn", "SqsMainQueueUrl", "SqsDLQUrl"] {
        assert!(outputs(&api).contains(&output.to_owned()), "{output}");
    }
    for output in ["DBEndpoint", "DBPort", "DBSecretArn"] {
        assert!(outputs(&data).contains(&output.to_owned()), "{output}");
    }
}

/// Role, Sid and the resources of each statement, one line each; what Lambda itself needs is left out.
fn permissions(template: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, role) in of_type(template, "AWS::IAM::Role") {
        let statements = &role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
        for statement in statements.as_array().expect("statements") {
            let sid = statement["Sid"].as_str().expect("a Sid");
            if ["Log", "NetworkInterfaces", "NetworkInterfacesOfItsOwn"].contains(&sid) {
                continue;
            }
            let name = |resource: &Value| {
                let named = [&resource["Ref"], &resource["Fn::GetAtt"][0], &resource["Fn::Sub"]];
                named.into_iter().find_map(Value::as_str).expect("a reference").to_owned()
            };
            let resources: Vec<_> = statement["Resource"].as_array().expect("a list").iter().map(name).collect();
            lines.push(format!("{id} {sid} {}", resources.join(" ")));
        }
    }
    lines.sort_unstable();
    lines
}

#[test]
fn each_role_may_do_what_its_function_does_and_nothing_else() {
    let [data, api] = committed(StageName::Prd);
    assert_eq!(permissions(&data), ["AnalyticsDbInitRole ReadSecrets OwnerSecret AppSecret"]);
    assert_eq!(
        permissions(&api),
        [
            // Addresses that it signs act in its name.
            "AnalyticsApiRole PutObjects ${UploadBucket.Arn}/*",
            "AnalyticsApiRole ReadSecrets DBCredentialsArn ApiToken",
            "CsvImporterRole ConsumeMessages CsvProcessingQueue",
            "CsvImporterRole GetObjects ${UploadBucket.Arn}/*",
            "CsvImporterRole ListObjects UploadBucket",
            "CsvImporterRole ReadSecrets DBCredentialsArn",
            // To the queue that it reads from: the rest of a long file.
            "CsvImporterRole SendMessages CsvProcessingQueue CsvProcessingQueueDeadLetters",
        ]
    );
}

#[test]
fn every_event_of_a_new_object_reaches_the_queue_as_it_was_published() {
    let [_, api] = committed(StageName::Prd);
    let configurations = &properties(&api, "UploadBucket")["NotificationConfiguration"]["TopicConfigurations"];
    assert_eq!(*configurations, json!([{ "Event": "s3:ObjectCreated:*", "Topic": { "Ref": "CsvUploadTopic" } }]));
    let subscription = properties(&api, "CsvUploadSubscription");
    assert_eq!(subscription["Endpoint"], json!({ "Fn::GetAtt": ["CsvProcessingQueue", "Arn"] }));
    assert_eq!(subscription["RawMessageDelivery"], true);
    let mapping = properties(&api, "CsvImporterSource");
    assert_eq!((&mapping["BatchSize"], mapping.get("MaximumBatchingWindowInSeconds")), (&json!(1), None));
}

#[test]
fn a_message_waits_until_six_invocations_would_have_ended_and_a_killed_one_is_back_soon_locally() {
    for (name, seconds) in [(StageName::Local, 90), (StageName::Dev, 1800), (StageName::Prd, 1800)] {
        let [_, api] = committed(name);
        let queue = properties(&api, "CsvProcessingQueue");
        assert_eq!(queue["VisibilityTimeout"], seconds, "{name}");
        assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], 15, "{name}");
    }
}

/// Authorization and route key, sorted.
fn routes(template: &Value) -> Vec<String> {
    let routes = of_type(template, "AWS::ApiGatewayV2::Route");
    let line = |(_, route): &(&str, &Value)| {
        let text = |name: &str| route["Properties"][name].as_str().expect("text").to_owned();
        format!("{} {}", text("AuthorizationType"), text("RouteKey"))
    };
    let mut lines: Vec<_> = routes.iter().map(line).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn the_routes_are_those_of_the_contract() {
    let [_, api] = committed(StageName::Dev);
    let mut expected: Vec<_> = analytics_contract::ROUTES.iter().map(|route| format!("NONE {}", route.key())).collect();
    expected.sort_unstable();
    assert_eq!(routes(&api), expected);
}

#[test]
fn iam_guards_the_routes_that_it_is_asked_to_guard_and_no_others() {
    // What shows no data is for anyone, on every stage.
    let shows_data = |route: &String| {
        !["/analytics", "/docs", "/docs/{file}", "/openapi.json"]
            .iter()
            .any(|path| route.ends_with(&format!(" {path}")))
    };
    let open = |api: &Value| {
        let open = routes(api).into_iter().filter(|route| route.starts_with("NONE"));
        open.filter(shows_data).collect::<Vec<_>>()
    };
    let writing = ("writing = \"token\"", "writing = \"iam\"");
    let reading = ("reading = \"none\"", "reading = \"iam\"");
    let [_, api] = templates(StageName::Dev, &changed(StageName::Dev, &[writing]));
    let closed: Vec<_> = routes(&api).into_iter().filter(|route| route.starts_with("AWS_IAM")).collect();
    assert_eq!(closed, ["AWS_IAM POST /analytics/uploads", "AWS_IAM POST /analytics/uploads/{id}/revert"]);
    let [_, api] = templates(StageName::Dev, &changed(StageName::Dev, &[writing, reading]));
    assert_eq!(open(&api), Vec::<String>::new());
    // Whatever matches no route is read, not written.
    let [_, api] = templates(StageName::Dev, &changed(StageName::Dev, &[reading]));
    assert_eq!(open(&api), ["NONE POST /analytics/uploads", "NONE POST /analytics/uploads/{id}/revert"]);
}

#[test]
fn an_open_route_says_why_it_is_open() {
    for name in StageName::ALL {
        let [_, api] = committed(name);
        for (id, route) in of_type(&api, "AWS::ApiGatewayV2::Route") {
            let accepted = &route["Metadata"]["Acknowledged"];
            assert_eq!(accepted.as_array().map(Vec::len), Some(1), "{id}");
            assert_eq!(accepted[0]["Rule"], "exposure/api-authorisation", "{id}");
        }
    }
}

#[test]
fn there_is_a_token_where_one_is_asked_for() {
    let [_, api] = committed(StageName::Prd);
    let variables = &properties(&api, "AnalyticsApi")["Environment"]["Variables"];
    assert_eq!(variables["TOKEN_SECRET_ARN"], json!({ "Ref": "ApiToken" }));
    assert_eq!(
        (&variables["AUTHORIZATION_WRITING"], &variables["AUTHORIZATION_READING"]),
        (&"token".into(), &"none".into())
    );
    let [_, api] = committed(StageName::Local);
    assert_eq!(properties(&api, "AnalyticsApi")["Environment"]["Variables"]["TOKEN_SECRET_ARN"], "none");
    assert!(api["Resources"].get("ApiToken").is_none() && api["Outputs"].get("ApiTokenArn").is_none());
}

#[test]
fn anyone_may_write_on_unprotected_stages_alone() {
    let anyone = [("writing = \"token\"", "writing = \"none\"")];
    drawn(StageName::Dev, &changed(StageName::Dev, &anyone));
    for name in [StageName::Stg, StageName::Prd] {
        let error = refused(name, &changed(name, &anyone));
        assert!(
            error.contains("analytics.toml api.authorization.writing \"none\" lets anyone write on a protected stage"),
            "{error}"
        );
    }
    let unchecked = [("reading = \"none\"", "reading = \"iam\"")];
    let error = refused(StageName::Local, &changed(StageName::Local, &unchecked));
    assert!(
        error.contains("analytics.toml api.authorization.reading \"iam\" is not checked by the emulator"),
        "{error}"
    );
}

#[test]
fn both_functions_stand_in_the_vpc_and_trust_the_authorities_of_rds() {
    let [_, api] = committed(StageName::Prd);
    for id in ["CsvImporter", "AnalyticsApi"] {
        let function = properties(&api, id);
        assert_eq!(function["VpcConfig"]["SecurityGroupIds"], json!([{ "Ref": "FunctionSecurityGroupId" }]), "{id}");
        assert_eq!(function["Layers"], json!([{ "Ref": "RdsCaLayerArn" }]), "{id}");
    }
}

#[test]
fn the_api_has_no_more_instances_than_the_database_has_connections_for() {
    let [_, api] = committed(StageName::Dev);
    assert_eq!(properties(&api, "AnalyticsApi")["ReservedConcurrentExecutions"], 20);
    let many = [("max_concurrency = 20", "max_concurrency = 900")];
    let error = refused(StageName::Dev, &changed(StageName::Dev, &many));
    assert!(
        error.starts_with("AnalyticsData-dev > Cluster (AWS::RDS::DBCluster) > Engine: functions may open"),
        "{error}"
    );
}

#[test]
fn the_database_of_developers_costs_nothing_while_nobody_uses_it() {
    let scaling = |name| properties(&committed(name)[0], "Cluster")["ServerlessV2ScalingConfiguration"].clone();
    assert_eq!(scaling(StageName::Dev), json!({ "MinCapacity": 0, "MaxCapacity": 2, "SecondsUntilAutoPause": 300 }));
    assert_eq!(scaling(StageName::Prd), json!({ "MinCapacity": 0.5, "MaxCapacity": 8 }));
}

#[test]
fn the_schema_lists_every_migration_in_order() {
    let mut files: Vec<_> = fs::read_dir(root().join("sql/analytics"))
        .expect("sql/analytics is there")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
        .filter(|name| name.ends_with(".sql"))
        .collect();
    files.sort_unstable();
    let [data, _] = committed(StageName::Dev);
    assert_eq!(properties(&data, "Schema")["Migrations"], json!(files));
}

#[test]
fn files_stay_behind_where_people_rely_on_them_and_old_versions_for_thirty_days() {
    for (name, policy) in [
        (StageName::Local, "Delete"),
        (StageName::Dev, "Delete"),
        (StageName::Stg, "Retain"),
        (StageName::Prd, "Retain"),
    ] {
        let [_, api] = committed(name);
        let bucket = &api["Resources"]["UploadBucket"];
        assert_eq!((&bucket["DeletionPolicy"], &bucket["UpdateReplacePolicy"]), (&json!(policy), &json!(policy)));
        let rule = &bucket["Properties"]["LifecycleConfiguration"]["Rules"][0];
        assert_eq!(rule["NoncurrentVersionExpiration"]["NoncurrentDays"], 30);
        let dry_runs = &bucket["Properties"]["LifecycleConfiguration"]["Rules"][1];
        assert_eq!((&dry_runs["Prefix"], &dry_runs["ExpirationInDays"]), (&json!("dry-run/"), &json!(1)));
    }
}

#[test]
fn the_page_of_the_api_may_send_files_to_the_bucket() {
    let origins = |name| {
        let [_, api] = committed(name);
        properties(&api, "UploadBucket")["CorsConfiguration"]["CorsRules"][0]["AllowedOrigins"].clone()
    };
    assert_eq!(origins(StageName::Prd), json!([{ "Fn::GetAtt": ["Api", "ApiEndpoint"] }]));
    assert_eq!(origins(StageName::Local)[0]["Fn::Sub"][0], "http://${Emulator}");
}

#[test]
fn alarms_ring_for_what_is_lost_rejected_slow_or_fails() {
    let [_, api] = committed(StageName::Prd);
    let mut watched: Vec<_> = of_type(&api, "AWS::CloudWatch::Alarm")
        .iter()
        .map(|(_, alarm)| {
            let properties = &alarm["Properties"];
            assert_eq!(properties["AlarmActions"], json!([{ "Ref": "AlarmTopic" }]));
            let value = &properties["Dimensions"].as_array().and_then(|all| all.last()).expect("one")["Value"];
            format!(
                "{} {}",
                properties["MetricName"].as_str().expect("a name"),
                value.as_str().or(value["Fn::Sub"].as_str()).unwrap_or_default()
            )
        })
        .collect();
    watched.sort_unstable();
    assert_eq!(
        watched,
        [
            "5xx ${Api}",
            "ACUUtilization ${DBClusterId}",
            "ApproximateAgeOfOldestMessage csv-processing-queue-prd",
            "ApproximateNumberOfMessagesVisible csv-processing-dlq-prd",
            "ApproximateNumberOfMessagesVisible csv-upload-dlq-prd",
            "CPUUtilization ${DBClusterId}",
            "DatabaseConnections ${DBClusterId}",
            "Errors AnalyticsApi-prd",
            "Errors CsvImporter-prd",
            "FilesRejected CsvImporter",
            "GroupsSilent CsvImporter",
            "Latency ${Api}",
            "RejectedShare CsvImporter",
            "Throttles AnalyticsApi-prd",
            "Throttles CsvImporter-prd",
        ]
    );
}

#[test]
fn everything_is_tagged_as_the_analytics_and_knows_no_other_system() {
    for stack in drawn(StageName::Dev, &files(StageName::Dev)) {
        assert!(stack.tags.contains(&("Application".to_owned(), "analytics".to_owned())), "{:?}", stack.tags);
        let yaml = stack.template.to_yaml().to_lowercase();
        assert!(!yaml.contains("fipe") && !yaml.contains("catalog"), "{}", stack.stack_name);
    }
}
