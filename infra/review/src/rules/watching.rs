//! Monitoring and protective layers: audit trails, web application firewalls, locks on stored objects, instance metadata.

use template::Node;

use super::values::{Leaf, sunken, weakened};
use super::{Context, Rule, rule};
use crate::change::{Action, Finding};

const OTHER: &str = "{Other: {Type: 'AWS::SNS::Topic'}}";

pub(super) const RULES: &[Rule] = &[
    rule(
        "reliability/audit-off",
        "what records or watches the account or its network is off or gone",
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::CloudTrail::Trail', Properties: {IsLogging: true, S3BucketName: b}}}",
        OTHER,
        audit_off,
    ),
    rule(
        "reliability/key-disabled",
        "a KMS key is disabled: whatever it encrypts cannot be read",
        "{Example: {Type: 'AWS::KMS::Key', Properties: {Enabled: true}}}",
        "{Example: {Type: 'AWS::KMS::Key', Properties: {Enabled: false}}}",
        key_disabled,
    ),
    rule(
        "exposure/firewall-weakened",
        "a web application firewall lets through what it kept out",
        "{Example: {Type: 'AWS::WAFv2::WebACL', Properties: {Scope: REGIONAL, DefaultAction: {Block: {}}}}}",
        "{Example: {Type: 'AWS::WAFv2::WebACL', Properties: {Scope: REGIONAL, DefaultAction: {Allow: {}}}}}",
        firewall_weakened,
    ),
    rule(
        "exposure/machine-metadata",
        "a machine's credentials can be fetched without a session token",
        "{Example: {Type: 'AWS::EC2::LaunchTemplate', Properties: {LaunchTemplateData: {MetadataOptions: {HttpTokens: required}}}}}",
        "{Example: {Type: 'AWS::EC2::LaunchTemplate', Properties: {LaunchTemplateData: {MetadataOptions: {HttpTokens: optional}}}}}",
        machine_metadata,
    ),
    rule(
        "data-loss/lock-weakened",
        "stored objects or backups can be deleted that were locked",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {ObjectLockConfiguration: {ObjectLockEnabled: Enabled, Rule: {DefaultRetention: {Mode: COMPLIANCE, Days: 30}}}}}}",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {ObjectLockConfiguration: {ObjectLockEnabled: Enabled}}}}",
        lock_weakened,
    ),
    rule(
        "encryption/secret-written-out",
        "a password or token stands in the template",
        "{Example: {Type: 'AWS::RDS::DBInstance', Properties: {MasterUserPassword: '{{resolve:secretsmanager:s}}'}}}",
        "{Example: {Type: 'AWS::RDS::DBInstance', Properties: {MasterUserPassword: 'a-good-password'}}}",
        secret_written_out,
    ),
];

/// Type, and the switch that keeps it on.
const AUDITS: &[(&str, &str)] = &[
    ("AWS::AccessAnalyzer::Analyzer", ""),
    ("AWS::CloudTrail::Trail", "IsLogging"),
    ("AWS::Config::ConfigRule", ""),
    ("AWS::Config::ConfigurationRecorder", ""),
    ("AWS::EC2::FlowLog", ""),
    ("AWS::GuardDuty::Detector", "Enable"),
    ("AWS::Macie::Session", ""),
    ("AWS::SecurityHub::Hub", ""),
];

fn audit_off(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let switches: Vec<&str> =
        AUDITS.iter().filter(|(kind, _)| context.is_type(kind)).map(|(_, switch)| *switch).collect();
    if !switches.is_empty() && context.change.action == Action::Remove && context.change.renamed_to.is_none() {
        let reason = format!("nothing is recorded by it any more: {} is removed", context.resource_type());
        findings.push(context.danger("", reason));
    }
    let is_off = |value: Option<&Node>| value.and_then(Node::as_bool) == Some(false);
    for switch in switches.into_iter().filter(|switch| !switch.is_empty() && context.is_modified()) {
        if let Some(weaker) = weakened(context, switch, is_off) {
            let reason = format!("nothing is recorded by it any more: {switch} {}", weaker.shift());
            findings.push(context.danger(switch, reason));
        }
    }
    // Without it nobody can tell whether the records were tampered with.
    let is_off = |value: Option<&Node>| value.is_none_or(|value| value.as_bool() == Some(false));
    let weaker = weakened(context, "EnableLogFileValidation", is_off);
    if let Some(weaker) = weaker.filter(|_| context.is_type("AWS::CloudTrail::Trail") && context.is_modified()) {
        let reason = format!("what it records can be altered unseen: EnableLogFileValidation {}", weaker.shift());
        findings.push(context.danger("EnableLogFileValidation", reason));
    }
}

