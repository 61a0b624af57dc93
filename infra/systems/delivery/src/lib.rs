//! **Delivery**: the roles with which a pipeline deploys a stage, and its settings. Draws its stack last, since its
//! execution role covers the resources of all others.

mod action;
mod boundary;
mod exclusions;
mod execution;
mod names;
mod places;
mod stack;
mod statement;

use cfn::{Diagnostic, Value};
use constructs::SynthesizedStack;
use system::{Configured, Example, Section, Stage, StageName, System};

/// The name of the system.
const NAME: &str = "delivery";
/// What people type to work with it.
const EXAMPLES: &[Example] =
    &[Example::new("deploy --stage dev Delivery --profile admin", "the pipeline's roles, by an administrator")];

/// What the diagnostics of this crate are called.
const RULE: &str = "delivery-coverage";

/// The entry of the list of systems.
pub struct Delivery;

/// The pipeline that deploys a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The repository on GitHub whose workflows may deploy, as its tokens name it: `owner@ID/name@ID`, or `owner/name` where that was asked for; or
    /// [`Settings::PLACEHOLDER`].
    pub repository: String,
}

impl Settings {
    /// No repository: GitHub allows no name with these characters, so a role that trusts it trusts nobody.
    pub const PLACEHOLDER: &str = "<owner>/<repository>";

    /// A name that was given up can be registered by somebody else, an id cannot; so GitHub puts both into the subject of a new or renamed repository's tokens since
    /// 15 July 2026: <https://docs.github.com/en/actions/reference/security/oidc>. A subject of names alone has to be asked for.
    ///
    /// Names: <https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication>
    fn read(mut section: Section<'_>) -> Self {
        let names_alone = section.has("names_alone") && section.flag("names_alone");
        let of = |text: &str, others: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.as_bytes().contains(&byte))
        };
        let is_id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_part = |text: &str, others: &str| match text.split_once('@') {
            Some((name, id)) => !names_alone && of(name, others) && is_id(id),
            None => names_alone && of(text, others),
        };
        let is_repository = |text: &str| {
            text == Self::PLACEHOLDER
                || text.split_once('/').is_some_and(|(owner, name)| is_part(owner, "-_") && is_part(name, "-_."))
        };
        let allowed = match names_alone {
            true => "a repository on GitHub by its names, such as \"owner/name\"",
            false => {
                "a repository on GitHub with its ids, such as \"owner@583231/name@1296269\", as `gh api repos/<owner>/<name> --jq \
                 '\"\\(.owner.login)@\\(.owner.id)/\\(.name)@\\(.id)\"'` prints it; or names_alone = true for one whose tokens have no ids"
            }
        };
        let repository = section.text("repository", allowed, is_repository);
        section.refuse_unknown_keys();
        Self { repository }
    }
}

impl System for Delivery {
    fn name(&self) -> &'static str {
        NAME
    }

    fn configure(&self, stage: &Stage, settings: Section<'_>) -> Box<dyn Configured> {
        if stage.name == StageName::Local {
            settings.fault("", "is for stages on AWS; leave the file out");
        }
        Box::new(Settings::read(settings))
    }

    fn examples(&self) -> &'static [Example] {
        EXAMPLES
    }

    /// A stage can be deployed without a pipeline.
    fn is_optional(&self) -> bool {
        true
    }
}

impl Configured for Settings {
    /// A stage that no repository deploys can be deployed without this stack, and then there is no boundary.
    fn permissions_boundary(&self, stage: &Stage) -> Option<Value<String>> {
        (self.repository != Self::PLACEHOLDER).then(|| statement::boundary(stage.name.as_str()))
    }

    fn stacks(&self, stage: &Stage, before: &[SynthesizedStack]) -> Result<Vec<SynthesizedStack>, Vec<Diagnostic>> {
        Ok(vec![stack::delivery(stage, self, before)?])
    }
}
