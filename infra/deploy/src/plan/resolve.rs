//! Resolves a stack's parameters to values: given ones, assets, outputs of other stacks. Never guesses.

use std::collections::BTreeMap;

use crate::assets::Assets;
use crate::run::Context;
use crate::{AssetStore, CloudFormation, Error, Plan, Protection, Source, Stack, TemplateLocation};

/// Output names and values by stack name within the stage.
pub(crate) type Outputs = BTreeMap<String, Vec<(String, String)>>;

/// A stack of the plan with the values of its parameters.
#[derive(Clone)]
pub(crate) struct ResolvedStack {
    /// Name within the stage.
    pub(crate) name: String,
    pub(crate) stack_name: String,
    pub(crate) text: String,
    pub(crate) template: TemplateLocation,
    pub(crate) parameters: Vec<(String, String)>,
    /// Parameters whose value is a placeholder.
    pub(crate) unknown: Vec<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) protection: Protection,
}

/// Outputs of the linked stacks that exist. With `outside`, only those that are not
/// part of the plan.
pub(crate) async fn live_outputs<C: CloudFormation>(
    context: &Context<'_, C>,
    plan: &Plan,
    outside: bool,
) -> Result<Outputs, Error> {
    let mut outputs = Outputs::new();
    for (_, _, from, _) in linked(plan) {
        let is_inside = plan.stacks().iter().any(|stack| stack.name == from);
        if outputs.contains_key(from) || outside && is_inside {
            continue;
        }
        let stack_name = plan.stack_name(from).unwrap_or(from);
        let found = context.call(async || context.cloudformation.describe_stack(stack_name).await).await?;
        if let Some(found) = found.filter(|found| found.status != "REVIEW_IN_PROGRESS") {
            outputs.insert(from.to_owned(), found.outputs);
        }
    }
    Ok(outputs)
}

/// Every linked output of a stack outside the plan has to exist.
pub(crate) fn check_outputs(plan: &Plan, outputs: &Outputs) -> Result<(), Error> {
    for (stack, _, from, output) in linked(plan) {
        if plan.stacks().iter().any(|stack| stack.name == from) {
            continue;
        }
        let why = match outputs.get(from) {
            None => "is not deployed",
            Some(outputs) if outputs.iter().any(|(name, _)| name == output) => continue,
            Some(_) => "does not have it",
        };
        return Err(no_output(plan, stack, from, output, why));
    }
    Ok(())
}

/// The stack with all values, for a deployment.
pub(crate) async fn resolve<S: AssetStore>(
    plan: &Plan,
    stack: &Stack,
    assets: &Assets<'_, S>,
    outputs: &Outputs,
) -> Result<ResolvedStack, Error> {
    let mut values = Vec::new();
    for parameter in &stack.parameters {
        let value = match &parameter.source {
            // Not given: the template's default applies. The plan has checked what must not be missing.
            Source::Given { .. } => plan.value(&parameter.name).map(str::to_owned),
            Source::AssetBucket => Some(assets.bucket().to_owned()),
            Source::AssetKey { asset } => {
                let missing = || Error::NoAsset { stack: stack.stack_name.clone(), asset: asset.clone() };
                Some(assets.key(asset).ok_or_else(missing)?)
            }
            Source::Output { stack: from, output } => {
                let missing = || no_output(plan, stack, from, output, "does not have it");
                Some(output_of(outputs, from, output).ok_or_else(missing)?)
            }
        };
        values.extend(value.map(|value| (parameter.name.clone(), value)));
    }
    Ok(filled(stack, assets.template(stack).await?, values, Vec::new()))
}

/// The stack with all known values, for a preview. Unknown ones keep their live value, or get a placeholder.
pub(crate) async fn resolve_tentatively<S: AssetStore>(
    plan: &Plan,
    stack: &Stack,
    assets: &Assets<'_, S>,
    outputs: &Outputs,
    live: &[(String, String)],
) -> Result<ResolvedStack, Error> {
    let (mut values, mut unknown) = (Vec::new(), Vec::new());
    for parameter in &stack.parameters {
        let value = match &parameter.source {
            Source::Given { .. } => match plan.value(&parameter.name) {
                Some(value) => Some(value.to_owned()),
                None => continue,
            },
            Source::AssetBucket => Some(assets.bucket().to_owned()),
            Source::AssetKey { asset } => assets.key(asset),
            Source::Output { stack: from, output } => output_of(outputs, from, output),
        };
        let value = value.unwrap_or_else(|| {
            unknown.push(parameter.name.clone());
            let live = live.iter().find(|(name, _)| *name == parameter.name);
            live.map_or_else(|| placeholder(plan, &parameter.source), |(_, value)| value.clone())
        });
        values.push((parameter.name.clone(), value));
    }
    Ok(filled(stack, assets.template(stack).await?, values, unknown))
}

fn placeholder(plan: &Plan, source: &Source) -> String {
    match source {
        Source::Output { stack, .. } => format!("known-after-{}", plan.stack_name(stack).unwrap_or(stack)),
        Source::AssetKey { asset } => format!("known-after-build-of-{asset}"),
        Source::Given { .. } | Source::AssetBucket => "unknown".to_owned(),
    }
}

fn filled(
    stack: &Stack,
    template: TemplateLocation,
    parameters: Vec<(String, String)>,
    unknown: Vec<String>,
) -> ResolvedStack {
    ResolvedStack {
        name: stack.name.clone(),
        stack_name: stack.stack_name.clone(),
        text: stack.template.clone(),
        template,
        parameters,
        unknown,
        tags: stack.tags.clone(),
        protection: stack.protection.clone(),
    }
}

fn output_of(outputs: &Outputs, from: &str, output: &str) -> Option<String> {
    let found = outputs.get(from)?.iter().find(|(name, _)| name == output);
    found.map(|(_, value)| value.clone())
}

fn linked(plan: &Plan) -> impl Iterator<Item = (&Stack, &str, &str, &str)> {
    plan.stacks().iter().flat_map(|stack| {
        stack.parameters.iter().filter_map(move |parameter| match &parameter.source {
            Source::Output { stack: from, output } => {
                Some((stack, parameter.name.as_str(), from.as_str(), output.as_str()))
            }
            _ => None,
        })
    })
}

fn no_output(plan: &Plan, stack: &Stack, from: &str, output: &str, why: &'static str) -> Error {
    Error::NoOutput {
        stack: stack.stack_name.clone(),
        output: output.to_owned(),
        from: plan.stack_name(from).unwrap_or(from).to_owned(),
        why,
    }
}
