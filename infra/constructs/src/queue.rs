//! A queue with its dead-letter queue, both standard or both FIFO. Owns names, encryption and redrive; a queue without a dead-letter queue
//! cannot be expressed.

use std::time::Duration;

use cfn::aws_sqs::{CfnQueue, CfnQueuePolicy, cfn_queue};
use cfn::{DeletionPolicy, Handle, IntoValue, ResourceOptions, UpdateReplacePolicy, Value, json};

use crate::stack::seconds;
use crate::{Exceptions, Grantee, PolicyStatement, Stack, Suppression};

/// What AWS recommends: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const TIMEOUTS_IN_VISIBILITY: u32 = 6;
/// A standard dead-letter queue keeps the original send time, so it needs a longer retention than its queue. In a FIFO one the time starts anew.
const DEAD_LETTER_RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);
const ENCRYPTED: Suppression = Suppression::checkov(
    "CKV_AWS_27",
    "encrypted by SQS itself (SqsManagedSseEnabled); the check knows keys of KMS alone",
);

/// A queue and its dead-letter queue.
#[derive(Debug, Clone)]
pub struct Queue {
    handle: Handle<CfnQueue>,
    name: String,
    max_receive_count: u32,
    dead_letter_queue: DeadLetterQueue,
}

/// Where messages go that were received too often, or that a consumer rejected with a reason.
#[derive(Debug, Clone)]
pub struct DeadLetterQueue {
    handle: Handle<CfnQueue>,
    name: String,
}

#[derive(Debug, Clone)]
pub struct QueueProps {
    pub queue_name: String,
    pub dead_letter_queue_name: String,
    pub visibility_timeout: Duration,
    /// How long a message is kept, up to 14 days; the dead-letter queue keeps it for 14 days.
    pub retention_period: Duration,
    /// Receives before a message moves to the dead-letter queue, at least 3.
    pub max_receive_count: u32,
    /// In order within a message group, and each message once; standard queues if `None`. Both names end in `.fifo` then.
    pub fifo: Option<Fifo>,
}

/// A FIFO queue with high throughput: groups share no quota (`FifoThroughputLimit: perMessageGroupId`), which requires that a deduplication id
/// is one of its group (`DeduplicationScope: messageGroup`):
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fifo {
    /// Whether a message without a deduplication id gets the hash of its body as one. Two equal bodies within five minutes are one message then,
    /// so senders pass an id all the same.
    pub content_based_deduplication: bool,
}

impl Queue {
    /// Creates `<id>` and `<id>DeadLetters`.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, props: QueueProps) -> Self {
        let dead_letter_queue =
            DeadLetterQueue::of_kind(stack, &format!("{id}DeadLetters"), props.dead_letter_queue_name, props.fifo);
        let redrive = cfn_queue::RedrivePolicyProperty::new()
            .dead_letter_target_arn(dead_letter_queue.queue_arn())
            .max_receive_count(props.max_receive_count);
        let queue = CfnQueue::new()
            .queue_name(&props.queue_name)
            .visibility_timeout(seconds(props.visibility_timeout))
            .message_retention_period(seconds(props.retention_period))
            .redrive_policy(redrive)
            .sqs_managed_sse_enabled(true);
        let handle = stack.add(id, transient(of_kind(queue, props.fifo)));
        let QueueProps { queue_name: name, max_receive_count, .. } = props;
        Self { handle, name, max_receive_count, dead_letter_queue }
    }

    /// The shortest visibility timeout that AWS recommends for a consumer.
    pub fn visibility_timeout_for(consumer_timeout: Duration, batching_window: Duration) -> Duration {
        consumer_timeout * TIMEOUTS_IN_VISIBILITY + batching_window
    }

    pub fn dead_letter_queue(&self) -> &DeadLetterQueue {
        &self.dead_letter_queue
    }

    /// Receives that its redrive policy allows, as a setting of its consumer.
    pub fn max_receive_count(&self) -> Value<String> {
        self.max_receive_count.to_string().into_value()
    }

    pub fn queue_name(&self) -> &str {
        &self.name
    }

    pub fn queue_url(&self) -> Value<String> {
        self.handle.r#ref()
    }

    pub fn queue_arn(&self) -> Value<String> {
        self.handle.attr_arn()
    }

    pub fn grant_send_messages(&self, stack: &mut Stack, grantee: &impl Grantee) {
        grantee.grant(stack, send(self.queue_arn()));
    }

    /// `<id>Policy`, by which one topic may send.
    #[track_caller]
    pub(crate) fn admit_topic(&self, stack: &mut Stack, topic_arn: &Value<String>) -> Handle<CfnQueuePolicy> {
        admit_topic(stack, &self.handle, topic_arn)
    }

    /// What an event source mapping needs, and what a consumer needs to extend a message's visibility timeout.
    pub fn grant_consume_messages(&self, stack: &mut Stack, grantee: &impl Grantee) {
        grantee.grant(stack, consume(self.queue_arn()));
    }

    /// Reading how many messages wait, are in flight and are delayed.
    pub fn grant_read_attributes(&self, stack: &mut Stack, grantee: &impl Grantee) {
        let actions = &["sqs:GetQueueAttributes"];
        grantee.grant(stack, PolicyStatement { sid: "ReadQueues", actions, resources: vec![self.queue_arn()] });
    }
}

