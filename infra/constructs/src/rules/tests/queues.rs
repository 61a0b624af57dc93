//! The rules of queues, and of the mappings that feed functions from them.

use cfn::{DeletionPolicy, Json, RawResource, ResourceOptions, Template, UpdateReplacePolicy, json};

use super::{allowed, arn, change, diagnostics, reference, refused, sound, with, with_variable};

#[test]
fn a_visibility_timeout_below_six_timeouts_and_the_window_is_refused() {
    refused(&with("Queue", "VisibilityTimeout", 1829), "queue-visibility-timeout", "Queue VisibilityTimeout");
    refused(&with("Queue", "VisibilityTimeout", Json::Absent), "queue-visibility-timeout", "Queue VisibilityTimeout");
    allowed(&with("Queue", "VisibilityTimeout", 1830));
    allowed(&with("Queue", "VisibilityTimeout", "1830"));
    allowed(&with("Function", "Timeout", Json::Absent));
}

#[test]
fn fewer_than_three_receives_are_refused() {
    let redrive = |count: Json| json!({ "deadLetterTargetArn": (arn("DeadLetters")), "maxReceiveCount": count });
    for count in [json!(1), json!(2), json!("2"), Json::Absent] {
        let template = with("Queue", "RedrivePolicy", redrive(count));
        refused(&template, "queue-max-receive-count", "Queue RedrivePolicy.maxReceiveCount");
    }
    allowed(&with("Queue", "RedrivePolicy", redrive(json!(3))));
}

#[test]
fn a_queue_without_dead_letter_queue_is_refused_unless_it_is_one() {
    let template = with("Queue", "RedrivePolicy", Json::Absent);
    refused(&template, "queue-dead-letter-queue", "Queue RedrivePolicy");
    // The former dead-letter queue has become a queue without one.
    refused(&template, "queue-dead-letter-queue", "DeadLetters RedrivePolicy");
}

#[test]
fn a_queue_of_a_schedules_dead_letters_needs_none_itself() {
    let mut template = sound();
    let unsent = RawResource::new("AWS::SQS::Queue").deletion_policy(DeletionPolicy::Delete);
    let unsent = template.add("Unsent", unsent.update_replace_policy(UpdateReplacePolicy::Delete));
    refused(&template, "queue-dead-letter-queue", "Unsent RedrivePolicy");
    let target = json!({ "DeadLetterConfig": { "Arn": unsent.get_att::<String>("Arn") } });
    template.add("Schedule", RawResource::new("AWS::Scheduler::Schedule").property("Target", target));
    allowed(&template);
}

#[test]
fn a_dead_letter_queue_of_another_kind_is_refused() {
    let path = "Queue RedrivePolicy.deadLetterTargetArn";
    for other in ["Queue", "DeadLetters"] {
        let mut template = fifo();
        change(&mut template, other, "FifoQueue", Json::Absent);
        refused(&template, "queue-dead-letter-kind", path);
    }
    allowed(&fifo());
}

/// The sound chain with FIFO queues.
fn fifo() -> Template {
    let mut template = with("Queue", "FifoQueue", true);
    change(&mut template, "DeadLetters", "FifoQueue", true);
    change(&mut template, "Mapping", "MaximumBatchingWindowInSeconds", Json::Absent);
    template
}

#[test]
fn a_dead_letter_queue_that_keeps_messages_no_longer_is_refused() {
    let place = "DeadLetters MessageRetentionPeriod";
    refused(&with("DeadLetters", "MessageRetentionPeriod", 345_600), "queue-dead-letter-retention", place);
    refused(&with("DeadLetters", "MessageRetentionPeriod", Json::Absent), "queue-dead-letter-retention", place);
    allowed(&with("DeadLetters", "MessageRetentionPeriod", 345_601));
}

#[test]
fn a_fifo_dead_letter_queue_counts_the_time_anew_and_may_keep_messages_as_long_as_its_queue() {
    let mut template = fifo();
    change(&mut template, "DeadLetters", "MessageRetentionPeriod", 345_600);
    allowed(&template);
}

#[test]
fn a_fifo_queue_and_no_other_has_a_name_that_says_so() {
    for (fifo, name, is_allowed) in
        [(true, "orders-dev.fifo", true), (true, "orders-dev", false), (false, "orders.fifo", false)]
    {
        let mut template = if fifo { self::fifo() } else { sound() };
        change(&mut template, "Queue", "QueueName", name);
        if is_allowed {
            allowed(&template);
        } else {
            refused(&template, "queue-fifo-name", "Queue QueueName");
        }
    }
}

#[test]
fn a_fifo_queue_has_no_batching_window_and_batches_of_ten_at_most() {
    let with = |property: &'static str, value: i64| {
        let mut template = fifo();
        change(&mut template, "Mapping", property, value);
        template
    };
    allowed(&with("BatchSize", 10));
    allowed(&with("MaximumBatchingWindowInSeconds", 0));
    refused(&with("BatchSize", 11), "mapping-fifo-batch", "Mapping BatchSize");
    let window = with("MaximumBatchingWindowInSeconds", 1);
    refused(&window, "mapping-fifo-batch", "Mapping MaximumBatchingWindowInSeconds");
}

#[test]
fn a_mapping_that_cannot_report_single_failures_is_refused() {
    let place = "Mapping FunctionResponseTypes";
    refused(&with("Mapping", "FunctionResponseTypes", Json::Absent), "mapping-partial-failures", place);
    refused(&with("Mapping", "FunctionResponseTypes", json!([])), "mapping-partial-failures", place);
}

#[test]
fn a_mapping_without_maximum_concurrency_is_refused() {
    let found = diagnostics(&with("Mapping", "ScalingConfig", Json::Absent));
    assert!(found.iter().any(|diagnostic| diagnostic.rule == "mapping-maximum-concurrency"), "{found:?}");
}

#[test]
fn a_large_batch_without_window_is_refused() {
    let mut template = with("Mapping", "BatchSize", 11);
    allowed(&template);
    let mapping = template.resource_mut(&"Mapping".into()).expect("it is there");
    mapping.parts.properties.set("MaximumBatchingWindowInSeconds", Json::Absent);
    refused(&template, "mapping-batching-window", "Mapping MaximumBatchingWindowInSeconds");
    allowed(&with("Mapping", "MaximumBatchingWindowInSeconds", Json::Absent));
}

#[test]
fn a_stream_needs_neither_partial_failures_nor_concurrency() {
    let mut template = with_variable("STAGE", "dev");
    let mapping = template.resource_mut(&"Mapping".into()).expect("it is there");
    mapping.parts.properties.set("EventSourceArn", reference("StreamArn"));
    mapping.parts.properties.set("StartingPosition", "LATEST");
    mapping.parts.properties.set("FunctionResponseTypes", Json::Absent);
    mapping.parts.properties.set("ScalingConfig", Json::Absent);
    allowed(&template);
}
