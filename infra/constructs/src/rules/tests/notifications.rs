//! The rules about events from a bucket to a queue, against a sound chain.

use super::*;

/// A bucket whose events go through a topic to the sound chain's queue.
fn sound_events() -> Template {
    let mut template = sound();
    template.add("Topic", RawResource::new("AWS::SNS::Topic"));
    let admitted = json!({
        "ArnEquals": { "aws:SourceArn": (cfn::intrinsics::sub("arn:aws:s3:::orders-${AWS::AccountId}")) },
    });
    let policy = RawResource::new("AWS::SNS::TopicPolicy")
        .property("Topics", json!([(reference("Topic"))]))
        .property("PolicyDocument", policy("s3.amazonaws.com", "sns:Publish", admitted));
    let policy = template.add("TopicPolicy", policy);
    let configuration = json!({ "Event": "s3:ObjectCreated:*", "Topic": (reference("Topic")) });
    let bucket = RawResource::new("AWS::S3::Bucket")
        .property("BucketName", cfn::intrinsics::sub("orders-${AWS::AccountId}"))
        .property("NotificationConfiguration", json!({ "TopicConfigurations": [configuration] }))
        .deletion_policy(DeletionPolicy::Retain)
        .update_replace_policy(UpdateReplacePolicy::Retain)
        .depends_on(&policy);
    template.add("Bucket", bucket);
    for queue in ["Queue", "DeadLetters"] {
        let policy = RawResource::new("AWS::SQS::QueuePolicy")
            .property("Queues", json!([(reference(queue))]))
            .property("PolicyDocument", policy_of_queue(reference("Topic")));
        template.add(format!("{queue}Policy"), policy);
    }
    let subscription = RawResource::new("AWS::SNS::Subscription")
        .property("TopicArn", reference("Topic"))
        .property("Protocol", "sqs")
        .property("Endpoint", arn("Queue"))
        .property("RedrivePolicy", json!({ "deadLetterTargetArn": (arn("DeadLetters")) }));
    template.add("Subscription", subscription);
    template
}

fn policy(service: &'static str, action: &'static str, condition: Json) -> Json {
    let statement = json!({
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": action,
        "Resource": "arn:aws:sns:eu-west-1:1:orders",
        "Condition": condition,
    });
    json!({ "Statement": [statement] })
}

fn policy_of_queue(topic: Json) -> Json {
    policy("sns.amazonaws.com", "SQS:SendMessage", json!({ "ArnEquals": { "AWS:SourceArn": topic } }))
}

fn events_with(id: &str, property: &'static str, value: impl Into<Json>) -> Template {
    let mut template = sound_events();
    change(&mut template, id, property, value);
    template
}

const TOPIC: &str = "Bucket NotificationConfiguration.TopicConfigurations.0.Topic";

#[test]
fn a_sound_way_from_bucket_to_queue_is_allowed() {
    allowed(&sound_events());
}

#[test]
fn events_for_a_topic_under_the_key_of_aws_are_refused() {
    let rule = "notification-key";
    refused(&events_with("Topic", "KmsMasterKeyId", "alias/aws/sns"), rule, "Topic KmsMasterKeyId");
    allowed(&events_with("Topic", "KmsMasterKeyId", "alias/orders"));
    // A topic that no bucket notifies may have that key.
    let mut template = sound_events();
    template.add("Other", RawResource::new("AWS::SNS::Topic").property("KmsMasterKeyId", "alias/aws/sns"));
    allowed(&template);
}

#[test]
fn events_for_a_queue_under_the_key_of_aws_are_refused_too() {
    let configuration = json!({ "Event": "s3:ObjectCreated:*", "Queue": (arn("Queue")) });
    let mut template =
        events_with("Bucket", "NotificationConfiguration", json!({ "QueueConfigurations": [configuration] }));
    let place = "Bucket NotificationConfiguration.QueueConfigurations.0.Queue";
    refused(&template, "notification-policy", place);
    let admitted = RawResource::new("AWS::SQS::QueuePolicy")
        .property("Queues", json!([(reference("Queue"))]))
        .property("PolicyDocument", policy("s3.amazonaws.com", "sqs:SendMessage", Json::Absent));
    let admitted = template.add("Admitted", admitted).id().clone();
    template.resource_mut(&"Bucket".into()).expect("it is there").parts.depends_on.push(admitted);
    allowed(&template);
    change(&mut template, "Queue", "KmsMasterKeyId", "alias/aws/sqs");
    refused(&template, "notification-key", "Queue KmsMasterKeyId");
}

