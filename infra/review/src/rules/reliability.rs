//! Reliability: what catches failures, what alerts people, what keeps running. Follows a queue to its consumer and a dead-letter queue to its sources.

mod alarms;
mod capacity;
mod deliveries;
mod messages;

use template::Node;

use super::values::Weaker;
use super::{Context, Rule, rule};
use crate::change::Finding;

pub(super) const RULES: &[Rule] = &[
    rule(
        "reliability/dead-letters-removed",
        "messages or events that fail are kept nowhere any more",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {RedrivePolicy: {deadLetterTargetArn: d, maxReceiveCount: 5}}}}",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q}}}",
        messages::dead_letters_removed,
    ),
    rule(
        "reliability/receive-count",
        "one failure is enough for the dead-letter queue",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {RedrivePolicy: {deadLetterTargetArn: d, maxReceiveCount: 5}}}}",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {RedrivePolicy: {deadLetterTargetArn: d, maxReceiveCount: 1}}}}",
        messages::receive_count,
    ),
    rule(
        "reliability/visibility",
        "messages come back while their function still works on them",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {VisibilityTimeout: 180}}, F: {Type: 'AWS::Lambda::Function', Properties: {Timeout: 60}}, M: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: {'Fn::GetAtt': [Example, Arn]}, FunctionName: {Ref: F}}}}",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {VisibilityTimeout: 30}}, F: {Type: 'AWS::Lambda::Function', Properties: {Timeout: 60}}, M: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: {'Fn::GetAtt': [Example, Arn]}, FunctionName: {Ref: F}}}}",
        messages::visibility,
    ),
    rule(
        "reliability/dead-letter-retention",
        "a standard dead-letter queue forgets no later than its queue",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {MessageRetentionPeriod: 1209600}}, Q: {Type: 'AWS::SQS::Queue', Properties: {MessageRetentionPeriod: 345600, RedrivePolicy: {deadLetterTargetArn: {'Fn::GetAtt': [Example, Arn]}, maxReceiveCount: 5}}}}",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {MessageRetentionPeriod: 86400}}, Q: {Type: 'AWS::SQS::Queue', Properties: {MessageRetentionPeriod: 345600, RedrivePolicy: {deadLetterTargetArn: {'Fn::GetAtt': [Example, Arn]}, maxReceiveCount: 5}}}}",
        messages::dead_letter_retention,
    ),
    rule(
        "reliability/deduplication",
        "messages of a FIFO queue are refused, delivered twice or dropped that were not before",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {FifoQueue: true, ContentBasedDeduplication: true}}}",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {FifoQueue: true, ContentBasedDeduplication: false}}}",
        messages::deduplication,
    ),
    rule(
        "reliability/consumer-stopped",
        "nothing takes from a queue or stream any more",
        "{Example: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: q, FunctionName: f, Enabled: true}}}",
        "{Example: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: q, FunctionName: f, Enabled: false}}}",
        messages::consumer_stopped,
    ),
    rule(
        "reliability/whole-batch-fails",
        "one bad message makes its whole batch come back",
        "{Example: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: q, FunctionName: f, FunctionResponseTypes: [ReportBatchItemFailures]}}}",
        "{Example: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {EventSourceArn: q, FunctionName: f}}}",
        messages::whole_batch_fails,
    ),
    rule(
        "reliability/retries-off",
        "the first failure of a call or event is its last",
        "{Example: {Type: 'AWS::Lambda::EventInvokeConfig', Properties: {FunctionName: f, Qualifier: $LATEST, MaximumRetryAttempts: 2}}}",
        "{Example: {Type: 'AWS::Lambda::EventInvokeConfig', Properties: {FunctionName: f, Qualifier: $LATEST, MaximumRetryAttempts: 0}}}",
        messages::retries_off,
    ),
    rule(
        "reliability/alarm-removed",
        "an alarm is gone",
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::CloudWatch::Alarm', Properties: {MetricName: m}}}",
        "{Other: {Type: 'AWS::SNS::Topic'}}",
        alarms::removed,
    ),
    rule(
        "reliability/alarm-silenced",
        "an alarm notifies nobody",
        "{Example: {Type: 'AWS::CloudWatch::Alarm', Properties: {MetricName: m, AlarmActions: [t]}}}",
        "{Example: {Type: 'AWS::CloudWatch::Alarm', Properties: {MetricName: m, AlarmActions: [t], ActionsEnabled: false}}}",
        alarms::silenced,
    ),
    rule(
        "reliability/alarm-loosened",
        "an alarm goes off later, or not for the same",
        "{Example: {Type: 'AWS::CloudWatch::Alarm', Properties: {MetricName: m, ComparisonOperator: GreaterThanThreshold, Threshold: 10}}}",
        "{Example: {Type: 'AWS::CloudWatch::Alarm', Properties: {MetricName: m, ComparisonOperator: GreaterThanThreshold, Threshold: 100}}}",
        alarms::loosened,
    ),
    rule(
        "reliability/concurrency",
        "a function's reserved concurrency is gone or zero",
        "{Example: {Type: 'AWS::Lambda::Function', Properties: {ReservedConcurrentExecutions: 5}}}",
        "{Example: {Type: 'AWS::Lambda::Function', Properties: {ReservedConcurrentExecutions: 0}}}",
        capacity::concurrency,
    ),
    rule(
        "reliability/time-out-shortened",
        "work that took long is cut off earlier",
        "{Example: {Type: 'AWS::Lambda::Function', Properties: {Timeout: 60}}}",
        "{Example: {Type: 'AWS::Lambda::Function', Properties: {Timeout: 10}}}",
        capacity::time_out,
    ),
    rule(
        "reliability/one-zone",
        "one availability zone, or one node, is enough to stop it",
        "{Example: {Type: 'AWS::RDS::DBInstance', Properties: {MultiAZ: true}}}",
        "{Example: {Type: 'AWS::RDS::DBInstance', Properties: {MultiAZ: false}}}",
        capacity::one_zone,
    ),
    rule(
        "reliability/fewer-instances",
        "fewer instances, or none, carry the load",
        "{Example: {Type: 'AWS::ECS::Service', Properties: {DesiredCount: 4}}}",
        "{Example: {Type: 'AWS::ECS::Service', Properties: {DesiredCount: 0}}}",
        capacity::fewer_instances,
    ),
    rule(
        "reliability/health-check-removed",
        "what is broken is no longer noticed and replaced",
        "{Example: {Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Properties: {HealthCheckEnabled: true}}}",
        "{Example: {Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Properties: {HealthCheckEnabled: false}}}",
        capacity::health_check,
    ),
    rule(
        "reliability/schedule-stopped",
        "a schedule or rule no longer starts anything",
        "{Example: {Type: 'AWS::Events::Rule', Properties: {ScheduleExpression: rate(1 day), State: ENABLED, Targets: [{Id: a, Arn: b}]}}}",
        "{Example: {Type: 'AWS::Events::Rule', Properties: {ScheduleExpression: rate(1 day), State: DISABLED, Targets: [{Id: a, Arn: b}]}}}",
        capacity::schedule_stopped,
    ),
    rule(
        "reliability/endpoint-removed",
        "a VPC loses its private way to a service",
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::EC2::VPCEndpoint', Properties: {ServiceName: s, VpcId: v}}}",
        "{Other: {Type: 'AWS::SNS::Topic'}}",
        capacity::endpoint_removed,
    ),
    rule(
        "reliability/delivery-stopped",
        "events of a bucket or topic no longer reach what works on them",
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::SNS::Subscription', Properties: {TopicArn: t, Protocol: sqs, Endpoint: q}}}",
        "{Other: {Type: 'AWS::SNS::Topic'}}",
        deliveries::stopped,
    ),
];

/// Something new has not become weaker: it may well start switched off.
fn push(context: &Context<'_>, findings: &mut Vec<Finding>, weaker: Option<Weaker>, says: &str) {
    if let Some(weaker) = weaker.filter(|_| context.is_modified()) {
        findings.push(context.danger(&weaker.path, format!("{says}: {} {}", weaker.path, weaker.shift())));
    }
}

fn is_false(value: Option<&Node>) -> bool {
    value.and_then(Node::as_bool) == Some(false)
}

/// Not set, or an empty list.
fn is_nothing(value: Option<&Node>) -> bool {
    value.is_none_or(|value| value.as_list().is_some_and(<[Node]>::is_empty))
}

fn is_text(value: Option<&Node>, wanted: &[&str]) -> bool {
    value.and_then(Node::as_str).is_some_and(|text| wanted.iter().any(|each| each.eq_ignore_ascii_case(text)))
}
