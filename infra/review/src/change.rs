//! The verdict as data: changes, their properties and findings. Rendering happens elsewhere.

use serde::Serialize;

/// The differences between two sets of templates. Most dangerous first; the same input gives the same order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    pub changes: Vec<Change>,
    pub sections: Vec<SectionChange>,
    pub skew: Vec<Skew>,
    /// The table of what IAM and resource policies newly allow or deny, and no longer do.
    pub permissions: Vec<PermissionChange>,
    /// The table of what security groups newly let through, and no longer do.
    pub ingress: Vec<IngressChange>,
}

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub stage: Option<String>,
    pub stack: String,
    pub logical_id: String,
    /// The new type when it changes.
    pub resource_type: String,
    pub action: Action,
    pub replacement: Replacement,
    /// Why it is, or may be, replaced; and which values change because something else does.
    pub replaced_by: Vec<Cause>,
    pub properties: Vec<PropertyChange>,
    pub findings: Vec<Finding>,
    /// The logical id under which the same content was before.
    pub renamed_from: Option<String>,
    /// The logical id under which the same content is now.
    pub renamed_to: Option<String>,
}

/// Why a resource is replaced, or one of its values changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The property, such as `QueueName`.
    pub path: String,
    /// The replaced resource that the property refers to; `None` when the property itself was edited.
    pub logical_id: Option<String>,
    /// What a change to that property does.
    pub replacement: Replacement,
    /// A sentence for people.
    pub reason: String,
}

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PropertyChange {
    /// Below `Properties`: `Environment.Variables.URL`; or an attribute next to them, such as `DeletionPolicy`.
    pub path: String,
    /// It is next to `Properties`.
    pub attribute: bool,
    /// On one line, for people; `None`: absent. [`MASK`] if the value is write-only.
    pub before: Option<String>,
    pub after: Option<String>,
    pub replacement: Replacement,
    pub write_only: bool,
    /// The text is unchanged, but what it refers to changed: the replaced resource, the parameter, the condition.
    pub because: Option<String>,
}

/// Replaces a value that must not be shown.
pub const MASK: &str = "****";

/// What a rule says about a change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub category: Category,
    /// Such as `data-loss/removed`.
    pub rule: &'static str,
    pub severity: Severity,
    /// The property or attribute; empty: the resource as a whole.
    pub path: String,
    /// One sentence, lowercase, without a full stop.
    pub reason: String,
    /// Who accepted it, until when and why, in the template.
    pub accepted: Option<Acceptance>,
}

/// A finding accepted in code, not yet expired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acceptance {
    pub reason: String,
    /// `YYYY-MM-DD`, the last day on which it is valid.
    pub until: String,
}

/// A parameter, output, condition, mapping or other part of a template that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SectionChange {
    pub stage: Option<String>,
    pub stack: String,
    /// `Parameters`, `Outputs`, ..
    pub section: String,
    /// Empty for sections without names, such as `Transform`.
    pub name: String,
    pub action: Action,
    pub before: Option<String>,
    pub after: Option<String>,
    pub findings: Vec<Finding>,
}

/// One line of the table of IAM changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PermissionChange {
    pub stage: Option<String>,
    pub stack: String,
    /// The resource that contains it, and where in its properties.
    pub logical_id: String,
    pub path: String,
    /// The principal: a role of the stack by its logical id, `anyone`, or as written in the policy.
    pub principal: String,
    /// `Allow` or `Deny`.
    pub effect: &'static str,
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    /// Empty: unconditionally.
    pub condition: String,
    /// [`Action::Add`] or [`Action::Remove`].
    pub action: Action,
    /// Someone may do more because of it.
    pub broadens: bool,
}

/// One line of the table of security group changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IngressChange {
    pub stage: Option<String>,
    pub stack: String,
    pub logical_id: String,
    pub path: String,
    /// The group's logical id, or its id as the template has it.
    pub group: String,
    /// `ingress` or `egress`.
    pub direction: &'static str,
    /// `tcp`, `udp`, `icmp`, `all`, ..
    pub protocol: String,
    /// `port 443`, `ports 80-90`, `all ports`.
    pub ports: String,
    /// A block of addresses, a group or a prefix list.
    pub peer: String,
    /// [`Action::Add`] or [`Action::Remove`].
    pub action: Action,
}

