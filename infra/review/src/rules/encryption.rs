//! Encryption at rest and in transit: keys, switches and protocols by their names on any type, TLS policies by their version.

use template::Node;

use super::permissions::of_change;
use super::values::{Leaf, Weaker, sunken, texts, weakened};
use super::{Context, Rule, rule};
use crate::change::{Action, Finding};

pub(super) const RULES: &[Rule] = &[
    rule(
        "encryption/at-rest-off",
        "data is no longer encrypted at rest, or with a weaker method",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {SqsManagedSseEnabled: true}}}",
        "{Example: {Type: 'AWS::SQS::Queue', Properties: {SqsManagedSseEnabled: false}}}",
        at_rest,
    ),
    rule(
        "encryption/key-removed",
        "a key of the customer's own is no longer used",
        "{Example: {Type: 'AWS::SNS::Topic', Properties: {KmsMasterKeyId: k}}}",
        "{Example: {Type: 'AWS::SNS::Topic', Properties: {TopicName: t}}}",
        key_removed,
    ),
    rule(
        "encryption/key-rotation",
        "a key is no longer rotated",
        "{Example: {Type: 'AWS::KMS::Key', Properties: {EnableKeyRotation: true}}}",
        "{Example: {Type: 'AWS::KMS::Key', Properties: {EnableKeyRotation: false}}}",
        key_rotation,
    ),
    rule(
        "encryption/older-tls",
        "older versions of TLS are accepted",
        "{Example: {Type: 'AWS::ApiGateway::DomainName', Properties: {SecurityPolicy: TLS_1_2}}}",
        "{Example: {Type: 'AWS::ApiGateway::DomainName', Properties: {SecurityPolicy: TLS_1_0}}}",
        older_tls,
    ),
    rule(
        "encryption/plain-protocol",
        "traffic that was encrypted goes over a plain protocol",
        "{Example: {Type: 'AWS::SNS::Subscription', Properties: {Protocol: https}}}",
        "{Example: {Type: 'AWS::SNS::Subscription', Properties: {Protocol: http}}}",
        plain_protocol,
    ),
    rule(
        "encryption/transport-not-denied",
        "requests without TLS are no longer denied",
        "{Example: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: b, PolicyDocument: {Statement: [{Effect: Deny, Principal: '*', Action: 's3:*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': false}}}, {Effect: Deny, Principal: '*', Action: 's3:DeleteBucket', Resource: '*'}]}}}}",
        "{Example: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: b, PolicyDocument: {Statement: [{Effect: Deny, Principal: '*', Action: 's3:DeleteBucket', Resource: '*'}]}}}}",
        transport_not_denied,
    ),
    rule(
        "encryption/transport-optional",
        "a connection without TLS is accepted",
        "{Example: {Type: 'AWS::RDS::DBParameterGroup', Properties: {Family: postgres16, Parameters: {rds.force_ssl: '1'}}}}",
        "{Example: {Type: 'AWS::RDS::DBParameterGroup', Properties: {Family: postgres16, Parameters: {rds.force_ssl: '0'}}}}",
        transport_optional,
    ),
];

fn push(context: &Context<'_>, findings: &mut Vec<Finding>, weaker: Vec<Weaker>, says: &str) {
    // The values inside a block repeat the finding.
    let mut told: Vec<String> = Vec::new();
    for each in weaker {
        if told.iter().any(|path| each.path.starts_with(path.as_str())) {
            continue;
        }
        findings.push(context.danger(&each.path, format!("{says}: {} {}", each.path, each.shift())));
        told.push(each.path);
    }
}

/// 1: on, 0: off; `None` if only CloudFormation knows.
fn switch(value: Option<&Node>) -> Option<i32> {
    value.map_or(Some(0), |value| value.as_bool().map(i32::from))
}

/// Switches of encryption at rest.
const SWITCHES: &[&str] = &[
    "Encrypted",
    "StorageEncrypted",
    "SqsManagedSseEnabled",
    "AtRestEncryptionEnabled",
    "SSEEnabled",
    "EncryptionEnabled",
    "EbsEncryptionByDefault",
    "CacheDataEncrypted",
    "RootVolumeEncryptionEnabled",
    "UserVolumeEncryptionEnabled",
    "StorageEncryptionEnabled",
];

/// Blocks that configure encryption.
const BLOCKS: &[&str] = &[
    "SSESpecification",
    "BucketEncryption",
    "EncryptionConfiguration",
    "EncryptionConfig",
    "EncryptionSpecification",
    "ServerSideEncryptionConfiguration",
    "ServerSideEncryptionByDefault",
    "StreamEncryption",
    "EncryptionAtRestOptions",
    "EncryptionAtRest",
    "DeliveryStreamEncryptionConfigurationInput",
    "ServerSideEncryptionSpecification",
    "SseSpecification",
    "DataEncryptionConfiguration",
];

