//! What the template of the messages says.

use std::path::Path;

use constructs::{ParameterSource, SynthesizedStack};
use serde_json::{Value, json};
use system::StageName;
use systems::{ConfiguredStage, Files};

fn files(name: StageName) -> Files {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    systems::read(root, name.as_str()).expect("the committed settings are readable")
}

/// The settings of a stage with another text in `messages.toml`.
fn changed(name: StageName, written: &str, other: &str) -> Files {
    let mut files = files(name);
    let text = files.get_mut("messages.toml").expect("the messages have settings");
    assert!(text.contains(written), "{written}");
    *text = text.replace(written, other);
    files
}

fn drawn(name: StageName, files: &Files) -> SynthesizedStack {
    let stage = ConfiguredStage::parse(name.as_str(), files).expect("valid");
    let stacks = stage.synth().expect("nothing is refused");
    stacks.into_iter().find(|stack| stack.name == "Messages").expect("it is there")
}

fn template_of(name: StageName, files: &Files) -> Value {
    serde_json::from_str(&drawn(name, files).template.to_json()).expect("JSON")
}

fn template(name: StageName) -> Value {
    template_of(name, &files(name))
}

/// By logical id.
fn of_type<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().expect("resources").iter();
    resources.filter(|(_, entry)| entry["Type"] == kind).map(|(id, entry)| (id.as_str(), entry)).collect()
}

fn names(template: &Value, kind: &str, name: &str) -> Vec<String> {
    let entries = of_type(template, kind);
    entries.iter().map(|(_, entry)| entry["Properties"][name].as_str().expect("text").into()).collect()
}