/// What one stage has that another lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skew {
    /// The stage that lacks it, such as `stg`.
    pub behind: String,
    /// The stage that has it, such as `prd`.
    pub ahead: String,
    pub stack: String,
    /// Empty: the whole stack.
    pub logical_id: String,
    pub resource_type: String,
    /// Empty: the whole resource.
    pub path: String,
    /// The value in the stage behind; `None`: absent.
    pub behind_value: Option<String>,
    pub ahead_value: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Add,
    Modify,
    Remove,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replacement {
    No,
    Maybe,
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    DataLoss,
    Permissions,
    Exposure,
    Encryption,
    Reliability,
}

/// Whether it needs approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth a look.
    Notice,
    Danger,
}

impl From<facts::Replacement> for Replacement {
    fn from(fact: facts::Replacement) -> Self {
        match fact {
            facts::Replacement::No => Self::No,
            facts::Replacement::Maybe => Self::Maybe,
            facts::Replacement::Yes => Self::Yes,
        }
    }
}

impl Finding {
    /// Needs approval and has none.
    pub fn is_dangerous(&self) -> bool {
        self.severity == Severity::Danger && self.accepted.is_none()
    }
}

impl Change {
    pub fn is_dangerous(&self) -> bool {
        self.findings.iter().any(Finding::is_dangerous)
    }

    /// The categories of its findings, each once, in their order.
    pub fn categories(&self) -> Vec<Category> {
        let mut categories: Vec<Category> = self.findings.iter().map(|finding| finding.category).collect();
        categories.sort_unstable();
        categories.dedup();
        categories
    }

    /// One sentence, without a full stop: the worst finding, else why it is replaced, else what changes.
    pub fn reason(&self) -> String {
        let worst = self
            .findings
            .iter()
            .max_by_key(|finding| (finding.is_dangerous(), finding.severity, std::cmp::Reverse(finding.category)));
        if let Some(finding) = worst {
            return finding.reason.clone();
        }
        if let Some(cause) = self.replaced_by.iter().max_by_key(|cause| (cause.replacement, cause.logical_id.is_none()))
        {
            return cause.reason.clone();
        }
        match (self.action, self.properties.as_slice()) {
            (Action::Add, _) => format!("{} is added", self.resource_type),
            (Action::Remove, _) => format!("{} is removed", self.resource_type),
            (Action::Modify, [only]) => format!("{} changes in place", only.path),
            (Action::Modify, all) => {
                let paths: Vec<&str> = all.iter().take(3).map(|property| property.path.as_str()).collect();
                let more = if all.len() > 3 { format!(" and {} more", all.len() - 3) } else { String::new() };
                format!("{}{more} change in place", paths.join(", "))
            }
        }
    }
}

impl SectionChange {
    /// `Parameters.DBPort`, `Transform`.
    pub fn place(&self) -> String {
        match self.name.is_empty() {
            true => self.section.clone(),
            false => format!("{}.{}", self.section, self.name),
        }
    }

    pub fn is_dangerous(&self) -> bool {
        self.findings.iter().any(Finding::is_dangerous)
    }
}

impl Review {
    /// At least one change needs approval.
    pub fn is_dangerous(&self) -> bool {
        self.findings().any(|(_, finding)| finding.is_dangerous())
    }

    /// All findings, each with its subject: `ShopApi/OrderQueue`, `ShopData/Outputs.DBEndpoint`.
    pub fn findings(&self) -> impl Iterator<Item = (String, &Finding)> {
        let of_resources = self.changes.iter().flat_map(|change| {
            change.findings.iter().map(move |finding| (format!("{}/{}", change.stack, change.logical_id), finding))
        });
        let of_sections = self.sections.iter().flat_map(|section| {
            section.findings.iter().map(move |finding| (format!("{}/{}", section.stack, section.place()), finding))
        });
        of_resources.chain(of_sections)
    }

    /// Nothing differs: resources, sections, stages.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.sections.is_empty() && self.skew.is_empty()
    }
}
