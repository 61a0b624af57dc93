//! A dashboard of graphs, two in a row.

use cfn::aws_cloudwatch::CfnDashboard;
use cfn::intrinsics::sub;
use serde_json::json;

use crate::{Metric, Stack};

/// A graph: its title and its lines.
#[derive(Debug, Clone)]
pub struct Widget {
    pub title: &'static str,
    pub metrics: Vec<Metric>,
}

#[derive(Debug, Clone, Copy)]
pub struct Dashboard;

/// CloudWatch's grid is 24 wide.
const WIDTH: usize = 12;
const HEIGHT: usize = 6;

impl Dashboard {
    pub fn new(stack: &mut Stack, id: &str, dashboard_name: String, widgets: &[Widget]) -> Self {
        let widgets: Vec<_> = widgets.iter().enumerate().map(|(index, widget)| graph(index, widget)).collect();
        let body = format!("{:#}\n", json!({ "widgets": widgets }));
        // Only the region is not known here; a literal `${` does not occur in names.
        stack.add(id, CfnDashboard::new().dashboard_name(dashboard_name).dashboard_body(sub(body)));
        Self
    }
}

/// Keys stand in alphabetical order, so that the text does not depend on how serde_json is built.
fn graph(index: usize, widget: &Widget) -> serde_json::Value {
    let metrics: Vec<_> = widget.metrics.iter().map(line).collect();
    json!({
        "height": HEIGHT,
        "properties": {
            "metrics": metrics,
            "region": "${AWS::Region}",
            "title": widget.title,
            "view": "timeSeries",
        },
        "type": "metric",
        "width": WIDTH,
        "x": index % 2 * WIDTH,
        "y": index / 2 * HEIGHT,
    })
}

fn line(metric: &Metric) -> serde_json::Value {
    let (name, value) = &metric.dimension;
    let options = json!({ "period": metric.period.as_secs(), "stat": metric.statistic });
    json!([metric.namespace, metric.name, name, value, options])
}
