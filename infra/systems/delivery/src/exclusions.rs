//! What the facts list for a resource type and the execution role does not get, each with its reason. An exclusion of what only some
//! property needs ends by itself when a stack sets that property.

use cfn::{Json, ResourceEntry};

use crate::action::matches;

/// Actions that resources of some types are deployed without.
pub(crate) struct Exclusion {
    /// The start of the types' names.
    pub(crate) types: &'static str,
    /// Patterns with at most one `*`.
    pub(crate) actions: &'static [&'static str],
    /// Properties, at any depth, that need them. Empty: no property does.
    pub(crate) unless: &'static [&'static str],
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers of the table; without one there is no exclusion"))]
    reason: &'static str,
}

const fn unless(
    types: &'static str,
    actions: &'static [&'static str],
    unless: &'static [&'static str],
    reason: &'static str,
) -> Exclusion {
    Exclusion { types, actions, unless, reason }
}

const UNUSED: &str = "the handler calls it for this property alone, and no stack sets it";

pub(crate) const EXCLUSIONS: &[Exclusion] = &[
    unless(
        "",
        &["kms:*"],
        &["KmsKeyArn", "KmsKeyId", "KMSMasterKeyId", "KMSMasterKeyID", "PerformanceInsightsKMSKeyId"],
        "no stack has a key of its own, and AWS's own keys admit whoever may use the service \
         (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-services.html)",
    ),
    unless("AWS::ApiGatewayV2::Api", &["s3:*"], &["BodyS3Location"], UNUSED),
    unless("AWS::ApiGatewayV2::Integration", &["iam:PassRole"], &["CredentialsArn"], UNUSED),
    unless(
        "AWS::DynamoDB::Table",
        &["dynamodb:ImportTable", "dynamodb:DescribeImport", "logs:*", "s3:*"],
        &["ImportSourceSpecification"],
        UNUSED,
    ),
    unless(
        "AWS::DynamoDB::Table",
        &["dynamodb:EnableKinesis*", "dynamodb:DisableKinesis*", "dynamodb:UpdateKinesis*", "kinesis:*", "iam:*"],
        &["KinesisStreamSpecification"],
        UNUSED,
    ),
    unless(
        "AWS::DynamoDB::Table",
        &["dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy"],
        &["ResourcePolicy"],
        UNUSED,
    ),
    unless(
        "AWS::DynamoDB::Table",
        &["dynamodb:UpdateContributorInsights"],
        &["ContributorInsightsSpecification"],
        UNUSED,
    ),
    unless(
        "AWS::DynamoDB::Table",
        &["dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan", "dynamodb:*TableReplica"],
        &[],
        "replicas of a global table are filled with them, and this type has none: the role reads no data",
    ),
    unless("AWS::EC2::VPCEndpoint", &["vpc-lattice:*"], &["ServiceNetworkArn", "ResourceConfigurationArn"], UNUSED),
    unless("AWS::EC2::VPCEndpoint", &["vpce:*"], &["ServiceRegion"], UNUSED),
    unless(
        "AWS::IAM::Role",
        &["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
        &[],
        "roles have inline policies alone, which the review reads",
    ),
    unless(
        "AWS::IAM::Role",
        &["iam:DeleteRolePermissionsBoundary"],
        &[],
        "what a role may do at most is never lifted by the pipeline",
    ),
    unless("AWS::Lambda::Function", &["elasticfilesystem:*", "s3files:*"], &["FileSystemConfigs"], UNUSED),
    unless(
        "AWS::Lambda::Function",
        &[
            "lambda:PutFunctionCodeSigningConfig",
            "lambda:DeleteFunctionCodeSigningConfig",
            "lambda:GetCodeSigningConfig",
        ],
        &["CodeSigningConfigArn"],
        UNUSED,
    ),
    unless(
        "AWS::Lambda::Function",
        &["lambda:PassCapacityProvider", "lambda:PutFunctionScalingConfig"],
        &["CapacityProviderConfig", "FunctionScalingConfig"],
        UNUSED,
    ),
    unless(
        "AWS::Lambda::Function",
        &["lambda:AssociateRuntimeAlias", "lambda:PutRuntimeManagementConfig"],
        &["RuntimeManagementConfig"],
        UNUSED,
    ),
    unless("AWS::Lambda::Function", &["lambda:PublishVersion"], &["PublishToLatestPublished", "SnapStart"], UNUSED),
    unless("AWS::Logs::LogGroup", &["logs:*KmsKey"], &["KmsKeyId"], UNUSED),
    unless(
        "AWS::Logs::LogGroup",
        &["logs:PutDataProtectionPolicy", "logs:CreateLogDelivery", "firehose:*"],
        &["DataProtectionPolicy"],
        UNUSED,
    ),
    unless("AWS::Logs::LogGroup", &["logs:PutIndexPolicy", "logs:DeleteIndexPolicy"], &["FieldIndexPolicies"], UNUSED),
    unless(
        "AWS::Logs::LogGroup",
        &["logs:PutResourcePolicy", "logs:DeleteResourcePolicy"],
        &["ResourcePolicyDocument"],
        UNUSED,
    ),
    unless(
        "AWS::Logs::LogGroup",
        &["logs:PutBearerTokenAuthentication", "logs:PutLogGroupDeletionProtection"],
        &["BearerTokenAuthenticationEnabled", "DeletionProtectionEnabled"],
        UNUSED,
    ),
    unless(
        "AWS::RDS::",
        &["rds:Restore*", "rds:CreateDBInstanceReadReplica", "rds:PromoteReadReplica"],
        &[
            "SnapshotIdentifier",
            "DBSnapshotIdentifier",
            "DBClusterSnapshotIdentifier",
            "SourceDBClusterIdentifier",
            "SourceDBInstanceIdentifier",
            "SourceDbiResourceId",
            "SourceDBInstanceAutomatedBackupsArn",
            "RestoreToTime",
        ],
        UNUSED,
    ),
    unless("AWS::RDS::", &["rds:AddRole*", "rds:RemoveRole*"], &["AssociatedRoles"], UNUSED),
    unless(
        "AWS::RDS::",
        &["iam:PassRole", "iam:GetRole", "iam:ListRoles"],
        &["AssociatedRoles", "MonitoringRoleArn", "DomainIAMRoleName"],
        UNUSED,
    ),
    unless("AWS::RDS::", &["rds:*HttpEndpoint"], &["EnableHttpEndpoint"], UNUSED),
    unless("AWS::RDS::", &["rds:RemoveFromGlobalCluster"], &["GlobalClusterIdentifier"], UNUSED),
    unless("AWS::RDS::", &["rds:*BackupsReplication"], &["AutomaticBackupReplicationRegion"], UNUSED),
    unless("AWS::RDS::", &["secretsmanager:*"], &["ManageMasterUserPassword"], UNUSED),
    unless(
        "AWS::S3::Bucket",
        &["s3:DeleteBucketCors", "s3:DeleteBucketEncryption", "s3:DeleteBucketLifecycle", "s3:DeleteBucketTagging"],
        &[],
        "IAM has no actions of these names: the calls need PutBucketCORS, PutEncryptionConfiguration, PutLifecycleConfiguration and PutBucketTagging \
         (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html and its neighbours)",
    ),
    unless("AWS::S3::Bucket", &["iam:PassRole"], &["ReplicationConfiguration"], UNUSED),
    unless(
        "AWS::S3::Bucket",
        &["s3:DeleteBucketReplication", "s3:PutBucketReplication", "s3:PutReplicationConfiguration", "s3:DeleteObject"],
        &["ReplicationConfiguration"],
        UNUSED,
    ),
    unless("AWS::S3::Bucket", &["s3:DeleteBucketWebsite", "s3:PutBucketWebsite"], &["WebsiteConfiguration"], UNUSED),
    unless("AWS::S3::Bucket", &["s3:PutBucketAcl", "s3:PutObjectAcl"], &["AccessControl"], UNUSED),
    unless("AWS::S3::Bucket", &["s3:PutBucketLogging"], &["LoggingConfiguration"], UNUSED),
    unless("AWS::S3::Bucket", &["s3:PutAccelerateConfiguration"], &["AccelerateConfiguration"], UNUSED),
    unless("AWS::S3::Bucket", &["s3:PutBucketAbac"], &["AbacStatus"], UNUSED),
    unless("AWS::S3::Bucket", &["s3:Put*ObjectLockConfiguration"], &["ObjectLockConfiguration"], UNUSED),
    unless("AWS::S3::Bucket", &["s3:PutBucketNotification"], &["NotificationConfiguration"], UNUSED),
    unless("AWS::S3::Bucket", &["s3:PutBucketCORS"], &["CorsConfiguration"], UNUSED),
    unless(
        "AWS::S3::Bucket",
        &["s3:PutAnalyticsConfiguration", "s3:DeleteBucketAnalyticsConfiguration"],
        &["AnalyticsConfigurations"],
        UNUSED,
    ),
    unless(
        "AWS::S3::Bucket",
        &["s3:PutMetricsConfiguration", "s3:DeleteBucketMetricsConfiguration"],
        &["MetricsConfigurations"],
        UNUSED,
    ),
    unless("AWS::S3::Bucket", &["s3:PutInventoryConfiguration"], &["InventoryConfigurations"], UNUSED),
    unless(
        "AWS::S3::Bucket",
        &["s3:PutIntelligentTieringConfiguration"],
        &["IntelligentTieringConfigurations"],
        UNUSED,
    ),
    unless(
        "AWS::S3::Bucket",
        &[
            "s3:CreateBucketMetadataTableConfiguration",
            "s3:DeleteBucketMetadataTableConfiguration",
            "s3:UpdateBucketMetadata*",
            "s3tables:*",
        ],
        &["MetadataTableConfiguration", "MetadataConfiguration"],
        UNUSED,
    ),
    unless("AWS::SNS::Subscription", &["iam:*"], &["SubscriptionRoleArn"], UNUSED),
    unless("AWS::SNS::Topic", &["iam:*"], &["DeliveryStatusLogging"], UNUSED),
    unless("AWS::SNS::Topic", &["sns:Subscribe", "sns:Unsubscribe"], &["Subscription"], UNUSED),
    unless("AWS::SNS::Topic", &["sns:PutDataProtectionPolicy"], &["DataProtectionPolicy"], UNUSED),
    unless(
        "AWS::SecretsManager::Secret",
        &["secretsmanager:*Replication", "secretsmanager:ReplicateSecretToRegions"],
        &["ReplicaRegions"],
        UNUSED,
    ),
    unless(
        "AWS::SecretsManager::SecretTargetAttachment",
        &["docdb-elastic:*", "redshift:*", "redshift-serverless:*"],
        &[],
        "secrets belong to databases of RDS",
    ),
];

impl Exclusion {
    /// Whether it holds for an action of a type, as long as these are all its resources.
    pub(crate) fn holds(&self, kind: &str, action: &str, entries: &[&ResourceEntry]) -> bool {
        kind.starts_with(self.types)
            && self.actions.iter().any(|pattern| matches(pattern, action))
            && !entries.iter().any(|entry| self.unless.iter().any(|property| is_set(entry, property)))
    }
}

/// Whether a resource sets a property of this name, at any depth.
fn is_set(entry: &ResourceEntry, property: &str) -> bool {
    entry
        .parts
        .properties
        .iter()
        .any(|(name, value)| *value != Json::Absent && (name == property || holds(value, property)))
}

fn holds(json: &Json, property: &str) -> bool {
    let inside = |value: &Json| *value != Json::Absent && holds(value, property);
    match (json.as_object(), json.as_list()) {
        (Some(entries), _) => {
            entries.iter().any(|(name, value)| *value != Json::Absent && (*name == *property || holds(value, property)))
        }
        (_, Some(items)) => items.iter().any(inside),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::names::NAMED;

    #[test]
    fn every_exclusion_has_a_reason_and_excludes_what_the_facts_list() {
        for exclusion in EXCLUSIONS {
            assert!(exclusion.reason.len() > 20, "{}", exclusion.reason);
            for pattern in exclusion.actions {
                let of = |kind: &str| facts::resource_type(kind).map(|facts| facts.permissions).unwrap_or_default();
                let types = NAMED.iter().map(|(kind, _)| *kind).filter(|kind| kind.starts_with(exclusion.types));
                let mut listed = types.flat_map(of);
                let listed = listed.any(|permission| matches(pattern, permission.action) && !permission.only_lists());
                assert!(listed, "{}: {pattern} excludes nothing", exclusion.types);
            }
        }
    }

    #[test]
    fn every_property_that_ends_an_exclusion_exists() {
        let mut known = BTreeSet::new();
        for (kind, _) in NAMED {
            let Some(facts) = facts::resource_type(kind) else { continue };
            let mut open: Vec<&facts::Property> = facts.properties.iter().collect();
            while let Some(property) = open.pop() {
                if !known.insert((*kind, property.name)) {
                    continue;
                }
                let mut schema = &property.schema;
                while let facts::Kind::List(item) | facts::Kind::Map(item) = schema.kind {
                    schema = item;
                }
                if let facts::Kind::Object(definition) = schema.kind {
                    open.extend(definition.properties);
                }
            }
        }
        for exclusion in EXCLUSIONS {
            for property in exclusion.unless {
                let is_known = known.iter().any(|(kind, name)| kind.starts_with(exclusion.types) && name == property);
                assert!(is_known, "{}: no {property}", exclusion.types);
            }
        }
    }
}
