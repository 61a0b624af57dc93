//! What is dangerous in itself: AWS managed policies that allow much, actions by which a principal can extend its own permissions, actions without resources.

use super::pattern::Pattern;

/// Actions with which a principal can extend its own or others' permissions. From AWS's guidance on privilege escalation paths in IAM.
const ESCALATION: &[&str] = &[
    "iam:PassRole",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:AttachUserPolicy",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:PutUserPolicy",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:UpdateAssumeRolePolicy",
    "iam:AddUserToGroup",
    "iam:CreateOpenIDConnectProvider",
    "iam:UpdateSAMLProvider",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:AddPermission",
    "lambda:CreateFunctionUrlConfig",
    "kms:PutKeyPolicy",
    "kms:CreateGrant",
    "secretsmanager:PutResourcePolicy",
    "s3:PutBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutAccountPublicAccessBlock",
    "sqs:AddPermission",
    "sns:AddPermission",
    "ecr:SetRepositoryPolicy",
    "glue:UpdateDevEndpoint",
    "ssm:SendCommand",
    "sso:AttachManagedPolicyToPermissionSet",
    "sso:PutInlinePolicyToPermissionSet",
    "organizations:LeaveOrganization",
];

/// Actions without resource types, so that `*` is the only possible resource. From the service authorization reference.
const WITHOUT_RESOURCE: &[&str] = &[
    "cloudwatch:PutMetricData",
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListMetrics",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
    "ec2:Describe*",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "ecr:GetAuthorizationToken",
    "ecr-public:GetAuthorizationToken",
    "sts:GetCallerIdentity",
    "sts:GetServiceBearerToken",
    "s3:ListAllMyBuckets",
    "lambda:ListFunctions",
    "lambda:GetAccountSettings",
    "logs:DescribeLogGroups",
    "tag:GetResources",
    "ssm:DescribeParameters",
    "ssmmessages:*",
    "ec2messages:*",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:ListSecrets",
    "kms:ListAliases",
    "kms:ListKeys",
    "kms:GenerateRandom",
    "sqs:ListQueues",
    "sns:ListTopics",
    "dynamodb:ListTables",
    "dynamodb:ListStreams",
    "dynamodb:DescribeLimits",
    "kinesis:ListStreams",
    "rds:DescribeDBClusters",
    "cloudformation:ListStacks",
    "cloudformation:ValidateTemplate",
    "pricing:*",
    "ce:Get*",
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
];

/// Read verbs, and the families that AWS itself writes with a wildcard.
const MILD_STARS: &[&str] = &["get", "list", "describe", "batchget", "head", "query", "scan"];
const MILD_FAMILIES: &[&str] =
    &["kms:generatedatakey*", "kms:reencrypt*", "s3:abort*", "s3:deleteobject*", "s3:putobject*", "dynamodb:batch*"];

/// The name in `arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole`.
pub(crate) fn policy_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

pub(crate) fn is_administrator(arn: &str) -> bool {
    is_of_aws(arn) && policy_name(arn) == "AdministratorAccess"
}

/// AWS managed policies that allow everything in a service, or in the account.
pub(crate) fn is_sweeping(arn: &str) -> bool {
    let name = policy_name(arn);
    is_of_aws(arn)
        && (name.ends_with("FullAccess")
            || name.starts_with("AdministratorAccess")
            || name.contains("FullAccess")
            || ["PowerUserAccess", "SystemAdministrator", "DatabaseAdministrator", "NetworkAdministrator"]
                .contains(&name)
            || name == "SecretsManagerReadWrite")
}

/// `arn:aws:iam::aws:policy/..`; SAM accepts the bare name too.
fn is_of_aws(arn: &str) -> bool {
    arn.contains(":iam::aws:policy/") || !arn.contains([':', '$', '{'])
}

/// A wildcard that covers more than reading, such as `sqs:*`, `*` or `s3:Put*`.
pub(crate) fn is_sweeping_action(action: &str) -> bool {
    if !action.contains(['*', '?']) {
        return false;
    }
    let lower = action.to_ascii_lowercase();
    if MILD_FAMILIES.contains(&lower.as_str()) || WITHOUT_RESOURCE.iter().any(|each| each.eq_ignore_ascii_case(&lower))
    {
        return false;
    }
    let Some((service, verb)) = lower.split_once(':') else { return true };
    service.contains('*') || !MILD_STARS.iter().any(|mild| verb.starts_with(mild))
}

