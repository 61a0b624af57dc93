//! Data with a shorter life: retention cut, expiry set, versions no longer kept, secrets regenerated.

use template::Node;

use super::{example, rule};
use crate::change::Finding;
use crate::compare::is_same;
use crate::rules::{Context, Rule};

pub(super) const RULES: [Rule; 5] = [
    rule(
        "data-loss/retention-cut",
        "logs, messages or records are kept for a shorter time",
        example(
            "{Example: {Type: 'AWS::Logs::LogGroup', Properties: {RetentionInDays: 90}}}",
            "{Example: {Type: 'AWS::Logs::LogGroup', Properties: {RetentionInDays: 7}}}",
        ),
        retention_cut,
    ),
    rule(
        "data-loss/expiry",
        "objects, items or images begin to expire, or expire earlier",
        example(
            "{Example: {Type: 'AWS::DynamoDB::Table'}}",
            "{Example: {Type: 'AWS::DynamoDB::Table', Properties: {TimeToLiveSpecification: {AttributeName: ends, Enabled: true}}}}",
        ),
        expiry,
    ),
    rule(
        "data-loss/versioning-suspended",
        "a bucket no longer keeps what is overwritten or deleted",
        example(
            "{Example: {Type: 'AWS::S3::Bucket', Properties: {VersioningConfiguration: {Status: Enabled}}}}",
            "{Example: {Type: 'AWS::S3::Bucket', Properties: {VersioningConfiguration: {Status: Suspended}}}}",
        ),
        versioning_suspended,
    ),
    rule(
        "data-loss/secret-regenerated",
        "a change of how a secret is generated overwrites its value",
        example(
            "{Example: {Type: 'AWS::SecretsManager::Secret', Properties: {GenerateSecretString: {PasswordLength: 20}}}}",
            "{Example: {Type: 'AWS::SecretsManager::Secret', Properties: {GenerateSecretString: {PasswordLength: 40}}}}",
        ),
        secret_regenerated,
    ),
    rule(
        "data-loss/key-deletion-sooner",
        "a deleted KMS key, and all that it encrypts, can be rescued for fewer days",
        example(
            "{Example: {Type: 'AWS::KMS::Key', Properties: {PendingWindowInDays: 30}}}",
            "{Example: {Type: 'AWS::KMS::Key', Properties: {PendingWindowInDays: 7}}}",
        ),
        key_deletion_sooner,
    ),
];

/// The default without the property: how long AWS keeps it then.
enum Default {
    Forever,
    For(f64),
}

/// Type, property, and AWS's default; units as in the property.
const RETENTIONS: &[(&str, &str, Default)] = &[
    ("AWS::CloudTrail::EventDataStore", "RetentionPeriod", Default::For(2557.0)),
    ("AWS::Events::Archive", "RetentionDays", Default::Forever),
    ("AWS::Kinesis::Stream", "RetentionPeriodHours", Default::For(24.0)),
    ("AWS::KinesisVideo::Stream", "DataRetentionInHours", Default::For(0.0)),
    ("AWS::Logs::LogGroup", "RetentionInDays", Default::Forever),
    ("AWS::RDS::DBCluster", "BacktrackWindow", Default::For(0.0)),
    ("AWS::RDS::DBCluster", "PerformanceInsightsRetentionPeriod", Default::For(7.0)),
    ("AWS::SNS::Topic", "ArchivePolicy.MessageRetentionPeriod", Default::For(0.0)),
    ("AWS::SQS::Queue", "MessageRetentionPeriod", Default::For(345_600.0)),
    ("AWS::Timestream::Table", "RetentionProperties.MagneticStoreRetentionPeriodInDays", Default::For(73_000.0)),
];

fn retention_cut(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_modified() {
        return;
    }
    for (_, path, default) in RETENTIONS.iter().filter(|(kind, ..)| context.is_type(kind)) {
        let forever = match default {
            Default::Forever => f64::INFINITY,
            Default::For(_) => 0.0,
        };
        // An archive's 0 days mean forever, as does the absence of a log group's retention.
        let amount = |node: Option<&Node>| match (node, default) {
            (None, Default::For(amount)) => Some(*amount),
            (None, Default::Forever) => Some(f64::INFINITY),
            (Some(node), _) => node.as_f64().map(|amount| if amount == 0.0 { forever } else { amount }),
        };
        shorter(context, path, amount, findings);
    }
}

/// A finding when the amount at `path` decreases, or may have.
pub(super) fn shorter(
    context: &Context<'_>,
    path: &str,
    amount: impl Fn(Option<&Node>) -> Option<f64>,
    findings: &mut Vec<Finding>,
) {
    let (before, after) = (context.before(path), context.after(path));
    if is_same(before, after) {
        return;
    }
    let text = |node: Option<&Node>| node.map_or_else(|| "none".to_owned(), Node::render);
    match (amount(before), amount(after)) {
        (Some(was), Some(is)) if is < was => {
            findings.push(
                context.danger(
                    path,
                    format!("{path} falls from {} to {}: what is older is lost", text(before), text(after)),
                ),
            );
        }
        (Some(_), Some(_)) => {}
        _ => lowest(context, path, before, after, &amount, findings),
    }
}