fn at_rest(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const SAYS: &str = "encryption at rest is weakened";
    let weaker = sunken(context, |key, value| match key {
        // AWS encrypts a queue by default.
        "SqsManagedSseEnabled" if value.is_none() => Some(1),
        _ if SWITCHES.contains(&key) => switch(value),
        "Enabled" => None,
        _ if BLOCKS.contains(&key) => Some(i32::from(value.is_some_and(|value| !value.items().is_empty()))),
        "SSEAlgorithm" | "EncryptionType" | "EncryptionMode" | "SseType" | "S3EncryptionMode" => method(value),
        "Type" if context.is_type("AWS::SSM::Parameter") => {
            value.and_then(Node::as_str).map(|kind| i32::from(kind == "SecureString"))
        }
        _ => None,
    });
    push(context, findings, weaker, SAYS);
    for path in ["EncryptionAtRestOptions.Enabled", "StreamSpecification.Encryption.Enabled"] {
        let is_off = |value: Option<&Node>| value.is_some_and(|value| value.as_bool() == Some(false));
        if let Some(weaker) = weakened(context, path, is_off) {
            push(context, findings, vec![weaker], SAYS);
        }
    }
    if context.old.is_none() {
        let off = |leaf: &Leaf<'_>| {
            SWITCHES.contains(&leaf.key)
                && leaf.key != "SSEEnabled"
                && leaf.value.and_then(Node::as_bool) == Some(false)
        };
        if let Some(leaf) = context.leaves.after().iter().find(|leaf| off(leaf)) {
            let reason = format!("what is in there is not encrypted at rest: {} is false", leaf.path);
            findings.push(context.danger(&leaf.path, reason));
        }
    }
}

fn method(value: Option<&Node>) -> Option<i32> {
    let Some(value) = value else { return Some(0) };
    match value.as_str()?.to_ascii_lowercase().as_str() {
        "aws:kms:dsse" => Some(4),
        "aws:kms" | "kms" | "sse-kms" | "sse_kms" | "aws_kms" | "customer_managed_kms_key" | "cse-kms" => Some(3),
        "aes256" | "aes-256" | "sse-s3" | "aws_owned_kms_key" | "aws_owned_key" => Some(2),
        "none" | "disabled" => Some(0),
        _ => None,
    }
}

fn names_a_key(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    // The name of a property, not of a function's variable.
    if key.contains('_') {
        return false;
    }
    lower.contains("kms")
        && (lower.ends_with("keyid")
            || lower.ends_with("keyarn")
            || lower.ends_with("key")
            || lower.ends_with("keyidentifier"))
        || matches!(
            lower.as_str(),
            "encryptionkey"
                | "encryptionkeyarn"
                | "customerencryptionkeyarn"
                | "encryptionkeyid"
                | "customermanagedkey"
        )
}

fn key_removed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let weaker = sunken(context, |key, value| {
        if !names_a_key(key) {
            return None;
        }
        let Some(value) = value else { return Some(0) };
        match value.as_str() {
            Some("") => Some(0),
            Some(alias) if alias.starts_with("alias/aws/") => Some(1),
            _ => Some(2),
        }
    });
    push(context, findings, weaker, "a key of your own is no longer used");
}

fn key_rotation(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let weaker = sunken(context, |key, value| (key == "EnableKeyRotation").then(|| switch(value)).flatten());
    push(context, findings, weaker, "the key is no longer rotated");
    if context.is_type("AWS::SecretsManager::RotationSchedule") && context.change.action == Action::Remove {
        let target = texts(context.old, "SecretId").join(", ");
        let id = crate::policy::text::referred(&target).unwrap_or(&target).to_owned();
        if !context.evidence.is_gone(&id) && context.change.renamed_to.is_none() {
            findings.push(context.danger("", format!("{id} is no longer rotated")));
        }
    }
}

const POLICIES: &[&str] = &[
    "SslPolicy",
    "SecurityPolicy",
    "MinimumProtocolVersion",
    "TLSSecurityPolicy",
    "MinProtocolVersion",
    "SecurityPolicyName",
];

fn older_tls(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let weaker = sunken(context, |key, value| {
        if !POLICIES.contains(&key) {
            return None;
        }
        value.map_or(Some(1000), |value| value.as_str().and_then(version))
    });
    push(context, findings, weaker, "older versions of TLS are accepted");
    if context.old.is_none() {
        let old = |leaf: &Leaf<'_>| {
            let given = leaf.value.and_then(Node::as_str).filter(|_| POLICIES.contains(&leaf.key));
            given.and_then(version).is_some_and(|version| version < 1200)
        };
        if let Some(leaf) = context.leaves.after().iter().find(|leaf| old(leaf)) {
            let reason = format!(
                "TLS older than 1.2 is accepted: {} is {}",
                leaf.path,
                leaf.value.map(Node::render).unwrap_or_default()
            );
            findings.push(context.danger(&leaf.path, reason));
        }
    }
}

