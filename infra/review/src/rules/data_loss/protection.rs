//! What protects data: backups, deletion protection, disks that outlive their machine.

use template::Node;

use super::lifetime::shorter;
use super::{example, rule};
use crate::change::{Action, Finding};
use crate::compare::is_same;
use crate::rules::{Context, Rule};

pub(super) const RULES: [Rule; 4] = [
    rule(
        "data-loss/backups-cut",
        "backups are kept for a shorter time or no longer made",
        example(
            "{Example: {Type: 'AWS::RDS::DBCluster', Properties: {Engine: aurora-postgresql, BackupRetentionPeriod: 14}}}",
            "{Example: {Type: 'AWS::RDS::DBCluster', Properties: {Engine: aurora-postgresql, BackupRetentionPeriod: 1}}}",
        ),
        backups_cut,
    ),
    rule(
        "data-loss/backup-plan-removed",
        "what makes backups of other resources is removed or disabled",
        example(
            "{Example: {Type: 'AWS::Backup::BackupSelection'}, Other: {Type: 'AWS::SNS::Topic'}}",
            "{Other: {Type: 'AWS::SNS::Topic'}}",
        ),
        backup_plan_removed,
    ),
    rule(
        "data-loss/deletion-protection-off",
        "a resource can be deleted by one call from now on",
        example(
            "{Example: {Type: 'AWS::DynamoDB::Table', Properties: {DeletionProtectionEnabled: true}}}",
            "{Example: {Type: 'AWS::DynamoDB::Table', Properties: {DeletionProtectionEnabled: false}}}",
        ),
        deletion_protection_off,
    ),
    rule(
        "data-loss/disk-deleted-with-its-machine",
        "a volume is deleted when its machine is terminated, and was not before",
        example(
            "{Example: {Type: 'AWS::EC2::Instance', Properties: {BlockDeviceMappings: [{DeviceName: /dev/sdf, Ebs: {DeleteOnTermination: false}}]}}}",
            "{Example: {Type: 'AWS::EC2::Instance', Properties: {BlockDeviceMappings: [{DeviceName: /dev/sdf, Ebs: {DeleteOnTermination: true}}]}}}",
        ),
        disk_deleted,
    ),
];

/// Type, property, and the days or copies without it.
const BACKUPS: &[(&str, &str, f64)] = &[
    ("AWS::DocDB::DBCluster", "BackupRetentionPeriod", 1.0),
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification.RecoveryPeriodInDays", 35.0),
    ("AWS::ElastiCache::CacheCluster", "SnapshotRetentionLimit", 0.0),
    ("AWS::ElastiCache::ReplicationGroup", "SnapshotRetentionLimit", 0.0),
    ("AWS::ElastiCache::ServerlessCache", "SnapshotRetentionLimit", 0.0),
    ("AWS::FSx::FileSystem", "LustreConfiguration.AutomaticBackupRetentionDays", 0.0),
    ("AWS::FSx::FileSystem", "OntapConfiguration.AutomaticBackupRetentionDays", 30.0),
    ("AWS::FSx::FileSystem", "OpenZFSConfiguration.AutomaticBackupRetentionDays", 30.0),
    ("AWS::FSx::FileSystem", "WindowsConfiguration.AutomaticBackupRetentionDays", 30.0),
    ("AWS::MemoryDB::Cluster", "SnapshotRetentionLimit", 0.0),
    ("AWS::Neptune::DBCluster", "BackupRetentionPeriod", 1.0),
    ("AWS::RDS::DBCluster", "BackupRetentionPeriod", 1.0),
    ("AWS::RDS::DBInstance", "BackupRetentionPeriod", 1.0),
    ("AWS::Redshift::Cluster", "AutomatedSnapshotRetentionPeriod", 1.0),
];

/// Type, property, and the value that means backups are made.
const SWITCHES: &[(&str, &str, &str)] = &[
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", "true"),
    ("AWS::EFS::FileSystem", "BackupPolicy.Status", "ENABLED"),
    ("AWS::Cassandra::Table", "PointInTimeRecoveryEnabled", "true"),
];

fn backups_cut(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_modified() {
        return;
    }
    for (_, path, default) in BACKUPS.iter().filter(|(kind, ..)| context.is_type(kind)) {
        shorter(context, path, |node| node.map_or(Some(*default), Node::as_f64), findings);
    }
    for (_, path, on) in SWITCHES.iter().filter(|(kind, ..)| context.is_type(kind)) {
        let is_on = |node: Option<&Node>| node.and_then(Node::text).is_some_and(|text| text.eq_ignore_ascii_case(on));
        if is_on(context.before(path)) && !is_on(context.after(path)) {
            findings.push(
                context.danger(*path, format!("{path} was {on}: there is no way back to an earlier state any more")),
            );
        }
    }
    if context.is_type("AWS::DynamoDB::GlobalTable") {
        replicas(
            context,
            "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
            "point-in-time recovery ends",
            findings,
        );
    }
    let path = "DeleteAutomatedBackups";
    let keeps = |node: Option<&Node>| node.and_then(Node::as_bool) == Some(false);
    if keeps(context.before(path)) && !keeps(context.after(path)) {
        findings.push(context.danger(path, "automated backups are deleted with the database from now on"));
    }
}

