//! How much capacity does the work, and whether it is started, monitored and given time.

use template::Node;

use super::{Context, is_false, is_nothing, is_text, push};
use crate::change::{Action, Finding};
use crate::policy::text::{referred, text};
use crate::rules::values::{number, possible, sunken, texts, weakened};

pub(super) fn concurrency(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const PATH: &str = "ReservedConcurrentExecutions";
    if !matches!(context.resource_type(), "AWS::Lambda::Function" | "AWS::Serverless::Function") {
        return;
    }
    let zero = |value: Option<&Node>| value.and_then(Node::as_f64) == Some(0.0);
    let stopped = weakened(context, PATH, zero);
    if stopped.is_some() {
        push(context, findings, stopped, "the function never runs");
    } else if context.is_modified() {
        let weaker = weakened(context, PATH, |value| value.is_none());
        push(
            context,
            findings,
            weaker,
            "the function shares its account's concurrency: it may starve others, or be starved",
        );
    }
}

pub(super) fn time_out(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (path, default) = match context.resource_type() {
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => ("Timeout", 3.0),
        "AWS::ApiGatewayV2::Integration" => ("TimeoutInMillis", 30_000.0),
        "AWS::ApiGateway::Method" => ("Integration.TimeoutInMillis", 29_000.0),
        "AWS::CodeBuild::Project" => ("TimeoutInMinutes", 60.0),
        _ => return,
    };
    if !context.is_modified() {
        return;
    }
    let value = |resource| match possible(resource, path).as_slice() {
        [only] if only.value.is_none() => Some(default),
        _ => number(resource, path),
    };
    if let (Some(before), Some(after)) = (value(context.old), value(context.new))
        && after < before
    {
        findings.push(
            context.danger(path, format!("what takes long is cut off earlier: {path} was {before}, is now {after}")),
        );
    }
}

/// Not with its VPC, whose last inhabitants are gone by then.
pub(super) fn endpoint_removed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_removed = context.change.action == Action::Remove && context.after.is_some();
    if context.resource_type() != "AWS::EC2::VPCEndpoint" || !is_removed {
        return;
    }
    let before = |path: &str| context.before(path).map(|node| text(&node.to_json()));
    let goes_with_vpc =
        before("VpcId").is_some_and(|vpc| referred(&vpc).is_some_and(|id| context.evidence.is_gone(id)));
    let service = before("ServiceName").unwrap_or_else(|| "its service".to_owned());
    match &context.change.renamed_to {
        _ if goes_with_vpc => {}
        Some(id) => findings.push(context.notice("", format!("the endpoint goes and comes back as {id}"))),
        None => findings.push(context.danger(
            "",
            format!("whatever is in the VPC and has no other way to {service} does not reach it any more"),
        )),
    }
}

pub(super) fn one_zone(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const SAYS: &str = "one failing zone or node is enough to stop it";
    if !context.is_modified() {
        return;
    }
    let weaker = sunken(context, |key, value| match key {
        "MultiAZ"
        | "MultiAZEnabled"
        | "AutomaticFailoverEnabled"
        | "ZoneAwarenessEnabled"
        | "MultiAZWithStandbyEnabled" => value.map_or(Some(0), |value| value.as_bool().map(i32::from)),
        _ => None,
    });
    push(context, findings, weaker.into_iter().next(), SAYS);
}

/// Counts that carry a load, by property.
const COUNTS: &[&str] = &[
    "DesiredCount",
    "MinSize",
    "DesiredCapacity",
    "MinCapacity",
    "NumCacheNodes",
    "NumCacheClusters",
    "ReplicasPerNodeGroup",
    "NumNodeGroups",
    "InstanceCount",
    "NumberOfNodes",
    "NumberOfBrokerNodes",
    "ShardCount",
    "MinInstanceCount",
    "ProvisionedConcurrentExecutions",
    "MinACU",
];

