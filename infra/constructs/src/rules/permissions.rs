//! Rules about permissions: exact actions on exact resources.

use cfn::{Intrinsic, Json, ResourceEntry};

use super::read::{field, of_type, one_or_many, property, shown};
use super::{Rule, examples};

/// Actions that IAM cannot narrow to a resource, each with its reason. Keep it short.
const WITHOUT_RESOURCE: [(&str, &str); 6] = [
    ("ec2:CreateNetworkInterface", NETWORK_INTERFACE),
    ("ec2:DescribeNetworkInterfaces", NETWORK_INTERFACE),
    ("ec2:DescribeSubnets", NETWORK_INTERFACE),
    ("ec2:DeleteNetworkInterface", NETWORK_INTERFACE),
    ("ec2:AssignPrivateIpAddresses", NETWORK_INTERFACE),
    ("ec2:UnassignPrivateIpAddresses", NETWORK_INTERFACE),
];
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
const NETWORK_INTERFACE: &str =
    "Lambda makes a function's network interfaces itself, and checks the role for any resource";

pub(super) const WILDCARD: Rule = Rule {
    id: "permission-wildcard",
    refuses: "an allowed `*` action or resource outside a short list of actions that IAM cannot narrow",
    example: "Action sqs:* on Resource *",
    fix: "name the actions and the resource; where IAM cannot, except the statement's resources: Suppression::wildcard(sid, why)",
    refused: examples::wildcard,
    check: |stage, diagnostics| {
        for (template, entry) in stage.templates.iter().flat_map(|t| t.resources().iter().map(move |e| (*t, e))) {
            for (path, statement) in statements(entry) {
                if denies(statement) {
                    continue;
                }
                let excepted = excepted(entry, statement);
                for (key, what) in wide(statement) {
                    if key == "Resource" && excepted {
                        continue;
                    }
                    let path = format!("{path}.{key}");
                    diagnostics.push(WILDCARD.at(template, entry, &path, what, "exact names".to_owned()));
                }
            }
        }
        for (template, entry) in stage.templates.iter().flat_map(|t| t.resources().iter().map(move |e| (*t, e))) {
            for (sid, _) in exceptions(entry) {
                let mut same =
                    statements(entry).into_iter().map(|(_, statement)| statement).filter(|it| sid_of(it) == Some(sid));
                if !same.any(|statement| wide(statement).iter().any(|(key, _)| *key == "Resource")) {
                    let what = format!("{sid} is excepted, and is not wide");
                    diagnostics.push(WILDCARD.at(
                        template,
                        entry,
                        "Metadata.Wildcards",
                        what,
                        "statements that are".into(),
                    ));
                }
            }
        }
        for (template, role) in of_type(stage.templates, "AWS::IAM::Role") {
            for arn in property(role, "ManagedPolicyArns").into_iter().flat_map(one_or_many) {
                if let Some(text) = text_of(arn).filter(|text| text.contains(":aws:policy/")) {
                    let allowed = "statements of our own: AWS's managed policies allow `*`".to_owned();
                    diagnostics.push(WILDCARD.at(template, role, "ManagedPolicyArns", text, allowed));
                }
            }
        }
    },
};

/// The Sids of statements whose wide resources are exempted, each with its reason.
fn exceptions(entry: &ResourceEntry) -> impl Iterator<Item = (&str, &Json)> {
    let wildcards = entry.parts.metadata.get("Wildcards").and_then(Json::as_object).unwrap_or_default();
    wildcards.iter().map(|(sid, reason)| (sid.as_ref(), reason))
}

/// Without a reason there is no exception.
fn excepted(entry: &ResourceEntry, statement: &Json) -> bool {
    let has_reason = |reason: &Json| reason.as_str().is_some_and(|reason| !reason.trim().is_empty());
    exceptions(entry).any(|(sid, reason)| sid_of(statement) == Some(sid) && has_reason(reason))
}

fn sid_of(statement: &Json) -> Option<&str> {
    field(statement, "Sid").and_then(Json::as_str)
}

