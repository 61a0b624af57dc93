//! Rules about database clusters: what RDS does by itself, behind the template's back.

use cfn::{Intrinsic, Json, ResourceEntry, Template};

use super::read::{of_type, property, resource};
use super::{Rule, examples};

const CLUSTER: &str = "AWS::RDS::DBCluster";
const INSTANCE: &str = "AWS::RDS::DBInstance";

pub(super) const ENGINE_VERSION: Rule = Rule {
    id: "database-engine-version",
    refuses: "a cluster with a minor version in its template, although RDS installs minor versions by itself",
    example: "EngineVersion 17.4, and no instance with AutoMinorVersionUpgrade false: RDS never goes back to it",
    fix: "name the major version alone; or set AutoMinorVersionUpgrade to false, and upgrade by changing the template",
    refused: examples::engine_version,
    check: |stage, diagnostics| {
        for (template, cluster) in of_type(stage.templates, CLUSTER) {
            let version = property(cluster, "EngineVersion").and_then(Json::as_str);
            let Some(version) = version.filter(|version| names_minor(cluster, version)) else { continue };
            let of_cluster = |instance: &&ResourceEntry| is_of(template, instance, cluster);
            let instances = of_type(std::slice::from_ref(&template), INSTANCE).map(|(_, instance)| instance);
            let by_hand =
                |entry: &ResourceEntry| property(entry, "AutoMinorVersionUpgrade") == Some(&Json::Bool(false));
            // RDS upgrades a cluster by itself only if all its instances allow it.
            if by_hand(cluster) || instances.filter(of_cluster).any(by_hand) {
                continue;
            }
            let allowed = "the major version, or AutoMinorVersionUpgrade false".to_owned();
            diagnostics.push(ENGINE_VERSION.at(template, cluster, "EngineVersion", format!("{version:?}"), allowed));
        }
    },
};

pub(super) const LOG_RETENTION: Rule = Rule {
    id: "database-log-retention",
    refuses: "a cluster that exports a log to a log group which is not made before its instances, or has no retention",
    example: "EnableCloudwatchLogsExports alone: RDS makes a log group that nobody ever empties or deletes",
    fix: "make /aws/rds/cluster/${Cluster}/<the log> with RetentionInDays, and let the cluster's instances depend on it",
    refused: examples::cluster_log_retention,
    check: |stage, diagnostics| {
        for (template, cluster) in of_type(stage.templates, CLUSTER) {
            let logs = property(cluster, "EnableCloudwatchLogsExports").and_then(Json::as_list).unwrap_or_default();
            for log in logs.iter().filter_map(Json::as_str) {
                let mut groups =
                    of_type(std::slice::from_ref(&template), "AWS::Logs::LogGroup").map(|(_, group)| group);
                let mut writers = of_type(std::slice::from_ref(&template), INSTANCE)
                    .map(|(_, instance)| instance)
                    .filter(|instance| is_of(template, instance, cluster));
                let what = match groups.find(|group| keeps(group, cluster, log)) {
                    None => format!("{log:?} without a log group of this template"),
                    Some(group) if property(group, "RetentionInDays").is_none() => {
                        format!("{log:?}, and {} never expires its events", group.id)
                    }
                    Some(group) => {
                        let early = |writer: &&ResourceEntry| !writer.parts.depends_on.contains(&group.id);
                        let Some(writer) = writers.find(early) else { continue };
                        format!("{log:?}, and {} may be made before {}", writer.id, group.id)
                    }
                };
                let (path, allowed) = ("EnableCloudwatchLogsExports", "a log group with RetentionInDays".to_owned());
                diagnostics.push(LOG_RETENTION.at(template, cluster, path, what, allowed));
            }
        }
    },
};

/// Whether a log group is that of a cluster's log, by the cluster's logical id or by its fixed name.
fn keeps(group: &ResourceEntry, cluster: &ResourceEntry, log: &str) -> bool {
    let Some(name) = property(group, "LogGroupName") else { return false };
    let of = |cluster: &str| format!("/aws/rds/cluster/{cluster}/{log}");
    match (name.as_str(), name.as_intrinsic(), property(cluster, "DBClusterIdentifier").and_then(Json::as_str)) {
        (Some(name), _, Some(identifier)) => name == of(identifier),
        (_, Some(Intrinsic::Sub(text, values)), _) => values.is_empty() && *text == of(&format!("${{{}}}", cluster.id)),
        _ => false,
    }
}

/// Whether a version is more than the major one: `17.4` of PostgreSQL, `8.0.39` and `8.0.mysql_aurora.3.08.0` of MySQL.
fn names_minor(cluster: &ResourceEntry, version: &str) -> bool {
    let engine = property(cluster, "Engine").and_then(Json::as_str).unwrap_or_default();
    let parts_of_major = if engine.contains("postgres") { 1 } else { 2 };
    version.split('.').count() > parts_of_major
}

fn is_of(template: &Template, instance: &ResourceEntry, cluster: &ResourceEntry) -> bool {
    let named = property(instance, "DBClusterIdentifier");
    named.and_then(|named| resource(template, named)).is_some_and(|named| named.id == cluster.id)
}
