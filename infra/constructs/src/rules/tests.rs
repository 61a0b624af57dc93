//! What each rule rejects and what it allows.

use cfn::{DeletionPolicy, Json, LogicalId, RawResource, ResourceOptions, Template, UpdateReplacePolicy, json};

use super::*;

#[path = "tests/databases.rs"]
mod databases;
#[path = "tests/http_apis.rs"]
mod http_apis;
#[path = "tests/notifications.rs"]
mod notifications;
#[path = "tests/queues.rs"]
mod queues;
#[path = "tests/settings.rs"]
mod settings;

/// A chain that no rule rejects, written by hand.
fn sound() -> Template {
    let mut template = Template::new("ShopApi-dev");
    let kept = |resource: RawResource| {
        resource.deletion_policy(DeletionPolicy::Snapshot).update_replace_policy(UpdateReplacePolicy::Snapshot)
    };
    let dead = RawResource::new("AWS::SQS::Queue").property("MessageRetentionPeriod", 1_209_600);
    let dead = template.add("DeadLetters", kept(dead));
    let redrive = json!({ "deadLetterTargetArn": dead.get_att::<String>("Arn"), "maxReceiveCount": 5 });
    let queue =
        RawResource::new("AWS::SQS::Queue").property("VisibilityTimeout", 1830).property("RedrivePolicy", redrive);
    let queue = template.add("Queue", kept(queue));
    let group = RawResource::new("AWS::Logs::LogGroup").property("RetentionInDays", 14);
    let group = template.add("LogGroup", kept(group));
    let statement = json!({
        "Effect": "Allow",
        "Action": ["sqs:ReceiveMessage"],
        "Resource": [queue.get_att::<String>("Arn")],
    });
    let policy = json!({ "PolicyName": "Grants", "PolicyDocument": { "Statement": [statement] } });
    let role = template.add("Role", RawResource::new("AWS::IAM::Role").property("Policies", json!([policy])));
    let function = RawResource::new("AWS::Lambda::Function")
        .property("Timeout", 300)
        .property("Role", role.get_att::<String>("Arn"))
        .property("LoggingConfig", json!({ "LogGroup": group.r#ref() }))
        .property(
            "Environment",
            json!({ "Variables": {
                "SQS_INPUT_URL": queue.r#ref(),
                "RDS_HOST": "db",
                "SHOP_CALLS_PER_MINUTE": "20",
            } }),
        );
    let function = template.add("Function", function);
    let mapping = RawResource::new("AWS::Lambda::EventSourceMapping")
        .property("EventSourceArn", queue.get_att::<String>("Arn"))
        .property("FunctionName", function.r#ref())
        .property("BatchSize", 10)
        .property("MaximumBatchingWindowInSeconds", 30)
        .property("FunctionResponseTypes", json!(["ReportBatchItemFailures"]))
        .property("ScalingConfig", json!({ "MaximumConcurrency": 2 }));
    template.add("Mapping", mapping);
    let cluster = template.add("Cluster", kept(RawResource::new("AWS::RDS::DBCluster").property("Engine", "aurora")));
    let writer = RawResource::new("AWS::RDS::DBInstance")
        .property("DBClusterIdentifier", cluster.r#ref())
        .property("DBInstanceClass", "db.t3.medium");
    template.add("Writer", kept(writer));
    template
}

/// The sound chain with one property changed.
fn with(id: &str, property: &'static str, value: impl Into<Json>) -> Template {
    let mut template = sound();
    template.resource_mut(&LogicalId::new(id)).expect("it is there").parts.properties.set(property, value);
    template
}

fn with_variable(name: &'static str, value: impl Into<Json>) -> Template {
    with("Function", "Environment", json!({ "Variables": { (name): (value.into()) } }))
}

fn with_statement(statement: Json) -> Template {
    let policy = json!({ "PolicyName": "Grants", "PolicyDocument": { "Statement": [statement] } });
    let mut template = with_variable("STAGE", "dev");
    template.resource_mut(&LogicalId::new("Role")).expect("it is there").parts.properties.set("Policies", [policy]);
    template
}

fn budget(calls_per_minute: f64) -> Budget {
    Budget { variable: "SHOP_CALLS_PER_MINUTE", calls_per_minute }
}

fn diagnostics(template: &Template) -> Vec<Diagnostic> {
    check(&Stage { templates: &[template], links: &page::LINKS, budgets: &[budget(40.0)], protected: true })
}

#[track_caller]
fn refused(template: &Template, rule: &str, place: &str) {
    let found = diagnostics(template);
    let places: Vec<_> =
        found.iter().map(|diagnostic| format!("{} {}", diagnostic.logical_id, diagnostic.path)).collect();
    assert!(found.iter().all(|diagnostic| diagnostic.rule == rule) && !found.is_empty(), "{found:#?}");
    assert!(places.iter().any(|known| known == place), "{place:?} is not in {places:?}");
}

#[track_caller]
fn allowed(template: &Template) {
    assert_eq!(diagnostics(template), []);
}

fn change(template: &mut Template, id: &str, property: &'static str, value: impl Into<Json>) {
    template.resource_mut(&LogicalId::new(id)).expect("it is there").parts.properties.set(property, value);
}

fn reference(id: &str) -> Json {
    cfn::intrinsics::ref_to::<String>(id).into_json()
}

fn arn(id: &str) -> Json {
    cfn::intrinsics::get_att::<String>(id, "Arn").into_json()
}

#[test]
fn a_sound_chain_is_allowed() {
    allowed(&sound());
}

#[test]
fn a_diagnostic_tells_place_value_allowed_values_and_fix() {
    assert_eq!(
        diagnostics(&with("Queue", "VisibilityTimeout", 300))[0].to_string(),
        "ShopApi-dev > Queue (AWS::SQS::Queue) > VisibilityTimeout: 300 s is too short for Function (300 s, window 30 s); \
         allowed: at least 1830 s; raise VisibilityTimeout or shorten the function's timeout"
    );
}

#[test]
fn a_function_whose_logs_are_kept_for_ever_is_refused() {
    let place = "Function LoggingConfig.LogGroup";
    refused(&with("Function", "LoggingConfig", Json::Absent), "function-log-retention", place);
    refused(&with("LogGroup", "RetentionInDays", Json::Absent), "function-log-retention", place);
}

#[test]
fn a_secret_in_the_environment_is_refused_and_not_repeated() {
    for name in ["DB_PASSWORD", "API_TOKEN", "ClientSecret", "pwd", "STRIPE_API_KEY"] {
        let template = with_variable(name, "hunter2");
        refused(&template, "function-secret-in-environment", &format!("Function Environment.Variables.{name}"));
        assert!(!diagnostics(&template)[0].to_string().contains("hunter2"));
    }
    let resolved = cfn::intrinsics::sub("postgres://{{resolve:secretsmanager:${Secret}:SecretString:password}}@db");
    refused(
        &with_variable("DATABASE_URL", resolved),
        "function-secret-in-environment",
        "Function Environment.Variables.DATABASE_URL",
    );
    refused(
        &with_variable("PASSWORD", reference("PasswordParameter")),
        "function-secret-in-environment",
        "Function Environment.Variables.PASSWORD",
    );
}

#[test]
fn names_and_places_of_secrets_are_allowed_in_the_environment() {
    allowed(&with_variable("DB_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:1:secret:x"));
    allowed(&with_variable("TOKEN_URL", "https://login.example/token"));
    allowed(&with_variable("TOKEN_ISSUER", "shop-dev"));
    allowed(&with_variable("STAGE", "dev"));
}

#[test]
fn a_function_that_is_told_of_what_it_may_not_use_is_refused() {
    let place = "Function Environment.Variables.SQS_OUTPUT_URL";
    let template = with_variable("SQS_OUTPUT_URL", reference("DeadLetters"));
    refused(&template, "function-environment-without-grant", place);
    allowed(&with_variable("SQS_OUTPUT_URL", reference("Queue")));
    let denied = json!({ "Effect": "Deny", "Action": "sqs:SendMessage", "Resource": (arn("Queue")) });
    let mut template = with_statement(denied);
    let variables = json!({ "Variables": { "SQS_OUTPUT_URL": (reference("Queue")) } });
    let function = template.resource_mut(&"Function".into()).expect("it is there");
    function.parts.properties.set("Environment", variables);
    refused(&template, "function-environment-without-grant", place);
    let place = "Function Environment.Variables.DB_SECRET_ARN";
    refused(&with_variable("DB_SECRET_ARN", reference("CredentialsArn")), "function-environment-without-grant", place);
}

#[test]
fn a_secret_written_into_a_resource_is_refused_and_not_repeated() {
    let template = with("Cluster", "MasterUserPassword", "correct horse");
    refused(&template, "secret-in-template", "Cluster MasterUserPassword");
    assert!(!format!("{:?}", diagnostics(&template)).contains("correct horse"));
    let user = with("Role", "LoginProfile", json!({ "Password": "correct horse" }));
    refused(&user, "secret-in-template", "Role LoginProfile.Password");
    allowed(&with("Cluster", "MasterUserPassword", "{{resolve:secretsmanager:Owner:SecretString:password}}"));
    allowed(&with("Cluster", "MasterUserPassword", cfn::intrinsics::sub("{{resolve:secretsmanager:${Queue}}}")));
    allowed(&with("Cluster", "GenerateStringKey", "password"));
}

#[test]
fn wide_actions_and_resources_are_refused() {
    let place = |key: &str| format!("Role Policies.0.PolicyDocument.Statement.0.{key}");
    let allow = |action: &str, resource: Json| json!({ "Effect": "Allow", "Action": (action.to_owned()), "Resource": resource });
    for action in ["*", "sqs:*", "s3:Get*"] {
        let template = with_statement(allow(action, arn("Queue")));
        refused(&template, "permission-wildcard", &place("Action"));
    }
    for resource in ["*", "arn:aws:sqs:*:*:*", "arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:sqs:us-east-1:1:shop-*"] {
        let template = with_statement(allow("sqs:SendMessage", Json::from(resource)));
        refused(&template, "permission-wildcard", &place("Resource"));
    }
    let everything_else = json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": (arn("Queue")) });
    refused(&with_statement(everything_else), "permission-wildcard", &place("NotAction"));
    let managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole";
    refused(&with("Role", "ManagedPolicyArns", json!([managed])), "permission-wildcard", "Role ManagedPolicyArns");
}

#[test]
fn what_cannot_be_narrowed_is_allowed_on_any_resource() {
    let network = json!({ "Effect": "Allow", "Action": ["ec2:CreateNetworkInterface"], "Resource": "*" });
    allowed(&with_statement(network));
    let mixed =
        json!({ "Effect": "Allow", "Action": ["ec2:CreateNetworkInterface", "ec2:RunInstances"], "Resource": "*" });
    refused(&with_statement(mixed), "permission-wildcard", "Role Policies.0.PolicyDocument.Statement.0.Resource");
    allowed(&with_statement(json!({ "Effect": "Deny", "Action": "*", "Resource": "*" })));
    let below = cfn::intrinsics::sub("${Bucket.Arn}/reports/*");
    allowed(&with_statement(json!({ "Effect": "Allow", "Action": "s3:PutObject", "Resource": below })));
}

#[test]
fn what_iam_cannot_narrow_is_excepted_statement_by_statement_with_a_reason() {
    let statement =
        |sid: &str| json!({ "Sid": (sid.to_owned()), "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*" });
    let excepted = |wildcards: Json| {
        let mut template = with_statement(statement("Wide"));
        template.resource_mut(&"Role".into()).expect("it is there").parts.metadata.set("Wildcards", wildcards);
        template
    };
    let path = "Role Policies.0.PolicyDocument.Statement.0.Resource";
    allowed(&excepted(json!({ "Wide": "queues have random names" })));
    refused(&excepted(json!({ "Wide": " " })), "permission-wildcard", path);
    refused(&excepted(json!({ "Other": "why" })), "permission-wildcard", path);
    let mut narrow = with_statement(
        json!({ "Sid": "Narrow", "Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": (arn("Queue")) }),
    );
    let wildcards = json!({ "Narrow": "it was wide once" });
    narrow.resource_mut(&"Role".into()).expect("it is there").parts.metadata.set("Wildcards", wildcards);
    refused(&narrow, "permission-wildcard", "Role Metadata.Wildcards");
    let mut actions = with_statement(json!({ "Sid": "All", "Effect": "Allow", "Action": "sqs:*", "Resource": "*" }));
    actions.resource_mut(&"Role".into()).expect("it is there").parts.metadata.set("Wildcards", json!({ "All": "why" }));
    refused(&actions, "permission-wildcard", "Role Policies.0.PolicyDocument.Statement.0.Action");
}

#[test]
fn anybody_is_refused_as_a_principal_without_condition() {
    let policy = |condition: Json| {
        let statement = json!({
            "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
            "Resource": (arn("Queue")), "Condition": condition,
        });
        let mut template = sound();
        let document = json!({ "Statement": [statement] });
        template.add("Policy", RawResource::new("AWS::SQS::QueuePolicy").property("PolicyDocument", document));
        template
    };
    refused(&policy(Json::Absent), "permission-wildcard", "Policy PolicyDocument.Statement.0.Principal");
    allowed(&policy(json!({ "ArnEquals": { "aws:SourceArn": (arn("Queue")) } })));
}

#[test]
fn data_without_both_retention_policies_is_refused() {
    let mut template = sound();
    let parts = &mut template.resource_mut(&"Cluster".into()).expect("it is there").parts;
    parts.update_replace_policy = None;
    refused(&template, "stateful-retention-policy", "Cluster UpdateReplacePolicy");
    let parts = &mut template.resource_mut(&"Cluster".into()).expect("it is there").parts;
    (parts.update_replace_policy, parts.deletion_policy) = (Some(UpdateReplacePolicy::Retain), None);
    refused(&template, "stateful-retention-policy", "Cluster DeletionPolicy");
}

#[test]
fn more_connections_than_the_database_can_spare_are_refused() {
    // db.t3.medium: 405 connections, 324 of them for functions.
    let with_concurrency = |number: u32| {
        let mut template = with("Mapping", "ScalingConfig", json!({ "MaximumConcurrency": number }));
        let variables = json!({ "Variables": { "RDS_HOST": "db" } });
        let function = template.resource_mut(&"Function".into()).expect("it is there");
        function.parts.properties.set("Environment", variables);
        template
    };
    allowed(&with_concurrency(324));
    refused(&with_concurrency(325), "database-connections", "Cluster Engine");
}

#[test]
fn connections_are_counted_over_stacks() {
    let (data, api) = (sound(), sound());
    let (mut data_only, mut api_only) = (Template::new("Data"), Template::new("Api"));
    for entry in data.resources() {
        let target = if entry.parts.resource_type.starts_with("AWS::RDS") { &mut data_only } else { &mut api_only };
        target.add(&entry.id, <RawResource as cfn::Resource>::from_parts(entry.parts.clone()));
    }
    drop(api);
    let mapping = api_only.resource_mut(&"Mapping".into()).expect("it is there");
    mapping.parts.properties.set("ScalingConfig", json!({ "MaximumConcurrency": 1000 }));
    let found =
        check(&Stage { templates: &[&data_only, &api_only], links: &[], budgets: &[budget(1e9)], protected: true });
    assert_eq!(found.iter().map(|diagnostic| diagnostic.rule).collect::<Vec<_>>(), ["database-connections"]);
}

#[test]
fn a_function_that_connects_without_limit_is_refused() {
    let mut template = with("Mapping", "FunctionName", reference("Other"));
    let place = "Function ReservedConcurrentExecutions";
    refused(&template, "database-connections", place);
    let custom = RawResource::new("Custom::Schema").property("ServiceToken", arn("Function"));
    template.add("Schema", custom);
    allowed(&template);
}

#[test]
fn upstream_budgets_above_the_stages_are_refused() {
    let template = sound();
    allowed(&template);
    let found = check(&Stage { templates: &[&template], links: &[], budgets: &[budget(39.0)], protected: true });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "all functions together may make 40 calls a minute; allowed: 39 calls a minute");
}

#[test]
fn exceptions_without_a_reason_are_refused_wherever_they_stand() {
    let metadata = |key: &'static str, value: Json| {
        let mut template = sound();
        template.resource_mut(&"Queue".into()).expect("it is there").parts.metadata.set(key, value);
        template
    };
    let rule = "exception-without-reason";
    for comment in [json!({ "id": "CKV_AWS_27" }), json!({ "id": "CKV_AWS_27", "comment": " " })] {
        refused(&metadata("checkov", json!({ "skip": [comment] })), rule, "Queue Metadata.checkov.skip");
    }
    let lint = json!({ "config": { "ignore_checks": ["W3005", "W1001"] }, "reasons": { "W1001": "why" } });
    let lint = metadata("cfn-lint", lint);
    refused(&lint, rule, "Queue Metadata.cfn-lint");
    assert!(diagnostics(&lint)[0].message.starts_with("W3005 without a reason"));
    refused(&metadata("guard", json!({ "SuppressedRules": ["X"] })), rule, "Queue Metadata.guard");
    let accepted = json!([{ "Rule": "data-loss/removed", "Until": "2027-03-31" }]);
    refused(&metadata("Acknowledged", accepted.clone()), rule, "Queue Metadata.Acknowledged");
    let mut template = sound();
    template.metadata("Acknowledged", accepted);
    refused(&template, rule, " Metadata.Acknowledged");
    allowed(&metadata("guard", json!({ "SuppressedRules": ["X"], "Reasons": { "X": "why" } })));
}

#[test]
fn an_acknowledgement_ends_on_a_day_of_the_calendar() {
    let until = |until: &'static str| {
        let mut template = sound();
        template.metadata("Acknowledged", json!([{ "Rule": "data-loss/removed", "Reason": "why", "Until": until }]));
        template
    };
    for day in
        ["never", "", "2027-3-31", "2027-02-29", "2100-02-29", "2027-04-31", "2027-13-01", "2027-01-00", "2027-03-31-1"]
    {
        refused(&until(day), "acknowledgement-without-expiry", " Metadata.Acknowledged");
    }
    for day in ["2027-03-31", "2028-02-29", "2000-02-29"] {
        allowed(&until(day));
    }
}

#[test]
fn tables_buckets_and_databases_that_go_with_their_stack_are_refused_on_a_protected_stage_alone() {
    for resource_type in ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::RDS::DBCluster"] {
        let with = |deletion, replacement| {
            let mut template = sound();
            let data = RawResource::new(resource_type);
            template.add("Data", data.deletion_policy(deletion).update_replace_policy(replacement));
            template
        };
        let rule = "stateful-data-kept";
        let lost = with(DeletionPolicy::Delete, UpdateReplacePolicy::Retain);
        refused(&lost, rule, "Data DeletionPolicy");
        refused(&with(DeletionPolicy::Retain, UpdateReplacePolicy::Delete), rule, "Data UpdateReplacePolicy");
        allowed(&with(DeletionPolicy::Retain, UpdateReplacePolicy::Snapshot));
        assert_eq!(check(&Stage { templates: &[&lost], links: &[], budgets: &[budget(40.0)], protected: false }), []);
    }
}

#[test]
fn a_table_or_bucket_that_the_role_may_not_touch_is_refused() {
    let with = |resource_type: &'static str, granted: Json| {
        let statement = json!({ "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": (granted) });
        let mut template = with_statement(statement);
        let data = RawResource::new(resource_type);
        template.add(
            "Data",
            data.deletion_policy(DeletionPolicy::Retain).update_replace_policy(UpdateReplacePolicy::Retain),
        );
        change(&mut template, "Function", "Environment", json!({ "Variables": { "WHERE": (reference("Data")) } }));
        template
    };
    let objects = |id: &str| cfn::intrinsics::sub(format!("${{{id}.Arn}}/*")).into_json();
    let (rule, place) = ("function-environment-without-grant", "Function Environment.Variables.WHERE");
    for resource_type in ["AWS::DynamoDB::Table", "AWS::S3::Bucket"] {
        refused(&with(resource_type, arn("Queue")), rule, place);
        refused(&with(resource_type, objects("Queue")), rule, place);
        allowed(&with(resource_type, arn("Data")));
        allowed(&with(resource_type, objects("Data")));
    }
}

