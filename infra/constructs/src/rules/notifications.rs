//! Rules about events on their way from a bucket to a topic, and from a topic to a queue. AWS drops what it may not deliver, and says so to
//! nobody.

use cfn::{Intrinsic, Json, ResourceEntry, Template};

use super::read::{field, of_type, one_or_many, property, referred, resource};
use super::{Rule, examples};

const BUCKET: &str = "AWS::S3::Bucket";
const SUBSCRIPTION: &str = "AWS::SNS::Subscription";

/// What a bucket can notify besides functions: the property with the list, the key of the target in it, the action that the target's
/// policy must allow, and the type of that policy with the property that lists its targets.
const TARGETS: [Target; 2] = [
    Target {
        list: "TopicConfigurations",
        key: "Topic",
        action: "sns:Publish",
        policy: "AWS::SNS::TopicPolicy",
        of: "Topics",
        aws_key: "alias/aws/sns",
    },
    Target {
        list: "QueueConfigurations",
        key: "Queue",
        action: "sqs:SendMessage",
        policy: "AWS::SQS::QueuePolicy",
        of: "Queues",
        aws_key: "alias/aws/sqs",
    },
];

struct Target {
    list: &'static str,
    key: &'static str,
    action: &'static str,
    policy: &'static str,
    of: &'static str,
    /// The key that AWS manages for the service.
    aws_key: &'static str,
}

pub(super) const KEY: Rule = Rule {
    id: "notification-key",
    refuses: "a bucket that notifies a topic or queue which is encrypted with the key that AWS manages for the service",
    example: "KmsMasterKeyId alias/aws/sns: the key's policy does not allow S3, and nobody can change it",
    fix: "make the topic with Topic::for_events_of, or give it a key of your own whose policy admits s3.amazonaws.com",
    refused: examples::notification_key,
    check: |stage, diagnostics| {
        for notification in notifications(stage.templates) {
            let Notification { template, target, to: Some(to), .. } = notification else { continue };
            let key = property(to, "KmsMasterKeyId").and_then(Json::as_str);
            if let Some(key) = key.filter(|key| key.ends_with(target.aws_key)) {
                let allowed = "none, or a key whose policy admits s3.amazonaws.com".to_owned();
                diagnostics.push(KEY.at(template, to, "KmsMasterKeyId", format!("{key:?}"), allowed));
            }
        }
    },
};

pub(super) const WITHOUT_POLICY: Rule = Rule {
    id: "notification-policy",
    refuses: "a bucket that notifies a topic or queue whose policy does not admit it, or before that policy exists",
    example: "TopicConfigurations of a topic with SNS's default policy: S3 refuses the configuration when the stack is deployed",
    fix: "make the topic with Topic::for_events_of and notify it with Bucket::add_event_notification, which does both",
    refused: examples::notification_policy,
    check: |stage, diagnostics| {
        for Notification { template, bucket, target, to, path } in notifications(stage.templates) {
            let Some(to) = to else { continue };
            let admits = |statement: &Json| {
                allows(statement, "s3.amazonaws.com", target.action) && admits_bucket(statement, template, bucket)
            };
            let policies: Vec<_> =
                policies_of(template, target.policy, target.of, to).filter(|it| has(it, &admits)).collect();
            let what = match policies.as_slice() {
                [] => format!("{}, which does not admit the bucket", to.id),
                all if all.iter().any(|policy| bucket.parts.depends_on.contains(&policy.id)) => continue,
                [policy, ..] => format!("{}, and the bucket does not wait for {}", to.id, policy.id),
            };
            let allowed = format!(
                "a target whose policy allows {} to s3.amazonaws.com for this bucket, with the policy in DependsOn",
                target.action
            );
            diagnostics.push(WITHOUT_POLICY.at(template, bucket, &path, what, allowed));
        }
    },
};

