//! **Delivery**: the two roles with which GitHub Actions deploys a stage. An administrator deploys it, by name; the roles cannot change it.
//!
//! ```text
//!  a job in the repository's environment <stage> ── its token ──▶ OidcProvider ──▶ DeployRole ── passes ──▶ ExecutionRole
//!                                                                     │ change sets, assets                    │
//!                                                                     └────────────▶ CloudFormation ───────────┴──▶ resources,
//!                                                                                                                  roles within Boundary
//! ```

use cfn::aws_iam::{CfnManagedPolicy, CfnOIDCProvider, CfnRole};
use cfn::intrinsics::{if_, sub};
use cfn::{
    Condition, DeletionPolicy, Diagnostic, Json, LogicalId, Parameter, ResourceOptions, UpdateReplacePolicy, Value,
    json,
};
use constructs::{Asked, Exceptions, Role, Stack, Suppression, SynthesizedStack};
use system::Stage;

use crate::statement::{Scope, Statement};
use crate::{NAME as APPLICATION, Settings, boundary, execution, statement};

const NAME: &str = "Delivery";
const TAGS_OF_APIS: Suppression = Suppression::cfn_lint(
    "W3037",
    "its list lacks apigateway:TagResource, without which API Gateway refuses tags: https://github.com/aws-amplify/amplify-cli/issues/12316",
);
const BOUNDS: Suppression = Suppression::checkov(
    "CKV_AWS_111",
    "a boundary grants nothing: a role may do what its own policy allows within it",
);
const GITHUB: &str = "token.actions.githubusercontent.com";
/// The audience for which the official action requests tokens.
const AUDIENCE: &str = "sts.amazonaws.com";
/// Policies of the execution role that are separate from it, with the services that they cover: a role's inline policies may have
/// 10,240 characters in total, and an attached policy 6,144 of its own.
const ATTACHED: [(&str, &[&str], &str); 4] = [
    ("ExecutionNetworkPolicy", &["ec2", "route53"], "Networks, for the execution role."),
    ("ExecutionDataPolicy", &["rds", "secretsmanager"], "Databases and secrets, for the execution role."),
    ("ExecutionStoragePolicy", &["dynamodb", "s3"], "Tables and buckets, for the execution role."),
    ("ExecutionFunctionsPolicy", &["apigateway", "lambda", "logs"], "Functions and APIs, for the execution role."),
];
/// The longest deployment creates a database cluster. 2 h, in seconds.
const SESSION: i64 = 2 * 3600;

/// Its execution role covers the resource types of `stacks`, all others of the stage.
///
/// # Errors
/// A resource whose type the role does not cover, or whose name does not match the allowed pattern.
pub(crate) fn delivery(
    stage: &Stage,
    settings: &Settings,
    stacks: &[SynthesizedStack],
) -> Result<SynthesizedStack, Vec<Diagnostic>> {
    let scope = Scope { stage: stage.name.as_str(), stacks };
    let mut execution = execution::execution(&scope)?;
    let bounds = boundary::boundary(&scope)?;
    let mut stack = stage
        .stack(NAME, APPLICATION)
        .permissions_boundary(None)
        .only_when_named()
        .description("Roles with which GitHub Actions deploys the stage.");

    // What the roles of all other stacks may do at most. By name, since those stacks are deployed without this one's outputs.
    let policy = CfnManagedPolicy::new()
        .managed_policy_name(statement::boundary_name(stage.name.as_str()))
        .description("What the roles of the stage may do at most.")
        .policy_document(json!({}))
        .suppress(BOUNDS);
    let policy = stack.add("Boundary", policy);
    let document = self::document(&mut stack, policy.id(), bounds);
    set(&mut stack, policy.id(), "PolicyDocument", document);

    // What creates and deletes the resources, through CloudFormation only
    let execution_role = Role::of_this_account(
        &mut stack,
        "ExecutionRole",
        "cloudformation.amazonaws.com",
        "CloudFormation, for the stacks of the stage.",
    );
    for (id, services, description) in ATTACHED {
        let (attached, rest): (Vec<_>, _) =
            execution.into_iter().partition(|statement| services.contains(&statement.service()));
        execution = rest;
        if !attached.is_empty() {
            let policy = CfnManagedPolicy::new().description(description).policy_document(json!({}));
            let policy = stack.add(id, policy.roles(vec![execution_role.role_name()]));
            let document = self::document(&mut stack, policy.id(), attached);
            set(&mut stack, policy.id(), "PolicyDocument", document);
            if services.contains(&"apigateway") {
                stack.suppress(policy.id(), TAGS_OF_APIS);
            }
        }
    }
    allow(&mut stack, execution_role.id(), "Resources", execution);

    // What a job may do itself
    let provider = provider(&mut stack);
    let subject = format!("repo:{}:environment:{}", settings.repository, stage.name);
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": provider },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": {
                "token.actions.githubusercontent.com:aud": AUDIENCE,
                "token.actions.githubusercontent.com:sub": subject,
            } },
        }],
    });
    let reason = "GitHub's jobs have no service of AWS; the condition lets in one environment of one repository";
    let role = CfnRole::new()
        .description("GitHub Actions, to deploy the stage.")
        .assume_role_policy_document(trust)
        .max_session_duration(SESSION)
        .suppress(Suppression::guard("ROLES_TRUST_SERVICES", reason));
    let deploy_role = stack.add("DeployRole", role);
    allow(&mut stack, deploy_role.id(), "Deployment", deployment(&scope, &execution_role.role_arn()));

    stack.output("DeployRoleArn", deploy_role.attr_arn(), "DEPLOY_ROLE_ARN of the environment on GitHub.");
    stack.output("ExecutionRoleArn", execution_role.role_arn(), "EXECUTION_ROLE_ARN of the environment on GitHub.");
    Ok(stack.finish())
}

