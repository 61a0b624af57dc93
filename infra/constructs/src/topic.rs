//! A topic that notifies people or programs: names and counts, no secrets. It has SNS's default policy, which admits this
//! account only, unless a bucket publishes to it.

use cfn::aws_sns::{CfnSubscription, CfnTopic, CfnTopicPolicy, cfn_subscription};
use cfn::{Handle, IntoValue, LogicalId, ResourceOptions, Value, json};

use crate::{BucketName, DeadLetterQueue, Exceptions, Grantee, PolicyStatement, Queue, Stack, Suppression};

/// The key that AWS manages for SNS. Any publisher in this account may use it.
const KEY_OF_SNS: &str = "alias/aws/sns";

#[derive(Debug, Clone)]
pub struct Topic {
    handle: Handle<CfnTopic>,
    policy: Option<LogicalId>,
}

/// A queue that receives what a topic publishes.
#[derive(Debug, Clone)]
pub struct SqsSubscription<'a> {
    pub queue: &'a Queue,
    /// The message as it was published, without SNS's envelope.
    pub raw_message_delivery: bool,
    /// Keeps what SNS could not deliver to the queue.
    pub dead_letter_queue_name: String,
}

impl Topic {
    /// For functions that publish. CloudWatch cannot: the policy of SNS's key does not allow it.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, topic_name: String) -> Self {
        let topic = CfnTopic::new().topic_name(topic_name).kms_master_key_id(KEY_OF_SNS);
        Self { handle: stack.add(id, topic), policy: None }
    }

    /// For alarms: not encrypted at rest.
    #[track_caller]
    pub fn for_alarms(stack: &mut Stack, id: &str, topic_name: String) -> Self {
        let reason = "alarms cannot publish under the key that AWS manages, another costs by the month, and names of alarms \
                      and counts are no secret";
        Self { handle: stack.add(id, unencrypted(topic_name, reason)), policy: None }
    }

    /// For the events of one bucket: not encrypted at rest, since the policy of SNS's key does not allow S3. Creates `<id>` and `<id>Policy`,
    /// by which this bucket alone may publish. The bucket is named and not referred to: it depends on the policy. The policy replaces SNS's
    /// default one, so publishers and subscribers of this account need a permission of their own.
    #[track_caller]
    pub fn for_events_of(stack: &mut Stack, id: &str, topic_name: String, bucket: &BucketName) -> Self {
        let reason = "S3 cannot publish under the key that AWS manages, another costs by the month, and an event names an \
                      object and holds nothing of it";
        let topic = stack.add(id, unencrypted(topic_name, reason));
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "EventsOfBucket",
                "Effect": "Allow",
                "Principal": { "Service": "s3.amazonaws.com" },
                "Action": "sns:Publish",
                "Resource": (topic.r#ref()),
                "Condition": {
                    "ArnEquals": { "aws:SourceArn": (bucket.arn()) },
                    "StringEquals": { "aws:SourceAccount": cfn::pseudo::account_id() },
                },
            }],
        });
        let policy = CfnTopicPolicy::new().topics([topic.r#ref()]).policy_document(policy);
        let policy = stack.add(format!("{id}Policy"), policy).id().clone();
        Self { handle: topic, policy: Some(policy) }
    }

    /// Creates `<id>DeadLetters`, what SNS needs to send to both queues, and `<id>`.
    #[track_caller]
    pub fn add_subscription(&self, stack: &mut Stack, id: &str, subscription: SqsSubscription<'_>) -> DeadLetterQueue {
        let SqsSubscription { queue, raw_message_delivery, dead_letter_queue_name } = subscription;
        let dead_letters = DeadLetterQueue::new(stack, &format!("{id}DeadLetters"), dead_letter_queue_name);
        // Before the subscription: what SNS may not send is lost.
        let admitted = queue.admit_topic(stack, &self.topic_arn());
        let admitted_as_well = dead_letters.admit_topic(stack, &self.topic_arn());
        let redrive = cfn_subscription::RedrivePolicyProperty::new().dead_letter_target_arn(dead_letters.queue_arn());
        let subscription = CfnSubscription::new()
            .topic_arn(self.topic_arn())
            .protocol("sqs")
            .endpoint(queue.queue_arn())
            .raw_message_delivery(raw_message_delivery)
            .redrive_policy(redrive)
            .depends_on(&admitted)
            .depends_on(&admitted_as_well);
        stack.add(id, subscription);
        dead_letters
    }

    /// Sends what is published to this address, once somebody there has confirmed it by a link. Without a dead-letter queue: SNS hands a mail over,
    /// and what comes back then is the mail server's.
    #[track_caller]
    pub fn add_email_subscription(&self, stack: &mut Stack, id: &str, address: impl IntoValue<String>) {
        let subscription =
            CfnSubscription::new().topic_arn(self.topic_arn()).protocol("email").endpoint(address.into_value());
        stack.add(id, subscription);
    }

    /// Sends what is published to an address of the web, which has to confirm it. Creates `<id>DeadLetters`, which keeps what it did not take.
    #[track_caller]
    pub fn add_https_subscription(
        &self,
        stack: &mut Stack,
        id: &str,
        url: &str,
        dead_letter_queue_name: String,
    ) -> DeadLetterQueue {
        let dead_letters = DeadLetterQueue::new(stack, &format!("{id}DeadLetters"), dead_letter_queue_name);
        let admitted = dead_letters.admit_topic(stack, &self.topic_arn());
        let redrive = cfn_subscription::RedrivePolicyProperty::new().dead_letter_target_arn(dead_letters.queue_arn());
        let subscription = CfnSubscription::new()
            .topic_arn(self.topic_arn())
            .protocol("https")
            .endpoint(url)
            .redrive_policy(redrive)
            .depends_on(&admitted);
        stack.add(id, subscription);
        dead_letters
    }

    /// The policy that admits other publishers, if it has one.
    pub(crate) fn policy(&self) -> Option<&LogicalId> {
        self.policy.as_ref()
    }

    pub fn topic_arn(&self) -> Value<String> {
        self.handle.r#ref()
    }

    pub fn grant_publish(&self, stack: &mut Stack, grantee: &impl Grantee) {
        let resources = vec![self.topic_arn()];
        grantee.grant(stack, PolicyStatement { sid: "Publish", actions: &["sns:Publish"], resources });
    }
}

fn unencrypted(topic_name: String, reason: &'static str) -> CfnTopic {
    CfnTopic::new()
        .topic_name(topic_name)
        .suppress(Suppression::checkov("CKV_AWS_26", reason))
        .suppress(Suppression::guard("TOPICS_ENCRYPTED", reason))
}
