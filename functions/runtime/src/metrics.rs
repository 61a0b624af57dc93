//! Metrics as log lines in CloudWatch's embedded metric format: no call, no client. Low-cardinality dimensions only.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use contract::metric;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::log::write_line;

/// CloudWatch's unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Count,
    Milliseconds,
    Seconds,
    Percent,
}

/// Values of one invocation, with the dimensions `Stage` and `Function`, and without any if [`Metrics::also_without_dimensions`] says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    namespace: &'static str,
    function: &'static str,
    stage: String,
    also_without_dimensions: bool,
    values: Vec<(&'static str, Unit, f64)>,
}

impl Metrics {
    pub fn new(namespace: &'static str, function: &'static str, stage: impl Into<String>) -> Self {
        Self { namespace, function, stage: stage.into(), also_without_dimensions: false, values: Vec::new() }
    }

    /// Each value also counts towards a series of its name that has no dimension, the sum of all functions and stages of an account.
    #[must_use]
    pub fn also_without_dimensions(mut self) -> Self {
        self.also_without_dimensions = true;
        self
    }

    /// Adds a count; 0 counts too, so that a graph shows a line and not a gap.
    #[must_use]
    pub fn count(self, name: &'static str, value: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts of one invocation stay far below 2^52")]
        self.value(name, Unit::Count, value as f64)
    }

    /// Adds counts by name.
    #[must_use]
    pub fn counts(self, counts: impl IntoIterator<Item = (&'static str, u64)>) -> Self {
        counts.into_iter().fold(self, |metrics, (name, value)| metrics.count(name, value))
    }

    /// Adds a value.
    #[must_use]
    pub fn value(mut self, name: &'static str, unit: Unit, value: f64) -> Self {
        self.values.push((name, unit, value));
        self
    }

    /// Writes the line.
    pub fn emit(self) {
        if !self.values.is_empty() {
            write_line(&self.line(Timestamp::now()));
        }
    }

    fn line(&self, now: Timestamp) -> String {
        let definitions: Vec<Value> = self
            .values
            .iter()
            .map(|(name, unit, _)| {
                let unit = match unit {
                    Unit::Count => "Count",
                    Unit::Milliseconds => "Milliseconds",
                    Unit::Seconds => "Seconds",
                    Unit::Percent => "Percent",
                };
                json!({"Name": name, "Unit": unit})
            })
            .collect();
        let mut dimension_sets = vec![vec![metric::STAGE, metric::FUNCTION]];
        if self.also_without_dimensions {
            dimension_sets.push(Vec::new());
        }
        let mut object = Map::new();
        object.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": self.namespace,
                    "Dimensions": dimension_sets,
                    "Metrics": definitions,
                }],
            }),
        );
        object.insert(metric::STAGE.to_owned(), json!(self.stage));
        object.insert(metric::FUNCTION.to_owned(), json!(self.function));
        for (name, _, value) in &self.values {
            object.insert((*name).to_owned(), json!(value));
        }
        Value::Object(object).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_line_is_what_cloudwatch_extracts() {
        let metrics = Metrics::new("Fipe", "FipePriceLoader", "dev").count("Calls", 12).value(
            "CallDuration",
            Unit::Milliseconds,
            1.5,
        );
        let line = metrics.line(Timestamp::from_millisecond(1_785_579_630_500).unwrap());
        assert_eq!(
            serde_json::from_str::<Value>(&line).unwrap(),
            json!({
                "_aws": {"Timestamp": 1_785_579_630_500_i64, "CloudWatchMetrics": [{
                    "Namespace": "Fipe", "Dimensions": [["Stage", "Function"]],
                    "Metrics": [{"Name": "Calls", "Unit": "Count"}, {"Name": "CallDuration", "Unit": "Milliseconds"}],
                }]},
                "Stage": "dev", "Function": "FipePriceLoader", "Calls": 12.0, "CallDuration": 1.5,
            })
        );
    }
    #[test]
    fn a_series_without_dimensions_stands_beside_the_one_with() {
        let metrics = Metrics::new("API-Producer-SQS/Messages", "ApiProducerSqs", "dev").also_without_dimensions();
        let line = metrics.value("ProcessingTime", Unit::Seconds, 0.25).line(Timestamp::UNIX_EPOCH);
        let line: Value = serde_json::from_str(&line).unwrap();
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["Stage", "Function"], []]));
        assert_eq!(directive["Metrics"], json!([{"Name": "ProcessingTime", "Unit": "Seconds"}]));
        assert_eq!((&line["Stage"], &line["Function"]), (&json!("dev"), &json!("ApiProducerSqs")));
    }
}