pub(super) const SUBSCRIBED_QUEUE: Rule = Rule {
    id: "subscription-queue-policy",
    refuses: "a subscription of a queue, or one with a dead-letter queue, whose policy does not admit the topic",
    example: "Protocol sqs and no AWS::SQS::QueuePolicy: nothing arrives, and nobody is told",
    fix: "subscribe it with Topic::add_subscription, which admits the topic to both queues",
    refused: examples::subscription_queue_policy,
    check: |stage, diagnostics| {
        for (template, subscription) in of_type(stage.templates, SUBSCRIPTION) {
            let topic = property(subscription, "TopicArn");
            let is_queue = property(subscription, "Protocol").and_then(Json::as_str) == Some("sqs");
            let paths = [("Endpoint", is_queue), ("RedrivePolicy.deadLetterTargetArn", true)];
            for (path, _) in paths.into_iter().filter(|(_, counts)| *counts) {
                let queue = property(subscription, path).and_then(|arn| resource(template, arn));
                let Some(queue) = queue.filter(|entry| entry.parts.resource_type == "AWS::SQS::Queue") else {
                    continue;
                };
                let admits = |statement: &Json| {
                    let source = condition(statement, "aws:SourceArn");
                    allows(statement, "sns.amazonaws.com", "sqs:SendMessage")
                        && source.is_some_and(|sources| one_or_many(sources).iter().any(|source| Some(source) == topic))
                };
                if !policies_of(template, "AWS::SQS::QueuePolicy", "Queues", queue).any(|policy| has(policy, &admits)) {
                    let what = format!("{}, whose policy does not admit the topic", queue.id);
                    let allowed = "a queue whose policy allows sqs:SendMessage to sns.amazonaws.com with the topic as aws:SourceArn";
                    diagnostics.push(SUBSCRIBED_QUEUE.at(template, subscription, path, what, allowed.to_owned()));
                }
            }
        }
    },
};

pub(super) const SUBSCRIPTION_DEAD_LETTERS: Rule = Rule {
    id: "subscription-dead-letter-queue",
    refuses: "a subscription, other than by mail, without a dead-letter queue",
    example: "no RedrivePolicy: what SNS cannot deliver is gone",
    fix: "subscribe with Topic::add_subscription, or set RedrivePolicy.deadLetterTargetArn",
    refused: examples::subscription_dead_letter_queue,
    check: |stage, diagnostics| {
        for (template, subscription) in of_type(stage.templates, SUBSCRIPTION) {
            let by_mail = property(subscription, "Protocol").and_then(Json::as_str) == Some("email");
            if !by_mail && property(subscription, "RedrivePolicy.deadLetterTargetArn").is_none() {
                let (what, allowed) = ("nothing".to_owned(), "the ARN of a queue".to_owned());
                diagnostics.push(SUBSCRIPTION_DEAD_LETTERS.at(template, subscription, "RedrivePolicy", what, allowed));
            }
        }
    },
};

pub(super) const ALARM_SUBSCRIBER: Rule = Rule {
    id: "alarm-topic-subscriber",
    refuses: "on a stage that people rely on, an alarm whose topic nobody has subscribed to",
    example: "AlarmActions with a topic of the template, and no AWS::SNS::Subscription of it on prd",
    fix: "name somebody in [alarms] of stage.toml",
    refused: examples::alarm_topic_subscriber,
    check: |stage, diagnostics| {
        if !stage.protected {
            return;
        }
        for (template, topic) in of_type(stage.templates, "AWS::SNS::Topic") {
            let names = |entry: &ResourceEntry, path: &str| {
                let values = property(entry, path).map(one_or_many).unwrap_or_default();
                values.iter().filter_map(referred).any(|id| id == topic.id.as_str())
            };
            let of = |kind: &'static str, path: &'static str| {
                let entries = template.resources().iter().filter(move |entry| entry.parts.resource_type == kind);
                entries.filter(move |entry| names(entry, path)).count()
            };
            let alarms = of("AWS::CloudWatch::Alarm", "AlarmActions");
            if alarms > 0 && of(SUBSCRIPTION, "TopicArn") == 0 {
                let what = format!("nobody hears of {alarms} alarms");
                let allowed = "a topic with a subscription in the same template".to_owned();
                diagnostics.push(ALARM_SUBSCRIBER.at(template, topic, "", what, allowed));
            }
        }
    },
};