/// A switch of each replica of a global table that was on and is off.
fn replicas(context: &Context<'_>, switch: &str, what: &str, findings: &mut Vec<Finding>) {
    let on = |node: Option<&Node>| node.and_then(Node::as_bool) == Some(true);
    for (index, replica) in context.after("Replicas").map_or(&[][..], Node::items).iter().enumerate() {
        let old = context.before("Replicas").map_or(&[][..], Node::items);
        let twin = old.iter().find(|old| is_same(old.get("Region"), replica.get("Region")));
        if on(twin.and_then(|twin| twin.at_path(switch))) && !on(replica.at_path(switch)) {
            findings.push(context.danger(format!("Replicas[{index}].{switch}"), format!("{what} for one replica")));
        }
    }
}

fn backup_plan_removed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    match (context.resource_type(), context.change.action) {
        (
            kind @ ("AWS::Backup::BackupPlan" | "AWS::Backup::BackupSelection" | "AWS::DLM::LifecyclePolicy"),
            Action::Remove,
        ) => {
            findings.push(context.danger("", format!("{kind} is removed: what it backed up is backed up no longer")));
        }
        ("AWS::DLM::LifecyclePolicy", Action::Modify) => {
            let is_on = |node: Option<&Node>| node.and_then(Node::as_str) == Some("ENABLED");
            if is_on(context.before("State")) && !is_on(context.after("State")) {
                findings.push(context.danger("State", "snapshots are no longer made"));
            }
        }
        ("AWS::S3::Bucket", Action::Modify)
            if context.before("ReplicationConfiguration").is_some()
                && context.after("ReplicationConfiguration").is_none() =>
        {
            findings.push(context.danger("ReplicationConfiguration", "objects are no longer copied to another bucket"));
        }
        _ => {}
    }
}

/// Properties of any type that are `true` or `ACTIVE` while deletion is refused.
const PROTECTIONS: &[&str] = &[
    "DeletionProtection",
    "DeletionProtectionEnabled",
    "DisableApiTermination",
    "TerminationProtectionEnabled",
    "TerminationProtected",
    "DeleteProtection",
    "ObjectLockEnabled",
];

fn deletion_protection_off(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_modified() {
        return;
    }
    let is_on =
        |node: Option<&Node>| node.is_some_and(|node| node.as_bool() == Some(true) || node.as_str() == Some("ACTIVE"));
    for path in PROTECTIONS {
        if is_on(context.before(path)) && !is_on(context.after(path)) {
            findings.push(context.danger(*path, format!("{path} is off: one call or one edit can delete it")));
        }
    }
    if context.is_type("AWS::DynamoDB::GlobalTable") {
        replicas(context, "DeletionProtectionEnabled", "protection against deletion ends", findings);
    }
    // A load balancer has it in a list of attributes.
    let path = "LoadBalancerAttributes";
    let protects = |node: Option<&Node>| {
        let attributes = node.map_or(&[][..], Node::items).iter();
        is_on(
            attributes
                .filter(|each| each.get("Key").and_then(Node::as_str) == Some("deletion_protection.enabled"))
                .find_map(|each| each.get("Value")),
        )
    };
    if protects(context.before(path)) && !protects(context.after(path)) {
        findings.push(context.danger(path, "deletion_protection.enabled is off: one call can delete it"));
    }
}

fn disk_deleted(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let path = "BlockDeviceMappings";
    if !context.is_modified() {
        return;
    }
    for (index, disk) in context.after(path).map_or(&[][..], Node::items).iter().enumerate() {
        let old = context.before(path).map_or(&[][..], Node::items);
        let twin = old.iter().find(|old| is_same(old.get("DeviceName"), disk.get("DeviceName")));
        let stays = |disk: Option<&Node>| {
            disk.and_then(|disk| disk.at_path("Ebs.DeleteOnTermination")?.as_bool()) == Some(false)
        };
        if stays(twin) && !stays(Some(disk)) {
            findings.push(context.danger(
                format!("{path}[{index}].Ebs.DeleteOnTermination"),
                "the volume is deleted with its machine from now on",
            ));
        }
    }
}
