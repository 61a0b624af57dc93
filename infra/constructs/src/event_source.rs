//! The mapping from a queue to a function, with the grant it needs.

use std::time::Duration;

use cfn::aws_lambda::{CfnEventSourceMapping, cfn_event_source_mapping};

use crate::stack::seconds;
use crate::{Queue, RustFunction, Stack, Suppression};

/// How a queue feeds a function. Failures are always reported per message.
#[derive(Debug, Clone, Copy)]
pub struct SqsEventSource<'a> {
    pub queue: &'a Queue,
    /// Messages per batch, 1 to 10,000; more than 10 need a window, and a FIFO queue has no more.
    pub batch_size: u32,
    /// How long messages are gathered into a batch, 0 s to 300 s; none for a FIFO queue.
    pub max_batching_window: Duration,
    /// The most concurrent instances, 2 to 1,000. A FIFO queue has at most one for each message group.
    pub max_concurrency: u32,
}

impl RustFunction {
    /// Creates the mapping `<id>Source` **and** grants the function what polling needs.
    #[track_caller]
    pub fn add_event_source(&self, stack: &mut Stack, source: SqsEventSource<'_>) {
        source.queue.grant_consume_messages(stack, self);
        let reason = "its queue has a dead-letter queue; one of the function's own is for asynchronous invocations";
        stack.suppress(self.id(), Suppression::checkov("CKV_AWS_116", reason));
        let window = seconds(source.max_batching_window);
        let scaling =
            cfn_event_source_mapping::ScalingConfigProperty::new().maximum_concurrency(source.max_concurrency);
        let mapping = CfnEventSourceMapping::new()
            .event_source_arn(source.queue.queue_arn())
            .function_name(self.function_ref())
            .batch_size(source.batch_size)
            .maximum_batching_window_in_seconds((window > 0).then_some(window))
            .function_response_types([cfn_event_source_mapping::FunctionResponseTypes::REPORT_BATCH_ITEM_FAILURES])
            .scaling_config(scaling);
        stack.add(format!("{}Source", self.id()), mapping);
    }
}
