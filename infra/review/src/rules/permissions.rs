//! Permissions: who may do more than before, statement by statement. Compares what is allowed, never how it is written.

use super::{Context, Example, Rule};
use crate::change::{Category, Finding, Severity};
use crate::policy::{Difference, Evidence, Subject, What, privilege};

const fn rule(id: &'static str, says: &'static str, before: &'static str, after: &'static str) -> Rule {
    let example = Example { before: Some(before), after: Some(after) };
    Rule { id, category: Category::Permissions, says, example, check }
}

const ROLE: &str = "{Example: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}}";
const OTHER: &str = "{Other: {Type: 'AWS::SNS::Topic'}}";
const READER: &str = "{Example: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, Roles: [reader], PolicyDocument: {Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::reports/*'}]}}}}";

pub(super) const RULES: &[Rule] = &[
    rule(
        "permissions/broadened",
        "a principal that was there before may do more, or with more resources",
        READER,
        "{Example: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, Roles: [reader], PolicyDocument: {Statement: [{Effect: Allow, Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::reports/*'}]}}}}",
    ),
    rule(
        "permissions/condition-removed",
        "a condition no longer limits a statement",
        "{Example: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: p, Roles: [reader], PolicyDocument: {Statement: {Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::reports/*', Condition: {IpAddress: {'aws:SourceIp': 10.0.0.0/8}}}}}}}",
        READER,
    ),
    rule(
        "permissions/deny-removed",
        "a denial is gone or narrower",
        "{Example: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: b, PolicyDocument: {Statement: [{Effect: Deny, Principal: '*', Action: ['s3:DeleteObject', 's3:PutObject'], Resource: 'arn:aws:s3:::b/*'}]}}}}",
        "{Example: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: b, PolicyDocument: {Statement: [{Effect: Deny, Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::b/*'}]}}}}",
    ),
    rule(
        "permissions/trust-broadened",
        "another principal may assume a role",
        ROLE,
        "{Example: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: [lambda.amazonaws.com, ec2.amazonaws.com]}, Action: 'sts:AssumeRole'}]}}}}",
    ),
    rule(
        "permissions/public-principal",
        "anyone may do it, in every account",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::SQS::QueuePolicy', Properties: {Queues: [q], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:SendMessage', Resource: '*'}]}}}}",
    ),
    rule(
        "permissions/cross-account",
        "another account may do it",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::SQS::QueuePolicy', Properties: {Queues: [q], PolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: '111122223333'}, Action: 'sqs:SendMessage', Resource: '*'}]}}}}",
    ),
    rule(
        "permissions/service-without-source",
        "a service may do it on behalf of any account: neither its source's ARN nor its account is asked for",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::Lambda::Permission', Properties: {FunctionName: f, Action: 'lambda:InvokeFunction', Principal: s3.amazonaws.com}}}",
    ),
    rule(
        "permissions/open-federation",
        "everybody whom an identity provider knows may assume a role",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Federated: 'arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com'}, Action: 'sts:AssumeRoleWithWebIdentity'}]}}}}",
    ),
    rule(
        "permissions/everything-but",
        "NotAction, NotResource or NotPrincipal allows whatever is not named, now and later",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::IAM::ManagedPolicy', Properties: {PolicyDocument: {Statement: [{Effect: Allow, NotAction: 'iam:*', Resource: '*'}]}}}}",
    ),
    rule(
        "permissions/wildcard-action",
        "a star allows every action of a service",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::IAM::ManagedPolicy', Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:*', Resource: 'arn:aws:sqs:eu-west-1:1:q'}]}}}}",
    ),
    rule(
        "permissions/wildcard-resource",
        "an action is allowed on every resource although it takes one",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::IAM::ManagedPolicy', Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:SendMessage', Resource: '*'}]}}}}",
    ),
    rule(
        "permissions/escalation",
        "an action lets a principal give itself or others more permissions",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::IAM::ManagedPolicy', Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: 'iam:PassRole', Resource: 'arn:aws:iam::1:role/r'}]}}}}",
    ),
    rule(
        "permissions/full-access-policy",
        "a policy of AWS that allows everything of a service or of the account is attached",
        ROLE,
        "{Example: {Type: 'AWS::IAM::Role', Properties: {ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'], AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}}",
    ),
    rule(
        "permissions/policy-attached",
        "a principal that was there before gets another policy, whose text is elsewhere",
        ROLE,
        "{Example: {Type: 'AWS::IAM::Role', Properties: {ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'], AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}}",
    ),
    rule(
        "permissions/boundary-removed",
        "a permissions boundary is gone or another one",
        "{Example: {Type: 'AWS::IAM::User', Properties: {PermissionsBoundary: 'arn:aws:iam::1:policy/b'}}}",
        "{Example: {Type: 'AWS::IAM::User', Properties: {UserName: u}}}",
    ),
    rule(
        "permissions/new-grant",
        "something new may do what it names: worth a look",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::IAM::ManagedPolicy', Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:SendMessage', Resource: 'arn:aws:sqs:eu-west-1:1:q'}]}}}}",
    ),
];

