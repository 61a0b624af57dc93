//! Exceptions, declared next to what they exempt and with their reason: a linter's finding that does not apply here, an intended dangerous
//! change. Each becomes Metadata in the form that its tool reads. Has no clock: the review judges whether one has expired.

use cfn::{Json, LogicalId, Properties, ResourceOptions, json};

use crate::Stack;

/// Metadata of a route at which API Gateway checks nothing: how the function decides who may call it.
pub(crate) const AUTHORIZED_BY_FUNCTION: &str = "AuthorizedByFunction";

/// A linter's finding, or one of our own rules', that does not apply to one resource.
///
/// cloudformation-validate has none: it reads no such metadata, and finds nothing in our templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suppression {
    linter: Linter,
    rule: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linter {
    Checkov,
    CfnLint,
    Guard,
    /// Our own rule `permission-wildcard`.
    Wildcard,
    /// Our own rule `http-api-authorization`.
    OpenRoute,
}

impl Suppression {
    /// `CKV_AWS_27`: <https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html>
    pub const fn checkov(rule: &'static str, reason: &'static str) -> Self {
        Self { linter: Linter::Checkov, rule, reason }
    }

    /// `W3005`: <https://github.com/aws-cloudformation/cfn-lint#resource-based-metadata>
    pub const fn cfn_lint(rule: &'static str, reason: &'static str) -> Self {
        Self { linter: Linter::CfnLint, rule, reason }
    }

    /// One of our rules in `infra/systems/policies`, whose filters skip such resources.
    pub const fn guard(rule: &'static str, reason: &'static str) -> Self {
        Self { linter: Linter::Guard, rule, reason }
    }

    /// The resources of one statement, by its Sid, that our own rule `permission-wildcard` would consider too wide.
    pub const fn wildcard(sid: &'static str, reason: &'static str) -> Self {
        Self { linter: Linter::Wildcard, rule: sid, reason }
    }

    /// A route that our own rule `http-api-authorization` would consider open to anyone: how the function decides.
    pub const fn authorized_by_function(how: &'static str) -> Self {
        Self { linter: Linter::OpenRoute, rule: AUTHORIZED_BY_FUNCTION, reason: how }
    }

    fn write(self, metadata: &mut Properties) {
        let Self { linter, rule, reason } = self;
        match linter {
            Linter::Checkov => {
                push(metadata.entry("checkov").entry("skip"), json!({ "id": rule, "comment": reason }));
            }
            Linter::Wildcard => *metadata.entry("Wildcards").entry(rule) = reason.into(),
            Linter::OpenRoute => *metadata.entry(rule) = reason.into(),
            // The other two have no field for a reason, so it is written next to them.
            Linter::CfnLint => {
                let cfn_lint = metadata.entry("cfn-lint");
                push(cfn_lint.entry("config").entry("ignore_checks"), rule.into());
                *cfn_lint.entry("reasons").entry(rule) = reason.into();
            }
            Linter::Guard => {
                let guard = metadata.entry("guard");
                push(guard.entry("SuppressedRules"), rule.into());
                *guard.entry("Reasons").entry(rule) = reason.into();
            }
        }
    }
}

/// An intended dangerous change, until it has been merged and deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The review rule whose finding is accepted, such as `data-loss/removed`.
    pub rule: &'static str,
    pub reason: &'static str,
    /// The last day on which it is valid, as `2027-03-31`.
    pub until: &'static str,
}

impl Acknowledgement {
    fn to_json(self) -> Json {
        json!({ "Rule": (self.rule), "Reason": (self.reason), "Until": (self.until) })
    }
}

/// Exceptions for any resource. Import it to use the methods.
pub trait Exceptions: ResourceOptions {
    /// Keeps a linter from reporting one of its rules on this resource.
    fn suppress(mut self, suppression: Suppression) -> Self {
        suppression.write(&mut self.parts_mut().metadata);
        self
    }

    /// Accepts what the review finds dangerous about a change to this resource.
    fn acknowledge(mut self, acknowledgement: Acknowledgement) -> Self {
        push(self.parts_mut().metadata.entry("Acknowledged"), acknowledgement.to_json());
        self
    }
}

impl<R: ResourceOptions> Exceptions for R {}

impl Stack {
    /// The same as [`Exceptions::suppress`], for a resource that a construct created. The id of another stack's resource has no effect.
    pub fn suppress(&mut self, id: impl Into<LogicalId>, suppression: Suppression) {
        if let Some(entry) = self.template_mut().resource_mut(&id.into()) {
            suppression.write(&mut entry.parts.metadata);
        }
    }

    /// The same as [`Exceptions::acknowledge`], for a resource that a construct created. The id of another stack's resource has no effect.
    pub fn acknowledge(&mut self, id: impl Into<LogicalId>, acknowledgement: Acknowledgement) {
        if let Some(entry) = self.template_mut().resource_mut(&id.into()) {
            push(entry.parts.metadata.entry("Acknowledged"), acknowledgement.to_json());
        }
    }

    /// Accepts that a resource, which is no longer in the stack, is removed.
    pub fn acknowledge_removed(&mut self, id: &'static str, acknowledgement: Acknowledgement) {
        let Acknowledgement { rule, reason, until } = acknowledgement;
        let json = json!({ "LogicalId": id, "Rule": rule, "Reason": reason, "Until": until });
        push(self.template_mut().metadata_mut().entry("Acknowledged"), json);
    }
}

/// Appends to a list that may not exist yet; duplicates are not added.
fn push(list: &mut Json, item: Json) {
    match list {
        Json::List(items) if items.contains(&item) => {}
        Json::List(items) => items.push(item),
        other => *other = Json::List(vec![item]),
    }
}
