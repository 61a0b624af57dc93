//! An alarm on a metric that notifies a topic. How it treats missing data is a property of the metric.

use cfn::aws_cloudwatch::{CfnAlarm, cfn_alarm};
use cfn::intrinsics::sub;
use cfn::{IntoValue, Value};

use crate::stack::seconds;
use crate::{Metric, RustFunction, Stack, Topic};

#[derive(Debug, Clone, Copy)]
pub struct Alarm;

impl Alarm {
    /// In alarm while the metric is above `threshold` (in the metric's unit).
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, metric: &Metric, threshold: u32, description: &str, topic: &Topic) -> Self {
        let above = cfn_alarm::ComparisonOperator::GREATER_THAN_THRESHOLD;
        Self::draw(stack, id, metric, (above, threshold.into_value()), description, topic)
    }

    /// In alarm while the metric is below `threshold` (in the metric's unit).
    #[track_caller]
    pub fn below(
        stack: &mut Stack,
        id: &str,
        metric: &Metric,
        threshold: f64,
        description: &str,
        topic: &Topic,
    ) -> Self {
        let below = cfn_alarm::ComparisonOperator::LESS_THAN_THRESHOLD;
        Self::draw(stack, id, metric, (below, threshold.into_value()), description, topic)
    }

    #[track_caller]
    fn draw(
        stack: &mut Stack,
        id: &str,
        metric: &Metric,
        (operator, threshold): (cfn_alarm::ComparisonOperator, Value<f64>),
        description: &str,
        topic: &Topic,
    ) -> Self {
        let dimensions = metric.dimensions.iter();
        let dimensions: Vec<_> = dimensions
            .map(|(name, value)| cfn_alarm::DimensionProperty::new().name(*name).value(text(value)))
            .collect();
        // CloudWatch has another property for percentiles.
        let is_percentile = metric.statistic.starts_with('p');
        let alarm = CfnAlarm::new()
            .alarm_description(description)
            .namespace(metric.namespace)
            .metric_name(metric.name)
            .dimensions(dimensions)
            .statistic((!is_percentile).then_some(metric.statistic))
            .extended_statistic(is_percentile.then_some(metric.statistic))
            .period(seconds(metric.period))
            .evaluation_periods(1)
            .comparison_operator(operator)
            .threshold(threshold)
            .treat_missing_data(metric.missing.clone())
            .alarm_actions([topic.topic_arn()]);
        stack.add(id, alarm);
        Self
    }

    /// Two for each function, `<function>ErrorsAlarm` and `<function>ThrottlesAlarm`: it fails, and Lambda has no instance for it.
    #[track_caller]
    pub fn of_functions(stack: &mut Stack, functions: &[&RustFunction], topic: &Topic) {
        for function in functions {
            let (id, name) = (function.id(), function.function_name());
            let (errors, throttles) = (function.metric_errors(), function.metric_throttles());
            Self::new(stack, &format!("{id}ErrorsAlarm"), &errors, 0, &format!("{name} fails."), topic);
            let text = format!("Lambda has no instance for {name}.");
            Self::new(stack, &format!("{id}ThrottlesAlarm"), &throttles, 0, &text, topic);
        }
    }
}

/// A dimension's value, which may refer to a resource as `${Api}`.
fn text(value: &str) -> Value<String> {
    if value.contains("${") { sub(value) } else { value.into_value() }
}
