//! The rule about the upstream's rate: what the instances may ask adds up to no more than the stage's budget.

use cfn::ResourceEntry;

use super::Rule;
use super::read::{number, of_type, property, referred};

const VARIABLE: &str = "Environment.Variables.FIPE_CALLS_PER_MINUTE";
/// Room for the rounding of each function's share.
const ROUNDING: f64 = 1e-6;

pub(super) const UPSTREAM_BUDGET: Rule = Rule {
    id: "upstream-budget",
    refuses: "functions whose FIPE budgets × instances add up to more than the stage allows",
    example: "FIPE_CALLS_PER_MINUTE 40 on two instances of a stage that allows 40",
    fix: "divide the budget by MaximumConcurrency, as stacks::pacing does",
    check: |stage, diagnostics| {
        let mut sum = 0.0;
        let mut last = None;
        for (template, function) in of_type(stage.templates, "AWS::Lambda::Function") {
            let Some(calls) = property(function, VARIABLE).and_then(number) else { continue };
            let mappings = of_type(stage.templates, "AWS::Lambda::EventSourceMapping")
                .filter(|(other, mapping)| other.name() == template.name() && feeds(mapping, function));
            let instances: f64 = mappings
                .map(|(_, mapping)| {
                    property(mapping, "ScalingConfig.MaximumConcurrency").and_then(number).unwrap_or(1000.0)
                })
                .sum();
            // A function without a queue is started once a month, by schedule or by hand.
            sum += calls * instances.max(1.0);
            last = Some((template, function));
        }
        if let Some((template, function)) = last.filter(|_| sum > stage.fipe_calls_per_minute + ROUNDING) {
            let what = format!("all functions together may make {sum} calls a minute");
            let allowed = format!("{} calls a minute", stage.fipe_calls_per_minute);
            diagnostics.push(UPSTREAM_BUDGET.at(template, function, VARIABLE, what, allowed));
        }
    },
};

fn feeds(mapping: &ResourceEntry, function: &ResourceEntry) -> bool {
    property(mapping, "FunctionName").and_then(referred) == Some(function.id.as_str())
}
