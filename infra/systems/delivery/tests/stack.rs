//! What the roles of the pipeline may do: all that is called, and nothing that reaches beyond the stage's own stacks.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cfn::{Intrinsic, Json, ResourceEntry};
use constructs::SynthesizedStack;
use serde_json::Value;
use system::StageName;
use system_delivery::Settings;
use systems::ConfiguredStage;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

/// The stacks of a stage that one repository deploys.
fn stacks(name: StageName) -> Vec<SynthesizedStack> {
    let mut files = systems::read(root(), name.as_str()).expect("the committed settings are readable");
    if let Some(text) = files.get_mut("delivery.toml") {
        assert!(text.contains(Settings::PLACEHOLDER));
        *text = text.replace(Settings::PLACEHOLDER, "acme@583231/fipe@1296269");
    }
    ConfiguredStage::parse(name.as_str(), &files).expect("valid").synth().expect("nothing is refused")
}

fn delivery(name: StageName) -> SynthesizedStack {
    stacks(name).into_iter().find(|stack| stack.name == "Delivery").expect("it is there")
}

fn role<'a>(stack: &'a SynthesizedStack, id: &str) -> &'a ResourceEntry {
    stack.template.resource(&id.into()).expect("the role is there")
}

fn statements(role: &ResourceEntry) -> &[Json] {
    let policies = role.parts.properties.get("Policies").and_then(Json::as_list).expect("policies");
    assert_eq!(policies.len(), 1);
    policies[0].get("PolicyDocument").and_then(|it| it.get("Statement")?.as_list()).expect("statements")
}

fn texts(list: Option<&Json>) -> Vec<String> {
    let text = |item: &Json| match item.as_intrinsic() {
        Some(Intrinsic::Sub(text, _)) => text.clone(),
        Some(Intrinsic::GetAtt(id, _)) => format!("${{{id}}}"),
        _ => item.as_str().expect("a text").to_owned(),
    };
    list.and_then(Json::as_list).expect("a list").iter().map(text).collect()
}

fn actions(statements: &[Json]) -> BTreeSet<String> {
    statements.iter().flat_map(|statement| texts(statement.get("Action"))).collect()
}

fn statement<'a>(statements: &'a [Json], sid: &str) -> &'a Json {
    statements.iter().find(|it| it.get("Sid").and_then(Json::as_str) == Some(sid)).expect("the statement is there")
}

#[test]
fn every_stage_but_local_has_a_delivery_that_has_to_be_named() {
    for name in StageName::ALL {
        let stacks = stacks(name);
        let named: Vec<_> = stacks.iter().filter(|stack| stack.only_when_named).map(|stack| stack.name).collect();
        assert_eq!(named, if name == StageName::Local { vec![] } else { vec!["Delivery"] }, "{name}");
    }
}

#[test]
fn one_environment_of_one_repository_is_trusted_and_nobody_else() {
    let stack = delivery(StageName::Stg);
    let trust = role(&stack, "DeployRole").parts.properties.get("AssumeRolePolicyDocument").expect("a trust policy");
    let [trusted] = trust.get("Statement").and_then(Json::as_list).expect("statements") else { panic!("{trust:?}") };
    assert_eq!(trusted.get("Action").and_then(Json::as_str), Some("sts:AssumeRoleWithWebIdentity"));
    let condition = trusted.get("Condition").expect("a condition");
    let equals = condition.get("StringEquals").and_then(Json::as_object).expect("exact texts");
    assert_eq!((condition.as_object().map(<[_]>::len), equals.len()), (Some(1), 2));
    let value = |key: &str| condition.get("StringEquals").and_then(|equals| equals.get(key)?.as_str());
    assert_eq!(value("token.actions.githubusercontent.com:aud"), Some("sts.amazonaws.com"));
    assert_eq!(value("token.actions.githubusercontent.com:sub"), Some("repo:acme@583231/fipe@1296269:environment:stg"));

    let trust = role(&stack, "ExecutionRole").parts.properties.get("AssumeRolePolicyDocument").expect("a trust policy");
    let [trusted] = trust.get("Statement").and_then(Json::as_list).expect("statements") else { panic!("{trust:?}") };
    let service = trusted.get("Principal").and_then(|principal| principal.get("Service")?.as_str());
    assert_eq!(service, Some("cloudformation.amazonaws.com"));
    let account = trusted.get("Condition").and_then(|it| it.get("StringEquals")?.get("aws:SourceAccount"));
    assert!(account.is_some_and(|account| *account == cfn::pseudo::account_id().into_json()));
}

