//! Rules about functions: their logs, the contents of their environment, and who may invoke them.

use cfn::{Intrinsic, Json, ResourceEntry, Template};

use super::permissions::allowed_by_role;
use super::read::{ends, field, of_type, one_or_many, property, referred, resource, shown};
use super::{Rule, examples};

const FUNCTION: &str = "AWS::Lambda::Function";
const SECRET_WORDS: [&str; 8] =
    ["PASSWORD", "PASSWD", "PWD", "SECRET", "TOKEN", "API_KEY", "PRIVATE_KEY", "CREDENTIAL"];
/// Suffixes that say where a secret is, or who issues a token, not what it is.
const POINTERS: [&str; 5] = ["_ARN", "_ID", "_ISSUER", "_NAME", "_URL"];

pub(super) const LOG_RETENTION: Rule = Rule {
    id: "function-log-retention",
    refuses: "a function whose log group is not in the template or has no retention",
    example: "no LoggingConfig: Lambda makes a log group that nobody ever empties",
    fix: "make a log group with RetentionInDays and name it in LoggingConfig.LogGroup",
    refused: examples::log_retention,
    check: |stage, diagnostics| {
        for (template, function) in of_type(stage.templates, FUNCTION) {
            let group = property(function, "LoggingConfig.LogGroup").and_then(|group| resource(template, group));
            let path = "LoggingConfig.LogGroup";
            let what = match group {
                None => "no log group of this template".to_owned(),
                Some(group) if property(group, "RetentionInDays").is_none() => {
                    format!("{} never expires its events", group.id)
                }
                Some(_) => continue,
            };
            diagnostics.push(LOG_RETENTION.at(
                template,
                function,
                path,
                what,
                "a log group with RetentionInDays".to_owned(),
            ));
        }
    },
};

pub(super) const SECRET_IN_ENVIRONMENT: Rule = Rule {
    id: "function-secret-in-environment",
    refuses: "a secret in an environment variable, literal or resolved while deploying",
    example: "DB_PASSWORD: \"{{resolve:secretsmanager:..}}\": whoever may read the function may read it",
    fix: "pass the secret's ARN and read it in the function",
    refused: examples::secret_in_environment,
    check: |stage, diagnostics| {
        for (template, function) in of_type(stage.templates, FUNCTION) {
            let variables = property(function, "Environment.Variables").and_then(Json::as_object);
            for (name, value) in variables.into_iter().flatten() {
                let what = if resolves(value) {
                    "a resolved secret".to_owned()
                } else if names_a_secret(name) && !refers_to_a_secrets_arn(template, value) {
                    shown_unless_literal(value)
                } else {
                    continue;
                };
                let path = format!("Environment.Variables.{name}");
                let allowed = "the ARN of a secret".to_owned();
                diagnostics.push(SECRET_IN_ENVIRONMENT.at(template, function, &path, what, allowed));
            }
        }
    },
};

pub(super) const ENVIRONMENT_WITHOUT_GRANT: Rule = Rule {
    id: "function-environment-without-grant",
    refuses: "a function whose environment names a queue, topic, table, bucket or secret that its role may not access",
    example: "SQS_OUTPUT_URL refers to a queue that no statement of the role names",
    fix: "grant it (grant_send_messages, grant_publish, grant_read, grant_read_data, grant_put), or leave the variable out",
    refused: examples::environment_without_grant,
    check: |stage, diagnostics| {
        for (template, function) in of_type(stage.templates, FUNCTION) {
            let statements = allowed_to(template, function);
            let granted = |id: &str| {
                let resources =
                    statements.iter().filter_map(|statement| field(statement, "Resource")).flat_map(one_or_many);
                resources.filter_map(granted_resource).any(|granted| granted == id)
            };
            let variables = property(function, "Environment.Variables").and_then(Json::as_object);
            for (name, value) in variables.into_iter().flatten() {
                let Some(id) = referred(value).filter(|id| needs_grant(template, id)) else { continue };
                if !granted(id) {
                    let path = format!("Environment.Variables.{name}");
                    let what = format!("refers to {id}, on which the role has no permission");
                    let allowed = "what the role may use".to_owned();
                    diagnostics.push(ENVIRONMENT_WITHOUT_GRANT.at(template, function, &path, what, allowed));
                }
            }
        }
    },
};

