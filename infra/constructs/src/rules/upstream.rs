//! The rule about an upstream's rate: the calls of all instances add up to no more than the stage's budget.

use cfn::ResourceEntry;

use super::read::{number, of_type, property, referred};
use super::{Budget, Rule, examples};

/// Tolerance for the rounding of each function's share.
const ROUNDING: f64 = 1e-6;
/// Instances that a mapping without MaximumConcurrency starts.
const UNLIMITED: f64 = 1000.0;

pub(super) const UPSTREAM_BUDGET: Rule = Rule {
    id: "upstream-budget",
    refuses: "functions whose calls a minute × instances add up to more than the stage's budget",
    example: "SHOP_CALLS_PER_MINUTE 40 on two instances of a stage that allows 40",
    fix: "divide the budget over functions and their MaximumConcurrency",
    refused: examples::upstream_budget,
    check: |stage, diagnostics| {
        for Budget { variable, calls_per_minute } in stage.budgets {
            let path = format!("Environment.Variables.{variable}");
            let mut sum = 0.0;
            let mut last = None;
            for (template, function) in of_type(stage.templates, "AWS::Lambda::Function") {
                let Some(calls) = property(function, &path).and_then(number) else { continue };
                let mappings = of_type(stage.templates, "AWS::Lambda::EventSourceMapping")
                    .filter(|(other, mapping)| other.name() == template.name() && feeds(mapping, function));
                let instances: f64 = mappings.map(|(_, mapping)| concurrency(mapping)).sum();
                // A function without a queue is started by a schedule or manually, one at a time.
                sum += calls * instances.max(1.0);
                last = Some((template, function));
            }
            if let Some((template, function)) = last.filter(|_| sum > calls_per_minute + ROUNDING) {
                let what = format!("all functions together may make {sum} calls a minute");
                let allowed = format!("{calls_per_minute} calls a minute");
                diagnostics.push(UPSTREAM_BUDGET.at(template, function, &path, what, allowed));
            }
        }
    },
};

fn concurrency(mapping: &ResourceEntry) -> f64 {
    property(mapping, "ScalingConfig.MaximumConcurrency").and_then(number).unwrap_or(UNLIMITED)
}

fn feeds(mapping: &ResourceEntry, function: &ResourceEntry) -> bool {
    property(mapping, "FunctionName").and_then(referred) == Some(function.id.as_str())
}