/// All rules of the family: each difference belongs to exactly one of them.
fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let evidence = context.evidence;
    let mut notices = Vec::new();
    for difference in of_change(context) {
        let Some((id, severity)) = judge(difference, evidence) else { continue };
        if id != context.rule.id {
            continue;
        }
        match severity {
            Severity::Danger => findings.push(context.danger(&difference.path, sentence(difference, evidence))),
            Severity::Notice => notices.push(difference),
        }
    }
    // One notice for what is new, not one per statement.
    if let Some(first) = notices.first() {
        let sentences: Vec<String> = notices.iter().map(|each| sentence(each, evidence)).collect();
        findings.push(context.notice(&first.path, shortened(&sentences, "; ")));
    }
}

/// The differences in this change's text; those from unchanged texts belong to their subject, such as a role that a policy is
/// attached to.
pub(super) fn of_change<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Difference> {
    let (id, changes) = (context.change.logical_id.as_str(), context.changes);
    let is_changed = move |id: &str| changes.iter().any(|change| change.logical_id == id);
    let first = changes.first().is_some_and(|change| change.logical_id == id);
    context.evidence.permissions.iter().filter(move |each| {
        if is_changed(&each.carrier) {
            each.carrier == id
        } else if is_changed(each.subject.id()) {
            each.subject.id() == id
        } else {
            first
        }
    })
}

/// Which rule a difference belongs to; `None`: nobody may do more.
fn judge(each: &Difference, evidence: &Evidence) -> Option<(&'static str, Severity)> {
    if !each.opens() || evidence.is_gone(each.subject.id()) {
        return None;
    }
    let is_new = evidence.is_new(each.subject.id());
    let danger = |id| Some((id, Severity::Danger));
    match each.what {
        What::Boundary => return danger("permissions/boundary-removed"),
        What::Attachment if privilege::is_sweeping(&each.actions[0]) => {
            return danger("permissions/full-access-policy");
        }
        What::Attachment if !is_new => return danger("permissions/policy-attached"),
        What::Attachment => return Some(("permissions/new-grant", Severity::Notice)),
        _ if !each.allow => return danger("permissions/deny-removed"),
        What::Condition(_) => return danger("permissions/condition-removed"),
        _ => {}
    }
    if matches!(each.subject, Subject::Endpoint(_)) {
        return if is_new { None } else { danger("permissions/broadened") };
    }
    if each.except.is_some() {
        return danger("permissions/everything-but");
    }
    let is_identity = matches!(each.subject, Subject::Identity(_));
    if is_public(each) {
        return danger("permissions/public-principal");
    }
    if each.principals.iter().any(|principal| is_foreign(principal)) {
        return danger("permissions/cross-account");
    }
    let by_service = each.principals.iter().any(|principal| is_service(principal));
    if by_service && matches!(each.subject, Subject::Resource(_)) && !each.conditions.identify() {
        return danger("permissions/service-without-source");
    }
    let is_federated = each.principals.iter().any(|principal| {
        principal.contains("-provider/")
            || (principal.contains('.') && !is_service(principal) && !principal.contains(['$', ':']))
    });
    if is_federated && !each.conditions.identify_subject() {
        return danger("permissions/open-federation");
    }
    if is_identity
        && each
            .actions
            .iter()
            .any(|action| privilege::escalates(action).is_some() && !privilege::is_sweeping_action(action))
    {
        return danger("permissions/escalation");
    }
    let is_own_root = !is_identity && each.principals.iter().all(|principal| is_own_root(principal));
    if !is_own_root && each.actions.iter().any(|action| privilege::is_sweeping_action(action)) {
        return danger("permissions/wildcard-action");
    }
    if is_identity && is_on_everything(each) {
        return danger("permissions/wildcard-resource");
    }
    if matches!(each.subject, Subject::Trust(_)) && !is_new {
        return danger("permissions/trust-broadened");
    }
    // A source in this stack, such as its own topic, that a new resource admits.
    let is_own_source = by_service
        && evidence.is_new(&each.carrier)
        && each.conditions.values("aws:sourcearn").next().is_some()
        && each.conditions.values("aws:sourcearn").all(|source| source.contains("${"));
    if !is_new && !is_own_source {
        return danger("permissions/broadened");
    }
    Some(("permissions/new-grant", Severity::Notice))
}