/// One entry of a bucket's configuration.
struct Notification<'a> {
    template: &'a Template,
    bucket: &'a ResourceEntry,
    target: &'static Target,
    /// The topic or queue, if it is in the same template.
    to: Option<&'a ResourceEntry>,
    path: String,
}

fn notifications<'a>(templates: &'a [&'a Template]) -> impl Iterator<Item = Notification<'a>> {
    of_type(templates, BUCKET).flat_map(|(template, bucket)| {
        TARGETS.iter().flat_map(move |target| {
            let list = format!("NotificationConfiguration.{}", target.list);
            let entries = property(bucket, &list).and_then(Json::as_list).unwrap_or_default();
            entries.iter().enumerate().map(move |(index, entry)| Notification {
                template,
                bucket,
                target,
                to: field(entry, target.key).and_then(|arn| resource(template, arn)),
                path: format!("{list}.{index}.{}", target.key),
            })
        })
    })
}

/// The policies of a type that are attached to a topic or queue.
fn policies_of<'a>(
    template: &'a Template,
    policy_type: &'a str,
    of: &'a str,
    to: &'a ResourceEntry,
) -> impl Iterator<Item = &'a ResourceEntry> {
    let policies = template.resources().iter().filter(move |entry| entry.parts.resource_type == policy_type);
    policies.filter(move |policy| {
        let attached = property(policy, of).map(one_or_many).unwrap_or_default();
        attached.iter().filter_map(referred).any(|id| id == to.id.as_str())
    })
}

fn has(policy: &ResourceEntry, admits: &impl Fn(&Json) -> bool) -> bool {
    property(policy, "PolicyDocument.Statement").map(one_or_many).unwrap_or_default().iter().any(admits)
}

/// Whether a statement allows a service an action, leaving its conditions aside.
fn allows(statement: &Json, service: &str, action: &str) -> bool {
    let (prefix, _) = action.split_once(':').unwrap_or((action, ""));
    let is_action = |json: &Json| {
        let text = json.as_str().unwrap_or_default();
        text.eq_ignore_ascii_case(action) || text == "*" || text.eq_ignore_ascii_case(&format!("{prefix}:*"))
    };
    let is_service = |principal: &Json| match field(principal, "Service") {
        Some(services) => one_or_many(services).iter().any(|json| json.as_str() == Some(service)),
        None => principal.as_str() == Some("*") || field(principal, "AWS").and_then(Json::as_str) == Some("*"),
    };
    field(statement, "Effect").and_then(Json::as_str) == Some("Allow")
        && field(statement, "Action").map(one_or_many).unwrap_or_default().iter().any(is_action)
        && field(statement, "Principal").is_some_and(is_service)
}

/// The value of a condition's key, whatever its operator and however the key is spelt.
fn condition<'a>(statement: &'a Json, key: &str) -> Option<&'a Json> {
    let operators = field(statement, "Condition").and_then(Json::as_object)?;
    let keys = operators.iter().filter_map(|(_, keys)| keys.as_object()).flatten();
    keys.filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value).next()
}

/// Without `aws:SourceArn` the account decides. An ARN that cannot be compared counts as the bucket's.
fn admits_bucket(statement: &Json, template: &Template, bucket: &ResourceEntry) -> bool {
    let Some(sources) = condition(statement, "aws:SourceArn") else { return true };
    let name = property(bucket, "BucketName").and_then(text);
    one_or_many(sources).iter().any(|source| match (resource(template, source), text(source), &name) {
        (Some(entry), ..) => entry.id == bucket.id,
        (None, Some(arn), Some(name)) => arn.ends_with(&format!(":::{name}")) || arn.contains('*'),
        (None, Some(_), None) => false,
        (None, None, _) => true,
    })
}

fn text(json: &Json) -> Option<String> {
    match json.as_intrinsic() {
        Some(Intrinsic::Sub(text, values)) if values.is_empty() => Some(text.clone()),
        Some(_) => None,
        None => json.as_str().map(str::to_owned),
    }
}
