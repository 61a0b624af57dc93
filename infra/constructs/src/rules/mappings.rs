//! Rules about event source mappings from queues.

use cfn::{Json, ResourceEntry, Template};

use super::queues::is_fifo;
use super::read::{number, number_or, of_type, property, resource, shown};
use super::{Rule, Stage, examples};

/// Lambda's default for queues, and the largest batch without a window and of a FIFO queue:
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html>
const BATCH: f64 = 10.0;

pub(super) const PARTIAL_FAILURES: Rule = Rule {
    id: "mapping-partial-failures",
    refuses: "a mapping of a queue without ReportBatchItemFailures",
    example: "FunctionResponseTypes []: one bad message fails its whole batch",
    fix: "write FunctionResponseTypes [ReportBatchItemFailures]",
    refused: examples::partial_failures,
    check: |stage, diagnostics| {
        for (template, mapping) in queue_mappings(stage) {
            let types = property(mapping, "FunctionResponseTypes");
            let reports = |types: &Json| {
                types
                    .as_list()
                    .is_some_and(|types| types.iter().any(|kind| kind.as_str() == Some("ReportBatchItemFailures")))
            };
            if !types.is_some_and(reports) {
                let what = types.map_or("nothing".to_owned(), shown);
                let allowed = "[ReportBatchItemFailures]".to_owned();
                diagnostics.push(PARTIAL_FAILURES.at(template, mapping, "FunctionResponseTypes", what, allowed));
            }
        }
    },
};

pub(super) const MAXIMUM_CONCURRENCY: Rule = Rule {
    id: "mapping-maximum-concurrency",
    refuses: "a mapping of a queue without MaximumConcurrency",
    example: "no ScalingConfig: throttled polls burn receives, and messages end in the dead-letter queue",
    fix: "set ScalingConfig.MaximumConcurrency; reserved concurrency does not hold the pollers back",
    refused: examples::maximum_concurrency,
    check: |stage, diagnostics| {
        for (template, mapping) in queue_mappings(stage) {
            let path = "ScalingConfig.MaximumConcurrency";
            if property(mapping, path).is_none() {
                let allowed = "2 to 1000".to_owned();
                diagnostics.push(MAXIMUM_CONCURRENCY.at(template, mapping, path, "nothing".to_owned(), allowed));
            }
        }
    },
};

pub(super) const BATCHING_WINDOW: Rule = Rule {
    id: "mapping-batching-window",
    refuses: "a batch of more than 10 messages without a batching window",
    example: "BatchSize 100 and no MaximumBatchingWindowInSeconds: Lambda refuses to make the mapping",
    fix: "set MaximumBatchingWindowInSeconds to at least 1",
    refused: examples::batching_window,
    check: |stage, diagnostics| {
        for (template, mapping) in queue_mappings(stage).filter(|(template, mapping)| !is_of_fifo(template, mapping)) {
            let batch = property(mapping, "BatchSize").and_then(number).unwrap_or(BATCH);
            let path = "MaximumBatchingWindowInSeconds";
            if batch > BATCH && number_or(mapping, path, 0.0).is_some_and(|window| window < 1.0) {
                let what = format!("no window for batches of {batch}");
                diagnostics.push(BATCHING_WINDOW.at(template, mapping, path, what, "1 s to 300 s".to_owned()));
            }
        }
    },
};

pub(super) const FIFO_BATCH: Rule = Rule {
    id: "mapping-fifo-batch",
    refuses: "a mapping of a FIFO queue with a batching window, or with batches of more than 10 messages",
    example: "BatchSize 100 with a window of 1 s: Lambda refuses to make the mapping",
    fix: "leave MaximumBatchingWindowInSeconds out and set BatchSize to at most 10",
    refused: examples::fifo_batch,
    check: |stage, diagnostics| {
        for (template, mapping) in queue_mappings(stage).filter(|(template, mapping)| is_of_fifo(template, mapping)) {
            for (path, most) in [("BatchSize", BATCH), ("MaximumBatchingWindowInSeconds", 0.0)] {
                if let Some(number) = number_or(mapping, path, most).filter(|number| *number > most) {
                    let what = format!("{number} for a FIFO queue");
                    diagnostics.push(FIFO_BATCH.at(template, mapping, path, what, format!("at most {most}")));
                }
            }
        }
    },
};

fn is_of_fifo(template: &Template, mapping: &ResourceEntry) -> bool {
    property(mapping, "EventSourceArn").and_then(|arn| resource(template, arn)).is_some_and(is_fifo)
}

/// Mappings whose source is a queue. A source outside the template counts as one, unless it has a starting position,
/// which only streams have.
fn queue_mappings<'a>(stage: &'a Stage<'_>) -> impl Iterator<Item = (&'a Template, &'a ResourceEntry)> {
    of_type(stage.templates, "AWS::Lambda::EventSourceMapping").filter(|(template, mapping)| {
        match property(mapping, "EventSourceArn").and_then(|arn| resource(template, arn)) {
            Some(source) => source.parts.resource_type == "AWS::SQS::Queue",
            None => property(mapping, "StartingPosition").is_none(),
        }
    })
}