#[test]
fn events_that_the_topic_does_not_admit_are_refused() {
    let rule = "notification-policy";
    let with =
        |condition| events_with("TopicPolicy", "PolicyDocument", policy("s3.amazonaws.com", "sns:Publish", condition));
    let from = |source: Json| with(json!({ "ArnLike": { "aws:SourceArn": source } }));
    refused(&from(json!("arn:aws:s3:::other")), rule, TOPIC);
    refused(&from(cfn::intrinsics::sub("arn:aws:s3:::other-${AWS::AccountId}").into_json()), rule, TOPIC);
    refused(&from(arn("Queue")), rule, TOPIC);
    allowed(&from(arn("Bucket")));
    // What cannot be compared here is not judged.
    allowed(&from(reference("BucketArn")));
    allowed(&with(json!({ "StringEquals": { "aws:SourceAccount": (reference("AWS::AccountId")) } })));
    let other_service = policy("sns.amazonaws.com", "sns:Publish", Json::Absent);
    refused(&events_with("TopicPolicy", "PolicyDocument", other_service), rule, TOPIC);
    let other_action = policy("s3.amazonaws.com", "sns:Subscribe", Json::Absent);
    refused(&events_with("TopicPolicy", "PolicyDocument", other_action), rule, TOPIC);
    refused(&events_with("TopicPolicy", "Topics", json!(["arn:aws:sns:eu-west-1:1:other"])), rule, TOPIC);
}

#[test]
fn a_bucket_that_may_be_created_before_the_topic_admits_it_is_refused() {
    let mut template = sound_events();
    template.resource_mut(&"Bucket".into()).expect("it is there").parts.depends_on.clear();
    refused(&template, "notification-policy", TOPIC);
    assert!(diagnostics(&template)[0].message.contains("does not wait for TopicPolicy"));
}

#[test]
fn a_subscribed_queue_that_does_not_admit_the_topic_is_refused() {
    let rule = "subscription-queue-policy";
    for (policy, place) in [
        ("QueuePolicy", "Subscription Endpoint"),
        ("DeadLettersPolicy", "Subscription RedrivePolicy.deadLetterTargetArn"),
    ] {
        refused(&events_with(policy, "PolicyDocument", policy_of_queue(reference("Other"))), rule, place);
        refused(&events_with(policy, "Queues", json!([])), rule, place);
        let anybody = self::policy("sns.amazonaws.com", "sqs:SendMessage", Json::Absent);
        refused(&events_with(policy, "PolicyDocument", anybody), rule, place);
    }
    // A queue of another stack is not judged.
    allowed(&events_with("Subscription", "Endpoint", "arn:aws:sqs:eu-west-1:1:orders"));
}

#[test]
fn a_subscription_that_keeps_nothing_that_cannot_be_delivered_is_refused() {
    let template = events_with("Subscription", "RedrivePolicy", Json::Absent);
    refused(&template, "subscription-dead-letter-queue", "Subscription RedrivePolicy");
}

#[test]
fn a_queue_of_a_subscriptions_dead_letters_needs_none_itself() {
    let mut template = sound_events();
    let undelivered = RawResource::new("AWS::SQS::Queue").deletion_policy(DeletionPolicy::Delete);
    let undelivered = template.add("Undelivered", undelivered.update_replace_policy(UpdateReplacePolicy::Delete));
    refused(&template, "queue-dead-letter-queue", "Undelivered RedrivePolicy");
    let policy = RawResource::new("AWS::SQS::QueuePolicy")
        .property("Queues", json!([(undelivered.r#ref())]))
        .property("PolicyDocument", policy_of_queue(reference("Topic")));
    template.add("UndeliveredPolicy", policy);
    let redrive = json!({ "deadLetterTargetArn": undelivered.get_att::<String>("Arn") });
    change(&mut template, "Subscription", "RedrivePolicy", redrive);
    allowed(&template);
}

#[test]
fn an_alarm_that_nobody_hears_of_is_refused_on_a_protected_stage_alone() {
    let with = |subscription: Option<&'static str>| {
        let mut template = Template::new("Orders-prd");
        let topic = template.add("AlarmTopic", RawResource::new("AWS::SNS::Topic"));
        let alarm = RawResource::new("AWS::CloudWatch::Alarm").property("AlarmActions", json!([topic.r#ref()]));
        template.add("Alarm", alarm);
        if let Some(of) = subscription {
            let subscription = RawResource::new("AWS::SNS::Subscription")
                .property("TopicArn", reference(of))
                .property("Protocol", "email")
                .property("Endpoint", "orders@shop.example");
            template.add("Subscription", subscription);
        }
        template
    };
    refused(&with(None), "alarm-topic-subscriber", "AlarmTopic ");
    assert_eq!(check(&Stage { templates: &[&with(None)], links: &[], budgets: &[], protected: false }), []);
    allowed(&with(Some("AlarmTopic")));
    assert!(!diagnostics(&with(Some("Other"))).is_empty(), "somebody has subscribed to another topic");
}
