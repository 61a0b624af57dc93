//! Queues, their dead-letter queues and the functions that consume them.

use template::{Node, Resource, Template};

use super::{Context, is_false, is_nothing, push};
use crate::change::{Action, Finding};
use crate::policy::text::referred;
use crate::rules::values::{number, possible, sunken, texts, weakened};

/// The destination of failures, by the type that has it.
const FAILURES: &[(&str, &str)] = &[
    ("AWS::SQS::Queue", "RedrivePolicy"),
    ("AWS::SNS::Subscription", "RedrivePolicy"),
    ("AWS::Lambda::Function", "DeadLetterConfig"),
    ("AWS::Lambda::EventInvokeConfig", "DestinationConfig.OnFailure"),
    ("AWS::Lambda::EventSourceMapping", "DestinationConfig.OnFailure"),
    ("AWS::Serverless::Function", "DeadLetterQueue"),
    ("AWS::Scheduler::Schedule", "Target.DeadLetterConfig"),
    ("AWS::Events::EventBus", "DeadLetterConfig"),
    ("AWS::Pipes::Pipe", "SourceParameters.SqsQueueParameters.DeadLetterConfig"),
];

pub(super) fn dead_letters_removed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const SAYS: &str = "what fails is kept nowhere any more";
    if context.change.action == Action::Remove && context.is_type("AWS::Lambda::EventInvokeConfig") {
        let function = texts(context.old, "FunctionName").join(", ");
        let is_gone = referred(&function).is_some_and(|id| context.evidence.is_gone(id));
        let kept = possible(context.old, "DestinationConfig.OnFailure").iter().any(|each| each.value.is_some());
        if kept && !is_gone && context.change.renamed_to.is_none() {
            findings.push(context.danger("", format!("{SAYS}: the destination of failed calls is removed")));
        }
    }
    if !context.is_modified() {
        return;
    }
    for (_, path) in FAILURES.iter().filter(|(name, _)| context.is_type(name)) {
        let is_gone = |value: Option<&Node>| {
            let target = |value: &Node| {
                ["deadLetterTargetArn", "TargetArn", "Arn", "Destination"].iter().any(|key| value.get(key).is_some())
            };
            value.is_none_or(|value| value.is_plain_map() && !target(value))
        };
        let had_one = possible(context.old, path).iter().any(|each| !is_gone(each.value));
        if had_one {
            push(context, findings, weakened(context, path, is_gone), SAYS);
        }
    }
    if context.is_type("AWS::Events::Rule") {
        let weaker = sunken(context, |key, value| (key == "DeadLetterConfig").then(|| i32::from(value.is_some())));
        push(context, findings, weaker.into_iter().next(), SAYS);
    }
}

const RECEIVES: &str = "RedrivePolicy.maxReceiveCount";

pub(super) fn receive_count(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.is_type("AWS::SQS::Queue") && context.is_modified() {
        let once = |value: Option<&Node>| value.and_then(Node::as_f64).is_some_and(|count| count < 2.0);
        push(context, findings, weakened(context, RECEIVES, once), "one failure is enough for the dead-letter queue");
    }
}

/// Lambda's and SQS's defaults, in seconds.
const TIME_OUT: f64 = 3.0;
const VISIBILITY: f64 = 30.0;

pub(super) fn visibility(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (id, kind) = (context.change.logical_id.as_str(), context.resource_type());
    if !matches!(kind, "AWS::SQS::Queue" | "AWS::Lambda::Function" | "AWS::Lambda::EventSourceMapping") {
        return;
    }
    let before = context.before.map(short).unwrap_or_default();
    for each in context.after.map(short).unwrap_or_default() {
        if before.iter().any(|old| old.queue == each.queue && old.function == each.function) {
            continue;
        }
        // Reported for the one that changed: the queue before its function before the mapping that connects them.
        let changed = |id: &str| context.changes.iter().any(|change| change.logical_id == id);
        let culprit = [&each.queue, &each.function, &each.mapping]
            .into_iter()
            .find(|id| changed(id) && (*id == &each.mapping || differs(context, id)));
        if culprit.is_some_and(|culprit| culprit == id) {
            let path = match kind {
                "AWS::SQS::Queue" => "VisibilityTimeout",
                "AWS::Lambda::Function" => "Timeout",
                _ => "EventSourceArn",
            };
            let reason = format!(
                "messages come back while {} still works on them: {} hides them for {} s, the function may take {} s",
                each.function, each.queue, each.visibility, each.time_out
            );
            findings.push(context.danger(path, reason));
        }
    }
}

fn differs(context: &Context<'_>, id: &str) -> bool {
    let both = |path: &str| {
        let of = |template: Option<&Template>| number(template.and_then(|template| template.resource(id)), path);
        of(context.before) != of(context.after)
    };
    both("VisibilityTimeout") || both("Timeout")
}

struct Short {
    queue: String,
    function: String,
    mapping: String,
    visibility: f64,
    time_out: f64,
}

/// Queues whose messages are redelivered before their function has timed out.
fn short(template: &Template) -> Vec<Short> {
    let mut found = Vec::new();
    for mapping in template.resources().iter().filter(|each| each.resource_type == "AWS::Lambda::EventSourceMapping") {
        let of = |path: &str, kind: &str| -> Option<&Resource> {
            let text = texts(Some(mapping), path).into_iter().next()?;
            template.resource(referred(&text)?).filter(|resource| resource.resource_type == kind)
        };
        let (Some(queue), Some(function)) =
            (of("EventSourceArn", "AWS::SQS::Queue"), of("FunctionName", "AWS::Lambda::Function"))
        else {
            continue;
        };
        let known = |resource: &Resource, path: &str, default: f64| match resource.property(path) {
            None => Some(default),
            Some(value) => value.as_f64(),
        };
        if let (Some(visibility), Some(time_out)) =
            (known(queue, "VisibilityTimeout", VISIBILITY), known(function, "Timeout", TIME_OUT))
            && visibility < time_out
        {
            found.push(Short {
                queue: queue.logical_id.clone(),
                function: function.logical_id.clone(),
                mapping: mapping.logical_id.clone(),
                visibility,
                time_out,
            });
        }
    }
    found
}