#[test]
fn a_function_that_sends_to_its_own_queue_is_refused_where_lambda_would_stop_it() {
    let (rule, place) = ("function-recursive-loop", "Function RecursiveLoop");
    let sends = |resource: Json| {
        let statement = json!({ "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [resource] });
        let policy = json!({ "PolicyName": "Grants", "PolicyDocument": { "Statement": [statement] } });
        with("Role", "Policies", json!([policy]))
    };
    refused(&with_recursion(sends(arn("Queue")), Json::Absent), rule, place);
    refused(&with_recursion(sends(arn("Queue")), "Terminate".into()), rule, place);
    let found = |template: &Template| diagnostics(template).iter().any(|found| found.rule == rule);
    assert!(!found(&with_recursion(sends(arn("Queue")), "Allow".into())));
    assert!(!found(&with_recursion(sends(arn("DeadLetters")), Json::Absent)));
}

fn with_recursion(mut template: Template, value: Json) -> Template {
    change(&mut template, "Function", "RecursiveLoop", value);
    template
}

#[test]
fn every_rule_refuses_its_own_example() {
    for rule in RULES {
        let found = diagnostics(&rule.refused_example());
        assert!(found.iter().any(|diagnostic| diagnostic.rule == rule.id), "{} does not refuse its example", rule.id);
    }
}

#[test]
fn the_page_of_rules_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/RULES.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, page()).expect("the page can be written");
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(committed == page(), "RULES.md is stale: UPDATE=1 cargo test -p constructs --lib rules");
}