pub(super) const INVOKE_SOURCE: Rule = Rule {
    id: "permission-without-source",
    refuses: "a permission for a service without SourceArn or SourceAccount",
    example: "AWS::Lambda::Permission for apigateway.amazonaws.com without SourceArn: an API of another account may invoke it",
    fix: "write SourceArn, or SourceAccount where the service knows no other",
    refused: examples::invoke_source,
    check: |stage, diagnostics| {
        for (template, permission) in of_type(stage.templates, "AWS::Lambda::Permission") {
            let service = property(permission, "Principal").and_then(Json::as_str).filter(|text| text.contains('.'));
            let source = ["SourceArn", "SourceAccount"].iter().find_map(|name| property(permission, name));
            if let (Some(service), None) = (service, source) {
                let allowed = "the ARN or the account on whose behalf it acts".to_owned();
                let what = format!("nothing beside {service}");
                diagnostics.push(INVOKE_SOURCE.at(template, permission, "SourceArn", what, allowed));
            }
        }
    },
};

pub(super) const RECURSIVE_LOOP: Rule = Rule {
    id: "function-recursive-loop",
    refuses: "a function that may send to the queue which invokes it, while Lambda stops such loops",
    example: "sqs:SendMessage on the queue of its own mapping without RecursiveLoop Allow: Lambda drops what is sent about the 16th time",
    fix: "grant it with RustFunction::hand_on_to, send with function_runtime's Queue::hand_on, which has a limit; or send to another queue",
    refused: examples::recursive_loop,
    check: |stage, diagnostics| {
        for (template, mapping) in of_type(stage.templates, "AWS::Lambda::EventSourceMapping") {
            let (Some(queue), Some(function)) = ends(template, mapping) else { continue };
            let sends = allowed_to(template, function).into_iter().any(|statement| {
                let all = |key| field(statement, key).map(one_or_many).unwrap_or_default();
                all("Action").iter().any(|action| action.as_str() == Some("sqs:SendMessage"))
                    && all("Resource").iter().filter_map(granted_resource).any(|id| id == queue.id.as_str())
            });
            let is_allowed = property(function, "RecursiveLoop").and_then(Json::as_str) == Some("Allow");
            if sends && !is_allowed {
                let what = format!("it may send to {}, which invokes it", queue.id);
                let allowed = "Allow, for a function whose messages carry a limit".to_owned();
                diagnostics.push(RECURSIVE_LOOP.at(template, function, "RecursiveLoop", what, allowed));
            }
        }
    },
};

/// The Allow statements of a function's role.
fn allowed_to<'a>(template: &'a Template, function: &'a ResourceEntry) -> Vec<&'a Json> {
    let role = property(function, "Role").and_then(|role| resource(template, role));
    role.map(allowed_by_role).unwrap_or_default()
}

/// The logical id that a statement's resource refers to: itself, or what is in it (`${Bucket.Arn}/*`, `${Table.Arn}/index/open`).
fn granted_resource(resource: &Json) -> Option<&str> {
    referred(resource).or_else(|| match resource.as_intrinsic()? {
        Intrinsic::Sub(text, values) if values.is_empty() => {
            text.strip_prefix("${")?.split_once(".Arn}/").map(|(id, _)| id)
        }
        _ => None,
    })
}

/// Queues, topics, tables, buckets and secrets of the template, and those of other stacks, which are parameters named after their ARN.
fn needs_grant(template: &Template, id: &str) -> bool {
    const TYPES: [&str; 5] = [
        "AWS::SQS::Queue",
        "AWS::SNS::Topic",
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    ];
    match template.resources().iter().find(|entry| entry.id.as_str() == id) {
        Some(ResourceEntry { parts, .. }) => TYPES.contains(&parts.resource_type.as_ref()),
        None => id.ends_with("Arn"),
    }
}

fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_WORDS.iter().any(|word| name.contains(word)) && !POINTERS.iter().any(|ending| name.ends_with(ending))
}

fn refers_to_a_secrets_arn(template: &Template, value: &Json) -> bool {
    resource(template, value).is_some_and(|entry| entry.parts.resource_type == "AWS::SecretsManager::Secret")
}

fn resolves(value: &Json) -> bool {
    let is_reference =
        |text: &str| text.contains("{{resolve:secretsmanager:") || text.contains("{{resolve:ssm-secure:");
    match value {
        Json::String(text) | Json::Custom(text) => is_reference(text),
        Json::List(items) => items.iter().any(resolves),
        Json::Object(entries) => entries.iter().any(|(_, value)| resolves(value)),
        Json::Intrinsic(intrinsic) => match intrinsic.as_ref() {
            Intrinsic::Sub(text, values) => is_reference(text) || values.iter().any(|(_, value)| resolves(value)),
            Intrinsic::Join(_, items) => resolves(items),
            Intrinsic::If(_, then, otherwise) => resolves(then) || resolves(otherwise),
            _ => false,
        },
        _ => false,
    }
}

/// A diagnostic never repeats a possible secret.
fn shown_unless_literal(value: &Json) -> String {
    if value.as_intrinsic().is_some() { shown(value) } else { "a literal".to_owned() }
}
