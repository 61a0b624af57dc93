//! Where the actions of the execution role apply: on which resources and under which condition. What they are comes from the facts.
//!
//! Which resources and condition keys an action knows: <https://docs.aws.amazon.com/service-authorization/latest/reference/>.

use cfn::{Json, json};

use crate::action;
use crate::statement::{LOG_GROUPS, NAMES, NAMES_OF_FIFO, OWN_NAMES, RANDOM_IDS, RANDOM_NAMES, Scope, boundary};

/// The resources of one statement.
pub(crate) struct Place {
    pub(crate) sid: &'static str,
    /// The starts of the names of the types whose actions these are. `Custom::` stands for custom resources.
    types: &'static [&'static str],
    /// Patterns with at most one `*`. `sqs:*` takes what no other place takes.
    actions: &'static [&'static str],
    pub(crate) at: fn(&Scope<'_>) -> Vec<String>,
    pub(crate) when: fn(&Scope<'_>) -> Json,
    /// Why the resources cannot be narrowed, where they are wide.
    pub(crate) wide: Option<&'static str>,
}

const ANY: &[&str] = &[""];
const EVERYTHING: fn(&Scope<'_>) -> Vec<String> = |_| vec!["*".to_owned()];

const fn place(
    sid: &'static str,
    types: &'static [&'static str],
    actions: &'static [&'static str],
    at: fn(&Scope<'_>) -> Vec<String>,
) -> Place {
    Place { sid, types, actions, at, when: |_| Json::Absent, wide: None }
}

impl Place {
    const fn when(self, when: fn(&Scope<'_>) -> Json) -> Self {
        Self { when, ..self }
    }

    const fn wide(self, reason: &'static str) -> Self {
        Self { wide: Some(reason), ..self }
    }
}

pub(crate) const PLACES: &[Place] = &[
    // HTTP APIs have ids that API Gateway makes, so their tags show whose they are.
    place("ApisNew", &["AWS::ApiGatewayV2::Api"], &["apigateway:POST"], |_| vec![api("/apis")])
        .when(|scope| scope.tagging()),
    place("Apis", &["AWS::ApiGatewayV2::Api"], &["apigateway:*"], |_| vec![api("/apis/*")])
        .when(|scope| scope.tagged()),
    // The documentation says of REST APIs only that routes and integrations have the tags of their API, so here the condition holds where there are tags.
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
    place("ApiParts", PARTS_OF_APIS, &["apigateway:*"], |_| vec![api("/apis/*/*")])
        .when(|scope| scope.tagged_if_at_all())
        .wide("ids are random; the condition holds wherever API Gateway knows tags"),
    place("ApiTags", &["AWS::ApiGatewayV2::"], &["apigateway:PUT", "apigateway:*Resource"], |_| {
        vec![api("/tags/*"), api("/apis/*")]
    })
    .when(|scope| scope.tagged_if_at_all()),
    place("AccessLogs", &["AWS::ApiGatewayV2::"], &["logs:*"], EVERYTHING)
        .wide("the delivery of logs knows no resource"),
    place("ApiRole", &["AWS::ApiGatewayV2::"], &["iam:CreateServiceLinkedRole"], |scope| {
        vec![service_role(scope, "ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway")]
    })
    .when(|_| service_role_of("ops.apigateway.amazonaws.com")),
    place("Alarms", &["AWS::CloudWatch::Alarm"], &["cloudwatch:*"], |scope| {
        scope.stack_names().map(|name| scope.arn("cloudwatch", &format!("alarm:{name}-*"))).collect()
    })
    .wide(RANDOM_NAMES),
    place("Dashboards", &["AWS::CloudWatch::Dashboard"], &["cloudwatch:*"], |scope| {
        vec![scope.global_arn("cloudwatch", &format!("dashboard/{}", scope.pattern(NAMES)))]
    })
    .wide(OWN_NAMES),
    place("Tables", &["AWS::DynamoDB::"], &["dynamodb:*"], |scope| vec![scope.named("dynamodb", "table/", NAMES)])
        .wide(OWN_NAMES),
    place("NetworkReads", ANY, &["ec2:Describe*"], EVERYTHING).wide("EC2's descriptions know no resource"),
    place("SecurityGroupsNew", GROUPS, &["ec2:CreateSecurityGroup"], |scope| vec![ec2(scope, "security-group/*")])
        .when(|scope| scope.tagging()),
    place("SecurityGroupsIn", GROUPS, &["ec2:CreateSecurityGroup"], |scope| vec![ec2(scope, "vpc/*")]),
    place(
        "SecurityGroups",
        GROUPS,
        &[
            "ec2:AuthorizeSecurityGroup*",
            "ec2:DeleteSecurityGroup",
            "ec2:RevokeSecurityGroup*",
            "ec2:UpdateSecurityGroup*",
        ],
        |scope| vec![ec2(scope, "security-group/*")],
    )
    .when(|scope| scope.tagged()),
    place("SecurityGroupRules", GROUPS, &["ec2:AuthorizeSecurityGroup*"], |scope| {
        vec![ec2(scope, "security-group-rule/*")]
    }),
    place("EndpointsNew", ENDPOINTS, &["ec2:CreateVpcEndpoint"], |scope| vec![ec2(scope, "vpc-endpoint/*")])
        .when(|scope| scope.tagging()),
    place("EndpointsIn", ENDPOINTS, &["ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint"], |scope| {
        ["route-table/*", "security-group/*", "subnet/*", "vpc/*"].map(|kind| ec2(scope, kind)).to_vec()
    }),
    place("Endpoints", ENDPOINTS, &["ec2:DeleteVpcEndpoints", "ec2:ModifyVpcEndpoint"], |scope| {
        vec![ec2(scope, "vpc-endpoint/*")]
    })
    .when(|scope| scope.tagged()),
    // An interface endpoint's private DNS is a hosted zone that AWS owns.
    place("PrivateDns", ENDPOINTS, &["route53:*"], |scope| {
        vec!["arn:${AWS::Partition}:route53:::hostedzone/*".to_owned(), ec2(scope, "vpc/*")]
    }),
    // Tags can be set during creation and on resources that are already the stage's; otherwise the role could take over anything.
    place("NetworkTagsOfTheNew", &["AWS::EC2::"], &["ec2:CreateTags"], tagged_networks)
        .when(|_| json!({ "StringEquals": { "ec2:CreateAction": ["CreateSecurityGroup", "CreateVpcEndpoint"] } })),
    place("NetworkTags", &["AWS::EC2::"], &["ec2:CreateTags", "ec2:DeleteTags"], tagged_networks)
        .when(|scope| scope.tagged()),
    // Whoever may write a role's policies may do what the role may: so only roles within the boundary are written.
    place("RolesWithinTheBoundary", ROLES, WRITING_ROLES, roles)
        .when(|scope| json!({ "StringEquals": { "iam:PermissionsBoundary": (boundary(scope.stage).into_json()) } }))
        .wide(RANDOM_NAMES),
    place("Roles", ROLES, &["iam:*"], roles).wide(RANDOM_NAMES),
    place("RolesOfFunctions", ANY, &["iam:PassRole"], roles)
        .when(|scope| json!({ "StringEquals": { "iam:PassedToService": (Json::list(scope.trusted_services())) } }))
        .wide(RANDOM_NAMES),
    place(
        "Functions",
        &["AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::EventInvokeConfig", "Custom::"],
        &["lambda:*"],
        |scope| vec![scope.named("lambda", "function:", NAMES)],
    )
    .wide(OWN_NAMES),
    place("Layers", &["AWS::Lambda::Function", "AWS::Lambda::LayerVersion"], &["lambda:*LayerVersion"], |scope| {
        let layer = scope.named("lambda", "layer:", NAMES);
        vec![layer.clone(), layer + ":*"]
    })
    .wide(OWN_NAMES),
    place("Code", &["AWS::Lambda::"], &["s3:*"], |scope| vec![scope.assets()]),
    place(
        "Mappings",
        MAPPINGS,
        &["lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"],
        EVERYTHING,
    )
    .when(|scope| {
        let function = cfn::intrinsics::sub(scope.named("lambda", "function:", NAMES));
        json!({ "ArnLike": { "lambda:FunctionArn": function } })
    })
    .wide("a mapping that is made has no ARN yet; the condition holds for the stage's own functions alone"),
    place("MappingsRest", MAPPINGS, &["lambda:*"], |scope| vec![scope.arn("lambda", "event-source-mapping:*")])
        .wide("the ids of mappings are random"),
    place("LogGroups", &["AWS::Logs::LogGroup"], &["logs:*"], |scope| {
        // A cluster's name starts with that of its stack.
        let of_clusters = scope
            .with("AWS::RDS::DBCluster")
            .map(|stack| scope.arn("logs", &format!("log-group:/aws/rds/cluster/{}-*", stack.to_lowercase())));
        let groups = std::iter::once(scope.named("logs", "log-group:", LOG_GROUPS)).chain(of_clusters);
        groups.flat_map(|group| [group.clone(), group + ":*"]).collect()
    })
    .wide(OWN_NAMES),
    place("LogReads", &["AWS::Logs::LogGroup"], &["logs:Describe*"], EVERYTHING)
        .wide("descriptions of log groups, their indexes and policies know no resource"),
    // Names of a cluster, its groups, its instances and its final snapshot all start with the stack's name.
    place("Databases", DATABASES, &["rds:*", "rds:CreateDB*", "rds:ModifyDB*"], |scope| {
        let own = scope.with("AWS::RDS::");
        own.map(|name| scope.arn("rds", &format!("*:{}-*", name.to_lowercase()))).collect()
    })
    .wide(RANDOM_NAMES),
    place(
        "DatabaseDefaults",
        DATABASES,
        &["rds:CreateDBCluster", "rds:CreateDBInstance", "rds:ModifyDBCluster", "rds:ModifyDBInstance"],
        |scope| ["og:default:*", "pg:default.*"].map(|group| scope.arn("rds", group)).to_vec(),
    )
    .wide("the engine's default groups, by its versions"),
    place(
        "DatabaseReads",
        DATABASES,
        &[
            "rds:DescribeDBEngineVersions",
            "rds:DescribeDBParameterGroups",
            "rds:DescribeDBSnapshots",
            "rds:DescribeEngine*",
            "rds:DescribeEvents",
            "rds:DescribeGlobalClusters",
            "rds:Describe*AutomatedBackups",
        ],
        EVERYTHING,
    )
    .wide("they are about engines, events and backups, whose names are not the stage's"),
    place("DatabaseRole", &["AWS::RDS::"], &["iam:CreateServiceLinkedRole"], |scope| {
        vec![service_role(scope, "rds.amazonaws.com/AWSServiceRoleForRDS")]
    })
    .when(|_| service_role_of("rds.amazonaws.com")),
    place("Buckets", &["AWS::S3::"], &["s3:*"], buckets).wide(RANDOM_NAMES),
    // CloudFormation names a secret by its logical id only, so its tags show which stack owns it.
    place("SecretsNew", &["AWS::SecretsManager::"], NEW_SECRETS, secrets)
        .when(|scope| scope.tagging())
        .wide(RANDOM_NAMES),
    place("Secrets", &["AWS::SecretsManager::"], &["secretsmanager:*", "secretsmanager:TagResource"], secrets)
        .when(|scope| scope.tagged())
        .wide(RANDOM_IDS),
    place("Passwords", &["AWS::SecretsManager::"], &["secretsmanager:GetRandomPassword"], EVERYTHING)
        .wide("a password that is made belongs to nothing yet"),
    place("Topics", &["AWS::SNS::Topic"], &["sns:*"], |scope| vec![scope.named("sns", "", NAMES)]).wide(OWN_NAMES),
    // A subscription is made at its topic; everything later is asked for by the subscription's ARN.
    place("SubscriptionsNew", &["AWS::SNS::"], &["sns:Subscribe"], |scope| vec![scope.named("sns", "", NAMES)])
        .wide(OWN_NAMES),
    place("Subscriptions", &["AWS::SNS::Subscription"], &["sns:*"], EVERYTHING)
        .wide("IAM knows no subscription as a resource"),
    place("Queues", &["AWS::SQS::"], &["sqs:*"], |scope| {
        [NAMES, NAMES_OF_FIFO].map(|names| scope.named("sqs", "", names)).to_vec()
    })
    .wide(OWN_NAMES),
    place("Schedules", &["AWS::Scheduler::"], &["scheduler:*"], |scope| {
        vec![scope.named("scheduler", "schedule/default/", NAMES)]
    })
    .wide(OWN_NAMES),
];

const PARTS_OF_APIS: &[&str] =
    &["AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage"];
const GROUPS: &[&str] = &["AWS::EC2::SecurityGroup"];
const ENDPOINTS: &[&str] = &["AWS::EC2::VPCEndpoint"];
const MAPPINGS: &[&str] = &["AWS::Lambda::EventSourceMapping"];
const DATABASES: &[&str] = &["AWS::RDS::", "AWS::SecretsManager::SecretTargetAttachment"];
const ROLES: &[&str] = &["AWS::IAM::Role"];
/// What changes whom a role trusts or what it may do. The condition key is that of the role, and in the first two that of the request.
const WRITING_ROLES: &[&str] = &[
    "iam:CreateRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:UpdateAssumeRolePolicy",
];
const NEW_SECRETS: &[&str] = &["secretsmanager:CreateSecret", "secretsmanager:TagResource"];

/// The places of an action of a type: those that name it, or those that take all of its service.
pub(crate) fn of(kind: &str, action: &str) -> Vec<&'static Place> {
    let takes = |whole_service: bool| {
        PLACES.iter().filter(move |place| {
            place.types.iter().any(|start| kind.starts_with(start))
                && place.actions.iter().any(|pattern| {
                    action::is_whole_service(pattern) == whole_service && action::matches(pattern, action)
                })
        })
    };
    let named: Vec<_> = takes(false).collect();
    if named.is_empty() { takes(true).collect() } else { named }
}

fn api(path: &str) -> String {
    format!("arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::{path}")
}

fn ec2(scope: &Scope<'_>, kind: &str) -> String {
    scope.arn("ec2", kind)
}

fn tagged_networks(scope: &Scope<'_>) -> Vec<String> {
    ["security-group/*", "vpc-endpoint/*"].map(|kind| ec2(scope, kind)).to_vec()
}

fn roles(scope: &Scope<'_>) -> Vec<String> {
    scope.stack_names().map(|name| scope.global_arn("iam", &format!("role/{name}-*"))).collect()
}

fn service_role(scope: &Scope<'_>, path: &str) -> String {
    scope.global_arn("iam", &format!("role/aws-service-role/{path}"))
}

fn service_role_of(service: &'static str) -> Json {
    json!({ "StringEquals": { "iam:AWSServiceName": service } })
}

/// Those that have a name, and those that CloudFormation names.
pub(crate) fn buckets(scope: &Scope<'_>) -> Vec<String> {
    let mut arns = Vec::new();
    for stack in scope.stacks {
        for entry in stack.template.resources() {
            if entry.parts.resource_type != "AWS::S3::Bucket" {
                continue;
            }
            let given = entry.parts.properties.get("BucketName").and_then(|name| scope.name_of_account(name));
            let name = given.map_or_else(|| format!("{}-*", stack.stack_name.to_lowercase()), str::to_owned);
            arns.push(format!("arn:${{AWS::Partition}}:s3:::{name}"));
        }
    }
    once_each(arns)
}

pub(crate) fn secrets(scope: &Scope<'_>) -> Vec<String> {
    let entries = scope.stacks.iter().flat_map(|stack| stack.template.resources());
    let secrets = entries.filter(|entry| entry.parts.resource_type == "AWS::SecretsManager::Secret");
    once_each(secrets.map(|entry| scope.arn("secretsmanager", &format!("secret:{}-*", entry.id))).collect())
}

fn once_each(arns: Vec<String>) -> Vec<String> {
    let mut once = Vec::new();
    for arn in arns {
        if !once.contains(&arn) {
            once.push(arn);
        }
    }
    once
}