/// The Allow statements of a role's inline policies.
pub(super) fn allowed_by_role(role: &ResourceEntry) -> Vec<&Json> {
    inline_policies(role).map(|(_, statement)| statement).filter(|statement| !denies(statement)).collect()
}

fn denies(statement: &Json) -> bool {
    field(statement, "Effect").and_then(Json::as_str) == Some("Deny")
}

/// Statements of every policy document of a resource, with their paths.
fn statements(entry: &ResourceEntry) -> Vec<(String, &Json)> {
    let document = property(entry, "PolicyDocument").map(|document| of_document("PolicyDocument".to_owned(), document));
    let trust = property(entry, "AssumeRolePolicyDocument")
        .map(|document| of_document("AssumeRolePolicyDocument".to_owned(), document));
    inline_policies(entry).chain(document.into_iter().flatten()).chain(trust.into_iter().flatten()).collect()
}

fn inline_policies(entry: &ResourceEntry) -> impl Iterator<Item = (String, &Json)> {
    let policies = property(entry, "Policies").and_then(Json::as_list).unwrap_or_default();
    policies
        .iter()
        .enumerate()
        .filter_map(|(index, policy)| Some((index, field(policy, "PolicyDocument")?)))
        .flat_map(|(index, document)| of_document(format!("Policies.{index}.PolicyDocument"), document))
}

fn of_document(path: String, document: &Json) -> impl Iterator<Item = (String, &Json)> {
    let statements = field(document, "Statement").map(one_or_many).unwrap_or_default();
    statements.iter().enumerate().map(move |(index, statement)| (format!("{path}.Statement.{index}"), statement))
}

/// What is too wide about an Allow statement.
fn wide(statement: &Json) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let list = |key| field(statement, key).map(one_or_many).unwrap_or_default();
    for key in ["NotAction", "NotResource", "NotPrincipal"] {
        if field(statement, key).is_some() {
            found.push((key, "allows everything else".to_owned()));
        }
    }
    let actions = list("Action");
    found.extend(
        actions
            .iter()
            .filter(|action| text_of(action).is_some_and(|text| text.contains('*')))
            .map(|action| ("Action", shown(action))),
    );
    let cannot_be_narrowed = !actions.is_empty()
        && actions.iter().all(|action| WITHOUT_RESOURCE.iter().any(|(known, _)| action.as_str() == Some(known)));
    if !cannot_be_narrowed {
        let wide = list("Resource").iter().filter_map(text_of).filter(|text| is_wide(text));
        found.extend(wide.map(|text| ("Resource", format!("{text:?}"))));
    }
    let principals = field(statement, "Principal").map(principals).unwrap_or_default();
    if principals.iter().any(|text| text == "*") && field(statement, "Condition").is_none() {
        found.push(("Principal", "anybody, without a condition".to_owned()));
    }
    found
}

fn principals(principal: &Json) -> Vec<String> {
    match principal.as_object() {
        Some(kinds) => kinds.iter().flat_map(|(_, names)| one_or_many(names)).filter_map(text_of).collect(),
        None => text_of(principal).into_iter().collect(),
    }
}

/// One `*` may come at the end, below something specific: `<bucket>/reports/*`.
fn is_wide(resource: &str) -> bool {
    let named = resource.strip_suffix("/*").unwrap_or(resource);
    named.contains('*') || named.is_empty() || named.ends_with(':')
}

/// The text of a literal, a `Sub` or a `Join`; a reference appears in it as `${}`.
fn text_of(json: &Json) -> Option<String> {
    match json {
        Json::String(text) | Json::Custom(text) => Some(text.to_string()),
        Json::Intrinsic(intrinsic) => match intrinsic.as_ref() {
            Intrinsic::Sub(text, _) => Some(text.clone()),
            Intrinsic::Join(delimiter, items) => {
                let parts: Vec<_> =
                    one_or_many(items).iter().map(|item| text_of(item).unwrap_or("${}".into())).collect();
                Some(parts.join(delimiter))
            }
            _ => None,
        },
        _ => None,
    }
}