impl DeadLetterQueue {
    /// One for a source other than a queue, such as a schedule; a queue creates its own. Such sources take standard queues alone.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, queue_name: String) -> Self {
        Self::of_kind(stack, id, queue_name, None)
    }

    #[track_caller]
    fn of_kind(stack: &mut Stack, id: &str, queue_name: String, fifo: Option<Fifo>) -> Self {
        let queue = CfnQueue::new()
            .queue_name(&queue_name)
            .message_retention_period(seconds(DEAD_LETTER_RETENTION))
            .sqs_managed_sse_enabled(true);
        Self { handle: stack.add(id, transient(of_kind(queue, fifo))), name: queue_name }
    }

    pub fn queue_name(&self) -> &str {
        &self.name
    }

    pub fn queue_url(&self) -> Value<String> {
        self.handle.r#ref()
    }

    pub fn queue_arn(&self) -> Value<String> {
        self.handle.attr_arn()
    }

    pub fn grant_send_messages(&self, stack: &mut Stack, grantee: &impl Grantee) {
        grantee.grant(stack, send(self.queue_arn()));
    }

    /// What a function needs that looks at dead letters, takes them out, or puts them back.
    pub fn grant_consume_messages(&self, stack: &mut Stack, grantee: &impl Grantee) {
        grantee.grant(stack, consume(self.queue_arn()));
    }

    /// `<id>Policy`, by which one topic may send.
    #[track_caller]
    pub(crate) fn admit_topic(&self, stack: &mut Stack, topic_arn: &Value<String>) -> Handle<CfnQueuePolicy> {
        admit_topic(stack, &self.handle, topic_arn)
    }
}

/// Without it SNS drops what it publishes, and nobody hears of it.
#[track_caller]
fn admit_topic(stack: &mut Stack, queue: &Handle<CfnQueue>, topic_arn: &Value<String>) -> Handle<CfnQueuePolicy> {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "MessagesOfTopic",
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": (queue.attr_arn()),
            "Condition": { "ArnEquals": { "aws:SourceArn": topic_arn } },
        }],
    });
    let policy = CfnQueuePolicy::new().queues([queue.r#ref()]).policy_document(policy);
    stack.add(format!("{}Policy", queue.id()), policy)
}

fn send(queue_arn: Value<String>) -> PolicyStatement {
    PolicyStatement { sid: "SendMessages", actions: &["sqs:SendMessage"], resources: vec![queue_arn] }
}

fn consume(queue_arn: Value<String>) -> PolicyStatement {
    let actions = &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"];
    PolicyStatement { sid: "ConsumeMessages", actions, resources: vec![queue_arn] }
}

/// CloudFormation wants the attributes of FIFO queues left out of standard ones, `FifoQueue: false` included.
fn of_kind(queue: CfnQueue, fifo: Option<Fifo>) -> CfnQueue {
    let Some(fifo) = fifo else { return queue };
    queue
        .fifo_queue(true)
        .content_based_deduplication(fifo.content_based_deduplication)
        .deduplication_scope(cfn_queue::DeduplicationScope::MESSAGE_GROUP)
        .fifo_throughput_limit(cfn_queue::FifoThroughputLimit::PER_MESSAGE_GROUP_ID)
}

/// Messages are work in progress: a deleted stack has no use for them, and a crawl can be started again.
fn transient<R: ResourceOptions>(queue: R) -> R {
    queue.deletion_policy(DeletionPolicy::Delete).update_replace_policy(UpdateReplacePolicy::Delete).suppress(ENCRYPTED)
}
