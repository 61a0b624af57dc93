//! Statements of the delivery roles, and the names that one stage's resources have. The synth rules judge what is too wide.

use std::collections::BTreeSet;

use cfn::intrinsics::sub;
use cfn::{IntoValue, Intrinsic, Json, ResourceEntry, Value, json};
use constructs::SynthesizedStack;

/// The pattern of a stage's resource names; `{stage}` stands for its name.
pub(crate) const NAMES: &str = "*-{stage}";
/// The same for FIFO queues.
pub(crate) const NAMES_OF_FIFO: &str = "*-{stage}.fifo";
/// The same for resources whose names are unique over all accounts.
pub(crate) const NAMES_OF_ACCOUNT: &str = "*-{stage}-${AWS::AccountId}";
pub(crate) const LOG_GROUPS: &str = "/aws/*-{stage}";
/// The log group of a database cluster, as it is written in a template: by the logical id of the cluster.
pub(crate) const LOG_GROUPS_OF_CLUSTERS: &str = "/aws/rds/cluster/${*}/postgresql";
/// The bucket that `infra deploy` uploads to, which all stages of an account share.
pub(crate) const ASSET_BUCKET: &str = "arn:${AWS::Partition}:s3:::infra-assets-${AWS::AccountId}-${AWS::Region}";

/// The name of the policy that bounds what the roles of a stage may do at most.
pub(crate) fn boundary_name(stage: &str) -> String {
    format!("Delivery-{stage}-Boundary")
}

/// Its ARN, by its name: the stacks with the roles are no part of Delivery's.
pub(crate) fn boundary(stage: &str) -> Value<String> {
    sub(format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{}", boundary_name(stage)))
}

pub(crate) const OWN_NAMES: &str =
    "the names of this stage and no others, so that one more of a kind needs no administrator";

pub(crate) const RANDOM_NAMES: &str = "CloudFormation ends the names that it makes with random letters";
pub(crate) const RANDOM_IDS: &str = "ids are random; the condition holds for the stage's own alone";

/// What the roles are for.
pub(crate) struct Scope<'a> {
    pub(crate) stage: &'a str,
    pub(crate) stacks: &'a [SynthesizedStack],
}

impl Scope<'_> {
    pub(crate) fn stack_names(&self) -> impl Iterator<Item = &str> {
        self.stacks.iter().map(|stack| stack.stack_name.as_str())
    }

    /// What `infra deploy` uploads for the stage: its keys start with the stage.
    pub(crate) fn assets(&self) -> String {
        format!("{ASSET_BUCKET}/{}/*", self.stage)
    }

    /// Names of the stacks with a resource whose type starts with this.
    pub(crate) fn with(&self, types: &str) -> impl Iterator<Item = &str> {
        let has = move |stack: &&SynthesizedStack| {
            stack.template.resources().iter().any(|entry| entry.parts.resource_type.starts_with(types))
        };
        self.stacks.iter().filter(has).map(|stack| stack.stack_name.as_str())
    }

    /// An ARN of this account and region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")
    }

    /// An ARN of this account, of a global service.
    pub(crate) fn global_arn(&self, service: &str, resource: &str) -> String {
        format!("arn:${{AWS::Partition}}:{service}::${{AWS::AccountId}}:{resource}")
    }

    /// An ARN matching the stage's own names.
    pub(crate) fn named(&self, service: &str, kind: &str, pattern: &str) -> String {
        self.arn(service, &format!("{kind}{}", self.pattern(pattern)))
    }

    /// The text of a name that ends with the stage and the account.
    pub(crate) fn name_of_account<'a>(&self, name: &'a Json) -> Option<&'a str> {
        match name.as_intrinsic()? {
            Intrinsic::Sub(text, values) if values.is_empty() => {
                Some(text.as_str()).filter(|text| matches(&self.pattern(NAMES_OF_ACCOUNT), text))
            }
            _ => None,
        }
    }

    pub(crate) fn pattern(&self, pattern: &str) -> String {
        pattern.replace("{stage}", self.stage)
    }

    /// True for resources with the tags of the stage's stacks.
    pub(crate) fn tagged(&self) -> Json {
        let application = self.applications();
        json!({ "StringEquals": { "aws:ResourceTag/Application": application, "aws:ResourceTag/Stage": (self.stage.to_owned()) } })
    }

    /// True for resources being created with those tags.
    pub(crate) fn tagging(&self) -> Json {
        let application = self.applications();
        json!({ "StringEquals": { "aws:RequestTag/Application": application, "aws:RequestTag/Stage": (self.stage.to_owned()) } })
    }

    /// The same where there are tags, of a resource or of a request: what has none is not kept from anybody.
    pub(crate) fn tagged_if_at_all(&self) -> Json {
        let stage = || self.stage.to_owned();
        json!({ "StringEqualsIfExists": { "aws:ResourceTag/Stage": (stage()), "aws:RequestTag/Stage": (stage()) } })
    }

    /// The services that the roles of the stacks trust.
    pub(crate) fn trusted_services(&self) -> BTreeSet<String> {
        let roles = self.stacks.iter().flat_map(|stack| stack.template.resources());
        roles.filter_map(trusted).map(str::to_owned).collect()
    }

    fn applications(&self) -> Json {
        let tags = self.stacks.iter().flat_map(|stack| &stack.tags);
        let names: BTreeSet<&String> = tags.filter(|(key, _)| key == "Application").map(|(_, value)| value).collect();
        Json::list(names.into_iter().cloned())
    }
}

