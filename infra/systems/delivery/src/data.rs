//! What CloudFormation needs for buckets, tables and secrets.

use crate::statement::{NAMES, OWN_NAMES, RANDOM_IDS, RANDOM_NAMES, Scope, Statement};

pub(crate) fn buckets(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &[
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketTagging",
        "s3:GetBucketVersioning",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:ListBucket",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    ];
    let notifications = &["s3:GetBucketNotification", "s3:PutBucketNotification"];
    let cors = &["s3:GetBucketCORS", "s3:PutBucketCORS"];
    [
        ("Buckets", actions.as_slice(), None),
        ("BucketNotifications", notifications, Some("NotificationConfiguration")),
        ("BucketCors", cors, Some("CorsConfiguration")),
    ]
    .into_iter()
    .filter_map(|(sid, actions, property)| {
        let arns = arns_of_buckets(scope, property);
        let statement = Statement::new(sid, actions, arns.clone());
        match arns.iter().any(|arn| arn.ends_with('*')) {
            true => Some(statement.wide(RANDOM_NAMES)),
            false if arns.is_empty() => None,
            false => Some(statement),
        }
    })
    .collect()
}

/// Of the buckets that have this property, each once.
fn arns_of_buckets(scope: &Scope<'_>, property: Option<&str>) -> Vec<String> {
    let mut arns = Vec::new();
    for stack in scope.stacks {
        for entry in stack.template.resources() {
            let properties = &entry.parts.properties;
            let has = property.is_none_or(|property| properties.get(property).is_some());
            if entry.parts.resource_type != "AWS::S3::Bucket" || !has {
                continue;
            }
            let given = properties.get("BucketName").and_then(|name| scope.name_of_account(name));
            let name = given.map_or_else(|| format!("{}-*", stack.stack_name.to_lowercase()), str::to_owned);
            let arn = format!("arn:${{AWS::Partition}}:s3:::{name}");
            if !arns.contains(&arn) {
                arns.push(arn);
            }
        }
    }
    arns
}

pub(crate) fn tables(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &[
        "dynamodb:CreateTable",
        "dynamodb:DeleteTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeContributorInsights",
        "dynamodb:DescribeKinesisStreamingDestination",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:GetResourcePolicy",
        "dynamodb:ListTagsOfResource",
        "dynamodb:TagResource",
        "dynamodb:UntagResource",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:UpdateTable",
        "dynamodb:UpdateTimeToLive",
    ];
    vec![Statement::new("Tables", actions, [scope.named("dynamodb", "table/", NAMES)]).wide(OWN_NAMES)]
}

/// CloudFormation names a secret by its logical id only, so its tags show which stack owns it. Passwords are read where templates resolve them.
pub(crate) fn secrets(scope: &Scope<'_>) -> Vec<Statement> {
    let changes = &[
        "secretsmanager:DeleteSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
        "secretsmanager:UpdateSecret",
    ];
    let entries = scope.stacks.iter().flat_map(|stack| stack.template.resources());
    let secrets = entries.filter(|entry| entry.parts.resource_type == "AWS::SecretsManager::Secret");
    let mut arns = Vec::new();
    for arn in secrets.map(|entry| scope.arn("secretsmanager", &format!("secret:{}-*", entry.id))) {
        if !arns.contains(&arn) {
            arns.push(arn);
        }
    }
    vec![
        Statement::new("SecretsNew", &["secretsmanager:CreateSecret", "secretsmanager:TagResource"], arns.clone())
            .when(scope.tagging())
            .wide(RANDOM_NAMES),
        Statement::new("Secrets", changes, arns).when(scope.tagged()).wide(RANDOM_IDS),
        Statement::new("Passwords", &["secretsmanager:GetRandomPassword"], ["*".to_owned()])
            .wide("a password that is made belongs to nothing yet"),
    ]
}
