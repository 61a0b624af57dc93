//! The rules about resources that hold data.

use cfn::{DeletionPolicy, UpdateReplacePolicy};

use super::{Rule, examples};

pub(super) const RETENTION_POLICY: Rule = Rule {
    id: "stateful-retention-policy",
    refuses: "a resource that holds data and has no DeletionPolicy and UpdateReplacePolicy",
    example: "a cluster without DeletionPolicy and UpdateReplacePolicy",
    fix: "write both policies, Delete if the data may go",
    refused: examples::retention_policy,
    check: |stage, diagnostics| {
        for (template, entry) in stage.templates.iter().flat_map(|t| t.resources().iter().map(move |e| (*t, e))) {
            if !facts::is_stateful(&entry.parts.resource_type) {
                continue;
            }
            let missing = [
                ("DeletionPolicy", entry.parts.deletion_policy.is_none()),
                ("UpdateReplacePolicy", entry.parts.update_replace_policy.is_none()),
            ];
            for (policy, _) in missing.into_iter().filter(|(_, missing)| *missing) {
                let allowed = "Delete, Retain, or Snapshot where the type knows it".to_owned();
                diagnostics.push(RETENTION_POLICY.at(template, entry, policy, "nothing".to_owned(), allowed));
            }
        }
    },
};

/// Types whose data cannot be recreated. Messages and logs can be lost.
const KEPT: [&str; 5] = [
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::RDS::DBCluster",
    "AWS::S3::Bucket",
    "AWS::S3Tables::TableBucket",
];

pub(super) const DATA_KEPT: Rule = Rule {
    id: "stateful-data-kept",
    refuses: "on a stage that people rely on, a table, bucket or database that goes with its stack",
    example: "a table with DeletionPolicy Delete on stg or prd",
    fix: "write RemovalPolicy::Retain there; whoever means to lose the data deletes what stayed behind by hand",
    refused: examples::data_kept,
    check: |stage, diagnostics| {
        if !stage.protected {
            return;
        }
        for (template, entry) in stage.templates.iter().flat_map(|t| t.resources().iter().map(move |e| (*t, e))) {
            if !KEPT.contains(&entry.parts.resource_type.as_ref()) {
                continue;
            }
            let lost = [
                ("DeletionPolicy", entry.parts.deletion_policy == Some(DeletionPolicy::Delete)),
                ("UpdateReplacePolicy", entry.parts.update_replace_policy == Some(UpdateReplacePolicy::Delete)),
            ];
            for (policy, _) in lost.into_iter().filter(|(_, lost)| *lost) {
                let allowed = "Retain, or Snapshot where the type knows it".to_owned();
                diagnostics.push(DATA_KEPT.at(template, entry, policy, "Delete".to_owned(), allowed));
            }
        }
    },
};