fn key_disabled(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_off = |value: Option<&Node>| value.and_then(Node::as_bool) == Some(false);
    let is_key = matches!(context.resource_type(), "AWS::KMS::Key" | "AWS::KMS::ReplicaKey");
    if let Some(weaker) = weakened(context, "Enabled", is_off).filter(|_| is_key && context.is_modified()) {
        let reason = format!("what it encrypts cannot be read: Enabled {}", weaker.shift());
        findings.push(context.danger("Enabled", reason));
    }
}

fn firewall_weakened(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !matches!(context.resource_type(), "AWS::WAFv2::WebACL" | "AWS::WAFv2::RuleGroup") || !context.is_modified() {
        return;
    }
    let strength = |node: &Node| match node.entries().first().map(|entry| entry.key.as_str()) {
        Some("Block" | "None") => Some(2),
        Some("Captcha" | "Challenge") => Some(1),
        Some("Allow" | "Count") => Some(0),
        _ => None,
    };
    let weaker = sunken(context, |key, value| match key {
        "DefaultAction" | "Action" | "OverrideAction" => strength(value?),
        _ => None,
    });
    for each in weaker {
        findings.push(
            context.danger(&each.path, format!("the firewall lets more through: {} {}", each.path, each.shift())),
        );
    }
    let names = |leaves: &[Leaf<'_>]| -> Vec<String> {
        let is_name = |leaf: &&Leaf<'_>| {
            leaf.key == "Name" && leaf.path.strip_prefix("Rules[").is_some_and(|rest| rest.ends_with("].Name"))
        };
        let found = leaves.iter().filter(is_name);
        found.filter_map(|leaf| leaf.value?.text().map(std::borrow::Cow::into_owned)).collect()
    };
    let now = names(context.leaves.after());
    for gone in names(context.leaves.before()).into_iter().filter(|name| !now.contains(name)) {
        findings.push(context.danger("Rules", format!("the firewall's rule {gone} is gone")));
    }
}

fn machine_metadata(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let weaker = sunken(context, |key, value| {
        let is_required = value.and_then(Node::as_str).is_some_and(|text| text.eq_ignore_ascii_case("required"));
        (key == "HttpTokens").then_some(i32::from(is_required))
    });
    for each in weaker {
        let reason = format!("any request from the machine fetches its credentials: {} {}", each.path, each.shift());
        findings.push(context.danger(each.path, reason));
    }
}

fn lock_weakened(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_modified() || !matches!(context.resource_type(), "AWS::S3::Bucket" | "AWS::Backup::BackupVault") {
        return;
    }
    let weaker = sunken(context, |key, value| match key {
        "Mode" => Some(match value.and_then(Node::as_str) {
            Some("COMPLIANCE") => 2,
            Some("GOVERNANCE") => 1,
            _ => 0,
        }),
        #[expect(clippy::cast_possible_truncation, reason = "days and years of a retention are small")]
        "Days" | "Years" | "MinRetentionDays" => Some(value.map_or(0, |value| value.as_f64().unwrap_or(0.0) as i32)),
        "ObjectLockConfiguration" | "LockConfiguration" | "DefaultRetention" | "Rule" => {
            Some(i32::from(value.is_some()))
        }
        _ => None,
    });
    let is_lock = |path: &str| path.starts_with("ObjectLockConfiguration") || path.starts_with("LockConfiguration");
    if let Some(each) = weaker.into_iter().find(|each| is_lock(&each.path)) {
        findings.push(
            context.danger(&each.path, format!("what was locked can be deleted: {} {}", each.path, each.shift())),
        );
    }
}

fn secret_written_out(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_secret = |leaf: &&Leaf<'_>| {
        let lower = leaf.key.to_ascii_lowercase();
        (lower.ends_with("password")
            || ["secretstring", "authtoken", "oauthtoken", "accesstoken", "clientsecret"].contains(&lower.as_str()))
            && leaf.value.and_then(Node::as_str).is_some_and(|text| !text.is_empty() && !text.contains("{{resolve:"))
            && crate::compare::facts_at(context.resource_type(), &leaf.path).1
    };
    let before: Vec<&String> = context.leaves.before().iter().filter(is_secret).map(|leaf| &leaf.path).collect();
    for leaf in context.leaves.after().iter().filter(is_secret).filter(|leaf| !before.contains(&&leaf.path)) {
        let reason = format!("{} is written out: whoever reads the template knows it", leaf.path);
        findings.push(context.danger(&leaf.path, reason));
    }
}
