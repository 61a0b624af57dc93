//! A dashboard of graphs, two per row.

use cfn::aws_cloudwatch::CfnDashboard;
use cfn::intrinsics::sub;
use serde_json::json;

use crate::{Metric, RustFunction, Stack};

/// A graph: its title and its lines.
#[derive(Debug, Clone)]
pub struct Widget {
    pub title: &'static str,
    pub metrics: Vec<Metric>,
}

impl Widget {
    /// What Lambda measures of functions.
    pub fn of_functions(functions: &[&RustFunction]) -> [Self; 4] {
        let of = |metric: fn(&RustFunction) -> Metric| functions.iter().map(|function| metric(function)).collect();
        [
            Self { title: "Invocations", metrics: of(RustFunction::metric_invocations) },
            Self { title: "Errors", metrics: of(RustFunction::metric_errors) },
            Self { title: "Throttles", metrics: of(RustFunction::metric_throttles) },
            Self { title: "Longest invocation (ms)", metrics: of(RustFunction::metric_duration) },
        ]
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Dashboard;

/// CloudWatch's grid is 24 wide.
const WIDTH: usize = 12;
const HEIGHT: usize = 6;

impl Dashboard {
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, dashboard_name: String, widgets: &[Widget]) -> Self {
        let widgets: Vec<_> = widgets.iter().enumerate().map(|(index, widget)| graph(index, widget)).collect();
        let body = format!("{{\"widgets\": [\n{}\n]}}\n", widgets.join(",\n"));
        // Only the region is unknown here; a literal `${` does not occur in names.
        stack.add(id, CfnDashboard::new().dashboard_name(dashboard_name).dashboard_body(sub(body)));
        Self
    }
}

/// One line for the widget and one for each metric, so that a review shows what changed.
fn graph(index: usize, widget: &Widget) -> String {
    let (x, y) = (index % 2 * WIDTH, index / 2 * HEIGHT);
    let lines: Vec<_> = widget.metrics.iter().map(|metric| format!("    {}", line(metric))).collect();
    let (title, lines) = (json!(widget.title), lines.join(",\n"));
    format!(
        "  {{\"type\": \"metric\", \"x\": {x}, \"y\": {y}, \"width\": {WIDTH}, \"height\": {HEIGHT}, \"properties\": \
         {{\"title\": {title}, \"view\": \"timeSeries\", \"region\": \"${{AWS::Region}}\", \"metrics\": [\n{lines}\n  ]}}}}"
    )
}

/// Keys of an object are in alphabetical order, so that the text does not depend on serde_json's features.
fn line(metric: &Metric) -> serde_json::Value {
    let dimensions = metric.dimensions.iter().flat_map(|(name, value)| [json!(name), json!(value)]);
    let options = json!({ "period": metric.period.as_secs(), "stat": metric.statistic });
    [json!(metric.namespace), json!(metric.name)].into_iter().chain(dimensions).chain([options]).collect()
}