/// With `Fn::If`: each branch that has a number.
fn lowest(
    context: &Context<'_>,
    path: &str,
    before: Option<&Node>,
    after: Option<&Node>,
    amount: &impl Fn(Option<&Node>) -> Option<f64>,
    findings: &mut Vec<Finding>,
) {
    let least = |node: Option<&Node>| match node.map(|node| branches(node)) {
        None => amount(None),
        Some(branches) => branches.into_iter().filter_map(|branch| amount(Some(branch))).reduce(f64::min),
    };
    let falls = match before.zip(after).map(|(before, after)| (branches(before), branches(after))) {
        // The same condition: branch by branch, and the worst of them counts.
        Some((old, new)) if old.len() == new.len() && old.len() > 1 => {
            let each = old.iter().zip(&new).map(|(old, new)| match is_same(Some(old), Some(new)) {
                true => Some(false),
                false => amount(Some(old)).zip(amount(Some(new))).map(|(was, is)| is < was),
            });
            let each: Vec<Option<bool>> = each.collect();
            if each.contains(&Some(true)) { Some(true) } else { (!each.contains(&None)).then_some(false) }
        }
        _ => least(before).zip(least(after)).is_some_and(|(was, is)| is < was).then_some(true),
    };
    let text = |node: Option<&Node>| node.map_or_else(|| "none".to_owned(), Node::render);
    let (was, is) = (text(before), text(after));
    match falls {
        Some(true) => {
            findings.push(
                context.danger(path, format!("{path} falls from {was} to {is} in one case: what is older is lost")),
            );
        }
        Some(false) => {}
        None => findings.push(context.notice(path, format!("{path} may fall: from {was} to {is}"))),
    }
}

/// The values that an `Fn::If` may have, including nested ones; else the value itself.
fn branches(node: &Node) -> Vec<&Node> {
    match node.intrinsic().map(|(name, argument)| (name, argument.items())) {
        Some(("Fn::If", [_, yes, no])) => branches(yes).into_iter().chain(branches(no)).collect(),
        _ => vec![node],
    }
}

fn expiry(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_modified() {
        return;
    }
    match context.resource_type() {
        "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable" => {
            let setting = |node: Option<&Node>| {
                let is_on = node.and_then(|node| node.get("Enabled")?.as_bool()) != Some(false);
                node.filter(|_| is_on).and_then(|node| Some(node.get("AttributeName")?.render()))
            };
            let path = "TimeToLiveSpecification";
            if let Some(attribute) = setting(context.after(path))
                && setting(context.before(path)).as_ref() != Some(&attribute)
            {
                findings.push(context.danger(path, format!("items expire at the time in their attribute {attribute}")));
            }
        }
        "AWS::S3::Bucket" => bucket(context, findings),
        "AWS::ECR::Repository" => {
            let path = "LifecyclePolicy.LifecyclePolicyText";
            if context.after(path).is_some() && !is_same(context.before(path), context.after(path)) {
                findings.push(context.danger(path, "images expire by a lifecycle policy that is new or changed"));
            }
        }
        _ => {}
    }
}

/// The parts of a lifecycle rule that delete objects, with the days until then.
const EXPIRIES: &[&str] = &[
    "ExpirationInDays",
    "ExpirationDate",
    "NoncurrentVersionExpirationInDays",
    "NoncurrentVersionExpiration.NoncurrentDays",
];

fn bucket(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let rules = |node: Option<&Node>| -> Vec<Node> {
        let rules = node.map_or(&[][..], Node::items).iter();
        rules.filter(|rule| rule.get("Status").and_then(Node::as_str) == Some("Enabled")).cloned().collect()
    };
    let path = "LifecycleConfiguration.Rules";
    let (old, new) = (rules(context.before(path)), rules(context.after(path)));
    let filter = |rule: &Node| {
        ["Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan"].map(|key| rule.get(key).cloned())
    };
    for (index, rule) in new.iter().enumerate() {
        let twins: Vec<&Node> = old.iter().filter(|old| filter(old) == filter(rule)).collect();
        for expiry in EXPIRIES {
            let Some(now) = rule.at_path(expiry) else { continue };
            let at = format!("{path}[{index}].{expiry}");
            let same_or_sooner = |old: &&&Node| match (old.at_path(expiry).and_then(Node::as_f64), now.as_f64()) {
                (Some(was), Some(is)) => was <= is,
                _ => old.at_path(expiry).is_some_and(|was| is_same(Some(was), Some(now)) || was.text() <= now.text()),
            };
            if twins.iter().find(same_or_sooner).is_none() {
                let was = twins
                    .iter()
                    .find_map(|old| old.at_path(expiry))
                    .map_or_else(|| "not at all".to_owned(), Node::render);
                findings
                    .push(context.danger(at, format!("objects expire by {expiry} {}, before: {was}", now.render())));
            }
        }
    }
}

fn versioning_suspended(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let path = "VersioningConfiguration.Status";
    let is_on = |node: Option<&Node>| node.and_then(Node::as_str) == Some("Enabled");
    if context.is_type("AWS::S3::Bucket")
        && context.is_modified()
        && is_on(context.before(path))
        && !is_on(context.after(path))
    {
        findings
            .push(context.danger(path, "versioning is suspended: what is overwritten or deleted from now on is gone"));
    }
}

fn secret_regenerated(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let path = "GenerateSecretString";
    if context.is_type("AWS::SecretsManager::Secret")
        && context.is_modified()
        && context.after(path).is_some()
        && !is_same(context.before(path), context.after(path))
    {
        findings.push(
            context
                .danger(path, "a new value is generated over the present one: everybody who holds that is locked out"),
        );
    }
}

fn key_deletion_sooner(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.is_type("AWS::KMS::Key") && context.is_modified() {
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html: 30 days without it.
        let path = "PendingWindowInDays";
        let days = |node: Option<&Node>| node.map_or(Some(30.0), Node::as_f64);
        if let (Some(was), Some(is)) = (days(context.before(path)), days(context.after(path)))
            && is < was
        {
            findings.push(context.notice(path, format!("a deleted key can be rescued for {is} days instead of {was}")));
        }
    }
}