/// The service that a role trusts.
fn trusted(entry: &ResourceEntry) -> Option<&str> {
    let statements = entry.parts.properties.get("AssumeRolePolicyDocument")?.get("Statement")?;
    statements.as_list()?.first()?.get("Principal")?.get("Service")?.as_str()
}

/// Whether a name matches a pattern with at most one `*`.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => name.len() >= pattern.len() - 1 && name.starts_with(start) && name.ends_with(end),
        None => name == pattern,
    }
}

/// One Allow statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    sid: &'static str,
    actions: Vec<String>,
    resources: Vec<Value<String>>,
    condition: Json,
    why_wide: Option<&'static str>,
}

impl Statement {
    /// `resources` may contain pseudo parameters in `${}`.
    pub(crate) fn new(sid: &'static str, actions: &[&str], resources: impl IntoIterator<Item = String>) -> Self {
        let actions = actions.iter().copied().map(str::to_owned).collect();
        let value = |text: String| if text.contains("${") { sub(text) } else { text.into_value() };
        let resources = resources.into_iter().map(value).collect();
        Self { sid, actions, resources, condition: Json::Absent, why_wide: None }
    }

    pub(crate) fn on(mut self, resource: Value<String>) -> Self {
        self.resources.push(resource);
        self
    }

    pub(crate) fn when(mut self, condition: Json) -> Self {
        self.condition = condition;
        self
    }

    /// Why its resources cannot be narrowed.
    pub(crate) fn wide(mut self, reason: &'static str) -> Self {
        self.why_wide = Some(reason);
        self
    }

    /// `sqs`, of `sqs:CreateQueue`.
    pub(crate) fn service(&self) -> &str {
        self.actions.first().and_then(|action| action.split(':').next()).unwrap_or_default()
    }

    pub(crate) fn sid(&self) -> &'static str {
        self.sid
    }

    pub(crate) fn why_wide(&self) -> Option<&'static str> {
        self.why_wide
    }

    pub(crate) fn into_json(self) -> Json {
        json!({
            "Sid": (self.sid),
            "Effect": "Allow",
            "Action": (Json::list(self.actions)),
            "Resource": (Json::list(self.resources)),
            "Condition": (self.condition),
        })
    }
}