/// SQS's default, in seconds.
const RETENTION: f64 = 345_600.0;

pub(super) fn dead_letter_retention(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_type("AWS::SQS::Queue") {
        return;
    }
    let before = context.before.map(forgetful).unwrap_or_default();
    for (source, target, kept, needed) in context.after.map(forgetful).unwrap_or_default() {
        let was = before.iter().any(|(old_source, old_target, ..)| *old_source == source && *old_target == target);
        let id = &context.change.logical_id;
        let changed = |id: &str| context.changes.iter().any(|change| change.logical_id == id);
        let is_told_here = *id == target || (*id == source && !changed(&target));
        if !was && is_told_here {
            let reason = format!(
                "{target} keeps dead letters {kept} s, {source} its messages {needed} s: a message's age counts from when it was first sent"
            );
            findings.push(context.danger("MessageRetentionPeriod", reason));
        }
    }
}

/// Queues whose dead-letter queue keeps messages for a shorter time: source, target, and seconds of both.
fn forgetful(template: &Template) -> Vec<(String, String, f64, f64)> {
    let queues = || template.resources().iter().filter(|each| each.resource_type == "AWS::SQS::Queue");
    let kept = |queue: &Resource| match queue.property("MessageRetentionPeriod") {
        None => Some(RETENTION),
        Some(value) => value.as_f64(),
    };
    let mut found = Vec::new();
    for source in queues() {
        for target in texts(Some(source), "RedrivePolicy.deadLetterTargetArn") {
            let Some(target) = referred(&target).and_then(|id| template.resource(id)) else { continue };
            // In a FIFO dead-letter queue a message's age starts anew.
            if is_fifo(target) {
                continue;
            }
            if let (Some(needed), Some(kept)) = (kept(source), kept(target))
                && kept < needed
            {
                found.push((source.logical_id.clone(), target.logical_id.clone(), kept, needed));
            }
        }
    }
    found
}

fn is_fifo(queue: &Resource) -> bool {
    queue.property("FifoQueue").and_then(Node::as_bool) == Some(true)
}

pub(super) fn deduplication(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_type("AWS::SQS::Queue") || !context.new.is_some_and(is_fifo) {
        return;
    }
    let is_off = |value: Option<&Node>| value.is_none() || super::is_false(value);
    let weaker = weakened(context, "ContentBasedDeduplication", is_off);
    push(context, findings, weaker, "messages without a deduplication id are refused");
    const SCOPE: &str = "DeduplicationScope";
    let of_group = |value: Option<&Node>| super::is_text(value, &["messageGroup"]);
    let of_queue = |value: Option<&Node>| value.is_none() || super::is_text(value, &["queue"]);
    let says = "the same deduplication id in two groups is two messages";
    push(context, findings, weakened(context, SCOPE, of_group), says);
    push(context, findings, weakened(context, SCOPE, of_queue), "a deduplication id of another group drops a message");
}

pub(super) fn consumer_stopped(context: &Context<'_>, findings: &mut Vec<Finding>) {
    match context.resource_type() {
        "AWS::Lambda::EventSourceMapping" if context.change.action == Action::Remove => {
            let gone = |path: &str| {
                texts(context.old, path)
                    .iter()
                    .any(|text| referred(text).is_some_and(|id| context.evidence.is_gone(id)))
            };
            // Another mapping may take its place.
            let source = texts(context.old, "EventSourceArn");
            let replaced = context.after.is_some_and(|after| {
                after.resources().iter().any(|each| {
                    each.resource_type == "AWS::Lambda::EventSourceMapping"
                        && texts(Some(each), "EventSourceArn") == source
                })
            });
            if !gone("EventSourceArn") && !replaced && context.after.is_some() {
                findings.push(context.danger("", format!("nothing takes from {} any more", source.join(", "))));
            }
        }
        "AWS::Lambda::EventSourceMapping" => {
            push(context, findings, weakened(context, "Enabled", is_false), "the source is no longer consumed");
        }
        "AWS::Pipes::Pipe" => {
            let stopped = |value: Option<&Node>| super::is_text(value, &["STOPPED"]);
            push(
                context,
                findings,
                weakened(context, "DesiredState", stopped),
                "nothing goes through the pipe any more",
            );
        }
        _ => {}
    }
}

pub(super) fn whole_batch_fails(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.is_modified() {
        let had =
            context.leaves.before().iter().any(|leaf| leaf.key == "FunctionResponseTypes" && !is_nothing(leaf.value));
        if had {
            let weaker = weakened(context, "FunctionResponseTypes", is_nothing);
            push(context, findings, weaker, "one bad message makes its whole batch come back");
        }
    }
}

pub(super) fn retries_off(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.is_modified() {
        let weaker = sunken(context, |key, value| match (key, value) {
            // Every service that has it retries by default.
            ("MaximumRetryAttempts", None) => Some(1),
            ("MaximumRetryAttempts", Some(value)) => value.as_f64().map(|count| i32::from(count != 0.0)),
            _ => None,
        });
        push(context, findings, weaker.into_iter().next(), "the first failure is the last");
    }
}