#[test]
fn every_rule_says_what_it_refuses_and_has_its_own_id() {
    let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), RULES.len());
    assert!(RULES.iter().all(|rule| !rule.refuses.is_empty() && !rule.example.is_empty() && !rule.fix.is_empty()));
}

#[test]
fn what_another_stack_takes_is_retained_when_it_is_replaced() {
    let found = |policy: Option<UpdateReplacePolicy>, links: &[Link<'_>]| {
        let mut template = Template::new("Example-dev");
        let layer = RawResource::new("AWS::Lambda::LayerVersion").property("LayerName", "orders");
        let layer = match policy {
            Some(policy) => layer.update_replace_policy(policy),
            None => layer,
        };
        let layer = template.add("Layer", layer);
        template.output("LayerArn", layer.r#ref());
        check(&Stage { templates: &[&template], links, budgets: &[], protected: false }).len()
    };
    let linked = [Link { stack_name: "Example-dev", output: "LayerArn" }];
    assert_eq!(found(None, &linked), 1);
    assert_eq!(found(Some(UpdateReplacePolicy::Delete), &linked), 1);
    assert_eq!(found(Some(UpdateReplacePolicy::Retain), &linked), 0);
    assert_eq!(found(None, &[]), 0, "nobody else uses it");
    assert_eq!(found(None, &[Link { stack_name: "Other-dev", output: "LayerArn" }]), 0);
}