fn faults(files: &Files) -> String {
    match ConfiguredStage::parse("dev", files) {
        Ok(_) => panic!("it is taken"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn names_and_outputs_are_those_that_users_know() {
    let template = template(StageName::Prd);
    assert_eq!(
        names(&template, "AWS::Lambda::Function", "FunctionName"),
        [
            "ApiProducerSqs-prd",
            "MessagesLogin-prd",
            "MessagesStatus-prd",
            "MessagesSweeper-prd",
            "WorkerConsumerSqs-prd"
        ]
    );
    assert_eq!(
        names(&template, "AWS::SQS::Queue", "QueueName"),
        ["messages-each-minute-dlq-prd", "main_queue-prd.fifo", "dlq_queue-prd.fifo"]
    );
    assert_eq!(names(&template, "AWS::DynamoDB::Table", "TableName"), ["messages_table-prd"]);
    let mut outputs: Vec<_> = template["Outputs"].as_object().expect("outputs").keys().collect();
    outputs.sort_unstable();
    assert_eq!(
        outputs,
        [
            "ApiUrl",
            "DeadLetterQueueUrl",
            "MainQueueUrl",
            "MessagesAlarmTopicArn",
            "MessagesTableName",
            "SigningKeysSecretArn"
        ]
    );
}

#[test]
fn both_queues_keep_the_order_of_a_payer_and_as_many_payers_apart_as_there_are() {
    let template = template(StageName::Prd);
    for id in ["MainQueue", "MainQueueDeadLetters"] {
        let queue = &template["Resources"][id]["Properties"];
        let fifo = ["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];
        let written = fifo.map(|name| queue[name].clone());
        assert_eq!(written, [json!(true), json!(true), json!("messageGroup"), json!("perMessageGroupId")], "{id}");
    }
    let mapping = &template["Resources"]["WorkerConsumerSqsSource"]["Properties"];
    assert_eq!(mapping["BatchSize"], 10);
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(mapping["ScalingConfig"], json!({ "MaximumConcurrency": 20 }));
    assert!(mapping.get("MaximumBatchingWindowInSeconds").is_none());
}

#[test]
fn what_is_not_saved_is_listed_by_its_status_and_time() {
    let template = template(StageName::Dev);
    let table = &template["Resources"]["MessagesTable"]["Properties"];
    assert_eq!(
        table["GlobalSecondaryIndexes"],
        json!([{
            "IndexName": "open",
            "KeySchema": [
                { "AttributeName": "open_status", "KeyType": "HASH" },
                { "AttributeName": "open_since", "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "ALL" },
        }])
    );
    assert_eq!(table["TimeToLiveSpecification"], json!({ "AttributeName": "expiration", "Enabled": true }));
}

#[test]
fn each_function_may_do_what_it_does_and_nothing_else() {
    let template = template(StageName::Prd);
    let mut lines = Vec::new();
    for (role, entry) in of_type(&template, "AWS::IAM::Role") {
        for statement in entry["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].as_array().expect("a list") {
            if statement["Sid"] == "Log" {
                continue;
            }
            let actions = statement["Action"].as_array().expect("a list").iter();
            let actions: Vec<_> = actions.map(|action| action.as_str().expect("text")).collect();
            let resources = statement["Resource"].as_array().expect("a list").iter();
            let resources: Vec<_> = resources.map(target).collect();
            lines.push(format!("{}: {} on {}", role.trim_end_matches("Role"), actions.join(" "), resources.join(" ")));
        }
    }
    let take = "sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility sqs:GetQueueAttributes";
    let replays = |function: &str, sends: &str| {
        [
            format!("{function}: {take} on MainQueueDeadLetters"),
            format!("{function}: sqs:SendMessage on {sends}"),
            format!("{function}: dynamodb:GetItem on MessagesTable"),
            format!("{function}: dynamodb:PutItem on MessagesTable"),
            format!("{function}: dynamodb:UpdateItem on MessagesTable"),
            format!("{function}: dynamodb:DeleteItem on MessagesTable"),
            format!("{function}: dynamodb:Query on ${{MessagesTable.Arn}}/index/open"),
        ]
    };
    let mut expected = vec![
        "ApiProducerSqs: sqs:SendMessage on MainQueue MainQueueDeadLetters".to_owned(),
        "ApiProducerSqs: dynamodb:PutItem on MessagesTable".to_owned(),
        "ApiProducerSqs: dynamodb:UpdateItem on MessagesTable".to_owned(),
        "ApiProducerSqs: secretsmanager:GetSecretValue on SigningKeys".to_owned(),
        "EachMinute: lambda:InvokeFunction on MessagesSweeper".to_owned(),
        "EachMinute: sqs:SendMessage on EachMinuteDeadLetters".to_owned(),
        "MessagesLogin: dynamodb:GetItem on MessagesTable".to_owned(),
        "MessagesLogin: dynamodb:PutItem on MessagesTable".to_owned(),
        "MessagesLogin: dynamodb:UpdateItem on MessagesTable".to_owned(),
        "MessagesLogin: dynamodb:DeleteItem on MessagesTable".to_owned(),
        "MessagesLogin: dynamodb:Query on ${MessagesTable.Arn}/index/open".to_owned(),
        "MessagesLogin: secretsmanager:GetSecretValue on SigningKeys".to_owned(),
        "MessagesStatus: sqs:GetQueueAttributes on MainQueue".to_owned(),
        "MessagesStatus: secretsmanager:GetSecretValue on SigningKeys".to_owned(),
        format!("WorkerConsumerSqs: {take} on MainQueue"),
        "WorkerConsumerSqs: sqs:SendMessage on MainQueueDeadLetters".to_owned(),
        "WorkerConsumerSqs: dynamodb:UpdateItem on MessagesTable".to_owned(),
    ];
    expected.extend(replays("MessagesStatus", "MainQueue"));
    expected.extend(replays("MessagesSweeper", "MainQueue MainQueueDeadLetters"));
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

/// The resource that a `GetAtt` or a `Ref` names, or the text of a `Sub`.
fn target(resource: &Value) -> &str {
    let named = resource["Fn::GetAtt"].get(0).or_else(|| resource.get("Ref")).or_else(|| resource.get("Fn::Sub"));
    named.and_then(Value::as_str).expect("a reference")
}

#[test]
fn every_route_says_why_api_gateway_lets_everybody_through() {
    let template = template(StageName::Prd);
    let routes = of_type(&template, "AWS::ApiGatewayV2::Route");
    assert_eq!(routes.len(), messages_contract::ROUTES.len());
    for (id, route) in routes {
        assert_eq!(route["Properties"]["AuthorizationType"], "NONE", "{id}");
        let accepted = &route["Metadata"]["Acknowledged"][0];
        assert_eq!(accepted["Rule"], "exposure/api-authorisation", "{id}");
        let why = accepted["Reason"].as_str().expect("a reason");
        let expected = match id {
            "PostLogin" | "PostRefresh" | "PostLogout" => "takes a password or a refresh token",
            "GetKeys" => "public keys",
            _ if id == "GetPage" || id == "GetOpenApi" || id.starts_with("GetDocs") => {
                "a page or a description without data"
            }
            _ if id.starts_with("Any") => "answers with 404 or 405",
            _ => "the function verifies the bearer token",
        };
        assert!(why.starts_with(expected), "{id}: {why}");
    }
}

#[test]
fn the_signing_keys_are_made_by_secrets_manager_in_the_form_that_functions_read() {
    let template = template(StageName::Prd);
    let secret = &template["Resources"]["SigningKeys"];
    let generate = json!({
        "SecretStringTemplate": "{}",
        "GenerateStringKey": "current",
        "PasswordLength": 64,
        "ExcludePunctuation": true,
    });
    assert_eq!(secret["Properties"]["GenerateSecretString"], generate);
    // Whoever loses them logs in again.
    assert_eq!(secret["DeletionPolicy"], "Delete");
    for (id, function) in of_type(&template, "AWS::Lambda::Function") {
        let variables = &function["Properties"]["Environment"]["Variables"];
        let reads = variables.get("SIGNING_KEYS_SECRET_ARN").is_some();
        assert_eq!(reads, ["MessagesLogin", "ApiProducerSqs", "MessagesStatus"].contains(&id), "{id}");
        if reads {
            assert_eq!(variables["TOKEN_ISSUER"], "messages-prd", "{id}");
        }
    }
}

#[test]
fn the_sweeper_is_invoked_each_minute_and_not_again_for_a_minute_that_is_over() {
    let template = template(StageName::Dev);
    let schedule = &template["Resources"]["EachMinute"]["Properties"];
    assert_eq!((&schedule["ScheduleExpression"], &schedule["State"]), (&json!("rate(1 minute)"), &json!("ENABLED")));
    let retry = json!({ "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60 });
    assert_eq!(schedule["Target"]["RetryPolicy"], retry);
    let invoke = &template["Resources"]["MessagesSweeperAsyncInvoke"]["Properties"];
    assert_eq!((&invoke["MaximumRetryAttempts"], &invoke["MaximumEventAgeInSeconds"]), (&json!(0), &json!(60)));
    let off = template_of(StageName::Dev, &changed(StageName::Dev, "enabled = true", "enabled = false"));
    assert_eq!(off["Resources"]["EachMinute"]["Properties"]["State"], "DISABLED");
}

#[test]
fn messages_stay_behind_where_people_rely_on_them_and_go_elsewhere() {
    for (name, policy, protected) in [
        (StageName::Local, "Delete", false),
        (StageName::Dev, "Delete", false),
        (StageName::Stg, "Retain", true),
        (StageName::Prd, "Retain", true),
    ] {
        let template = template(name);
        let table = &template["Resources"]["MessagesTable"];
        assert_eq!((&table["DeletionPolicy"], &table["UpdateReplacePolicy"]), (&json!(policy), &json!(policy)));
        assert_eq!(table["Properties"]["DeletionProtectionEnabled"], protected, "{name}");
    }
    let policy = drawn(StageName::Prd, &files(StageName::Prd)).protection.stack_policy.expect("it holds data");
    for id in ["MessagesTable", "MainQueue", "MainQueueDeadLetters", "SigningKeys"] {
        assert!(policy.contains(&format!("\"LogicalResourceId/{id}\"")), "{id} is not in {policy}");
    }
}

#[test]
fn nothing_is_asked_for_but_the_code_of_the_five_functions() {
    let stack = drawn(StageName::Dev, &files(StageName::Dev));
    let assets: Vec<_> = stack.parameters.into_iter().map(|(_, source)| source).collect();
    let of = |asset: &str| ParameterSource::AssetKey { asset: asset.to_owned() };
    let functions =
        ["messages-login", "api-producer-sqs", "messages-status", "worker-consumer-sqs", "messages-sweeper"];
    let expected: Vec<_> = [ParameterSource::AssetBucket].into_iter().chain(functions.map(of)).collect();
    assert_eq!(assets, expected);
}

#[test]
fn alarms_ring_for_what_was_given_up_what_waits_and_who_tries_to_get_in() {
    let template = template(StageName::Prd);
    let mut watched: Vec<_> = of_type(&template, "AWS::CloudWatch::Alarm")
        .iter()
        .map(|(_, alarm)| {
            let properties = &alarm["Properties"];
            assert_eq!(properties["AlarmActions"], json!([{ "Ref": "AlarmTopic" }]));
            let dimensions = properties["Dimensions"].as_array().expect("a list");
            let value = dimensions.last().and_then(|last| last["Value"].as_str()).unwrap_or("Api");
            format!("{} {value} > {}", properties["MetricName"].as_str().expect("a name"), properties["Threshold"])
        })
        .collect();
    let mut expected: Vec<String> = [
        "ApproximateNumberOfMessagesVisible dlq_queue-prd.fifo > 0",
        "ApproximateNumberOfMessagesVisible messages-each-minute-dlq-prd > 0",
        "ApproximateAgeOfOldestMessage main_queue-prd.fifo > 900",
        "DLQMaxRetriesReached MessagesStatus > 0",
        "DLQMaxRetriesReached MessagesSweeper > 0",
        "MessagesSwept MessagesSweeper > 10",
        "FailedLogins MessagesLogin > 50",
        "5xx Api > 0",
        "Latency Api > 1000",
        "ReadThrottleEvents messages_table-prd > 0",
        "WriteThrottleEvents messages_table-prd > 0",
    ]
    .map(str::to_owned)
    .into();
    for function in names(&template, "AWS::Lambda::Function", "FunctionName") {
        expected.extend(["Errors", "Throttles"].map(|name| format!("{name} {function} > 0")));
    }
    watched.sort_unstable();
    expected.sort_unstable();
    assert_eq!(watched, expected);
}

#[test]
fn pages_of_the_stage_s_origins_may_send_tokens_and_keys_and_read_limits() {
    assert!(template(StageName::Prd)["Resources"]["Api"]["Properties"].get("CorsConfiguration").is_none());
    let cors = template(StageName::Dev)["Resources"]["Api"]["Properties"]["CorsConfiguration"].clone();
    assert_eq!(cors["AllowOrigins"], json!(["http://localhost:3000"]));
    assert_eq!(cors["AllowHeaders"], json!(["authorization", "content-type", "idempotency-key", "if-none-match"]));
    let exposed = cors["ExposeHeaders"].as_array().expect("a list");
    for name in ["ratelimit", "ratelimit-policy", "retry-after", "idempotent-replayed", "www-authenticate"] {
        assert!(exposed.contains(&json!(name)), "{name}");
    }
}

#[test]
fn what_a_stage_says_of_the_messages_is_checked() {
    for (written, wrong, fault) in [
        (
            "memory_mb = 1024",
            "memory_mb = 512",
            "messages.toml messages-login.memory_mb 512 is too slow to check passwords; write 1024 or more",
        ),
        ("[\"*\"]", "[\"brl\"]", "messages.toml currencies [\"brl\"] is not [\"*\"], or codes such as \"BRL\""),
        ("[\"*\"]", "[\"*\", \"BRL\"]", "messages.toml currencies \"*\" is every currency already"),
        ("messages_per_minute = 600", "messages_per_minute = 0", "messages.toml messages_per_minute 0 is not a whole"),
        ("api_address = \"host\"", "api_address = \"path\"", "messages.toml api.api_address \"path\" is supported by"),
        ("enabled = true", "enabled = 1", "messages.toml messages-sweeper.enabled 1 is not true or false"),
    ] {
        let message = faults(&changed(StageName::Dev, written, wrong));
        assert!(message.contains(fault), "{wrong}: {message}");
    }
}

#[test]
fn the_worker_is_told_the_currencies_that_its_stage_settles() {
    let files = changed(StageName::Dev, "[\"*\"]", "[\"BRL\", \"USD\"]");
    let template = template_of(StageName::Dev, &files);
    let worker = &template["Resources"]["WorkerConsumerSqs"]["Properties"]["Environment"]["Variables"];
    assert_eq!(worker["CURRENCIES"], "BRL,USD");
}
