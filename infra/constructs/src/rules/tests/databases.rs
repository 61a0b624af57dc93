//! Database clusters.

use super::*;

const ENGINE_VERSION: &str = "database-engine-version";
const LOG_RETENTION: &str = "database-log-retention";

/// The sound chain with a cluster of this engine and version.
fn with_version(engine: &'static str, version: &'static str) -> Template {
    let mut template = with("Cluster", "EngineVersion", version);
    change(&mut template, "Cluster", "Engine", engine);
    template
}

#[test]
fn a_minor_version_beside_automatic_upgrades_is_refused() {
    let refused_version = |template: &Template| refused(template, ENGINE_VERSION, "Cluster EngineVersion");
    refused_version(&with_version("aurora-postgresql", "17.4"));
    refused_version(&with_version("aurora-mysql", "8.0.mysql_aurora.3.08.0"));
    let mut said = with_version("aurora-postgresql", "17.4");
    change(&mut said, "Writer", "AutoMinorVersionUpgrade", true);
    refused_version(&said);
    for (engine, major) in [("aurora-postgresql", "17"), ("aurora-mysql", "8.0"), ("mysql", "8.0")] {
        allowed(&with_version(engine, major));
    }
    for upgraded_by_hand in ["Writer", "Cluster"] {
        let mut template = with_version("aurora-postgresql", "17.4");
        change(&mut template, upgraded_by_hand, "AutoMinorVersionUpgrade", false);
        allowed(&template);
    }
}

#[test]
fn an_instance_of_another_cluster_says_nothing_about_this_one() {
    let mut template = with_version("aurora-postgresql", "17.4");
    let other = RawResource::new("AWS::RDS::DBInstance")
        .property("DBClusterIdentifier", "elsewhere")
        .property("AutoMinorVersionUpgrade", false)
        .deletion_policy(DeletionPolicy::Delete)
        .update_replace_policy(UpdateReplacePolicy::Delete);
    template.add("Other", other);
    refused(&template, ENGINE_VERSION, "Cluster EngineVersion");
}

/// The sound chain with a cluster that exports its log, and the log group of it.
fn with_log(group_name: &'static str) -> Template {
    let mut template = sound();
    let group = RawResource::new("AWS::Logs::LogGroup")
        .property("LogGroupName", group_name)
        .property("RetentionInDays", 14)
        .deletion_policy(DeletionPolicy::Delete)
        .update_replace_policy(UpdateReplacePolicy::Delete);
    template.add("ClusterLogGroup", group);
    change(&mut template, "Cluster", "DBClusterIdentifier", "shop-dev");
    change(&mut template, "Cluster", "EnableCloudwatchLogsExports", json!(["postgresql"]));
    let cluster = template.resource_mut(&LogicalId::new("Cluster")).expect("it is there");
    cluster.parts.depends_on.push(LogicalId::new("ClusterLogGroup"));
    template
}

#[test]
fn a_log_that_rds_would_keep_for_ever_is_refused() {
    const NAME: &str = "/aws/rds/cluster/shop-dev/postgresql";
    let refused_log = |template: &Template| refused(template, LOG_RETENTION, "Cluster EnableCloudwatchLogsExports");
    allowed(&with_log(NAME));
    refused_log(&with_log("/aws/rds/cluster/shop/postgresql"));
    for (id, property) in [("Cluster", "DBClusterIdentifier"), ("ClusterLogGroup", "RetentionInDays")] {
        let mut template = with_log(NAME);
        change(&mut template, id, property, Json::Absent);
        refused_log(&template);
    }
    let mut too_early = with_log(NAME);
    too_early.resource_mut(&LogicalId::new("Cluster")).expect("it is there").parts.depends_on.clear();
    refused_log(&too_early);
    let mut another_log = with_log(NAME);
    change(&mut another_log, "Cluster", "EnableCloudwatchLogsExports", json!(["postgresql", "instance"]));
    refused_log(&another_log);
}
