//! The permissions boundary of the stage's roles: what any of them may do today, on the stage's own resources. So a template that is
//! deployed by the pipeline can move permissions between functions, and cannot give one that no function has: then an administrator
//! deploys Delivery first. <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>

use std::collections::{BTreeMap, BTreeSet};

use cfn::{Diagnostic, Json, ResourceEntry};

use crate::RULE;
use crate::places::{buckets, secrets};
use crate::statement::{LOG_GROUPS, NAMES, NAMES_OF_FIFO, OWN_NAMES, RANDOM_IDS, Scope, Statement};

/// The stage's resources of a service, as roles may use them.
struct Own {
    service: &'static str,
    sid: &'static str,
    at: fn(&Scope<'_>) -> Vec<String>,
    when: fn(&Scope<'_>) -> Json,
    /// Why they cannot be narrowed, where the rule about wildcards does not know it.
    wide: Option<&'static str>,
}

const NOWHERE_ELSE: fn(&Scope<'_>) -> Json = |_| Json::Absent;

const OWN: &[Own] = &[
    Own {
        service: "dynamodb",
        sid: "Tables",
        at: |scope| {
            let table = scope.named("dynamodb", "table/", NAMES);
            vec![table.clone(), table + "/index/*"]
        },
        when: NOWHERE_ELSE,
        wide: Some(OWN_NAMES),
    },
    Own { service: "ec2", sid: "NetworkInterfaces", at: |_| vec!["*".to_owned()], when: NOWHERE_ELSE, wide: None },
    Own {
        service: "lambda",
        sid: "Functions",
        at: |scope| vec![scope.named("lambda", "function:", NAMES)],
        when: NOWHERE_ELSE,
        wide: Some(OWN_NAMES),
    },
    Own {
        service: "logs",
        sid: "Logs",
        at: |scope| vec![scope.named("logs", "log-group:", LOG_GROUPS) + ":*"],
        when: NOWHERE_ELSE,
        wide: Some(OWN_NAMES),
    },
    Own {
        service: "s3",
        sid: "Buckets",
        at: |scope| buckets(scope).into_iter().flat_map(|bucket| [bucket.clone(), bucket + "/*"]).collect(),
        when: NOWHERE_ELSE,
        wide: Some("objects, and names that CloudFormation ends with random letters"),
    },
    Own {
        service: "secretsmanager",
        sid: "Secrets",
        at: secrets,
        when: |scope| scope.tagged(),
        wide: Some(RANDOM_IDS),
    },
    Own {
        service: "sns",
        sid: "Topics",
        at: |scope| vec![scope.named("sns", "", NAMES)],
        when: NOWHERE_ELSE,
        wide: Some(OWN_NAMES),
    },
    Own {
        service: "sqs",
        sid: "Queues",
        at: |scope| [NAMES, NAMES_OF_FIFO].map(|names| scope.named("sqs", "", names)).to_vec(),
        when: NOWHERE_ELSE,
        wide: Some(OWN_NAMES),
    },
];

/// The statements of the boundary.
///
/// # Errors
/// A role with other than inline policies, and an action of a service whose resources nobody named.
pub(crate) fn boundary(scope: &Scope<'_>) -> Result<Vec<Statement>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut allowed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for stack in scope.stacks {
        for entry in stack.template.resources().iter().filter(|entry| entry.parts.resource_type == "AWS::IAM::Role") {
            let mut refuse = |path: &str, what: String, fix: &str| {
                diagnostics.push(Diagnostic::on(&stack.template, entry, RULE, path.to_owned(), what, fix));
            };
            if entry.parts.properties.get("ManagedPolicyArns").is_some() {
                let what = "the pipeline attaches no policies to roles".to_owned();
                refuse("ManagedPolicyArns", what, "write the statements into the role");
            }
            for action in actions(entry) {
                let service = action.split(':').next().unwrap_or_default();
                match OWN.iter().find(|own| own.service == service) {
                    Some(own) => _ = allowed.entry(own.service).or_default().insert(action),
                    None => refuse(
                        "Policies",
                        format!("{action}: the boundary of Delivery knows no resources of {service}"),
                        "name the stage's resources of the service in infra/systems/delivery/src/boundary.rs",
                    ),
                }
            }
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let statements = OWN.iter().filter_map(|own| {
        let actions: Vec<_> = allowed.remove(own.service)?.into_iter().collect();
        let statement = Statement::new(own.sid, &actions, (own.at)(scope)).when((own.when)(scope));
        Some(match own.wide {
            Some(reason) => statement.wide(reason),
            None => statement,
        })
    });
    Ok(statements.collect())
}

/// What a role's inline policies allow.
fn actions(role: &ResourceEntry) -> Vec<&str> {
    let policies = role.parts.properties.get("Policies").and_then(Json::as_list).unwrap_or_default();
    let statements =
        policies.iter().filter_map(|policy| policy.get("PolicyDocument")?.get("Statement")?.as_list()).flatten();
    let allowing = statements.filter(|statement| statement.get("Effect").and_then(Json::as_str) == Some("Allow"));
    allowing
        .filter_map(|statement| statement.get("Action"))
        .flat_map(|actions| match actions.as_list() {
            Some(list) => list.iter().filter_map(Json::as_str).collect(),
            None => actions.as_str().into_iter().collect::<Vec<_>>(),
        })
        .collect()
}
