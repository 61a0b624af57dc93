//! From a stage's name to a plan with every value settled, as deploy and diff need it. Reports everything that can be
//! checked without a call before it makes one.

use std::collections::BTreeMap;

use aws_access::Connection;
use constructs::{Asked, ParameterSource};
use deploy::{Parameter, Plan, Protection, Source, Stack};
use local_cloud::Status;
use system::{Stage, StageName};

use crate::args::account::Account;
use crate::args::values::Values;
use crate::exit::Failure;
use crate::project::repository::Repository;
use crate::project::templates::{self, Synthesized};
use crate::run::connection;
use crate::run::declarations::Declarations;
use crate::run::parameters;

/// What can be deployed or compared.
pub(crate) struct Prepared {
    pub(crate) stage: Stage,
    pub(crate) plan: Plan,
    pub(crate) connection: Connection,
    pub(crate) declarations: Declarations,
}

/// Synthesizes a stage whose committed templates are up to date.
fn synthesized(repository: &Repository, name: StageName) -> Result<(Stage, Vec<Synthesized>), Failure> {
    let stage = templates::stage(repository, name.as_str())?;
    let synthesized = templates::synthesize(&stage)?;
    if !repository.templates(name.as_str()).is_dir() {
        let fix = format!("write them with `infra synth --stage {name}` and commit them");
        return Err(Failure::usage(format!("stage {name} has no templates; {fix}")));
    }
    let stale = templates::changed(repository, name, &synthesized);
    if stale.is_empty() { Ok((stage.stage, synthesized)) } else { Err(templates::stale(&stale)) }
}

/// Everything up to the plan: given values, and those that are looked up.
pub(crate) async fn prepare(
    repository: &Repository,
    name: StageName,
    selection: &[String],
    account: &Account,
    given: &Values,
) -> Result<Prepared, Failure> {
    let (stage, synthesized) = synthesized(repository, name)?;
    known_stacks(selection, &synthesized)?;
    let is_local = name == StageName::Local;
    let mut values = parameters::given(given, &stage)?;
    if !is_local && !values.contains_key(Asked::VpcId.name()) {
        // Nothing can be looked up, so what is missing is known without a call.
        Plan::new(stacks_of(&synthesized), selection, values.clone())?;
    }
    let local: Option<Status> = if is_local { Some(connection::local_cloud(repository)?) } else { None };
    let connection = connection::connect(repository, name, account).await?;
    parameters::look_up(&mut values, &synthesized, selection, &stage, &connection, local.as_ref()).await?;
    let plan = Plan::new(stacks_of(&synthesized), selection, values)?;
    Ok(Prepared { stage, plan, connection, declarations: Declarations::of(&synthesized) })
}

/// A plan that needs no values, for watching or deleting stacks.
pub(crate) fn plan_without_values(synthesized: &[Synthesized], selection: &[String]) -> Result<Plan, Failure> {
    known_stacks(selection, synthesized)?;
    let mut stacks = stacks_of(synthesized);
    for parameter in stacks.iter_mut().flat_map(|stack| &mut stack.parameters) {
        if let Source::Given { optional, .. } = &mut parameter.source {
            *optional = true;
        }
    }
    Ok(Plan::new(stacks, selection, BTreeMap::new())?)
}

/// The synthesized stacks in the deployer's terms.
pub(crate) fn stacks_of(synthesized: &[Synthesized]) -> Vec<Stack> {
    let source = |name: &str, source: &ParameterSource| match source {
        ParameterSource::Asked(asked) => {
            Source::Given { optional: asked.has_default(), hint: parameters::hint(*asked) }
        }
        ParameterSource::Service { .. } => Source::Given { optional: true, hint: format!("--parameter {name}=..") },
        ParameterSource::Output { stack, output } => {
            Source::Output { stack: (*stack).to_owned(), output: output.clone() }
        }
        ParameterSource::AssetBucket => Source::AssetBucket,
        ParameterSource::AssetKey { asset } => Source::AssetKey { asset: asset.clone() },
    };
    let parameter =
        |(name, from): &(String, ParameterSource)| Parameter { name: name.clone(), source: source(name, from) };
    let stack = |Synthesized { stack, text }: &Synthesized| Stack {
        name: stack.name.to_owned(),
        stack_name: stack.stack_name.clone(),
        template: text.clone(),
        parameters: stack.parameters.iter().map(parameter).collect(),
        tags: stack.tags.clone(),
        protection: Protection {
            termination: stack.protection.termination,
            stack_policy: stack.protection.stack_policy.clone(),
        },
        only_when_named: stack.only_when_named,
    };
    synthesized.iter().map(stack).collect()
}

/// Rejects a stack that the stage does not have, suggesting the one that was probably meant.
fn known_stacks(selection: &[String], synthesized: &[Synthesized]) -> Result<(), Failure> {
    let known: Vec<&str> = synthesized.iter().map(|made| made.stack.name).collect();
    match selection.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Failure::usage(unknown("stack", name, &known))),
    }
}

/// `there is no stack "ShopApy"; did you mean ShopApi? There are ShopData, ShopApi`.
pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let likeness = |candidate: &str| strsim::jaro_winkler(&candidate.to_lowercase(), &name.to_lowercase());
    let best = known.iter().map(|known| (likeness(known), *known)).max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = match best {
        Some((likeness, best)) if likeness > 0.8 => format!("did you mean {best}? There are"),
        _ => "there are".to_owned(),
    };
    format!("there is no {what} {name:?}; {hint} {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_gets_the_one_that_was_meant() {
        let known = ["ShopData", "ShopApi"];
        assert_eq!(
            unknown("stack", "shopapy", &known),
            r#"there is no stack "shopapy"; did you mean ShopApi? There are ShopData, ShopApi"#
        );
        assert_eq!(unknown("stack", "Zebra", &known), r#"there is no stack "Zebra"; there are ShopData, ShopApi"#);
    }
}
