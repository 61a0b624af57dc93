//! The whole deployment of a plan: assets first, then stack after stack, outputs of one feeding the next.
//! Refuses to start when something is known to be missing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::retry::retry;
use crate::stack::{self, Request};
use crate::store::{ensure_bucket, upload};
use crate::{Archive, AssetStore, CloudFormation, Error, Event, Pace, Plan, Source, Stack, TemplateLocation};

/// CloudFormation's limits of a template in bytes: in the request, and in S3.
/// Source: "AWS CloudFormation quotas", template body size.
const BODY_LIMIT: usize = 51_200;
const URL_LIMIT: usize = 1_000_000;

/// How a deployment is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Unique for this run, `[a-zA-Z0-9][-a-zA-Z0-9]*` and at most 64 characters; request tokens and change set names are made of it.
    pub run_id: String,
    /// How often AWS is asked.
    pub pace: Pace,
    /// Delete a stack whose creation failed, and create it again. Such a stack holds nothing that works.
    pub replace_failed: bool,
}

impl Options {
    /// A client request token: at most 128 characters, the same for the same step of this run.
    pub(crate) fn token(&self, step: &str, stack: &str) -> String {
        format!("{}-{step}-{stack}", self.run_id).chars().take(128).collect()
    }
}

/// What happened to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// There was nothing to change.
    UpToDate,
}

/// A stack after its deployment.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// Name within the stage.
    pub name: String,
    /// Physical name.
    pub stack_name: String,
    /// ARN.
    pub stack_id: String,
    /// What happened.
    pub outcome: Outcome,
    /// Output names and values.
    pub outputs: Vec<(String, String)>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Deploys plans to one account and region.
#[derive(Debug)]
pub struct Deployer<'a, C, S> {
    /// Where stacks are.
    pub cloudformation: &'a C,
    /// Where assets go.
    pub store: &'a S,
    /// How it is run.
    pub options: Options,
}

