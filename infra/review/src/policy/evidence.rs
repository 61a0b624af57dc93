//! What the two templates of a stack say about permissions and security groups, compared once for all rules.

use template::{Node, Template};

use super::{
    Declared, Difference, Policies, Subject, differences,
    groups::{GroupDifference, group_differences},
};
use crate::change::{Action, IngressChange, PermissionChange};
use crate::pair::Pair;
use serde_json::Value;
use std::collections::BTreeSet;

/// Computed once per pair of templates.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) permissions: Vec<Difference>,
    pub(crate) ingress: Vec<GroupDifference>,
    before: BTreeSet<String>,
    after: BTreeSet<String>,
}

impl Evidence {
    pub(crate) fn of(before: Option<&Template>, after: Option<&Template>) -> Evidence {
        let ids = |template: Option<&Template>| -> BTreeSet<String> {
            template.iter().flat_map(|each| each.resources()).map(|each| each.logical_id.clone()).collect()
        };
        let mut evidence = Evidence { before: ids(before), after: ids(after), ..Evidence::default() };
        // Most changes affect no policy: then there is nothing to compare.
        if may_say_more(before, after) || may_say_more(after, before) {
            let (old, new) = (Side::of(before), Side::of(after));
            let (old, new) = (old.declared(), new.declared());
            evidence.permissions = differences(&Policies::of(&old), &Policies::of(&new));
            evidence.ingress = group_differences(&old, &new);
        }
        evidence
    }

    /// The table of IAM changes.
    pub(crate) fn permission_changes(&self, pair: &Pair) -> Vec<PermissionChange> {
        let line = |each: &Difference| {
            let id = each.subject.id();
            let (principal, resources) = match &each.subject {
                Subject::Identity(_) => (id.to_owned(), each.resources.clone()),
                Subject::Trust(_) => (principals(each), vec![id.to_owned()]),
                _ if each.resources == ["*"] => (principals(each), vec![id.to_owned()]),
                Subject::Resource(_) | Subject::Endpoint(_) => (principals(each), each.resources.clone()),
            };
            PermissionChange {
                stage: pair.stage.clone(),
                stack: pair.stack.clone(),
                logical_id: each.carrier.clone(),
                path: each.path.clone(),
                principal,
                effect: if each.allow { "Allow" } else { "Deny" },
                actions: each.actions.clone(),
                resources,
                condition: each.conditions.to_string(),
                action: if each.added { Action::Add } else { Action::Remove },
                broadens: each.opens() && !self.is_gone(id),
            }
        };
        self.permissions.iter().map(line).collect()
    }

    /// The table of security group changes.
    pub(crate) fn ingress_changes(&self, pair: &Pair) -> Vec<IngressChange> {
        let line = |each: &GroupDifference| IngressChange {
            stage: pair.stage.clone(),
            stack: pair.stack.clone(),
            logical_id: each.rule.carrier.clone(),
            path: each.rule.path.clone(),
            group: each.rule.group.clone(),
            direction: each.rule.direction.name(),
            protocol: each.rule.protocol.clone(),
            ports: each.rule.ports.text(),
            peer: each.rule.peer.text.clone(),
            action: if each.added { Action::Add } else { Action::Remove },
        };
        self.ingress.iter().map(line).collect()
    }

    /// It is created by this change: anything that the stack does not create counts as existing before.
    pub(crate) fn is_new(&self, id: &str) -> bool {
        self.after.contains(id) && !self.before.contains(id)
    }

    pub(crate) fn is_gone(&self, id: &str) -> bool {
        self.before.contains(id) && !self.after.contains(id)
    }
}

/// Whether a resource that only one template has, or that differs, concerns permissions or groups.
fn may_say_more(template: Option<&Template>, other: Option<&Template>) -> bool {
    let resources = template.iter().flat_map(|template| template.resources());
    resources
        .filter(|each| {
            other.and_then(|other| other.resource(&each.logical_id)).is_none_or(|other| other.node != each.node)
        })
        .any(|each| {
            let name = each.resource_type.as_str();
            ["AWS::IAM::", "AWS::SSO::", "AWS::Serverless::", "AWS::EC2::SecurityGroup"]
                .iter()
                .any(|start| name.starts_with(start))
                || ["Permission", "Policy"].iter().any(|end| name.ends_with(end))
                || name == "AWS::EC2::VPCEndpoint"
                || has_statements(&each.properties)
        })
}

/// A policy document, or a text that may be one, anywhere inside.
fn has_statements(node: &Node) -> bool {
    node.as_str().is_some_and(|text| text.trim_start().starts_with('{'))
        || node.as_list().is_some_and(|items| items.iter().any(has_statements))
        || node.entries().iter().any(|entry| entry.key == "Statement" || has_statements(&entry.value))
}

fn principals(each: &Difference) -> String {
    each.principals.iter().map(|name| spoken(name)).collect::<Vec<_>>().join(", ")
}

/// A principal for people: `anyone`, `account 111122223333`, or as written.
pub(crate) fn spoken(principal: &str) -> String {
    if principal == "*" {
        return "anyone".to_owned();
    }
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] if is_account(account) => format!("account {account}"),
        ["arn", _, "iam" | "sts", "", account, name] if is_account(account) => format!("{name} of account {account}"),
        _ => principal.to_owned(),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) struct Side<'t> {
    template: Option<&'t Template>,
    properties: Vec<Value>,
}

impl<'t> Side<'t> {
    pub(super) fn of(template: Option<&'t Template>) -> Side<'t> {
        let properties =
            template.iter().flat_map(|template| template.resources()).map(|each| each.properties.to_json()).collect();
        Side { template, properties }
    }

    pub(super) fn declared(&self) -> Vec<Declared<'_>> {
        let resources = self.template.iter().flat_map(|template| template.resources());
        resources
            .zip(&self.properties)
            .map(|(each, properties)| Declared {
                id: &each.logical_id,
                resource_type: &each.resource_type,
                properties,
                condition: each.attribute("Condition").and_then(|condition| condition.as_str()),
            })
            .collect()
    }
}
