//! A schedule of EventBridge Scheduler that invokes a function, with the role it needs.

use std::time::Duration;

use cfn::aws_scheduler::{CfnSchedule, cfn_schedule};

use crate::stack::seconds;
use crate::{Role, RustFunction, Stack};

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
    /// Times that a failed invocation is tried again.
    pub retry_attempts: u32,
    /// How long it is tried at most.
    pub max_event_age: Duration,
}

#[derive(Debug, Clone, Copy)]
pub struct Schedule;

impl Schedule {
    /// Makes `<id>Role`, which may invoke the target alone, and `<id>`.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, target: &RustFunction, props: ScheduleProps) -> Self {
        let role = Role::of_this_account(stack, &format!("{id}Role"), "scheduler.amazonaws.com", props.description);
        target.grant_invoke(stack, &role);
        let retry = cfn_schedule::RetryPolicyProperty::new()
            .maximum_retry_attempts(props.retry_attempts)
            .maximum_event_age_in_seconds(seconds(props.max_event_age));
        let target = cfn_schedule::TargetProperty::new()
            .arn(target.function_arn())
            .role_arn(role.role_arn())
            .input(props.input)
            .retry_policy(retry);
        let schedule = CfnSchedule::new()
            .name(props.schedule_name)
            .description(props.description)
            .schedule_expression(props.expression)
            .schedule_expression_timezone(props.timezone)
            .flexible_time_window(cfn_schedule::FlexibleTimeWindowProperty::new().mode(cfn_schedule::Mode::OFF))
            .state(if props.enabled { cfn_schedule::State::ENABLED } else { cfn_schedule::State::DISABLED })
            .target(target);
        stack.add(id, schedule);
        Self
    }
}
