//! From a bucket over a topic to what works on its events: each link that goes stops all that comes after it, and nothing says so at run time.

use template::{Node, Resource, Template};

use super::{Context, push};
use crate::change::{Action, Finding};
use crate::policy::pattern::Pattern;
use crate::policy::statement::{self, Item, Member, Set, Statement};
use crate::policy::text::{Guards, referred, text};
use crate::rules::values::{possible, texts, weakened};

/// Services whose permission is the only way for their events.
const SENDERS: [&str; 2] = ["s3.amazonaws.com", "sns.amazonaws.com"];

pub(super) fn stopped(context: &Context<'_>, findings: &mut Vec<Finding>) {
    match context.resource_type() {
        "AWS::SNS::Subscription" => subscription(context, findings),
        "AWS::S3::Bucket" => notifications(context, findings),
        "AWS::SQS::QueuePolicy" => policy(context, findings, "Queues"),
        "AWS::SNS::TopicPolicy" => policy(context, findings, "Topics"),
        "AWS::Lambda::Permission" => permission(context, findings),
        _ => {}
    }
}

fn is_gone(context: &Context<'_>, text: &str) -> bool {
    referred(text).is_some_and(|id| context.evidence.is_gone(id))
}

/// Removed, while the rest of its stack stays.
fn is_removed(context: &Context<'_>) -> bool {
    context.change.action == Action::Remove && context.after.is_some()
}

fn subscription(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (topics, endpoints) = (texts(context.old, "TopicArn"), texts(context.old, "Endpoint"));
    if is_removed(context) {
        let replaced = context.after.is_some_and(|after| {
            let same =
                |each: &Resource| texts(Some(each), "TopicArn") == topics && texts(Some(each), "Endpoint") == endpoints;
            after.resources().iter().any(|each| each.resource_type == "AWS::SNS::Subscription" && same(each))
        });
        let goes_with_an_end = topics.iter().chain(&endpoints).any(|text| is_gone(context, text));
        if !replaced && !goes_with_an_end {
            let reason = format!("nothing goes from {} to {} any more", topics.join(", "), endpoints.join(", "));
            findings.push(context.danger("", reason));
        }
        return;
    }
    let is_filtered = |value: Option<&Node>| value.is_some_and(|value| !value.entries().is_empty());
    let weaker = weakened(context, "FilterPolicy", is_filtered);
    push(context, findings, weaker, "what the filter does not match is no longer delivered");
}

/// What a bucket tells to whom.
struct Notification {
    event: String,
    target: String,
    is_filtered: bool,
}

/// The lists of a notification configuration, with the key of their targets.
const LISTS: [(&str, &str); 3] =
    [("TopicConfigurations", "Topic"), ("QueueConfigurations", "Queue"), ("LambdaConfigurations", "Function")];

fn told(bucket: Option<&Resource>) -> Vec<Notification> {
    let mut told = Vec::new();
    for (list, key) in LISTS {
        let values = possible(bucket, &format!("NotificationConfiguration.{list}"));
        for entry in values.into_iter().filter_map(|each| each.value).flat_map(Node::items) {
            let of = |key: &str| entry.get(key).map(|value| text(&value.to_json())).unwrap_or_default();
            told.push(Notification { event: of("Event"), target: of(key), is_filtered: entry.get("Filter").is_some() });
        }
    }
    told
}

/// `s3:ObjectCreated:*` includes `s3:ObjectCreated:Put`.
fn includes(wide: &str, narrow: &str) -> bool {
    wide == narrow || wide.strip_suffix('*').is_some_and(|stem| narrow.starts_with(stem))
}

