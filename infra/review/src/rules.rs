//! The rules: data with an example each, one file per family. A rule looks at one change and reports what is wrong with it.

mod data_loss;
mod encryption;
mod exposure;
mod permissions;
mod reliability;
mod replacement;
pub(crate) mod sections;
mod sharing;
#[cfg(test)]
mod tests;
mod values;
mod watching;

use template::{Node, Resource, Template};

use crate::change::{Action, Category, Change, Finding, Severity};
use crate::policy::Evidence;
pub(crate) use values::Leaves;

/// Something that must not happen unnoticed.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// `category/name`, such as `data-loss/removed`.
    pub id: &'static str,
    pub category: Category,
    /// What it finds, in one sentence.
    pub says: &'static str,
    /// A change that it finds; a test checks that it does, and that it finds nothing when nothing changes.
    pub example: Example,
    pub check: fn(&Context<'_>, &mut Vec<Finding>),
}

/// The YAML below `Resources`, before and after; `None`: no template.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    pub before: Option<&'static str>,
    pub after: Option<&'static str>,
}

/// A rule with an example of both sides. Its category is the part of its id before the slash.
const fn rule(
    id: &'static str,
    says: &'static str,
    before: &'static str,
    after: &'static str,
    check: fn(&Context<'_>, &mut Vec<Finding>),
) -> Rule {
    let category = match id.as_bytes() {
        [b'd', ..] => Category::DataLoss,
        [b'p', ..] => Category::Permissions,
        [b'e', b'x', ..] => Category::Exposure,
        [b'e', b'n', ..] => Category::Encryption,
        [b'r', ..] => Category::Reliability,
        _ => panic!("a rule's id begins with its category"),
    };
    Rule { id, category, says, example: Example { before: Some(before), after: Some(after) }, check }
}

const FAMILIES: &[&[Rule]] = &[
    data_loss::RULES,
    permissions::RULES,
    exposure::RULES,
    encryption::RULES,
    reliability::RULES,
    replacement::RULES,
    sharing::RULES,
    watching::RULES,
];

/// All rules, by family.
pub static RULES: &[Rule] = &ALL;

const COUNT: usize = {
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
};

static ALL: [Rule; COUNT] = {
    let mut all = [data_loss::RULES[0]; COUNT];
    let (mut place, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut rule = 0;
        while rule < FAMILIES[family].len() {
            all[place] = FAMILIES[family][rule];
            place += 1;
            rule += 1;
        }
        family += 1;
    }
    all
};

/// What a rule sees: one change, the resource on both sides, and the templates around it.
///
/// Intrinsics have their long form, an `Fn::Sub` or `Fn::Join` without variables is its text, and conditions and parameters that changed are
/// resolved as far as possible. A resource whose condition is false is absent.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The rule being applied.
    pub rule: &'static Rule,
    pub change: &'a Change,
    /// All changes of the same stack, including this one; without findings.
    pub changes: &'a [Change],
    pub old: Option<&'a Resource>,
    pub new: Option<&'a Resource>,
    /// The whole template; `None`: the stack is new.
    pub before: Option<&'a Template>,
    /// `None`: the stack is removed.
    pub after: Option<&'a Template>,
    /// What both templates say about permissions and security groups, compared once for all rules.
    pub(crate) evidence: &'a Evidence,
    /// Every value of the resource, for rules that search for a key anywhere.
    pub(crate) leaves: &'a Leaves<'a>,
}

impl<'a> Context<'a> {
    pub fn resource_type(&self) -> &'a str {
        &self.change.resource_type
    }

    pub fn is_type(&self, name: &str) -> bool {
        self.change.resource_type == name
    }

    /// The property's old value; see [`Node::at_path`] for paths.
    pub fn before(&self, path: &str) -> Option<&'a Node> {
        self.old.and_then(|resource| resource.property(path))
    }

    /// The property's new value.
    pub fn after(&self, path: &str) -> Option<&'a Node> {
        self.new.and_then(|resource| resource.property(path))
    }

    /// It exists on both sides.
    pub fn is_modified(&self) -> bool {
        self.change.action == Action::Modify
    }

    /// A finding of this rule that needs approval. `reason`: a lowercase fragment that names the values.
    pub fn danger(&self, path: impl Into<String>, reason: impl Into<String>) -> Finding {
        self.finding(Severity::Danger, path.into(), reason.into())
    }

    /// A finding of this rule that is worth a look.
    pub fn notice(&self, path: impl Into<String>, reason: impl Into<String>) -> Finding {
        self.finding(Severity::Notice, path.into(), reason.into())
    }

    fn finding(&self, severity: Severity, path: String, reason: String) -> Finding {
        Finding { category: self.rule.category, rule: self.rule.id, severity, path, reason, accepted: None }
    }
}

/// What all rules except those switched off say about a change.
pub(crate) fn findings(context: &Context<'_>, without: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| !without.contains(&rule.id)) {
        (rule.check)(&Context { rule, ..*context }, &mut findings);
    }
    findings
}
