//! Schedules from EventBridge Scheduler, read-only.

use aws_access::{Answer, CallError, call_error};

use super::{AwsCloud, absent};
use crate::{ScheduleState, Schedules};

impl Schedules for AwsCloud {
    async fn schedule(&self, name: &str) -> Result<Option<ScheduleState>, CallError> {
        let schedule = match self.scheduler.get_schedule().name(name).send().await {
            Ok(schedule) => schedule,
            Err(error) => return absent(call_error("GetSchedule", error)),
        };
        Ok(Some(ScheduleState {
            expression: Answer("GetSchedule").text("ScheduleExpression", schedule.schedule_expression())?,
            // Documented defaults: UTC, and enabled.
            time_zone: schedule.schedule_expression_timezone().unwrap_or("UTC").to_owned(),
            enabled: schedule.state().is_none_or(|state| state.as_str() == "ENABLED"),
            next_run: None,
            dead_letter_target: (schedule.target())
                .and_then(|target| target.dead_letter_config()?.arn())
                .map(str::to_owned),
        }))
    }
}
