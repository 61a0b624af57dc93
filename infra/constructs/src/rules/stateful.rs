//! The rule about resources that hold data.

use super::Rule;
use super::read::of_type;

/// Types that hold data which a template cannot make again. The facts' own list is incomplete.
const STATEFUL: [&str; 18] = [
    "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Volume",
    "AWS::EFS::FileSystem",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::Logs::LogGroup",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
    "AWS::Timestream::Table",
];

pub(super) const RETENTION_POLICY: Rule = Rule {
    id: "stateful-retention-policy",
    refuses: "a resource that holds data and does not say what becomes of it",
    example: "a cluster without DeletionPolicy and UpdateReplacePolicy",
    fix: "write both policies, Delete if the data may go",
    check: |stage, findings| {
        for resource_type in STATEFUL {
            for (template, entry) in of_type(stage.templates, resource_type) {
                let missing = [
                    ("DeletionPolicy", entry.parts.deletion_policy.is_none()),
                    ("UpdateReplacePolicy", entry.parts.update_replace_policy.is_none()),
                ];
                for (policy, _) in missing.into_iter().filter(|(_, missing)| *missing) {
                    let allowed = "Delete, Retain, or Snapshot where the type knows it".to_owned();
                    findings.push(RETENTION_POLICY.at(template, entry, policy, "nothing".to_owned(), allowed));
                }
            }
        }
    },
};
