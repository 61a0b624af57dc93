//! The permissions that CloudFormation needs for each resource type of the stage's stacks. A type without an entry, and a name that the
//! statements do not cover, is a synth error.

use cfn::{Diagnostic, Json, ResourceEntry, json};

use crate::data::{buckets, secrets, tables};
use crate::statement::{
    ASSETS, LOG_GROUPS, NAMES, NAMES_OF_ACCOUNT, NAMES_OF_FIFO, OWN_NAMES, RANDOM_NAMES, Scope, Statement, matches,
};

const RULE: &str = "delivery-coverage";

/// A resource type, how its resources are named, and what the role needs for them.
struct Covered(&'static str, Name, fn(&Scope<'_>) -> Vec<Statement>);

/// How resources of a type are named.
enum Name {
    /// By this property, matching one of these patterns.
    Like(&'static str, &'static [&'static str]),
    /// By CloudFormation, so this property must be absent.
    Generated(&'static str),
    /// The same, or by this property with the stage's name and the account's id at the end.
    GeneratedOrOfAccount(&'static str),
    /// Irrelevant.
    None,
}

/// Every resource type in use needs an entry here.
const COVERED: &[Covered] = &[
    Covered("AWS::ApiGatewayV2::Api", Name::None, apis),
    Covered("AWS::ApiGatewayV2::Integration", Name::None, apis),
    Covered("AWS::ApiGatewayV2::Route", Name::None, apis),
    Covered("AWS::ApiGatewayV2::Stage", Name::None, apis),
    Covered("AWS::CloudWatch::Alarm", Name::Generated("AlarmName"), alarms),
    Covered("AWS::CloudWatch::Dashboard", Name::Like("DashboardName", &[NAMES]), dashboards),
    Covered("AWS::DynamoDB::Table", Name::Like("TableName", &[NAMES]), tables),
    Covered("AWS::EC2::SecurityGroup", Name::None, security_groups),
    Covered("AWS::EC2::VPCEndpoint", Name::None, vpc_endpoints),
    Covered("AWS::IAM::Role", Name::Generated("RoleName"), roles),
    Covered("AWS::Lambda::EventInvokeConfig", Name::None, functions),
    Covered("AWS::Lambda::EventSourceMapping", Name::None, mappings),
    Covered("AWS::Lambda::Function", Name::Like("FunctionName", &[NAMES]), functions),
    Covered("AWS::Lambda::LayerVersion", Name::Like("LayerName", &[NAMES]), layers),
    Covered("AWS::Lambda::Permission", Name::None, functions),
    Covered("AWS::Logs::LogGroup", Name::Like("LogGroupName", &[LOG_GROUPS]), log_groups),
    Covered("AWS::RDS::DBCluster", Name::Generated("DBClusterIdentifier"), databases),
    Covered("AWS::RDS::DBClusterParameterGroup", Name::Generated("DBClusterParameterGroupName"), databases),
    Covered("AWS::RDS::DBInstance", Name::Generated("DBInstanceIdentifier"), databases),
    Covered("AWS::RDS::DBSubnetGroup", Name::Generated("DBSubnetGroupName"), databases),
    Covered("AWS::S3::Bucket", Name::GeneratedOrOfAccount("BucketName"), buckets),
    Covered("AWS::S3::BucketPolicy", Name::None, buckets),
    Covered("AWS::SNS::Subscription", Name::None, subscriptions),
    Covered("AWS::SNS::Topic", Name::Like("TopicName", &[NAMES]), topics),
    Covered("AWS::SNS::TopicPolicy", Name::None, topics),
    Covered("AWS::SQS::Queue", Name::Like("QueueName", &[NAMES, NAMES_OF_FIFO]), queues),
    Covered("AWS::SQS::QueuePolicy", Name::None, queues),
    Covered("AWS::Scheduler::Schedule", Name::Like("Name", &[NAMES]), schedules),
    Covered("AWS::SecretsManager::Secret", Name::Generated("Name"), secrets),
    Covered("AWS::SecretsManager::SecretTargetAttachment", Name::None, secrets),
];

/// The statements for all resource types of the stage's stacks, each once.
pub(crate) fn execution(scope: &Scope<'_>) -> Result<Vec<Statement>, Vec<Diagnostic>> {
    let (mut statements, mut diagnostics) = (Vec::new(), Vec::new());
    for stack in scope.stacks {
        for entry in stack.template.resources() {
            let kind = entry.parts.resource_type.as_ref();
            // A custom resource is an invocation of a function.
            let needed = match COVERED.iter().find(|covered| covered.0 == kind) {
                Some(Covered(_, name, needed)) => {
                    diagnostics.extend(misnamed(scope, &stack.template, entry, name));
                    *needed
                }
                None if kind.starts_with("Custom::") => functions,
                None => {
                    let what = format!("the execution role of Delivery covers no {kind}");
                    let fix = format!(
                        "add {kind} with the actions that CloudFormation needs to COVERED in infra/systems/delivery/src/services.rs"
                    );
                    diagnostics.push(Diagnostic::on(&stack.template, entry, RULE, "", what, fix));
                    continue;
                }
            };
            for statement in needed(scope) {
                if !statements.contains(&statement) {
                    statements.push(statement);
                }
            }
        }
    }
    if diagnostics.is_empty() { Ok(statements) } else { Err(diagnostics) }
}

fn misnamed(scope: &Scope<'_>, template: &cfn::Template, entry: &ResourceEntry, name: &Name) -> Option<Diagnostic> {
    let given = |property: &str| entry.parts.properties.get(property).filter(|value| **value != Json::Absent);
    let (property, allowed) = match name {
        Name::Like(property, patterns) => {
            let patterns: Vec<_> = patterns.iter().map(|pattern| scope.pattern(pattern)).collect();
            let name = given(property).and_then(Json::as_str);
            if name.is_some_and(|name| patterns.iter().any(|pattern| matches(pattern, name))) {
                return None;
            }
            (property, patterns.join(", "))
        }
        Name::Generated(property) if given(property).is_some() => {
            (property, "none: CloudFormation makes it".to_owned())
        }
        Name::GeneratedOrOfAccount(property) if given(property).is_some() => {
            if given(property).and_then(|name| scope.name_of_account(name)).is_some() {
                return None;
            }
            (property, format!("none: CloudFormation makes it; or !Sub {}", scope.pattern(NAMES_OF_ACCOUNT)))
        }
        Name::Generated(_) | Name::GeneratedOrOfAccount(_) | Name::None => return None,
    };
    let name = given(property).map_or("no name", |name| name.as_str().unwrap_or("a name known when it is deployed"));
    let what = format!("{name:?} is not a name that the execution role of Delivery may touch; allowed: {allowed}");
    let fix = "name it so, or widen the names in infra/systems/delivery/src/statement.rs";
    Some(Diagnostic::on(template, entry, RULE, *property, what, fix))
}

fn alarms(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &[
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
    ];
    let arns = scope.stack_names().map(|name| scope.arn("cloudwatch", &format!("alarm:{name}-*")));
    vec![Statement::new("Alarms", actions, arns).wide(RANDOM_NAMES)]
}

/// HTTP APIs, and the delivery of their access logs.
fn apis(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &["apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"];
    let arn = |path: &str| format!("arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::{path}");
    let logs = &[
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ];
    vec![
        Statement::new("ApisNew", &["apigateway:POST"], [arn("/apis")]).when(scope.tagging()),
        Statement::new("Apis", actions, ["/apis/*", "/tags/*"].map(arn)),
        Statement::new("AccessLogs", logs, ["*".to_owned()]).wide("the delivery of logs knows no resource"),
    ]
}

fn dashboards(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &["cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"];
    let arn = scope.global_arn("cloudwatch", &format!("dashboard/{}", scope.pattern(NAMES)));
    vec![Statement::new("Dashboards", actions, [arn]).wide(OWN_NAMES)]
}

fn network_reads() -> Statement {
    let actions = &[
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribePrefixLists",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcAttribute",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcEndpointServices",
        "ec2:DescribeVpcs",
    ];
    Statement::new("NetworkReads", actions, ["*".to_owned()]).wide("EC2's descriptions know no resource")
}

/// Tags can be set during creation and on resources that are already the stage's; otherwise the role could take over anything.
fn network_tags(scope: &Scope<'_>) -> [Statement; 2] {
    let kinds = ["security-group/*", "vpc-endpoint/*"].map(|kind| scope.arn("ec2", kind));
    let making = json!({ "StringEquals": { "ec2:CreateAction": ["CreateSecurityGroup", "CreateVpcEndpoint"] } });
    [
        Statement::new("NetworkTagsOfTheNew", &["ec2:CreateTags"], kinds.clone()).when(making),
        Statement::new("NetworkTags", &["ec2:CreateTags", "ec2:DeleteTags"], kinds).when(scope.tagged()),
    ]
}

fn security_groups(scope: &Scope<'_>) -> Vec<Statement> {
    let changes = &[
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:DeleteSecurityGroup",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
        "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
        "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    ];
    let rules = &changes[..2];
    let [new_tags, tags] = network_tags(scope);
    vec![
        network_reads(),
        Statement::new("SecurityGroupsNew", &["ec2:CreateSecurityGroup"], [scope.arn("ec2", "security-group/*")])
            .when(scope.tagging()),
        Statement::new("SecurityGroupsIn", &["ec2:CreateSecurityGroup"], [scope.arn("ec2", "vpc/*")]),
        Statement::new("SecurityGroups", changes, [scope.arn("ec2", "security-group/*")]).when(scope.tagged()),
        Statement::new("SecurityGroupRules", rules, [scope.arn("ec2", "security-group-rule/*")]),
        new_tags,
        tags,
    ]
}

fn vpc_endpoints(scope: &Scope<'_>) -> Vec<Statement> {
    let around = ["route-table/*", "security-group/*", "subnet/*", "vpc/*"].map(|kind| scope.arn("ec2", kind));
    let endpoints = || [scope.arn("ec2", "vpc-endpoint/*")];
    let zones = ["arn:${AWS::Partition}:route53:::hostedzone/*".to_owned(), scope.arn("ec2", "vpc/*")];
    let [new_tags, tags] = network_tags(scope);
    vec![
        network_reads(),
        Statement::new("EndpointsNew", &["ec2:CreateVpcEndpoint"], endpoints()).when(scope.tagging()),
        Statement::new("EndpointsIn", &["ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint"], around),
        Statement::new("Endpoints", &["ec2:DeleteVpcEndpoints", "ec2:ModifyVpcEndpoint"], endpoints())
            .when(scope.tagged()),
        // An interface endpoint's private DNS is a hosted zone that AWS owns.
        Statement::new("PrivateDns", &["route53:AssociateVPCWithHostedZone"], zones),
        new_tags,
        tags,
    ]
}

fn roles(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &[
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:ListRoleTags",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
    ];
    let arns: Vec<_> = scope.stack_names().map(|name| scope.global_arn("iam", &format!("role/{name}-*"))).collect();
    let mut services: Vec<&str> =
        scope.stacks.iter().flat_map(|stack| stack.template.resources()).filter_map(trusted).collect();
    services.sort_unstable();
    services.dedup();
    let services = Json::list(services.into_iter().map(str::to_owned));
    vec![
        Statement::new("Roles", actions, arns.clone()).wide(RANDOM_NAMES),
        Statement::new("RolesOfFunctions", &["iam:PassRole"], arns)
            .when(json!({ "StringEquals": { "iam:PassedToService": services } }))
            .wide(RANDOM_NAMES),
    ]
}

/// The service that a role trusts.
fn trusted(entry: &ResourceEntry) -> Option<&str> {
    let statements = entry.parts.properties.get("AssumeRolePolicyDocument")?.get("Statement")?;
    statements.as_list()?.first()?.get("Principal")?.get("Service")?.as_str()
}

/// Creating one also reads its code and describes its subnets.
fn functions(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &[
        "lambda:AddPermission",
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:DeleteFunctionConcurrency",
        "lambda:DeleteFunctionEventInvokeConfig",
        "lambda:GetFunction",
        "lambda:GetFunctionCodeSigningConfig",
        "lambda:GetFunctionConfiguration",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:GetFunctionRecursionConfig",
        "lambda:GetPolicy",
        "lambda:GetRuntimeManagementConfig",
        "lambda:InvokeFunction",
        "lambda:ListTags",
        "lambda:PutFunctionConcurrency",
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:RemovePermission",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:UpdateFunctionEventInvokeConfig",
    ];
    let arn = scope.named("lambda", "function:", NAMES);
    vec![Statement::new("Functions", actions, [arn]).wide(OWN_NAMES), code(), network_reads()]
}

fn code() -> Statement {
    Statement::new("Code", &["s3:GetObject"], [format!("{ASSETS}/*")])
}

fn mappings(scope: &Scope<'_>) -> Vec<Statement> {
    let changes =
        &["lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"];
    let others = &["lambda:GetEventSourceMapping", "lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"];
    let function = cfn::intrinsics::sub(scope.named("lambda", "function:", NAMES));
    vec![
        Statement::new("Mappings", changes, ["*".to_owned()])
            .when(json!({ "ArnLike": { "lambda:FunctionArn": function } }))
            .wide("a mapping that is made has no ARN yet; the condition holds for the stage's own functions alone"),
        Statement::new("MappingsRest", others, [scope.arn("lambda", "event-source-mapping:*")])
            .wide("the ids of mappings are random"),
    ]
}

fn layers(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &["lambda:DeleteLayerVersion", "lambda:GetLayerVersion", "lambda:PublishLayerVersion"];
    let layer = scope.named("lambda", "layer:", NAMES);
    vec![Statement::new("Layers", actions, [layer.clone(), layer + ":*"]).wide(OWN_NAMES), code()]
}

fn log_groups(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &[
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:DeleteRetentionPolicy",
        "logs:DescribeIndexPolicies",
        "logs:GetDataProtectionPolicy",
        "logs:ListTagsForResource",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
    ];
    let group = scope.named("logs", "log-group:", LOG_GROUPS);
    vec![
        Statement::new("LogGroups", actions, [group.clone(), group + ":*"]).wide(OWN_NAMES),
        Statement::new("LogGroupReads", &["logs:DescribeLogGroups"], [scope.arn("logs", "log-group:*")])
            .wide("it is authorized for all groups of the region"),
    ]
}

/// Aurora: the cluster's own resources, the default groups of its engine, the snapshot that a deleted cluster leaves, and RDS's service-linked role.
fn databases(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &[
        "rds:AddTagsToResource",
        "rds:CreateDBCluster",
        "rds:CreateDBClusterParameterGroup",
        "rds:CreateDBClusterSnapshot",
        "rds:CreateDBInstance",
        "rds:CreateDBSubnetGroup",
        "rds:DeleteDBCluster",
        "rds:DeleteDBClusterParameterGroup",
        "rds:DeleteDBInstance",
        "rds:DeleteDBSubnetGroup",
        "rds:DescribeDBClusterParameterGroups",
        "rds:DescribeDBClusterParameters",
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        "rds:DescribeDBSubnetGroups",
        "rds:ListTagsForResource",
        "rds:ModifyDBCluster",
        "rds:ModifyDBClusterParameterGroup",
        "rds:ModifyDBInstance",
        "rds:ModifyDBSubnetGroup",
        "rds:RebootDBInstance",
        "rds:RemoveTagsFromResource",
    ];
    // Names of a cluster, its groups, its instances and its final snapshot all start with the stack's name.
    let own = scope.with("AWS::RDS::").map(|name| scope.arn("rds", &format!("*:{}-*", name.to_lowercase())));
    let defaults = ["og:default:*", "pg:default.*"].map(|group| scope.arn("rds", group));
    let linked = "role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS";
    vec![
        Statement::new("Databases", actions, own).wide(RANDOM_NAMES),
        Statement::new(
            "DatabaseDefaults",
            &["rds:CreateDBCluster", "rds:CreateDBInstance", "rds:ModifyDBInstance"],
            defaults,
        )
        .wide("the engine's default groups, by its versions"),
        Statement::new(
            "DatabaseReads",
            &["rds:DescribeDBEngineVersions", "rds:DescribeEngineDefaultClusterParameters"],
            ["*".to_owned()],
        )
        .wide("they are about engines and know no resource"),
        Statement::new("DatabaseRole", &["iam:CreateServiceLinkedRole"], [scope.global_arn("iam", linked)])
            .when(json!({ "StringEquals": { "iam:AWSServiceName": "rds.amazonaws.com" } })),
        network_reads(),
    ]
}

fn topics(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &[
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:GetDataProtectionPolicy",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:ListTagsForResource",
        "sns:SetTopicAttributes",
        "sns:TagResource",
        "sns:UntagResource",
    ];
    vec![Statement::new("Topics", actions, [scope.named("sns", "", NAMES)]).wide(OWN_NAMES)]
}

/// A subscription is made at its topic; everything later is asked for by the subscription's ARN.
fn subscriptions(scope: &Scope<'_>) -> Vec<Statement> {
    let changes = &["sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"];
    vec![
        Statement::new("SubscriptionsNew", &["sns:Subscribe"], [scope.named("sns", "", NAMES)]).wide(OWN_NAMES),
        Statement::new("Subscriptions", changes, ["*".to_owned()]).wide("IAM knows no subscription as a resource"),
    ]
}

fn queues(scope: &Scope<'_>) -> Vec<Statement> {
    let actions = &[
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListQueueTags",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
        "sqs:UntagQueue",
    ];
    let names = [NAMES, NAMES_OF_FIFO].map(|names| scope.named("sqs", "", names));
    vec![Statement::new("Queues", actions, names).wide(OWN_NAMES)]
}

fn schedules(scope: &Scope<'_>) -> Vec<Statement> {
    let actions =
        &["scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule"];
    vec![Statement::new("Schedules", actions, [scope.named("scheduler", "schedule/default/", NAMES)]).wide(OWN_NAMES)]
}

#[cfg(test)]
mod tests;
