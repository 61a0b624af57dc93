//! Data that is lost: stateful resources removed or replaced, policies, retention, backups and deletion protection weakened.

use super::{Context, Example, Rule};
use crate::change::{Action, Category, Finding, Replacement};
use crate::template::Resource;

const fn rule(
    id: &'static str,
    says: &'static str,
    example: Example,
    check: fn(&Context<'_>, &mut Vec<Finding>),
) -> Rule {
    Rule { id, category: Category::DataLoss, says, example, check }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "data-loss/removed",
        "a stateful resource is removed without a DeletionPolicy that keeps it",
        Example {
            before: Some(
                "{Example: {Type: 'AWS::DynamoDB::Table', DeletionPolicy: Delete}, Other: {Type: 'AWS::SNS::Topic'}}",
            ),
            after: Some("{Other: {Type: 'AWS::SNS::Topic'}}"),
        },
        removed,
    ),
    rule(
        "data-loss/replaced",
        "a stateful resource is or may be replaced without an UpdateReplacePolicy that keeps it",
        Example {
            before: Some("{Example: {Type: 'AWS::S3::Bucket', Properties: {BucketName: one}}}"),
            after: Some("{Example: {Type: 'AWS::S3::Bucket', Properties: {BucketName: two}}}"),
        },
        replaced,
    ),
];

/// Types whose deletion can leave a snapshot.
const SNAPSHOTS: &[&str] = &[
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
];

/// It holds data of its own. An instance of a database cluster does not: the cluster does.
fn holds_data(resource: &Resource) -> bool {
    cfn::facts::is_stateful(&resource.resource_type)
        && !(resource.resource_type.ends_with("::DBInstance") && resource.property("DBClusterIdentifier").is_some())
}

/// What the policy says, or what CloudFormation does without one.
fn policy<'a>(resource: &'a Resource, attribute: &str) -> &'a str {
    let default = match (attribute, resource.resource_type.as_str()) {
        ("DeletionPolicy", "AWS::RDS::DBCluster" | "AWS::RDS::DBInstance") => "Snapshot",
        _ => "Delete",
    };
    resource.attribute(attribute).and_then(|policy| policy.as_str()).unwrap_or(default)
}

fn keeps(resource: &Resource, attribute: &str) -> bool {
    match policy(resource, attribute) {
        "Retain" | "RetainExceptOnCreate" => true,
        "Snapshot" => SNAPSHOTS.contains(&resource.resource_type.as_str()),
        _ => false,
    }
}

fn removed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(old) = context.old.filter(|_| context.change.action == Action::Remove) else { return };
    if holds_data(old) && !keeps(old, "DeletionPolicy") {
        let hint = match &context.change.renamed_to {
            Some(new) => format!("; `{new}` has the same content: a stack refactor moves it without a loss"),
            None => String::new(),
        };
        findings.push(context.danger(
            "",
            format!(
                "{} is deleted with its data: its DeletionPolicy is {}{hint}",
                old.resource_type,
                policy(old, "DeletionPolicy")
            ),
        ));
    }
}

fn replaced(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(old), Some(new)) = (context.old, context.new) else { return };
    if context.change.replacement == Replacement::No || !holds_data(old) || keeps(new, "UpdateReplacePolicy") {
        return;
    }
    let verb = if context.change.replacement == Replacement::Yes { "is" } else { "may be" };
    let cause = context.change.replaced_by.iter().max_by_key(|cause| cause.replacement);
    let path = cause.map_or(String::new(), |cause| cause.path.clone());
    findings.push(context.danger(
        path.clone(),
        format!(
            "{} {verb} replaced for {path} and the old one deleted with its data: its UpdateReplacePolicy is {}",
            old.resource_type,
            policy(new, "UpdateReplacePolicy")
        ),
    ));
}