fn notifications(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const PATH: &str = "NotificationConfiguration";
    if !context.is_modified() {
        return;
    }
    let (before, after) = (told(context.old), told(context.new));
    for Notification { event, target, is_filtered } in before.iter().filter(|each| !is_gone(context, &each.target)) {
        let same: Vec<_> = after.iter().filter(|each| each.target == *target && includes(&each.event, event)).collect();
        if same.is_empty() {
            findings.push(context.danger(PATH, format!("{event} is not told to {target} any more")));
        } else if !is_filtered && same.iter().all(|each| each.is_filtered) {
            let reason = format!("{event} is told to {target} only where its new filter matches the key");
            findings.push(context.danger(PATH, reason));
        }
    }
}

/// The services of [`SENDERS`] that any statement of a policy on these queues or topics lets send.
fn senders(template: Option<&Template>, kind: &str, list: &str, targets: &[String]) -> Vec<&'static str> {
    let sending = Pattern::folded(if list == "Queues" { "sqs:SendMessage" } else { "sns:Publish" });
    let policies = template.map(Template::resources).unwrap_or_default().iter();
    let policies = policies.filter(|each| {
        each.resource_type == kind && texts(Some(each), list).iter().any(|target| targets.contains(target))
    });
    let allowing: Vec<Statement> = policies
        .filter_map(|policy| policy.properties.get("PolicyDocument"))
        .flat_map(|document| statement::statements(&document.to_json(), "", &Guards::new(), "*"))
        .filter(|statement| statement.allow && has(&statement.actions, &sending, Pattern::covers))
        .collect();
    let is_allowed = |sender: &&str| {
        let sender = statement::principal(sender);
        allowing.iter().any(|statement| has(&statement.principals, &sender, statement::principal_covers))
    };
    SENDERS.into_iter().filter(is_allowed).collect()
}

fn has(set: &Set, wanted: &Pattern, covers: fn(&Pattern, &Pattern) -> bool) -> bool {
    let wanted = Item { pattern: wanted.clone(), guards: Guards::new() };
    set.members().iter().any(|member| member.covers(&Member::Is(&wanted), covers))
}

fn policy(context: &Context<'_>, findings: &mut Vec<Finding>, list: &str) {
    let targets = texts(context.old, list);
    let stay: Vec<String> = targets.into_iter().filter(|target| !is_gone(context, target)).collect();
    if stay.is_empty() || context.old.is_none() || context.after.is_none() {
        return;
    }
    let allowed = |template| senders(template, context.resource_type(), list, &stay);
    let (before, after) = (allowed(context.before), allowed(context.after));
    for sender in before.into_iter().filter(|sender| !after.contains(sender)) {
        let reason = format!("{sender} may no longer send to {}: what it has to deliver is lost", stay.join(", "));
        findings.push(context.danger("PolicyDocument", reason));
    }
}

fn permission(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let principals = texts(context.old, "Principal");
    let Some(sender) = SENDERS.into_iter().find(|sender| principals.iter().any(|principal| principal == sender)) else {
        return;
    };
    if !is_removed(context) {
        return;
    }
    let (functions, sources) = (texts(context.old, "FunctionName"), texts(context.old, "SourceArn"));
    let replaced = context.after.is_some_and(|after| {
        let same = |each: &Resource| {
            texts(Some(each), "FunctionName") == functions
                && texts(Some(each), "Principal") == principals
                && (texts(Some(each), "SourceArn") == sources || texts(Some(each), "SourceArn").is_empty())
        };
        after.resources().iter().any(|each| each.resource_type == "AWS::Lambda::Permission" && same(each))
    });
    let goes_with_an_end = functions.iter().chain(&sources).any(|text| is_gone(context, text));
    if !replaced && !goes_with_an_end {
        findings.push(context.danger("", format!("{sender} may no longer invoke {}", functions.join(", "))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_includes_the_events_below_it() {
        assert!(includes("s3:ObjectCreated:*", "s3:ObjectCreated:Put"));
        assert!(includes("s3:ObjectCreated:Put", "s3:ObjectCreated:Put"));
        assert!(!includes("s3:ObjectCreated:Put", "s3:ObjectCreated:*"));
        assert!(!includes("s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"));
    }
}
