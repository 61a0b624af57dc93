//! Rules about queues and their dead-letter queues.

use cfn::{Json, ResourceEntry, Template};

use super::read::{ends, field, number, number_or, of_type, property, resource, shown};
use super::{Rule, Stage, examples};

const QUEUE: &str = "AWS::SQS::Queue";
/// SQS's defaults: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sqs-queue.html>
const DEFAULT_VISIBILITY: f64 = 30.0;
const DEFAULT_RETENTION: f64 = 345_600.0;
/// Lambda's default: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html>
const DEFAULT_TIMEOUT: f64 = 3.0;
/// What AWS recommends: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const TIMEOUTS_IN_VISIBILITY: f64 = 6.0;
const FEWEST_RECEIVES: f64 = 3.0;
/// How the names of FIFO queues end, and no others:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>
const FIFO_ENDING: &str = ".fifo";

pub(super) const VISIBILITY_TIMEOUT: Rule = Rule {
    id: "queue-visibility-timeout",
    refuses: "a queue whose visibility timeout is below 6 × the consumer's timeout + its batching window",
    example: "VisibilityTimeout 300 for a function of 300 s",
    fix: "raise VisibilityTimeout or shorten the function's timeout",
    refused: examples::visibility_timeout,
    check: |stage, diagnostics| {
        for (template, mapping) in of_type(stage.templates, "AWS::Lambda::EventSourceMapping") {
            let (Some(queue), Some(function)) = ends(template, mapping) else { continue };
            if queue.parts.resource_type != QUEUE {
                continue;
            }
            let visibility = number_or(queue, "VisibilityTimeout", DEFAULT_VISIBILITY);
            let timeout = number_or(function, "Timeout", DEFAULT_TIMEOUT);
            let window = number_or(mapping, "MaximumBatchingWindowInSeconds", 0.0);
            let (Some(visibility), Some(timeout), Some(window)) = (visibility, timeout, window) else {
                continue;
            };
            let least = TIMEOUTS_IN_VISIBILITY * timeout + window;
            if visibility < least {
                let what = format!("{visibility} s is too short for {} ({timeout} s, window {window} s)", function.id);
                let allowed = format!("at least {least} s");
                diagnostics.push(VISIBILITY_TIMEOUT.at(template, queue, "VisibilityTimeout", what, allowed));
            }
        }
    },
};

pub(super) const MAX_RECEIVE_COUNT: Rule = Rule {
    id: "queue-max-receive-count",
    refuses: "a redrive policy with a maxReceiveCount below 3",
    example: "RedrivePolicy.maxReceiveCount 1",
    fix: "write 5: one throttled poll or one crashed instance must not cost a message",
    refused: examples::max_receive_count,
    check: |stage, diagnostics| {
        for (template, queue) in of_type(stage.templates, QUEUE) {
            let Some(policy) = property(queue, "RedrivePolicy") else { continue };
            let receives = field(policy, "maxReceiveCount");
            if receives.is_none_or(|receives| number(receives).is_some_and(|receives| receives < FEWEST_RECEIVES)) {
                let what = receives.map_or("nothing".to_owned(), shown);
                let path = "RedrivePolicy.maxReceiveCount";
                diagnostics.push(MAX_RECEIVE_COUNT.at(template, queue, path, what, "3 to 1000".to_owned()));
            }
        }
    },
};

pub(super) const DEAD_LETTER_QUEUE: Rule = Rule {
    id: "queue-dead-letter-queue",
    refuses: "a queue without a dead-letter queue that is not one itself",
    example: "a queue without RedrivePolicy",
    fix: "set RedrivePolicy.deadLetterTargetArn, or make the queue with constructs::Queue",
    refused: examples::dead_letter_queue,
    check: |stage, diagnostics| {
        for (template, queue) in of_type(stage.templates, QUEUE) {
            let has_one = property(queue, "RedrivePolicy.deadLetterTargetArn").is_some();
            if !has_one && !is_dead_letter_queue(stage, template, queue) {
                let allowed = "a redrive policy, unless another queue, a schedule or a subscription sends its dead letters to this one"
                    .to_owned();
                diagnostics.push(DEAD_LETTER_QUEUE.at(template, queue, "RedrivePolicy", "nothing".to_owned(), allowed));
            }
        }
    },
};