/// The oldest TLS that a policy accepts, as 1200 for 1.2, newer editions of the same slightly more.
/// From the services' tables: `TLS_1_2`, `TLSv1.2_2021`, `ELBSecurityPolicy-TLS13-1-2-2021-06`, `Policy-Min-TLS-1-2-2019-07`.
fn version(policy: &str) -> Option<i32> {
    let lower = policy.to_ascii_lowercase().replace("tls13", "tls").replace(['_', '.', '-'], "-");
    if lower.starts_with("ssl") {
        return Some(300);
    }
    let edition = lower.split('-').filter_map(|part| part.parse::<i32>().ok()).find(|year| (2010..2100).contains(year));
    let edition = edition.map_or(0, |year| (year - 2010).min(99));
    let start = lower.find("tls").map(|at| at + 3).or_else(|| lower.find("-fs").map(|at| at + 3));
    let Some(start) = start else {
        return lower.starts_with("elbsecuritypolicy").then_some(1000 + edition);
    };
    let rest = lower[start..].trim_start_matches(['v', '-']);
    let minor = rest.strip_prefix("1-").and_then(|rest| rest.chars().next()).and_then(|digit| digit.to_digit(10));
    // TLSv1_2016 is 1.0 in its edition of 2016.
    let minor = minor.filter(|_| !rest.strip_prefix("1-").is_some_and(|rest| rest.starts_with("20"))).unwrap_or(0);
    Some(1000 + i32::try_from(minor).unwrap_or(0) * 100 + edition)
}

fn plain_protocol(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let weaker = sunken(context, |key, value| {
        let text = value?.as_str()?;
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("https://") || lower.starts_with("http://") {
            return Some(i32::from(lower.starts_with("https://")));
        }
        match key {
            "Protocol" | "BackendProtocol" | "InstanceProtocol" | "HealthCheckProtocol" | "ProtocolType" => {
                match lower.as_str() {
                    "https" | "tls" | "ssl" => Some(1),
                    "http" | "tcp" => Some(0),
                    _ => None,
                }
            }
            "ViewerProtocolPolicy" => Some(i32::from(lower != "allow-all")),
            "OriginProtocolPolicy" => Some(i32::from(lower == "https-only")),
            _ => None,
        }
    });
    push(context, findings, weaker, "traffic that was encrypted is not any more");
}

fn transport_not_denied(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const TLS: &[&str] = &["aws:securetransport", "s3:tlsversion"];
    for each in of_change(context) {
        let about_tls = TLS.iter().any(|key| each.conditions.values(key).next().is_some());
        if !each.allow && !each.added && about_tls && !context.evidence.is_gone(each.subject.id()) {
            let reason = format!("requests to {} without TLS are no longer denied", each.subject.id());
            findings.push(context.danger(&each.path, reason));
        }
    }
}

/// Parameters of database engines that reject connections without TLS.
const FORCED: &[&str] = &["rds.force_ssl", "require_secure_transport", "require_ssl", "ssl", "tls"];

fn transport_optional(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const SAYS: &str = "connections without TLS are accepted";
    let strength = |key: &str, value: Option<&Node>| match key {
        "TransitEncryptionEnabled" | "EnforceHTTPS" | "RequireTLS" | "InCluster" | "TLSEnabled" | "RequireSSL" => {
            switch(value)
        }
        "TransitEncryptionMode" => Some(i32::from(value.and_then(Node::as_str) != Some("preferred"))),
        "TransitEncryption" => Some(i32::from(value.is_some_and(|value| value.as_str() != Some("DISABLED")))),
        "ClientBroker" => match value.and_then(Node::as_str) {
            Some("TLS") | None => Some(2),
            Some("TLS_PLAINTEXT") => Some(1),
            _ => Some(0),
        },
        "NodeToNodeEncryptionOptions" => {
            Some(i32::from(value.and_then(|value| value.get("Enabled")).and_then(Node::as_bool) == Some(true)))
        }
        _ if FORCED.contains(&key) && context.resource_type().contains("ParameterGroup") => {
            let Some(value) = value else { return Some(0) };
            let text = value.text()?.to_ascii_lowercase();
            Some(i32::from(matches!(
                text.as_str(),
                "1" | "on" | "true" | "enabled" | "tls1.2+" | "tls1.3+" | "fips-140-3"
            )))
        }
        _ => None,
    };
    push(context, findings, sunken(context, strength), SAYS);
    if context.old.is_none() {
        let off = |leaf: &Leaf<'_>| FORCED.contains(&leaf.key) && strength(leaf.key, leaf.value) == Some(0);
        if let Some(leaf) = context.leaves.after().iter().find(|leaf| off(leaf)) {
            let reason = format!("{SAYS}: {} is off", leaf.path);
            findings.push(context.danger(&leaf.path, reason));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_tls_are_ordered_by_what_they_accept() {
        for (newer, older) in [
            ("TLS_1_2", "TLS_1_0"),
            ("TLSv1.2_2021", "TLSv1.2_2019"),
            ("TLSv1.2_2018", "TLSv1.1_2016"),
            ("TLSv1.1_2016", "TLSv1_2016"),
            ("TLSv1_2016", "SSLv3"),
            ("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08"),
            ("ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
            ("ELBSecurityPolicy-FS-1-2-2019-08", "ELBSecurityPolicy-TLS-1-1-2017-01"),
            ("Policy-Min-TLS-1-2-2019-07", "Policy-Min-TLS-1-0-2019-07"),
        ] {
            assert!(version(newer) > version(older), "{newer} {:?} {older} {:?}", version(newer), version(older));
        }
    }
}
