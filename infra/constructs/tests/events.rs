//! The way of an event from a bucket through a topic to a queue, as the constructs make it, read from the finished template.

use std::time::Duration;

use constructs::rules::{self, Stage};
use constructs::{
    Architecture, Bucket, BucketName, BucketProps, Code, CorsRule, DatabaseCapacity, DatabaseCluster,
    DatabaseClusterProps, OBJECT_CREATED, Queue, QueueProps, RemovalPolicy, RustFunction, RustFunctionProps, Secret,
    SecurityGroup, SqsSubscription, Stack, Topic,
};
use serde_json::{Value, json};

fn stack() -> Stack {
    Stack::new("Demo", "dev", "demo", &[])
}

fn finished(stack: Stack) -> Value {
    serde_json::from_str(&stack.finish().template.to_json()).expect("JSON")
}

/// Orders that are put into a bucket arrive in a queue.
fn chain(stack: &mut Stack) -> Bucket {
    let name = BucketName::of_account("orders-dev");
    let topic = Topic::for_events_of(stack, "OrderTopic", "order-topic-dev".to_owned(), &name);
    let props = BucketProps {
        bucket_name: Some(name),
        noncurrent_version_expiration: Duration::from_secs(30 * 24 * 3600),
        removal_policy: RemovalPolicy::Retain,
        why_no_access_log: "nobody would read it",
    };
    let bucket = Bucket::new(stack, "Orders", props);
    bucket.add_event_notification(stack, OBJECT_CREATED, &topic);
    let props = QueueProps {
        queue_name: "order-queue-dev".to_owned(),
        dead_letter_queue_name: "order-dlq-dev".to_owned(),
        visibility_timeout: Duration::from_secs(60),
        retention_period: Duration::from_secs(345_600),
        max_receive_count: 5,
        fifo: None,
    };
    let queue = Queue::new(stack, "OrderQueue", props);
    let subscription = SqsSubscription {
        queue: &queue,
        raw_message_delivery: true,
        dead_letter_queue_name: "order-topic-dlq-dev".to_owned(),
    };
    topic.add_subscription(stack, "OrderSubscription", subscription);
    bucket
}

#[test]
fn every_rule_allows_the_chain_that_the_constructs_make() {
    let mut stack = stack();
    chain(&mut stack);
    let stack = stack.finish();
    assert_eq!(stack.template.validate(), []);
    let found = rules::check(&Stage { templates: &[&stack.template], links: &[], budgets: &[], protected: true });
    assert_eq!(found, []);
}

#[test]
fn one_bucket_of_this_account_may_publish_and_is_created_after_that_is_said() {
    let mut stack = stack();
    chain(&mut stack);
    let template = finished(stack);
    let statements = &template["Resources"]["OrderTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    let expected = json!([{
        "Sid": "EventsOfBucket",
        "Effect": "Allow",
        "Principal": { "Service": "s3.amazonaws.com" },
        "Action": "sns:Publish",
        "Resource": { "Ref": "OrderTopic" },
        "Condition": {
            "ArnEquals": { "aws:SourceArn": { "Fn::Sub": "arn:${AWS::Partition}:s3:::orders-dev-${AWS::AccountId}" } },
            "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } },
        },
    }]);
    assert_eq!(*statements, expected);
    let bucket = &template["Resources"]["Orders"];
    assert_eq!(bucket["DependsOn"], "OrderTopicPolicy");
    assert_eq!(bucket["Properties"]["BucketName"], json!({ "Fn::Sub": "orders-dev-${AWS::AccountId}" }));
    let notified = json!([{ "Event": "s3:ObjectCreated:*", "Topic": { "Ref": "OrderTopic" } }]);
    assert_eq!(bucket["Properties"]["NotificationConfiguration"]["TopicConfigurations"], notified);
    assert!(template["Resources"]["OrderTopic"]["Properties"].get("KmsMasterKeyId").is_none());
}

#[test]
fn a_subscription_keeps_what_it_cannot_deliver_and_both_queues_admit_its_topic_before() {
    let mut stack = stack();
    chain(&mut stack);
    let template = finished(stack);
    let subscription = &template["Resources"]["OrderSubscription"];
    assert_eq!(subscription["DependsOn"], json!(["OrderQueuePolicy", "OrderSubscriptionDeadLettersPolicy"]));
    let properties = &subscription["Properties"];
    let dead_letters = json!({ "Fn::GetAtt": ["OrderSubscriptionDeadLetters", "Arn"] });
    assert_eq!(properties["RedrivePolicy"], json!({ "deadLetterTargetArn": dead_letters }));
    assert_eq!((&properties["Protocol"], &properties["RawMessageDelivery"]), (&json!("sqs"), &json!(true)));
    for queue in ["OrderQueue", "OrderSubscriptionDeadLetters"] {
        let policy = &template["Resources"][format!("{queue}Policy")]["Properties"];
        assert_eq!(policy["Queues"], json!([{ "Ref": queue }]));
        let statement = &policy["PolicyDocument"]["Statement"][0];
        assert_eq!(statement["Resource"], json!({ "Fn::GetAtt": [queue, "Arn"] }));
        assert_eq!(statement["Principal"], json!({ "Service": "sns.amazonaws.com" }));
        assert_eq!(statement["Condition"], json!({ "ArnEquals": { "aws:SourceArn": { "Ref": "OrderTopic" } } }));
    }
}

