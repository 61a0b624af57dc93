//! From a stage's name to a plan with every value settled, as deploy and diff need it. Refuses before any call what can be
//! known before.

use std::collections::BTreeMap;

use aws_access::Connection;
use constructs::{Asked, ParameterSource};
use deploy::{Parameter, Plan, Protection, Source, Stack};
use local_cloud::Status;
use system::{Stage, StageName};

use crate::commands::Account;
use crate::commands::synth::{self, Synthesized};
use crate::exit::{BadInput, StaleTemplates};
use crate::project::repository::Repository;
use crate::run::connection;
use crate::run::parameters;
use crate::run::parameters::Values;

/// What can be deployed or compared.
pub(crate) struct Prepared {
    pub(crate) stage: Stage,
    pub(crate) plan: Plan,
    pub(crate) connection: Connection,
    pub(crate) sources: Sources,
}

/// Of each stack, by its physical name: the template, and where our source declares its resources.
pub(crate) struct Sources(BTreeMap<String, Places>);

struct Places {
    template: String,
    declared_at: BTreeMap<String, String>,
}

impl Sources {
    pub(crate) fn of(synthesized: &[Synthesized]) -> Self {
        let of = |Synthesized { stack, text }: &Synthesized| {
            let ids = stack.template.resources().iter().map(|entry| entry.id.as_str().to_owned());
            let place = |id: String| {
                let (file, line) = stack.declared_at(&id)?;
                Some((id, format!("{file}:{line}")))
            };
            let places = Places { template: text.clone(), declared_at: ids.filter_map(place).collect() };
            (stack.stack_name.clone(), places)
        };
        Self(synthesized.iter().map(of).collect())
    }

    /// The template of a stack.
    pub(crate) fn template(&self, stack_name: &str) -> Option<&str> {
        self.0.get(stack_name).map(|places| places.template.as_str())
    }

    /// `infra/systems/fipe/src/fipe_data.rs:123`.
    pub(crate) fn declared_at(&self, stack_name: &str, logical_id: &str) -> Option<String> {
        self.0.get(stack_name)?.declared_at.get(logical_id).cloned()
    }
}

/// Synthesizes a stage whose committed templates are up to date.
fn synthesized(repository: &Repository, name: StageName) -> anyhow::Result<(Stage, Vec<Synthesized>)> {
    let stage = synth::stage(repository, name.as_str())?;
    let synthesized = synth::synthesize(&stage)?;
    if !repository.templates(name.as_str()).is_dir() {
        let fix = format!("write them with `infra synth --stage {name}` and commit them");
        return Err(BadInput(format!("stage {name} has no templates; {fix}")).into());
    }
    let stale = synth::changed(repository, name, &synthesized);
    if stale.is_empty() { Ok((stage.stage, synthesized)) } else { Err(StaleTemplates(stale).into()) }
}

/// Everything up to the plan: values that were given, and those that are looked up.
pub(crate) async fn prepare(
    repository: &Repository,
    name: StageName,
    selection: &[String],
    account: &Account,
    given: &Values,
) -> anyhow::Result<Prepared> {
    let (stage, synthesized) = synthesized(repository, name)?;
    known_stacks(selection, &synthesized)?;
    let is_local = name == StageName::Local;
    let mut values = parameters::given(given, &stage)?;
    if !is_local && !values.contains_key(Asked::VpcId.name()) {
        // Nothing can be looked up, so what is missing is known without asking anybody.
        Plan::new(stacks_of(&synthesized), selection, values.clone())?;
    }
    let local: Option<Status> = if is_local { Some(connection::local_cloud(repository)?) } else { None };
    let connection = connection::connect(repository, name, account).await?;
    parameters::look_up(&mut values, &synthesized, selection, &stage, &connection, local.as_ref()).await?;
    let plan = Plan::new(stacks_of(&synthesized), selection, values)?;
    Ok(Prepared { stage, plan, connection, sources: Sources::of(&synthesized) })
}

/// A plan that needs no values: nothing is filled in when a stack is watched or goes.
pub(crate) fn plan_without_values(synthesized: &[Synthesized], selection: &[String]) -> anyhow::Result<Plan> {
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

/// Refuses a stack that the stage does not have, with the one that was probably meant.
fn known_stacks(selection: &[String], synthesized: &[Synthesized]) -> Result<(), BadInput> {
    let known: Vec<&str> = synthesized.iter().map(|made| made.stack.name).collect();
    match selection.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(BadInput(unknown("stack", name, &known))),
    }
}

/// `there is no stack "FipeApy"; did you mean FipeApi? There are FipeData, FipeApi`.
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
        let known = ["FipeData", "FipeApi"];
        assert_eq!(
            unknown("stack", "fipeapy", &known),
            r#"there is no stack "fipeapy"; did you mean FipeApi? There are FipeData, FipeApi"#
        );
        assert_eq!(unknown("stack", "Zebra", &known), r#"there is no stack "Zebra"; there are FipeData, FipeApi"#);
    }

    #[test]
    fn every_resource_of_a_stage_knows_where_it_is_declared() {
        let repository = Repository::find().unwrap();
        let stage = synth::stage(&repository, "dev").unwrap();
        let sources = Sources::of(&synth::synthesize(&stage).unwrap());
        let place = sources.declared_at("FipeApi-dev", "PriceQueue").unwrap();
        assert!(place.starts_with("infra/systems/fipe/src/fipe_api.rs:"), "{place}");
        assert_eq!(sources.declared_at("FipeApi-dev", "Nothing"), None);
        assert!(sources.template("FipeData-dev").unwrap().contains("AWS::RDS::DBCluster"));
    }
}