/// Anyone may do it, and no condition tests who it is.
pub(super) fn is_public(each: &Difference) -> bool {
    each.principals.iter().any(|principal| principal == "*") && !each.conditions.identify()
}

fn is_on_everything(each: &Difference) -> bool {
    each.conditions.is_empty()
        && each.resources.iter().any(|resource| privilege::is_sweeping_resource(resource))
        && each.actions.iter().any(|action| !privilege::takes_no_resource(action))
}

fn is_service(principal: &str) -> bool {
    principal.ends_with(".amazonaws.com")
        || principal.ends_with(".amazonaws.com.cn")
        || principal.ends_with(".${AWS::URLSuffix}")
}

/// An account that is spelled out: the stack's own has no number in a template.
fn is_foreign(principal: &str) -> bool {
    let account = principal.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3)).unwrap_or_default();
    !principal.contains("-provider/") && account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_own_root(principal: &str) -> bool {
    principal == "arn:aws:iam::${AWS::AccountId}:root"
}

fn sentence(each: &Difference, evidence: &Evidence) -> String {
    let id = each.subject.id();
    let actions = shortened(&each.actions, ", ");
    let on = match &each.subject {
        Subject::Trust(_) => id.to_owned(),
        Subject::Resource(_) if each.resources == ["*"] => id.to_owned(),
        Subject::Endpoint(_) => format!("{} through {id}", shortened(&each.resources, ", ")),
        _ if each.resources == ["*"] => "every resource".to_owned(),
        _ => shortened(&each.resources, ", "),
    };
    let who = match &each.subject {
        Subject::Identity(_) => id.to_owned(),
        _ => {
            let names: Vec<String> = each.principals.iter().map(|name| crate::policy::evidence::spoken(name)).collect();
            shortened(&names, ", ")
        }
    };
    let now = if evidence.is_new(id) { "may" } else { "may now" };
    let mut text = match &each.what {
        What::Boundary => {
            format!("{who} is no longer kept inside the permissions boundary {}", privilege::policy_name(&actions))
        }
        What::Attachment => format!(
            "{who} {} the policy {}",
            if evidence.is_new(id) { "has" } else { "now has" },
            privilege::policy_name(&actions)
        ),
        _ if !each.allow => format!("{who} is no longer denied {actions} on {on}"),
        What::Condition(keys) => format!("condition {} no longer limits {who} to {actions} on {on}", keys.join(", ")),
        What::Always => format!("{who} {now} {actions} on {on} whatever the template's conditions say"),
        _ if matches!(each.subject, Subject::Trust(_)) => format!("{who} {now} assume {on}"),
        _ => format!("{who} {now} {actions} on {on}"),
    };
    let contained = || {
        each.actions.iter().filter(|action| action.contains(['*', '?'])).find_map(|action| privilege::escalates(action))
    };
    if let Some(way) = contained().filter(|_| each.allow && matches!(each.subject, Subject::Identity(_))) {
        text.push_str(&format!(" ({way} is among them: it can give itself more)"));
    }
    if let Some(element) = each.except.filter(|_| each.allow) {
        text.push_str(&format!(" ({element})"));
    }
    if each.allow && !each.conditions.is_empty() && !matches!(each.what, What::Condition(_)) {
        text.push_str(&format!(" if {}", each.conditions));
    }
    if let Some((condition, holds)) = each.guards.iter().next() {
        text.push_str(&format!(" where {condition} is {holds}"));
    }
    text
}

/// Enough to judge by; the tables list everything.
fn shortened(parts: &[String], separator: &str) -> String {
    const SHOWN: usize = 6;
    let more = parts.len().saturating_sub(SHOWN);
    let shown = parts[..parts.len() - more].join(separator);
    if more == 0 { shown } else { format!("{shown}{separator}{more} more") }
}
