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
fn with_log(group_name: impl Into<Json>) -> Template {
    let mut template = sound();
    let group = RawResource::new("AWS::Logs::LogGroup")
        .property("LogGroupName", group_name.into())
        .property("RetentionInDays", 14)
        .deletion_policy(DeletionPolicy::Delete)
        .update_replace_policy(UpdateReplacePolicy::Delete);
    template.add("ClusterLogGroup", group);
    change(&mut template, "Cluster", "EnableCloudwatchLogsExports", json!(["postgresql"]));
    let writer = template.resource_mut(&LogicalId::new("Writer")).expect("it is there");
    writer.parts.depends_on.push(LogicalId::new("ClusterLogGroup"));
    template
}

#[test]
fn a_log_that_rds_would_keep_for_ever_is_refused() {
    let refused_log = |template: &Template| refused(template, LOG_RETENTION, "Cluster EnableCloudwatchLogsExports");
    let of_cluster = || cfn::intrinsics::sub("/aws/rds/cluster/${Cluster}/postgresql").into_json();
    allowed(&with_log(of_cluster()));
    let mut by_name = with_log("/aws/rds/cluster/shop-dev/postgresql");
    refused_log(&by_name);
    change(&mut by_name, "Cluster", "DBClusterIdentifier", "shop-dev");
    allowed(&by_name);
    change(&mut by_name, "Cluster", "DBClusterIdentifier", "shop");
    refused_log(&by_name);
    refused_log(&with_log(cfn::intrinsics::sub("/aws/rds/cluster/${Writer}/postgresql").into_json()));
    let mut endless = with_log(of_cluster());
    change(&mut endless, "ClusterLogGroup", "RetentionInDays", Json::Absent);
    refused_log(&endless);
    let mut too_late = with_log(of_cluster());
    too_late.resource_mut(&LogicalId::new("Writer")).expect("it is there").parts.depends_on.clear();
    refused_log(&too_late);
    let mut another_log = with_log(of_cluster());
    change(&mut another_log, "Cluster", "EnableCloudwatchLogsExports", json!(["postgresql", "instance"]));
    refused_log(&another_log);
}
