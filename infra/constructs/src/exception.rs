//! Exceptions, written beside what they except and with their reason: a linter's finding that does not hold here, a dangerous change
//! that is meant. Each comes out as Metadata in the form that its reader takes. Knows no clock: the review judges whether one has expired.

use cfn::{Json, LogicalId, Properties, ResourceOptions, json};

use crate::Stack;

/// A finding of a linter, or of our own rule about wildcards, that does not hold for one resource.
///
/// cloudformation-validate has none: it reads nothing of the kind from a template, and finds nothing in ours.
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

    /// A rule of ours in `infra/systems/policies`, whose filters leave such resources out.
    pub const fn guard(rule: &'static str, reason: &'static str) -> Self {
        Self { linter: Linter::Guard, rule, reason }
    }

    /// The resources of one statement, by its Sid, that our own rule `permission-wildcard` takes for too wide.
    pub const fn wildcard(sid: &'static str, reason: &'static str) -> Self {
        Self { linter: Linter::Wildcard, rule: sid, reason }
    }

    fn write(self, metadata: &mut Properties) {
        let Self { linter, rule, reason } = self;
        match linter {
            Linter::Checkov => {
                push(metadata.entry("checkov").entry("skip"), json!({ "id": rule, "comment": reason }));
            }
            Linter::Wildcard => *metadata.entry("Wildcards").entry(rule) = reason.into(),
            // The other two have no place for a reason, so it stands beside.
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

/// A dangerous change that is meant, for as long as it takes to land it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The rule of the review whose finding is accepted, such as `data-loss/removed`.
    pub rule: &'static str,
    pub reason: &'static str,
    /// The last day on which it holds, as `2027-03-31`.
    pub until: &'static str,
}

impl Acknowledgement {
    fn to_json(self) -> Json {
        json!({ "Rule": (self.rule), "Reason": (self.reason), "Until": (self.until) })
    }
}

/// Exceptions beside any resource. Import it to use the methods.
pub trait Exceptions: ResourceOptions {
    /// Keeps a linter from reporting one of its rules on this resource.
    fn suppress(mut self, suppression: Suppression) -> Self {
        suppression.write(&mut self.parts_mut().metadata);
        self
    }

    /// Accepts what the review finds dangerous about a change of this resource.
    fn acknowledge(mut self, acknowledgement: Acknowledgement) -> Self {
        push(self.parts_mut().metadata.entry("Acknowledged"), acknowledgement.to_json());
        self
    }
}

impl<R: ResourceOptions> Exceptions for R {}

impl Stack {
    /// The same as [`Exceptions::suppress`], for a resource that a construct has made. An id of another stack changes nothing.
    pub fn suppress(&mut self, id: impl Into<LogicalId>, suppression: Suppression) {
        if let Some(entry) = self.template_mut().resource_mut(&id.into()) {
            suppression.write(&mut entry.parts.metadata);
        }
    }

    /// The same as [`Exceptions::acknowledge`], for a resource that a construct has made. An id of another stack changes nothing.
    pub fn acknowledge(&mut self, id: impl Into<LogicalId>, acknowledgement: Acknowledgement) {
        if let Some(entry) = self.template_mut().resource_mut(&id.into()) {
            push(entry.parts.metadata.entry("Acknowledged"), acknowledgement.to_json());
        }
    }

    /// Accepts that a resource, which stands here no more, is removed.
    pub fn acknowledge_removed(&mut self, id: &'static str, acknowledgement: Acknowledgement) {
        let Acknowledgement { rule, reason, until } = acknowledgement;
        let json = json!({ "LogicalId": id, "Rule": rule, "Reason": reason, "Until": until });
        push(self.template_mut().metadata_mut().entry("Acknowledged"), json);
    }
}

/// Adds to a list that may not be there yet; what is in it already is not added again.
fn push(list: &mut Json, item: Json) {
    match list {
        Json::List(items) if items.contains(&item) => {}
        Json::List(items) => items.push(item),
        other => *other = Json::List(vec![item]),
    }
}
