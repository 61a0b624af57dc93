//! For each rule the smallest rejected example, written by hand: what the page of rules shows, and what a test runs.

use cfn::{DeletionPolicy, Json, RawResource, ResourceOptions, Template, UpdateReplacePolicy, json};

const QUEUE: &str = "AWS::SQS::Queue";
const FUNCTION: &str = "AWS::Lambda::Function";

fn template() -> Template {
    Template::new("Example-dev")
}

/// A queue with its dead-letter queue; `redrive` and `properties` are the queue's.
fn queues(receives: i64, properties: &[(&'static str, Json)], dead_letters: &[(&'static str, Json)]) -> Template {
    let mut template = template();
    let with = |resource: RawResource, properties: &[(&'static str, Json)]| {
        properties.iter().fold(resource, |resource, (name, value)| resource.property(*name, value.clone()))
    };
    let dead = template.add("DeadLetters", with(RawResource::new(QUEUE), dead_letters));
    let redrive = json!({ "deadLetterTargetArn": dead.get_att::<String>("Arn"), "maxReceiveCount": receives });
    template.add("Queue", with(RawResource::new(QUEUE).property("RedrivePolicy", redrive), properties));
    template
}

pub(super) fn visibility_timeout() -> Template {
    let mut template = template();
    let queue = template.add("Queue", RawResource::new(QUEUE).property("VisibilityTimeout", 300));
    let function = template.add("Function", RawResource::new(FUNCTION).property("Timeout", 300));
    let mapping = RawResource::new("AWS::Lambda::EventSourceMapping")
        .property("EventSourceArn", queue.get_att::<String>("Arn"))
        .property("FunctionName", function.r#ref())
        .property("MaximumBatchingWindowInSeconds", 30);
    template.add("Mapping", mapping);
    template
}

pub(super) fn max_receive_count() -> Template {
    queues(1, &[], &[])
}

pub(super) fn dead_letter_queue() -> Template {
    let mut template = template();
    template.add("Queue", RawResource::new(QUEUE).property("QueueName", "orders"));
    template
}

pub(super) fn dead_letter_kind() -> Template {
    queues(5, &[("FifoQueue", true.into())], &[])
}

pub(super) fn dead_letter_retention() -> Template {
    queues(5, &[("MessageRetentionPeriod", 345_600.into())], &[("MessageRetentionPeriod", 345_600.into())])
}

pub(super) fn fifo_name() -> Template {
    let mut template = template();
    template.add("Queue", RawResource::new(QUEUE).property("QueueName", "orders").property("FifoQueue", true));
    template
}

fn mapping(properties: &[(&'static str, Json)]) -> Template {
    mapping_of(RawResource::new(QUEUE), properties)
}

fn mapping_of(queue: RawResource, properties: &[(&'static str, Json)]) -> Template {
    let mut template = template();
    let queue = template.add("Queue", queue);
    let mapping = RawResource::new("AWS::Lambda::EventSourceMapping")
        .property("EventSourceArn", queue.get_att::<String>("Arn"))
        .property("FunctionName", "orders");
    let mapping = properties.iter().fold(mapping, |mapping, (name, value)| mapping.property(*name, value.clone()));
    template.add("Mapping", mapping);
    template
}

pub(super) fn partial_failures() -> Template {
    mapping(&[("FunctionResponseTypes", json!([])), ("ScalingConfig", json!({ "MaximumConcurrency": 2 }))])
}

pub(super) fn maximum_concurrency() -> Template {
    mapping(&[("FunctionResponseTypes", json!(["ReportBatchItemFailures"]))])
}

pub(super) fn batching_window() -> Template {
    mapping(&[("BatchSize", 100.into())])
}

pub(super) fn fifo_batch() -> Template {
    let properties = [("BatchSize", 100.into()), ("MaximumBatchingWindowInSeconds", 1.into())];
    mapping_of(RawResource::new(QUEUE).property("FifoQueue", true), &properties)
}

pub(super) fn log_retention() -> Template {
    let mut template = template();
    let group = template.add("LogGroup", RawResource::new("AWS::Logs::LogGroup").property("LogGroupName", "orders"));
    let logging = json!({ "LogGroup": group.r#ref() });
    template.add("Function", RawResource::new(FUNCTION).property("LoggingConfig", logging));
    template
}

pub(super) fn secret_in_environment() -> Template {
    let mut template = template();
    let variables = json!({ "DB_PASSWORD": "{{resolve:secretsmanager:orders:SecretString:password}}" });
    template.add("Function", RawResource::new(FUNCTION).property("Environment", json!({ "Variables": variables })));
    template
}

pub(super) fn environment_without_grant() -> Template {
    let mut template = template();
    let queue = template.add("Queue", RawResource::new(QUEUE));
    let role = template.add("Role", RawResource::new("AWS::IAM::Role"));
    let function = RawResource::new(FUNCTION)
        .property("Role", role.get_att::<String>("Arn"))
        .property("Environment", json!({ "Variables": { "SQS_OUTPUT_URL": queue.r#ref() } }));
    template.add("Function", function);
    template
}

pub(super) fn repeated_setting() -> Template {
    let mut template = template();
    let variables = json!({ "Variables": { "FUNCTION_TIMEOUT_SECONDS": "30" } });
    let function = RawResource::new(FUNCTION).property("Timeout", 300).property("Environment", variables);
    template.add("Function", function);
    template
}

pub(super) fn recursive_loop() -> Template {
    let mut template = template();
    let queue = template.add("Queue", RawResource::new(QUEUE));
    let arn = queue.get_att::<String>("Arn");
    let statement = json!({ "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [arn] });
    let policy = json!({ "PolicyName": "Grants", "PolicyDocument": { "Statement": [statement] } });
    let role = template.add("Role", RawResource::new("AWS::IAM::Role").property("Policies", json!([policy])));
    let function = RawResource::new(FUNCTION).property("Role", role.get_att::<String>("Arn"));
    let function = template.add("Function", function);
    let mapping = RawResource::new("AWS::Lambda::EventSourceMapping")
        .property("EventSourceArn", queue.get_att::<String>("Arn"))
        .property("FunctionName", function.r#ref());
    template.add("Mapping", mapping);
    template
}

pub(super) fn wildcard() -> Template {
    let mut template = template();
    let statement = json!({ "Effect": "Allow", "Action": "sqs:*", "Resource": "*" });
    let policy = json!({ "PolicyName": "Grants", "PolicyDocument": { "Statement": [statement] } });
    template.add("Role", RawResource::new("AWS::IAM::Role").property("Policies", json!([policy])));
    template
}

pub(super) fn secret_in_template() -> Template {
    let mut template = template();
    let cluster = RawResource::new("AWS::RDS::DBCluster").property("MasterUserPassword", "correct horse");
    template.add("Cluster", cluster);
    template
}

pub(super) fn retention_policy() -> Template {
    let mut template = template();
    template.add("Cluster", RawResource::new("AWS::RDS::DBCluster").property("Engine", "aurora-postgresql"));
    template
}

pub(super) fn engine_version() -> Template {
    let mut template = template();
    let cluster = RawResource::new("AWS::RDS::DBCluster").property("Engine", "aurora-postgresql");
    let cluster = template.add("Cluster", cluster.property("EngineVersion", "17.4"));
    let writer = RawResource::new("AWS::RDS::DBInstance").property("DBClusterIdentifier", cluster.r#ref());
    template.add("Writer", writer);
    template
}

pub(super) fn cluster_log_retention() -> Template {
    let mut template = template();
    let cluster = RawResource::new("AWS::RDS::DBCluster").property("DBClusterIdentifier", "orders");
    template.add("Cluster", cluster.property("EnableCloudwatchLogsExports", json!(["postgresql"])));
    template
}

pub(super) fn database_connections() -> Template {
    let mut template = template();
    let cluster = template.add("Cluster", RawResource::new("AWS::RDS::DBCluster"));
    let writer = RawResource::new("AWS::RDS::DBInstance")
        .property("DBClusterIdentifier", cluster.r#ref())
        .property("DBInstanceClass", "db.t3.medium");
    template.add("Writer", writer);
    let variables = json!({ "Variables": { "RDS_HOST": cluster.get_att::<String>("Endpoint.Address") } });
    let function = template.add("Function", RawResource::new(FUNCTION).property("Environment", variables));
    let mapping = RawResource::new("AWS::Lambda::EventSourceMapping")
        .property("FunctionName", function.r#ref())
        .property("ScalingConfig", json!({ "MaximumConcurrency": 1000 }));
    template.add("Mapping", mapping);
    template
}

pub(super) fn upstream_budget() -> Template {
    let mut template = template();
    let variables = json!({ "Variables": { "SHOP_CALLS_PER_MINUTE": "40" } });
    let function = template.add("Function", RawResource::new(FUNCTION).property("Environment", variables));
    let mapping = RawResource::new("AWS::Lambda::EventSourceMapping")
        .property("FunctionName", function.r#ref())
        .property("ScalingConfig", json!({ "MaximumConcurrency": 2 }));
    template.add("Mapping", mapping);
    template
}

pub(super) fn without_reason() -> Template {
    let mut template = template();
    let skip = json!({ "skip": [{ "id": "CKV_AWS_26" }] });
    template.add("Topic", RawResource::new("AWS::SNS::Topic").metadata("checkov", skip));
    template
}

pub(super) fn without_expiry() -> Template {
    let mut template = template();
    let accepted = json!([{ "Rule": "encryption/removed", "Reason": "the messages are public", "Until": "never" }]);
    template.add("Topic", RawResource::new("AWS::SNS::Topic").metadata("Acknowledged", accepted));
    template
}

pub(super) fn data_kept() -> Template {
    let mut template = template();
    let table = RawResource::new("AWS::DynamoDB::Table")
        .property("BillingMode", "PAY_PER_REQUEST")
        .deletion_policy(DeletionPolicy::Delete)
        .update_replace_policy(UpdateReplacePolicy::Retain);
    template.add("Table", table);
    template
}

pub(super) fn linked_resource() -> Template {
    let mut template = template();
    let layer = template.add("Layer", RawResource::new("AWS::Lambda::LayerVersion").property("LayerName", "orders"));
    template.output("LayerArn", layer.r#ref());
    template
}

pub(super) fn invoke_source() -> Template {
    let mut template = template();
    let permission = RawResource::new("AWS::Lambda::Permission")
        .property("Action", "lambda:InvokeFunction")
        .property("FunctionName", "orders")
        .property("Principal", "apigateway.amazonaws.com");
    template.add("Permission", permission);
    template
}

fn api(properties: &[(&'static str, Json)]) -> Template {
    let mut template = template();
    let api = RawResource::new("AWS::ApiGatewayV2::Api").property("ProtocolType", "HTTP");
    let api = properties.iter().fold(api, |api, (name, value)| api.property(*name, value.clone()));
    template.add("Api", api);
    template
}

/// A stage of an HTTP API with these properties.
fn api_stage(properties: &[(&'static str, Json)]) -> Template {
    let mut template = api(&[]);
    let stage = RawResource::new("AWS::ApiGatewayV2::Stage")
        .property("ApiId", cfn::intrinsics::ref_to::<String>("Api"))
        .property("StageName", "$default");
    let stage = properties.iter().fold(stage, |stage, (name, value)| stage.property(*name, value.clone()));
    template.add("Stage", stage);
    template
}

pub(super) fn api_throttling() -> Template {
    api_stage(&[("DefaultRouteSettings", json!({ "ThrottlingBurstLimit": 100 }))])
}

pub(super) fn api_access_log() -> Template {
    api_stage(&[("AccessLogSettings", json!({ "DestinationArn": "arn:aws:logs:eu-west-1:123:log-group:orders" }))])
}

pub(super) fn api_cors() -> Template {
    api(&[("CorsConfiguration", json!({ "AllowOrigins": ["*"] }))])
}

/// A function behind a route, with this timeout.
fn routed(timeout: i64) -> Template {
    let mut template = api(&[]);
    let function = template.add("Function", RawResource::new(FUNCTION).property("Timeout", timeout));
    let integration = RawResource::new("AWS::ApiGatewayV2::Integration")
        .property("ApiId", cfn::intrinsics::ref_to::<String>("Api"))
        .property("IntegrationType", "AWS_PROXY")
        .property("IntegrationUri", function.get_att::<String>("Arn"));
    template.add("Integration", integration);
    let route = RawResource::new("AWS::ApiGatewayV2::Route")
        .property("ApiId", cfn::intrinsics::ref_to::<String>("Api"))
        .property("RouteKey", "POST /orders")
        .property("Target", cfn::intrinsics::sub("integrations/${Integration}"));
    template.add("Route", route);
    template
}

pub(super) fn api_permission() -> Template {
    routed(10)
}

pub(super) fn api_timeout() -> Template {
    routed(60)
}

pub(super) fn api_authorization() -> Template {
    let mut template = api(&[]);
    let route = RawResource::new("AWS::ApiGatewayV2::Route")
        .property("ApiId", cfn::intrinsics::ref_to::<String>("Api"))
        .property("RouteKey", "POST /orders")
        .property("AuthorizationType", "NONE");
    template.add("Route", route);
    template
}

pub(super) fn api_addresses() -> Template {
    let mut template = api(&[]);
    let log = template.add("Log", RawResource::new("AWS::Logs::LogGroup").property("RetentionInDays", 90));
    let settings = json!({
        "DestinationArn": log.get_att::<String>("Arn"),
        "Format": "{\"sourceIp\":\"$context.identity.sourceIp\"}",
    });
    let stage = RawResource::new("AWS::ApiGatewayV2::Stage")
        .property("ApiId", cfn::intrinsics::ref_to::<String>("Api"))
        .property("AccessLogSettings", settings);
    template.add("Stage", stage);
    template
}

/// A bucket that notifies a topic with this key, which admits it.
fn notified(key: Option<&'static str>, admits: bool) -> Template {
    let mut template = template();
    let topic = template.add("Topic", RawResource::new("AWS::SNS::Topic").property("KmsMasterKeyId", key));
    let configuration = json!({ "Event": "s3:ObjectCreated:*", "Topic": topic.r#ref() });
    let bucket = RawResource::new("AWS::S3::Bucket")
        .property("NotificationConfiguration", json!({ "TopicConfigurations": [configuration] }));
    if admits {
        let statement = json!({
            "Effect": "Allow",
            "Principal": { "Service": "s3.amazonaws.com" },
            "Action": "sns:Publish",
            "Resource": topic.r#ref(),
            "Condition": { "StringEquals": { "aws:SourceAccount": cfn::pseudo::account_id() } },
        });
        let policy = RawResource::new("AWS::SNS::TopicPolicy")
            .property("Topics", json!([topic.r#ref()]))
            .property("PolicyDocument", json!({ "Statement": [statement] }));
        let policy = template.add("TopicPolicy", policy);
        template.add("Bucket", bucket.depends_on(&policy));
    } else {
        template.add("Bucket", bucket);
    }
    template
}

pub(super) fn notification_key() -> Template {
    notified(Some("alias/aws/sns"), true)
}

pub(super) fn notification_policy() -> Template {
    notified(None, false)
}

/// A subscription of a queue, with these properties.
fn subscribed(properties: &[(&'static str, Json)]) -> Template {
    let mut template = template();
    let topic = template.add("Topic", RawResource::new("AWS::SNS::Topic"));
    let subscription = RawResource::new("AWS::SNS::Subscription").property("TopicArn", topic.r#ref());
    let subscription =
        properties.iter().fold(subscription, |resource, (name, value)| resource.property(*name, value.clone()));
    template.add("Subscription", subscription);
    template
}

pub(super) fn subscription_queue_policy() -> Template {
    let queue = cfn::intrinsics::get_att::<String>("Queue", "Arn").into_json();
    let mut template = subscribed(&[("Protocol", "sqs".into()), ("Endpoint", queue)]);
    template.add("Queue", RawResource::new(QUEUE));
    template
}

pub(super) fn subscription_dead_letter_queue() -> Template {
    subscribed(&[("Protocol", "https".into()), ("Endpoint", "https://shop.example/orders".into())])
}

pub(super) fn alarm_topic_subscriber() -> Template {
    let mut template = template();
    let topic = template.add("AlarmTopic", RawResource::new("AWS::SNS::Topic"));
    let alarm = RawResource::new("AWS::CloudWatch::Alarm").property("AlarmActions", json!([topic.r#ref()]));
    template.add("Alarm", alarm);
    template
}