/// The known escalation path that this action is, or that its wildcard covers.
pub(crate) fn escalates(action: &str) -> Option<&'static str> {
    let mut known = ESCALATION.iter().copied();
    if !action.contains(['*', '?']) {
        return known.find(|escalation| escalation.eq_ignore_ascii_case(action));
    }
    let pattern = Pattern::folded(action);
    known.find(|escalation| pattern.covers(&Pattern::folded(escalation)))
}

/// `*`, or an ARN that names nothing below its service, such as `arn:aws:s3:::*` or `arn:aws:sqs:*:*:*`.
pub(crate) fn is_sweeping_resource(resource: &str) -> bool {
    if resource == "*" {
        return true;
    }
    if !resource.starts_with("arn:") {
        // No ARN has a wildcard before its first colon.
        let start = resource.split([':', '$']).next().unwrap_or_default();
        return start.contains(['*', '?']);
    }
    let name = resource.splitn(6, ':').nth(5).unwrap_or("*");
    // `table/*` names nothing; `log-group:/aws/lambda/*` and `table/orders/*` do.
    let named = KINDS.iter().find_map(|kind| name.strip_prefix(kind)?.strip_prefix([':', '/'])).unwrap_or(name);
    named.bytes().all(|byte| matches!(byte, b'*' | b'?' | b':' | b'/'))
}

/// What precedes the name in ARNs of services with more than one kind of resource.
const KINDS: &[&str] = &[
    "alarm",
    "cluster",
    "db",
    "domain",
    "event-bus",
    "function",
    "group",
    "instance",
    "key",
    "layer",
    "log-group",
    "parameter",
    "policy",
    "repository",
    "role",
    "rule",
    "secret",
    "stack",
    "stateMachine",
    "stream",
    "table",
    "task",
    "user",
    "volume",
];

/// Whether an action can only be written with `*` as its resource.
pub(crate) fn takes_no_resource(action: &str) -> bool {
    WITHOUT_RESOURCE.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => action.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)),
        None => known.eq_ignore_ascii_case(action),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_of_reading_are_no_sweeping_ones() {
        for action in ["*", "*:*", "sqs:*", "s3:Put*", "iam:Pass*", "s3*:Get"] {
            assert!(is_sweeping_action(action), "{action}");
        }
        for action in ["s3:GetObject", "s3:Get*", "kms:GenerateDataKey*", "dynamodb:BatchGet*", "ec2:Describe*"] {
            assert!(!is_sweeping_action(action), "{action}");
        }
    }

    #[test]
    fn a_star_contains_the_way_up() {
        assert_eq!(escalates("iam:passrole"), Some("iam:PassRole"));
        assert!(escalates("iam:*").is_some());
        assert!(escalates("s3:GetObject").is_none());
    }

    #[test]
    fn a_resource_that_names_nothing_is_sweeping() {
        for resource in [
            "*",
            "**",
            "?*",
            "a*",
            "*/*",
            "arn:aws:s3:::*",
            "arn:aws:sqs:*:*:*",
            "arn:aws:dynamodb:eu-west-1:1:table/*",
            "arn:aws:logs:*:*:*",
        ] {
            assert!(is_sweeping_resource(resource), "{resource}");
        }
        for resource in
            ["${Queue.Arn}", "arn:aws:s3:::reports/*", "arn:aws:logs:*:1:log-group:/aws/lambda/*", "${Bucket.Arn}/*"]
        {
            assert!(!is_sweeping_resource(resource), "{resource}");
        }
    }

    #[test]
    fn full_access_of_aws_is_sweeping_and_an_execution_role_is_not() {
        assert!(is_sweeping("arn:aws:iam::aws:policy/AmazonS3FullAccess"));
        assert!(is_sweeping("arn:aws:iam::aws:policy/AdministratorAccess"));
        assert!(!is_sweeping("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"));
        assert!(!is_sweeping("arn:aws:iam::111122223333:policy/TeamFullAccess"));
    }
}
