//! The calls of a deployer against the role that a pipeline deploys a stage with.

use std::collections::{BTreeMap, BTreeSet};

use review::{Access, Granted, Judgement, parse};

use crate::call::{Call, Caller};
use crate::judge::TemplateError;
use crate::unused::Unused;

/// The stack with the role, and the role.
const STACK: &str = "Delivery";
const ROLE: &str = "DeployRole";
/// The role that the first one passes to CloudFormation.
const PASSED: &str = "ExecutionRole";
/// Calls that everybody may make: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
const FREE: &[&str] = &["sts:GetCallerIdentity"];

/// The ARN that a deployer of a stage is given for the role that it passes.
pub fn execution_role(account: &str, stage: &str) -> String {
    format!("arn:aws:iam::{account}:role/{STACK}-{stage}-{PASSED}-1")
}

/// The role of one stage.
#[derive(Debug)]
pub struct DeployRole {
    stage: String,
    access: Access,
}

impl DeployRole {
    /// The stack that has it.
    pub const STACK: &str = STACK;

    /// From the template of the stage's stack Delivery.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn new(stage: &str, template: &str) -> Result<Self, TemplateError> {
        let parsed = parse(STACK, template);
        let template = parsed.map_err(|source| TemplateError::Parse { stack: STACK.to_owned(), source })?;
        Ok(Self { stage: stage.to_owned(), access: Access::of(&template) })
    }

    /// Why calls would be refused, each reason once.
    pub fn refusals(&self, calls: &BTreeSet<Call>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let change_sets = change_sets(calls);
        for call in calls.iter().filter(|call| !FREE.contains(&call.action.as_str())) {
            for seen in self.as_iam_sees(call, &change_sets) {
                match self.access.judge(ROLE, &seen) {
                    Judgement::Allowed => {}
                    Judgement::Denied(path) => drop(found.insert(format!("{call}: {ROLE} denies it at {path}"))),
                    Judgement::NotGranted => {
                        let on = seen.resources.join(" or ");
                        found.insert(format!("{call}: {ROLE} does not allow it on {on} with {:?}", seen.context));
                    }
                }
            }
        }
        found
    }

    /// The actions that no call needs on any resource of the role, but for those that are excepted; and exceptions that except nothing.
    pub fn unused(&self, calls: &BTreeSet<Call>, excepted: &[Unused]) -> Vec<String> {
        let change_sets = change_sets(calls);
        let seen: Vec<review::Call> = calls.iter().flat_map(|call| self.as_iam_sees(call, &change_sets)).collect();
        let mut actions: BTreeMap<String, Vec<Granted>> = BTreeMap::new();
        for granted in self.access.granted(ROLE) {
            actions.entry(granted.action.clone()).or_default().push(granted);
        }
        let is_used = |granted: &[Granted]| granted.iter().any(|one| seen.iter().any(|call| one.covers(call)));
        let unused = actions.iter().filter(|(_, granted)| !is_used(granted)).map(|(action, _)| action.as_str());
        let unused: BTreeSet<&str> = unused.collect();
        let known: BTreeSet<&str> = excepted.iter().map(|one| one.action).collect();
        let never = unused.difference(&known).map(|action| {
            format!("{ROLE} may {action}, and no deployment ever does: take the grant away, test what needs it, or except it with a reason")
        });
        let idle = known
            .difference(&unused)
            .map(|action| format!("{ROLE} uses {action}, or is not granted it: take the exception away"));
        never.chain(idle).collect()
    }

    /// In the words of the template; a call by a change set's name is one on each stack that has such a change set.
    fn as_iam_sees(&self, call: &Call, change_sets: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<review::Call> {
        let names: Vec<&str> = match call.resource.kind {
            "AWS::CloudFormation::ChangeSet" => {
                let stacks = change_sets.get(call.resource.name.as_str());
                stacks.into_iter().flatten().copied().collect()
            }
            _ => vec![&call.resource.name],
        };
        let context = call.context.iter().map(|(key, value)| (key.clone(), self.spelled(call, value))).collect();
        let made = |name: &&str| review::Call {
            action: call.action.clone(),
            resources: vec![self.arn(call, name)],
            context: Vec::clone(&context),
        };
        names.iter().map(made).collect()
    }

    fn arn(&self, call: &Call, name: &str) -> String {
        let below = &call.resource.below;
        let of = |service: &str, rest: &str| format!("arn:aws:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}");
        match call.resource.kind {
            "AWS::CloudFormation::Stack" | "AWS::CloudFormation::ChangeSet" => {
                of("cloudformation", &format!("stack/{}/1", self.on_stage(name)))
            }
            "AWS::Lambda::Function" => of("lambda", &format!("function:{}", self.on_stage(name))),
            "AWS::Logs::LogGroup" => of("logs", &format!("log-group:{}:*", self.on_stage(name))),
            "AWS::S3::Bucket" => self.spelled(call, &format!("arn:aws:s3:::{name}{}", self.below_stage(below))),
            "AWS::IAM::Role" => self.spelled(call, name),
            _ => "*".to_owned(),
        }
    }

    /// What is of another stage as it would be of this one, which has the same stacks.
    fn on_stage(&self, name: &str) -> String {
        match name.rsplit_once('-') {
            Some((stem, "dev" | "stg" | "prd")) => format!("{stem}-{}", self.stage),
            _ => name.to_owned(),
        }
    }

    /// The same of a key, which starts with the stage.
    fn below_stage(&self, key: &str) -> String {
        match key.strip_prefix('/').and_then(|key| key.split_once('/')) {
            Some(("dev" | "stg" | "prd", rest)) => format!("/{}/{rest}", self.stage),
            _ => key.to_owned(),
        }
    }

    /// With the account and the region as templates write them, and the ARN of the passed role.
    fn spelled(&self, call: &Call, text: &str) -> String {
        let Caller::Account(account) = &call.caller else { return text.to_owned() };
        if ["dev", "stg", "prd"].iter().any(|stage| text == execution_role(account, stage)) {
            return format!("${{{PASSED}.Arn}}");
        }
        text.replace(account.as_str(), "${AWS::AccountId}").replace("us-east-1", "${AWS::Region}")
    }
}

/// The stacks of each change set, by its name.
fn change_sets(calls: &BTreeSet<Call>) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.resource.kind == "AWS::CloudFormation::Stack") {
        if let Some(name) = call.context.get("cloudformation:ChangeSetName") {
            found.entry(name).or_default().insert(&call.resource.name);
        }
    }
    found
}