pub(super) fn fewer_instances(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_member = matches!(
        context.resource_type(),
        "AWS::RDS::DBInstance" | "AWS::Neptune::DBInstance" | "AWS::DocDB::DBInstance"
    );
    if is_member && context.change.action == Action::Remove && context.change.renamed_to.is_none() {
        let cluster = texts(context.old, "DBClusterIdentifier").join(", ");
        let is_gone = referred(&cluster).is_some_and(|id| context.evidence.is_gone(id));
        if !cluster.is_empty() && !is_gone && context.after.is_some() {
            let id = referred(&cluster).unwrap_or(&cluster);
            findings.push(context.danger("", format!("{id} loses an instance: fewer are left to fail over to")));
        }
    }
    if !context.is_modified() {
        return;
    }
    // What scales by itself goes to zero intentionally, but it was not configured to before.
    let weaker = sunken(context, |key, value| {
        if !COUNTS.contains(&key) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "counts of instances are small")]
        value?.as_f64().map(|count| (count * 10.0) as i32)
    });
    for each in weaker {
        findings.push(context.danger(&each.path, format!("fewer carry the load: {} {}", each.path, each.shift())));
    }
}

pub(super) fn health_check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const SAYS: &str = "what is broken is no longer noticed";
    if context.is_type("AWS::Route53::HealthCheck")
        && context.change.action == Action::Remove
        && context.change.renamed_to.is_none()
    {
        findings.push(context.danger("", format!("{SAYS}: the health check is removed")));
    }
    if !context.is_modified() {
        return;
    }
    let weaker = sunken(context, |key, value| match key {
        "HealthCheck" | "HealthCheckConfig" | "HealthCheckCustomConfig" | "HealthCheckId" | "LivenessProbe" => {
            Some(i32::from(value.is_some()))
        }
        "HealthCheckEnabled" | "EvaluateTargetHealth" => match value {
            Some(value) => value.as_bool().map(i32::from),
            None => Some(i32::from(key == "HealthCheckEnabled")),
        },
        "HealthCheckType" => match value.and_then(Node::as_str) {
            Some("ELB") => Some(1),
            Some("EC2") => Some(0),
            None if value.is_none() => Some(0),
            _ => None,
        },
        _ => None,
    });
    push(context, findings, weaker.into_iter().next(), SAYS);
    if context.is_type("AWS::CodeDeploy::DeploymentGroup") || context.is_type("AWS::ECS::Service") {
        for path in ["AutoRollbackConfiguration.Enabled", "DeploymentConfiguration.DeploymentCircuitBreaker.Enable"] {
            push(context, findings, weakened(context, path, is_false), "a bad deployment is no longer rolled back");
        }
    }
}

pub(super) fn schedule_stopped(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const SAYS: &str = "it no longer starts anything";
    let is_one = matches!(context.resource_type(), "AWS::Events::Rule" | "AWS::Scheduler::Schedule");
    if !is_one {
        return;
    }
    push(context, findings, weakened(context, "State", |value| is_text(value, &["DISABLED"])), SAYS);
    match context.change.action {
        Action::Modify if context.is_type("AWS::Events::Rule") => {
            let had = possible(context.old, "Targets").iter().any(|each| !is_nothing(each.value));
            push(context, findings, weakened(context, "Targets", is_nothing).filter(|_| had), SAYS);
            let lost = lost_targets(context);
            if !lost.is_empty() && possible(context.new, "Targets").iter().any(|each| !is_nothing(each.value)) {
                findings.push(context.danger("Targets", format!("the rule no longer reaches {}", lost.join(", "))));
            }
        }
        Action::Remove if context.change.renamed_to.is_none() && context.after.is_some() => {
            let mut targets = texts(context.old, "Target.Arn");
            targets.extend(targets_of(context.old));
            let all_gone = !targets.is_empty()
                && targets.iter().all(|target| referred(target).is_some_and(|id| context.evidence.is_gone(id)));
            if !all_gone {
                findings.push(context.danger("", format!("{SAYS}: {} is removed", context.change.logical_id)));
            }
        }
        _ => {}
    }
}

/// Targets that a rule no longer has, while they still exist.
fn lost_targets(context: &Context<'_>) -> Vec<String> {
    let now = targets_of(context.new);
    let is_gone = |target: &String| referred(target).is_some_and(|id| context.evidence.is_gone(id));
    let lost = targets_of(context.old).into_iter().filter(|target| !now.contains(target) && !is_gone(target));
    let lost: Vec<String> = lost.collect();
    // As many as before: another one took its place.
    if now.len() >= targets_of(context.old).len() { Vec::new() } else { lost }
}

fn targets_of(resource: Option<&template::Resource>) -> Vec<String> {
    let targets = possible(resource, "Targets").into_iter().filter_map(|each| each.value);
    let arns = targets.flat_map(Node::items).filter_map(|target| target.get("Arn"));
    arns.map(|arn| crate::policy::text::text(&arn.to_json())).collect()
}
