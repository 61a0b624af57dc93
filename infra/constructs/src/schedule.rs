//! An EventBridge Scheduler schedule that invokes a function, with the role it needs and a dead-letter queue for undelivered events.

use std::time::Duration;

use cfn::aws_scheduler::{CfnSchedule, cfn_schedule};

use crate::stack::seconds;
use crate::{DeadLetterQueue, Role, RustFunction, Stack};

#[derive(Debug, Clone)]
pub struct ScheduleProps {
    pub schedule_name: String,
    pub description: &'static str,
    /// `cron(..)` or `rate(..)`.
    pub expression: String,
    /// An IANA time zone.
    pub timezone: String,
    pub enabled: bool,
    /// The event, as JSON text.
    pub input: String,
    /// Number of retries of a failed invocation.
    pub retry_attempts: u32,
    /// How long it is retried.
    pub max_event_age: Duration,
    /// Keeps the events that could not be delivered.
    pub dead_letter_queue_name: String,
}

#[derive(Debug, Clone)]
pub struct Schedule {
    dead_letter_queue: DeadLetterQueue,
}

impl Schedule {
    /// Creates `<id>DeadLetters`, `<id>Role`, which may only invoke the target and send to that queue, and `<id>`.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, target: &RustFunction, props: ScheduleProps) -> Self {
        let dead_letter_queue = DeadLetterQueue::new(stack, &format!("{id}DeadLetters"), props.dead_letter_queue_name);
        let role = Role::of_this_account(stack, &format!("{id}Role"), "scheduler.amazonaws.com", props.description);
        target.grant_invoke(stack, &role);
        dead_letter_queue.grant_send_messages(stack, &role);
        let retry = cfn_schedule::RetryPolicyProperty::new()
            .maximum_retry_attempts(props.retry_attempts)
            .maximum_event_age_in_seconds(seconds(props.max_event_age));
        let target = cfn_schedule::TargetProperty::new()
            .arn(target.function_arn())
            .role_arn(role.role_arn())
            .input(props.input)
            .retry_policy(retry)
            .dead_letter_config(cfn_schedule::DeadLetterConfigProperty::new().arn(dead_letter_queue.queue_arn()));
        let schedule = CfnSchedule::new()
            .name(props.schedule_name)
            .description(props.description)
            .schedule_expression(props.expression)
            .schedule_expression_timezone(props.timezone)
            .flexible_time_window(cfn_schedule::FlexibleTimeWindowProperty::new().mode(cfn_schedule::Mode::OFF))
            .state(if props.enabled { cfn_schedule::State::ENABLED } else { cfn_schedule::State::DISABLED })
            .target(target);
        stack.add(id, schedule);
        Self { dead_letter_queue }
    }

    pub fn dead_letter_queue(&self) -> &DeadLetterQueue {
        &self.dead_letter_queue
    }
}