impl<C: CloudFormation, S: AssetStore> Deployer<'_, C, S> {
    /// Uploads what is needed of `archives` and deploys the stacks of `plan` one after the other, telling `on` each step.
    ///
    /// # Errors
    /// The first thing that failed; stacks that were finished before it stay as they are, so a repetition goes on from there.
    pub async fn deploy(
        &self,
        plan: &Plan,
        archives: &[Archive],
        on: &mut dyn FnMut(Event),
    ) -> Result<Vec<Deployed>, Error> {
        let archives = self.needed(plan, archives)?;
        let mut outputs = self.outputs_of_others(plan, on).await?;
        on(Event::Planned(plan.stacks().iter().map(|stack| stack.stack_name.clone()).collect()));
        if !archives.is_empty() || plan.stacks().iter().any(|stack| stack.template.len() > BODY_LIMIT) {
            ensure_bucket(self.store, self.options.pace, on).await?;
        }
        for archive in archives.values() {
            upload(self.store, archive, self.options.pace, on).await?;
        }
        let mut deployed = Vec::new();
        for stack in plan.stacks() {
            let start = Instant::now();
            let request = Request {
                stack_name: stack.stack_name.clone(),
                template: self.template(stack, on).await?,
                parameters: self.parameters(stack, plan, &archives, &outputs)?,
                tags: stack.tags.clone(),
            };
            let (outcome, described) = stack::deploy(self.cloudformation, request, &self.options, on).await?;
            outputs.insert(stack.name.clone(), described.outputs.clone());
            deployed.push(Deployed {
                name: stack.name.clone(),
                stack_name: stack.stack_name.clone(),
                stack_id: described.stack_id,
                outcome,
                outputs: described.outputs,
                elapsed: start.elapsed(),
            });
        }
        Ok(deployed)
    }

    /// The archives that the plan names, by asset name; checks template sizes on the way.
    fn needed<'b>(&self, plan: &Plan, archives: &'b [Archive]) -> Result<BTreeMap<String, &'b Archive>, Error> {
        let mut needed = BTreeMap::new();
        for stack in plan.stacks() {
            if stack.template.len() > URL_LIMIT {
                return Err(Error::TemplateTooLarge { stack: stack.stack_name.clone(), bytes: stack.template.len() });
            }
            for parameter in &stack.parameters {
                let Source::AssetKey { asset } = &parameter.source else { continue };
                let archive = archives
                    .iter()
                    .find(|archive| archive.name() == asset)
                    .ok_or_else(|| Error::NoAsset { stack: stack.stack_name.clone(), asset: asset.clone() })?;
                needed.insert(asset.clone(), archive);
            }
        }
        Ok(needed)
    }

    /// Outputs of stacks that are linked to but not part of the plan; every linked output has to be there.
    async fn outputs_of_others(
        &self,
        plan: &Plan,
        on: &mut dyn FnMut(Event),
    ) -> Result<BTreeMap<String, Vec<(String, String)>>, Error> {
        let mut outputs: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for stack in plan.stacks() {
            for parameter in &stack.parameters {
                let Source::Output { stack: from, output } = &parameter.source else { continue };
                if plan.stacks().iter().any(|selected| selected.name == *from) {
                    continue;
                }
                let stack_name = plan.stack_name(from).unwrap_or(from);
                let missing = |why| Error::NoOutput {
                    stack: stack.stack_name.clone(),
                    output: output.clone(),
                    from: stack_name.to_owned(),
                    why,
                };
                if !outputs.contains_key(from) {
                    let found = async || self.cloudformation.describe_stack(stack_name).await;
                    let found = retry(self.options.pace, on, found).await?;
                    let found = found.filter(|found| found.status != "REVIEW_IN_PROGRESS");
                    let found = found.ok_or_else(|| missing("is not deployed"))?;
                    outputs.insert(from.clone(), found.outputs);
                }
                if !outputs[from].iter().any(|(name, _)| name == output) {
                    return Err(missing("does not have it"));
                }
            }
        }
        Ok(outputs)
    }

    fn parameters(
        &self,
        stack: &Stack,
        plan: &Plan,
        archives: &BTreeMap<String, &Archive>,
        outputs: &BTreeMap<String, Vec<(String, String)>>,
    ) -> Result<Vec<(String, String)>, Error> {
        let mut values = Vec::new();
        for parameter in &stack.parameters {
            let value = match &parameter.source {
                // Not given: the template's default holds. What may not be missing was checked by the plan.
                Source::Given { .. } => plan.value(&parameter.name).map(str::to_owned),
                Source::AssetBucket => Some(self.store.bucket().to_owned()),
                Source::AssetKey { asset } => archives.get(asset).map(|archive| archive.key()),
                Source::Output { stack: from, output } => {
                    let of_stack = outputs.get(from).into_iter().flatten();
                    let value = of_stack.into_iter().find(|(name, _)| name == output).map(|(_, value)| value.clone());
                    Some(value.ok_or_else(|| Error::NoOutput {
                        stack: stack.stack_name.clone(),
                        output: output.clone(),
                        from: plan.stack_name(from).unwrap_or(from).to_owned(),
                        why: "does not have it",
                    })?)
                }
            };
            values.extend(value.map(|value| (parameter.name.clone(), value)));
        }
        Ok(values)
    }

    /// The template in the request when it fits, otherwise by way of the bucket under the hash of its text.
    async fn template(&self, stack: &Stack, on: &mut dyn FnMut(Event)) -> Result<TemplateLocation, Error> {
        if stack.template.len() <= BODY_LIMIT {
            return Ok(TemplateLocation::Body(stack.template.clone()));
        }
        let bytes = stack.template.as_bytes();
        let key = format!("templates/{}/{}.yaml", stack.stack_name, crate::archive::sha256(bytes));
        let pace = self.options.pace;
        if !retry(pace, on, async || self.store.contains(&key).await).await? {
            retry(pace, on, async || self.store.put(&key, "application/yaml", bytes.to_vec()).await).await?;
        }
        Ok(TemplateLocation::Url(self.store.url(&key)))
    }
}