#[test]
fn pages_may_send_to_a_bucket_from_the_named_origins_alone() {
    let mut stack = stack();
    let bucket = chain(&mut stack);
    let rule = CorsRule {
        allowed_origins: vec![cfn::IntoValue::into_value("https://shop.example")],
        allowed_methods: &["PUT"],
        allowed_headers: &["content-type"],
        exposed_headers: &["etag"],
        max_age: 60,
    };
    bucket.add_cors_rule(&mut stack, rule);
    let template = finished(stack);
    let expected = json!([{
        "AllowedOrigins": ["https://shop.example"],
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": ["content-type"],
        "ExposedHeaders": ["etag"],
        "MaxAge": 60,
    }]);
    assert_eq!(template["Resources"]["Orders"]["Properties"]["CorsConfiguration"]["CorsRules"], expected);
}

fn function(stack: &mut Stack, reserved_concurrent_executions: Option<u32>) -> RustFunction {
    let props = RustFunctionProps {
        function_name: "Reader-dev".to_owned(),
        description: "Reads orders.",
        code: Code { asset: "order-reader" },
        architecture: Architecture::Arm64,
        memory_mb: 256,
        timeout: Duration::from_secs(10),
        reserved_concurrent_executions,
        log_retention_days: 14,
        environment: Vec::new(),
        vpc: None,
        layers: Vec::new(),
    };
    RustFunction::new(stack, "Reader", props)
}

#[test]
fn whoever_reads_a_bucket_may_list_it_and_so_hears_that_an_object_is_not_there() {
    let mut stack = stack();
    let bucket = chain(&mut stack);
    let reader = function(&mut stack, None);
    bucket.grant_read(&mut stack, &reader);
    let template = finished(stack);
    let policy = &template["Resources"]["ReaderRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
    let granted: Vec<_> = policy.as_array().expect("statements")[1..].to_vec();
    let object = json!({
        "Sid": "GetObjects",
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": [{ "Fn::Sub": "${Orders.Arn}/*" }],
    });
    let list = json!({
        "Sid": "ListObjects",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [{ "Fn::GetAtt": ["Orders", "Arn"] }],
    });
    assert_eq!(granted, [object, list]);
}

#[test]
fn a_function_with_reserved_instances_needs_no_excuse_for_having_none() {
    for (reserved, excused) in [(Some(20), false), (None, true)] {
        let mut stack = stack();
        function(&mut stack, reserved);
        let function = &finished(stack)["Resources"]["Reader"];
        let properties = &function["Properties"];
        assert_eq!(properties.get("ReservedConcurrentExecutions").and_then(Value::as_u64), reserved.map(u64::from));
        let skipped = function["Metadata"]["checkov"]["skip"].as_array().expect("a list");
        assert_eq!(skipped.iter().any(|skip| skip["id"] == "CKV_AWS_115"), excused, "{skipped:?}");
    }
}

#[test]
fn a_database_that_may_pause_closes_the_connections_that_would_keep_it_awake() {
    for (min_acu, pauses) in [(0.0, true), (0.5, false)] {
        let mut stack = stack();
        let owner = Secret::generated(&mut stack, "Owner", "orders_owner", "Owner of the orders.");
        let group = SecurityGroup::new(&mut stack, "Group", "Orders.", "vpc-1", &[]);
        let props = DatabaseClusterProps {
            database_name: "orders",
            port: cfn::IntoValue::into_value(5432),
            capacity: DatabaseCapacity::ServerlessV2 { min_acu, max_acu: 4.0 },
            credentials: &owner,
            subnet_ids: cfn::IntoValue::into_value(vec!["subnet-1", "subnet-2"]),
            security_group: &group,
            publicly_accessible: cfn::IntoValue::into_value(false),
            backup_retention_days: 7,
            deletion_protection: false,
            log_retention_days: 14,
        };
        DatabaseCluster::new(&mut stack, "Cluster", props);
        let template = finished(stack);
        let scaling = &template["Resources"]["Cluster"]["Properties"]["ServerlessV2ScalingConfiguration"];
        assert_eq!(scaling.get("SecondsUntilAutoPause"), pauses.then_some(&json!(300)), "{min_acu}");
        let parameters = &template["Resources"]["ClusterParameterGroup"]["Properties"]["Parameters"];
        assert_eq!(parameters.get("idle_session_timeout"), pauses.then_some(&json!("60000")), "{min_acu}");
    }
}