/// The operations that a file calls, as its errors name them.
fn calls(file: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let calls = source.split("call_error(\"").skip(1);
    calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

/// Also what no end-to-end test of a deployment makes it call.
#[test]
fn the_deploy_role_may_call_what_the_deployer_calls() {
    let stack = delivery(StageName::Dev);
    let allowed = actions(statements(role(&stack, "DeployRole")));
    let mut count = 0;
    for (file, service) in
        [("infra/deploy/src/aws/cloudformation.rs", "cloudformation"), ("infra/deploy/src/aws/s3.rs", "s3")]
    {
        for call in calls(file) {
            // IAM's name of this is another.
            let action = match call.as_str() {
                "HeadObject" => "GetObject",
                // The administrator who deploys Delivery creates the bucket.
                "CreateBucket"
                | "PutBucketEncryption"
                | "PutBucketPolicy"
                | "PutBucketVersioning"
                | "PutPublicAccessBlock" => continue,
                other => other,
            };
            count += 1;
            assert!(allowed.contains(&format!("{service}:{action}")), "DeployRole may not {service}:{action} ({file})");
        }
    }
    assert!(count > 15, "{count} calls were found");
}

#[test]
fn a_stage_reaches_its_own_assets_alone_and_overwrites_none() {
    for name in [StageName::Dev, StageName::Stg, StageName::Prd] {
        let stack = delivery(name);
        let template: Value = serde_json::from_str(&stack.template.to_json()).expect("JSON");
        let policies = template["Resources"].as_object().expect("resources").values().flat_map(|resource| {
            let properties = &resource["Properties"];
            let inline =
                properties["Policies"].as_array().into_iter().flatten().map(|policy| &policy["PolicyDocument"]);
            inline.chain(properties.get("PolicyDocument"))
        });
        let statements: Vec<&Value> =
            policies.flat_map(|policy| policy["Statement"].as_array().expect("statements")).collect();
        let reaching: Vec<&&Value> =
            statements.iter().filter(|it| it["Resource"].to_string().contains("infra-assets")).collect();
        let bucket = "arn:${AWS::Partition}:s3:::infra-assets-${AWS::AccountId}-${AWS::Region}";
        let found: BTreeSet<(String, String)> = reaching
            .iter()
            .flat_map(|it| {
                let actions = it["Action"].as_array().expect("actions").iter();
                let resources = it["Resource"].as_array().expect("resources");
                actions.flat_map(|action| {
                    let text = |it: &Value| it.as_str().expect("a text").to_owned();
                    resources.iter().map(move |resource| (text(action), text(&resource["Fn::Sub"])))
                })
            })
            .collect();
        let expected = [
            ("s3:GetBucketPolicy", bucket.to_owned()),
            ("s3:GetObject", format!("{bucket}/{name}/*")),
            ("s3:GetObjectVersion", format!("{bucket}/{name}/*")),
            ("s3:ListBucket", bucket.to_owned()),
            ("s3:PutObject", format!("{bucket}/{name}/*")),
        ];
        assert_eq!(found, expected.map(|(action, resource)| (action.to_owned(), resource)).into());
        for it in reaching.iter().filter(|it| it["Action"].to_string().contains("PutObject")) {
            assert_eq!(it["Condition"], serde_json::json!({ "Null": { "s3:if-none-match": "false" } }));
        }
    }
}

#[test]
fn neither_role_reaches_the_roles_themselves() {
    for name in [StageName::Dev, StageName::Stg, StageName::Prd] {
        let stack = delivery(name);
        for id in ["DeployRole", "ExecutionRole"] {
            assert!(role(&stack, id).parts.properties.get("ManagedPolicyArns").is_none());
            for statement in statements(role(&stack, id)) {
                let allowed = texts(statement.get("Action"));
                for resource in texts(statement.get("Resource")) {
                    assert!(!resource.contains("Delivery"), "{id}: {resource}");
                    if allowed.iter().any(|it| it.starts_with("iam:") || it.starts_with("cloudformation:")) {
                        assert!(resource != "*" && !resource.contains(":role/*"), "{id} may {allowed:?} on {resource}");
                    }
                }
                assert!(allowed.iter().all(|action| !action.contains('*') && !action.contains("AttachRolePolicy")));
            }
        }
    }
}

#[test]
fn a_role_is_passed_to_the_services_that_use_it_alone() {
    let stack = delivery(StageName::Prd);
    let services = |id: &str, sid: &str| {
        let passed = statement(statements(role(&stack, id)), sid);
        assert_eq!(texts(passed.get("Action")), ["iam:PassRole"]);
        let service = passed.get("Condition").and_then(|it| it.get("StringEquals")?.get("iam:PassedToService"));
        match service.expect("a condition") {
            Json::List(_) => texts(service),
            one => vec![one.as_str().expect("a service").to_owned()],
        }
    };
    assert_eq!(services("DeployRole", "ExecutionRole"), ["cloudformation.amazonaws.com"]);
    assert_eq!(services("ExecutionRole", "RolesOfFunctions"), ["lambda.amazonaws.com", "scheduler.amazonaws.com"]);
    // Whatever a job changes, it changes with the execution role.
    let change_sets = statement(statements(role(&stack, "DeployRole")), "ChangeSets");
    assert_eq!(texts(change_sets.get("Action")), ["cloudformation:CreateChangeSet"]);
    let given = change_sets.get("Condition").and_then(|it| it.get("StringEquals")?.get("cloudformation:RoleArn"));
    assert!(given.is_some());
}

#[test]
fn every_role_of_a_delivered_stage_is_within_the_boundary_and_deliverys_own_are_not() {
    for name in [StageName::Dev, StageName::Stg, StageName::Prd] {
        let mut count = 0;
        for stack in stacks(name) {
            for role in stack.template.resources().iter().filter(|entry| entry.parts.resource_type == "AWS::IAM::Role")
            {
                let boundary =
                    role.parts.properties.get("PermissionsBoundary").map(|it| texts(Some(&Json::list([it.clone()]))));
                let expected =
                    format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/Delivery-{name}-Boundary");
                let expected = (stack.name != "Delivery").then(|| vec![expected]);
                assert_eq!(boundary, expected, "{} > {}", stack.stack_name, role.id);
                count += 1;
            }
        }
        assert!(count > 15, "{count} roles");
    }
    // A stage that no repository deploys is deployed without Delivery, so there is no policy to be within.
    let files = systems::read(root(), "dev").expect("readable");
    for stack in ConfiguredStage::parse("dev", &files).expect("valid").synth().expect("nothing is refused") {
        assert!(
            stack.name == "Delivery" || !stack.template.to_yaml().contains("PermissionsBoundary"),
            "{}",
            stack.name
        );
    }
}

#[test]
fn the_names_are_those_of_one_stage() {
    let stack = delivery(StageName::Dev);
    let yaml = stack.template.to_yaml();
    for expected in [
        ":*-dev\n",
        "role/FipeData-dev-*",
        "role/FipeApi-dev-*",
        "alarm:FipeApi-dev-*",
        "rds:${AWS::Region}:${AWS::AccountId}:*:fipedata-dev-*",
        "log-group:/aws/rds/cluster/fipedata-dev-*\n",
    ] {
        assert!(yaml.contains(expected), "{expected}");
    }
    for other in ["-stg", "-prd", "role/*", ":table/*\n", "function:*\n"] {
        assert!(!yaml.contains(other), "{other}");
    }
}

/// As CloudFormation hands it to IAM, with the longest names that there are.
fn resolved(value: &Value) -> Value {
    match value {
        Value::Object(object) => match object.get("Fn::Sub").and_then(Value::as_str) {
            Some(text) => {
                let text = text.replace("${AWS::Partition}", "aws-us-gov").replace("${AWS::Region}", "ap-southeast-1");
                text.replace("${AWS::AccountId}", "123456789012").into()
            }
            None => object.iter().map(|(key, value)| (key.clone(), resolved(value))).collect(),
        },
        Value::Array(items) => items.iter().map(resolved).collect(),
        other => other.clone(),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>: 10,240 characters in a role, 6,144 in a policy.
#[test]
fn each_role_fits_into_what_iam_takes() {
    for name in [StageName::Dev, StageName::Stg, StageName::Prd] {
        let template: Value = serde_json::from_str(&delivery(name).template.to_json()).expect("JSON");
        let size = |id: &str, document: &Value| {
            assert!(document.is_object(), "{id} has no policy");
            resolved(document).to_string().len()
        };
        for id in ["DeployRole", "ExecutionRole"] {
            let size = size(id, &template["Resources"][id]["Properties"]["Policies"][0]["PolicyDocument"]);
            assert!(size <= 10_240, "{id} has {size} characters");
        }
        let policies = ["Network", "Data", "Storage", "Functions"].map(|name| format!("Execution{name}Policy"));
        for id in policies.iter().map(String::as_str).chain(["Boundary"]) {
            let size = size(id, &template["Resources"][id]["Properties"]["PolicyDocument"]);
            assert!(size <= 6_144, "{id} has {size} characters");
        }
    }
}