pub(super) const DEAD_LETTER_KIND: Rule = Rule {
    id: "queue-dead-letter-kind",
    refuses: "a dead-letter queue that is FIFO where its queue is not, or the other way round",
    example: "FifoQueue true with a standard dead-letter queue",
    fix: "make both FIFO or both standard",
    refused: examples::dead_letter_kind,
    check: |stage, diagnostics| {
        for (template, queue, dead_letters) in redrives(stage) {
            let (kind, dead_letter_kind) = (kind(queue), kind(dead_letters));
            if kind != dead_letter_kind {
                let what = format!("{} is {dead_letter_kind}", dead_letters.id);
                let path = "RedrivePolicy.deadLetterTargetArn";
                diagnostics.push(DEAD_LETTER_KIND.at(template, queue, path, what, format!("a {kind} queue")));
            }
        }
    },
};

pub(super) const DEAD_LETTER_RETENTION: Rule = Rule {
    id: "queue-dead-letter-retention",
    refuses: "a standard dead-letter queue that keeps messages no longer than its queue does",
    example: "4 days in both: a standard dead-letter queue keeps the time of the first send, so a late message is gone at once",
    fix: "write 14 days (1209600) on the dead-letter queue",
    refused: examples::dead_letter_retention,
    check: |stage, diagnostics| {
        // In a FIFO dead-letter queue the time starts anew.
        for (template, queue, dead_letters) in redrives(stage).filter(|(_, _, dead_letters)| !is_fifo(dead_letters)) {
            let retention = |queue| number_or(queue, "MessageRetentionPeriod", DEFAULT_RETENTION);
            let (Some(kept), Some(dead_kept)) = (retention(queue), retention(dead_letters)) else { continue };
            if dead_kept <= kept {
                let what = format!("{dead_kept} s, and {} keeps {kept} s", queue.id);
                let allowed = format!("more than {kept} s, at most 1209600 s");
                let path = "MessageRetentionPeriod";
                diagnostics.push(DEAD_LETTER_RETENTION.at(template, dead_letters, path, what, allowed));
            }
        }
    },
};

pub(super) const FIFO_NAME: Rule = Rule {
    id: "queue-fifo-name",
    refuses: "a FIFO queue whose name does not end in .fifo, and a standard queue whose name does",
    example: "FifoQueue true and QueueName orders: SQS refuses to make the queue",
    fix: "end the name of a FIFO queue, and of no other, in .fifo, after the stage",
    refused: examples::fifo_name,
    check: |stage, diagnostics| {
        for (template, queue) in of_type(stage.templates, QUEUE) {
            let Some(name) = property(queue, "QueueName").and_then(Json::as_str) else { continue };
            let kind = kind(queue);
            if name.ends_with(FIFO_ENDING) != is_fifo(queue) {
                let allowed = match is_fifo(queue) {
                    true => format!("a name that ends in {FIFO_ENDING}"),
                    false => format!("a name that does not end in {FIFO_ENDING}"),
                };
                let what = format!("{name:?} of a {kind} queue");
                diagnostics.push(FIFO_NAME.at(template, queue, "QueueName", what, allowed));
            }
        }
    },
};

/// Template, queue and dead-letter queue of each redrive policy whose target is in the same template.
fn redrives<'a>(stage: &'a Stage<'_>) -> impl Iterator<Item = (&'a Template, &'a ResourceEntry, &'a ResourceEntry)> {
    of_type(stage.templates, QUEUE).filter_map(|(template, queue)| {
        let target = property(queue, "RedrivePolicy.deadLetterTargetArn")?;
        Some((template, queue, resource(template, target)?))
    })
}

fn is_dead_letter_queue(stage: &Stage<'_>, template: &Template, queue: &ResourceEntry) -> bool {
    let redriven = redrives(stage).any(|(other, _, target)| other.name() == template.name() && target.id == queue.id);
    // What else sends dead letters to a queue, and where it names the queue.
    let others = [
        ("AWS::Scheduler::Schedule", "Target.DeadLetterConfig.Arn"),
        ("AWS::SNS::Subscription", "RedrivePolicy.deadLetterTargetArn"),
    ];
    let of_another = others.into_iter().any(|(kind, path)| {
        of_type(stage.templates, kind).any(|(other, entry)| {
            let target = property(entry, path).and_then(|arn| resource(other, arn));
            other.name() == template.name() && target.is_some_and(|target| target.id == queue.id)
        })
    });
    redriven || of_another
}

fn kind(queue: &ResourceEntry) -> &'static str {
    if is_fifo(queue) { "FIFO" } else { "standard" }
}

pub(super) fn is_fifo(queue: &ResourceEntry) -> bool {
    property(queue, "FifoQueue").and_then(Json::as_bool) == Some(true)
}