/// The account's OIDC provider for GitHub: created here, or by another stage's Delivery. It stays when the stack is deleted, since others use it.
fn provider(stack: &mut Stack) -> Value<String> {
    let create = Parameter::string()
        .description("Whether to make the account's provider of GitHub's tokens; false where it exists.")
        .default("true")
        .allowed_values(["true", "false"]);
    let create = stack.asked(Asked::CreateOidcProvider, create);
    let creates = stack.template_mut().condition("CreatesOidcProvider", Condition::equals(&create, "true"));
    let provider = CfnOIDCProvider::new()
        .url(format!("https://{GITHUB}"))
        .client_id_list(vec![AUDIENCE.to_owned()])
        .condition(&creates)
        .deletion_policy(DeletionPolicy::Retain)
        .update_replace_policy(UpdateReplacePolicy::Retain);
    let provider = stack.add("OidcProvider", provider);
    let existing = sub(format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:oidc-provider/{GITHUB}"));
    if_(&creates, provider.attr_arn(), existing)
}

/// What `infra deploy`, `diff`, `status`, `logs` and `outputs` call; CloudFormation does everything else with the other role.
fn deployment(scope: &Scope<'_>, execution_role: &Value<String>) -> Vec<Statement> {
    let assets = statement::ASSET_BUCKET;
    let stacks: Vec<String> =
        scope.stack_names().map(|name| scope.arn("cloudformation", &format!("stack/{name}/*"))).collect();
    vec![
        Statement::new("ChangeSets", &["cloudformation:CreateChangeSet"], stacks.clone())
            .when(json!({ "StringEquals": { "cloudformation:RoleArn": execution_role.clone() } })),
        Statement::new(
            "Stacks",
            &[
                "cloudformation:CancelUpdateStack",
                "cloudformation:ContinueUpdateRollback",
                "cloudformation:DeleteChangeSet",
                "cloudformation:DeleteStack",
                "cloudformation:DescribeChangeSet",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:GetStackPolicy",
                "cloudformation:GetTemplate",
                "cloudformation:ListChangeSets",
                "cloudformation:ListStackResources",
                "cloudformation:RollbackStack",
                "cloudformation:SetStackPolicy",
                "cloudformation:UpdateTerminationProtection",
            ],
            stacks,
        ),
        Statement::new("ExecutionRole", &["iam:PassRole"], [])
            .on(execution_role.clone())
            .when(json!({ "StringEquals": { "iam:PassedToService": "cloudformation.amazonaws.com" } })),
        // Not its policy, which could admit the role to what other stages upload: the deployment of this stack creates the bucket.
        Statement::new("AssetBucket", &["s3:GetBucketPolicy", "s3:ListBucket"], [assets.to_owned()]),
        Statement::new("Assets", &["s3:GetObject"], [scope.assets()]),
        // Only with `If-None-Match`, so that no object is overwritten.
        Statement::new("NewAssets", &["s3:PutObject"], [scope.assets()])
            .when(json!({ "Null": { "s3:if-none-match": "false" } })),
        Statement::new(
            "Network",
            &[
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcEndpointServices",
                "ec2:DescribeVpcEndpoints",
                "ec2:DescribeVpcs",
            ],
            ["*".to_owned()],
        )
        .wide("EC2's descriptions know no resource; subnets are looked up, and CloudFormation checks parameters with the caller"),
        Statement::new(
            "Observation",
            &[
                "lambda:GetFunctionConcurrency",
                "lambda:GetFunctionConfiguration",
                "logs:FilterLogEvents",
            ],
            [
                scope.named("lambda", "function:", statement::NAMES),
                scope.named("logs", "log-group:", statement::LOG_GROUPS) + ":*",
            ],
        )
        .wide(statement::OWN_NAMES),
    ]
}

/// Gives a role its one policy, and its wide statements their reasons.
fn allow(stack: &mut Stack, role: &LogicalId, policy: &str, statements: Vec<Statement>) {
    let document = document(stack, role, statements);
    let policies = json!([{ "PolicyName": (policy.to_owned()), "PolicyDocument": document }]);
    set(stack, role, "Policies", policies);
}

fn set(stack: &mut Stack, id: &LogicalId, property: &'static str, value: Json) {
    if let Some(resource) = stack.template_mut().resource_mut(id) {
        resource.parts.properties.set(property, value);
    }
}

fn document(stack: &mut Stack, id: &LogicalId, statements: Vec<Statement>) -> Json {
    for statement in &statements {
        if let Some(reason) = statement.why_wide() {
            stack.suppress(id, Suppression::wildcard(statement.sid(), reason));
        }
    }
    let statements: Vec<_> = statements.into_iter().map(Statement::into_json).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}
