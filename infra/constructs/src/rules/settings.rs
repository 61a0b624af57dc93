//! The rule about settings that repeat what the template says elsewhere: a function cannot ask for its own timeout, nor for its queue's redrive policy.

use cfn::{Json, ResourceEntry, Template};

use super::read::{ends, number, number_or, of_type, property, shown};
use super::{Rule, Stage, examples};

/// Lambda's default: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html>
const DEFAULT_TIMEOUT: f64 = 3.0;

pub(super) const REPEATED: Rule = Rule {
    id: "function-setting-repeated",
    refuses: "a setting that repeats the function's timeout or its queue's maxReceiveCount, and differs from it",
    example: "FUNCTION_TIMEOUT_SECONDS 30 for a Timeout of 300",
    fix: "fill the setting from the value that makes the property",
    refused: examples::repeated_setting,
    check: |stage, diagnostics| {
        for (template, function) in of_type(stage.templates, "AWS::Lambda::Function") {
            let timeout = number_or(function, "Timeout", DEFAULT_TIMEOUT);
            let receives = max_receive_count(stage, template, function);
            for (variable, said) in [("FUNCTION_TIMEOUT_SECONDS", timeout), ("SQS_MAX_RECEIVE_COUNT", receives)] {
                let path = format!("Environment.Variables.{variable}");
                let (Some(setting), Some(said)) = (property(function, &path), said) else { continue };
                if number(setting).is_some_and(|setting| setting != said) {
                    diagnostics.push(REPEATED.at(template, function, &path, shown(setting), said.to_string()));
                }
            }
        }
    },
};

/// Of the queue that a mapping feeds the function from.
fn max_receive_count(stage: &Stage<'_>, template: &Template, function: &ResourceEntry) -> Option<f64> {
    let mappings = of_type(stage.templates, "AWS::Lambda::EventSourceMapping");
    let mut ends =
        mappings.filter(|(other, _)| other.name() == template.name()).map(|(_, mapping)| ends(template, mapping));
    let queue = ends.find_map(|(source, fed)| source.filter(|_| fed.is_some_and(|fed| fed.id == function.id)))?;
    let receives: Option<&Json> = property(queue, "RedrivePolicy.maxReceiveCount");
    receives.and_then(number)
}
