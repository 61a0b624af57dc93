//! What constructs make, read from the finished template.

mod http_apis;
mod stores;

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

fn json(stack: Stack) -> serde_json::Value {
    serde_json::from_str(&stack.finish().template.to_json()).expect("JSON")
}
