//! Lost data: stateful resources removed or replaced, and weakened policies that keep them. What shortens the life of data is in
//! `data_loss/lifetime.rs`, what protects it in `data_loss/protection.rs`.

mod lifetime;
mod protection;

use template::{Node, Resource};

use super::{Context, Example, Rule};
use crate::change::{Action, Category, Finding, Replacement};

const fn rule(
    id: &'static str,
    says: &'static str,
    example: Example,
    check: fn(&Context<'_>, &mut Vec<Finding>),
) -> Rule {
    Rule { id, category: Category::DataLoss, says, example, check }
}

const fn example(before: &'static str, after: &'static str) -> Example {
    Example { before: Some(before), after: Some(after) }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "data-loss/removed",
        "a stateful resource is removed without a DeletionPolicy that keeps it",
        example(
            "{Example: {Type: 'AWS::DynamoDB::Table', DeletionPolicy: Delete}, Other: {Type: 'AWS::SNS::Topic'}}",
            "{Other: {Type: 'AWS::SNS::Topic'}}",
        ),
        removed,
    ),
    rule(
        "data-loss/replaced",
        "a stateful resource is or may be replaced without an UpdateReplacePolicy that keeps it",
        example(
            "{Example: {Type: 'AWS::S3::Bucket', Properties: {BucketName: one}}}",
            "{Example: {Type: 'AWS::S3::Bucket', Properties: {BucketName: two}}}",
        ),
        replaced,
    ),
    rule(
        "data-loss/policy-weakened",
        "DeletionPolicy or UpdateReplacePolicy of a stateful resource no longer keeps its data",
        example(
            "{Example: {Type: 'AWS::DynamoDB::Table', DeletionPolicy: Retain}}",
            "{Example: {Type: 'AWS::DynamoDB::Table', DeletionPolicy: Delete}}",
        ),
        policy_weakened,
    ),
    rule(
        "data-loss/condition",
        "whether a stateful resource without a DeletionPolicy that keeps it is there hangs on a condition that changed",
        example(
            "{Example: {Type: 'AWS::DynamoDB::Table'}}",
            "{Example: {Type: 'AWS::DynamoDB::Table', Condition: Sometimes}}",
        ),
        condition,
    ),
    lifetime::RULES[0],
    lifetime::RULES[1],
    lifetime::RULES[2],
    lifetime::RULES[3],
    lifetime::RULES[4],
    protection::RULES[0],
    protection::RULES[1],
    protection::RULES[2],
    protection::RULES[3],
];

/// It holds data of its own. An instance of a database cluster does not: the cluster does.
fn holds_data(resource: &Resource) -> bool {
    let kind = resource.resource_type.as_str();
    facts::is_stateful(kind)
        && !matches!(kind, "AWS::DocDB::DBInstance" | "AWS::Neptune::DBInstance")
        && !(kind == "AWS::RDS::DBInstance" && resource.property("DBClusterIdentifier").is_some())
}

/// What the policy says, or what CloudFormation does without one.
fn policy(resource: &Resource, attribute: &str) -> String {
    let in_cluster = resource.property("DBClusterIdentifier").is_some();
    let default = match attribute {
        "DeletionPolicy" if facts::leaves_snapshot_by_default(&resource.resource_type, in_cluster) => "Snapshot",
        _ => "Delete",
    };
    resource.attribute(attribute).map_or_else(|| default.to_owned(), Node::render)
}

fn keeps(resource: &Resource, attribute: &str) -> bool {
    fn says(resource: &Resource, policy: &Node) -> bool {
        // A language extension: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html>
        if let Some(("Fn::If", argument)) = policy.intrinsic() {
            return argument.items().iter().skip(1).all(|branch| says(resource, branch));
        }
        match policy.as_str() {
            Some("Retain" | "RetainExceptOnCreate") => true,
            Some("Snapshot") => facts::takes_snapshots(&resource.resource_type),
            _ => false,
        }
    }
    match resource.attribute(attribute) {
        Some(policy) => says(resource, policy),
        None => says(resource, &Node::string(policy(resource, attribute), resource.at)),
    }
}

fn removed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(old) = context.old.filter(|_| context.change.action == Action::Remove) else { return };
    if holds_data(old) && !keeps(old, "DeletionPolicy") {
        let how = match (&context.change.renamed_to, context.after) {
            (Some(new), _) => {
                format!("; `{new}` has the same content: move it with a stack refactor instead, which loses nothing")
            }
            (None, None) => ", with the whole stack".to_owned(),
            (None, Some(_)) => {
                context.change.replaced_by.first().map_or_else(String::new, |cause| format!(": {}", cause.reason))
            }
        };
        let policy = policy(old, "DeletionPolicy");
        findings.push(
            context
                .danger("", format!("{} is deleted with its data (DeletionPolicy {policy}){how}", old.resource_type)),
        );
    }
}

fn replaced(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(old), Some(new)) = (context.old, context.new) else { return };
    if context.change.replacement == Replacement::No || !holds_data(old) || keeps(new, "UpdateReplacePolicy") {
        return;
    }
    let cause = context.change.replaced_by.iter().max_by_key(|cause| cause.replacement);
    let path = cause.map_or(String::new(), |cause| cause.path.clone());
    let policy = policy(new, "UpdateReplacePolicy");
    if context.change.replacement == Replacement::Yes {
        let reason = format!(
            "{} is replaced for its {path}, and the old one deleted with its data (UpdateReplacePolicy {policy})",
            old.resource_type
        );
        findings.push(context.danger(path, reason));
    } else if facts::is_known(&old.resource_type) {
        let reason = format!(
            "{} may be replaced for its {path}, and the old one deleted with its data (UpdateReplacePolicy {policy})",
            old.resource_type
        );
        findings.push(context.danger(path, reason));
    } else {
        let reason = format!(
            "no facts about {}: should a new {path} replace it, its data is deleted (UpdateReplacePolicy {policy})",
            old.resource_type
        );
        findings.push(context.notice(path, reason));
    }
}

fn policy_weakened(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(old), Some(new)) = (context.old, context.new) else { return };
    for attribute in ["DeletionPolicy", "UpdateReplacePolicy"] {
        if holds_data(new) && keeps(old, attribute) && !keeps(new, attribute) {
            let (was, is) = (policy(old, attribute), policy(new, attribute));
            findings.push(context.danger(
                attribute,
                format!("{attribute} goes from {was} to {is}: a later deletion takes the data along"),
            ));
        }
    }
}

fn condition(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(old), Some(new)) = (context.old, context.new) else { return };
    let changed = context.change.properties.iter().any(|property| property.attribute && property.path == "Condition");
    if changed && new.attribute("Condition").is_some() && holds_data(new) && !keeps(old, "DeletionPolicy") {
        let policy = policy(old, "DeletionPolicy");
        findings.push(context.danger(
            "Condition",
            format!(
                "{} is deleted with its data where its condition is now false (DeletionPolicy {policy})",
                new.resource_type
            ),
        ));
    }
}
