//! What the templates of the FIPE chain say.

use std::fs;
use std::path::Path;

use cfn::{Json, ResourceEntry};
use constructs::{Asked, ParameterSource, Protection, SynthesizedStack};
use system::StageName;
use systems::{ConfiguredStage, Files};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

fn files(name: StageName) -> Files {
    systems::read(root(), name.as_str()).expect("the committed settings are readable")
}

/// The settings of a stage with another text in `fipe.toml`.
fn changed(name: StageName, written: &str, other: &str) -> Files {
    let mut files = files(name);
    let text = files.get_mut("fipe.toml").expect("the chain has settings");
    assert!(text.contains(written), "{written}");
    *text = text.replace(written, other);
    files
}

/// FipeData and FipeApi.
fn drawn(name: StageName, files: &Files) -> [SynthesizedStack; 2] {
    let stage = ConfiguredStage::parse(name.as_str(), files).expect("the committed settings are valid");
    let stacks = stage.synth().expect("nothing is refused").into_iter();
    let ours = stacks.filter(|stack| stack.name.starts_with("Fipe"));
    ours.collect::<Vec<_>>().try_into().expect("two stacks")
}

fn stacks_of(name: StageName) -> [SynthesizedStack; 2] {
    drawn(name, &files(name))
}

fn refused(name: StageName, files: &Files) -> systems::SynthError {
    ConfiguredStage::parse(name.as_str(), files).expect("valid").synth().expect_err("it is refused")
}

fn of_type<'a>(stack: &'a SynthesizedStack, resource_type: &str) -> Vec<&'a ResourceEntry> {
    stack.template.resources().iter().filter(|entry| entry.parts.resource_type == resource_type).collect()
}

fn resource<'a>(stack: &'a SynthesizedStack, id: &str) -> &'a ResourceEntry {
    stack.template.resource(&id.into()).unwrap_or_else(|| panic!("{id} is not in {}", stack.stack_name))
}

fn property<'a>(entry: &'a ResourceEntry, path: &str) -> Option<&'a Json> {
    let mut names = path.split('.');
    let first = entry.parts.properties.get(names.next()?)?;
    names.try_fold(first, |json, name| json.get(name))
}

fn text<'a>(entry: &'a ResourceEntry, path: &str) -> &'a str {
    property(entry, path).and_then(Json::as_str).unwrap_or_else(|| panic!("{} has no text at {path}", entry.id))
}

fn outputs(stack: &SynthesizedStack) -> Vec<&str> {
    stack.template.outputs().iter().map(|output| output.id().as_str()).collect()
}

#[test]
fn names_and_outputs_are_those_that_users_know() {
    let [data, api] = stacks_of(StageName::Dev);
    assert_eq!((data.stack_name.as_str(), api.stack_name.as_str()), ("FipeData-dev", "FipeApi-dev"));
    let functions: Vec<_> = of_type(&api, "AWS::Lambda::Function").iter().map(|f| text(f, "FunctionName")).collect();
    assert_eq!(
        functions,
        ["FipeManufacturerLoader-dev", "FipeModelLoader-dev", "FipePriceLoader-dev", "FipeSomaIngestor-dev"]
    );
    let mut queues: Vec<_> = of_type(&api, "AWS::SQS::Queue").iter().map(|queue| text(queue, "QueueName")).collect();
    queues.sort_unstable();
    assert_eq!(
        queues,
        [
            "fipe-manufacturer-dlq-dev",
            "fipe-manufacturer-queue-dev",
            "fipe-model-dlq-dev",
            "fipe-model-queue-dev",
            "fipe-price-dlq-dev",
            "fipe-price-queue-dev",
            "fipe-schedule-dlq-dev",
        ]
    );
    for output in ["DBEndpoint", "DBPort", "DBSecretArn"] {
        assert!(outputs(&data).contains(&output), "{output}");
    }
    for output in [
        "ManufacturerQueueUrl",
        "ModelQueueUrl",
        "PriceQueueUrl",
        "ManufacturerDLQUrl",
        "ModelDLQUrl",
        "PriceDLQUrl",
        "ScheduleDLQUrl",
        "FipeManufacturerLambda",
    ] {
        assert!(outputs(&api).contains(&output), "{output}");
    }
}

#[test]
fn the_ingestor_alone_stands_in_the_vpc() {
    let [_, api] = stacks_of(StageName::Prd);
    let inside: Vec<_> = of_type(&api, "AWS::Lambda::Function")
        .into_iter()
        .filter(|function| property(function, "VpcConfig").is_some())
        .map(|function| function.id.as_str())
        .collect();
    assert_eq!(inside, ["FipeSomaIngestor"]);
}

/// Role, action and the logical ids of its resources, one line each; what Lambda itself needs is left out.
fn permissions(stack: &SynthesizedStack) -> Vec<String> {
    let mut lines = Vec::new();
    for role in of_type(stack, "AWS::IAM::Role") {
        let policies = property(role, "Policies").and_then(Json::as_list).expect("every role has its policy");
        let statements = policies.iter().flat_map(|policy| {
            policy.get("PolicyDocument").and_then(|document| document.get("Statement")?.as_list()).expect("statements")
        });
        for statement in statements {
            let sid = statement.get("Sid").and_then(Json::as_str).expect("a sid");
            if ["Log", "NetworkInterfaces", "NetworkInterfacesOfItsOwn"].contains(&sid) {
                continue;
            }
            let ids =
                statement.get("Resource").and_then(Json::as_list).expect("a list").iter().map(
                    |resource| match resource.as_intrinsic() {
                        Some(cfn::Intrinsic::Ref(id)) => id.to_string(),
                        Some(cfn::Intrinsic::GetAtt(id, _)) => id.clone(),
                        other => panic!("{other:?} is no reference"),
                    },
                );
            lines.push(format!("{} {sid} {}", role.id, ids.collect::<Vec<_>>().join(" ")));
        }
    }
    lines
}

#[test]
fn each_role_may_do_what_its_function_does_and_nothing_else() {
    let [data, api] = stacks_of(StageName::Prd);
    assert_eq!(permissions(&data), ["FipeDbInitRole ReadSecrets OwnerSecret AppSecret"]);
    assert_eq!(
        permissions(&api),
        [
            "FipeManufacturerLoaderRole SendMessages ManufacturerQueue PriceQueue",
            "FipeManufacturerLoaderRole Publish AlarmTopic",
            "FipeModelLoaderRole ConsumeMessages ManufacturerQueue",
            // To the queue that it reads from: what a batch has no time for is handed on.
            "FipeModelLoaderRole SendMessages ManufacturerQueueDeadLetters ManufacturerQueue ModelQueue PriceQueue",
            "FipePriceLoaderRole ConsumeMessages ModelQueue",
            "FipePriceLoaderRole SendMessages ModelQueueDeadLetters ModelQueue PriceQueue",
            "FipeSomaIngestorRole ConsumeMessages PriceQueue",
            "FipeSomaIngestorRole SendMessages PriceQueueDeadLetters",
            "FipeSomaIngestorRole Publish CrawlCompleteTopic",
            "FipeSomaIngestorRole ReadSecrets DBCredentialsArn",
            "MonthlyCrawlRole Invoke FipeManufacturerLoader",
            "MonthlyCrawlRole SendMessages MonthlyCrawlDeadLetters",
        ]
    );
}

#[test]
fn the_database_admits_the_functions_and_the_given_address_alone() {
    let [data, _] = stacks_of(StageName::Dev);
    let rules = property(resource(&data, "DatabaseSecurityGroup"), "SecurityGroupIngress").and_then(Json::as_list);
    let [functions, address] = rules.expect("a list") else { panic!("two rules, not {rules:?}") };
    let group = cfn::intrinsics::ref_to::<String>("FunctionSecurityGroupId").into_json();
    assert_eq!(functions.get("SourceSecurityGroupId"), Some(&group));
    let Some(cfn::Intrinsic::If(condition, admitted, _)) = address.as_intrinsic() else { panic!("{address:?}") };
    assert_eq!(&**condition, "AdmitsAllowedIp");
    assert_eq!(admitted.get("CidrIp"), Some(&cfn::intrinsics::sub("${AllowedIp}/32").into_json()));
}

#[test]
fn the_schema_is_applied_again_to_a_new_cluster_and_with_a_new_secret() {
    let [data, _] = stacks_of(StageName::Prd);
    let schema = resource(&data, "Schema");
    for (name, id) in [("DBClusterIdentifier", "Cluster"), ("AppSecretArn", "AppSecret")] {
        assert_eq!(property(schema, name), Some(&cfn::intrinsics::ref_to::<String>(id).into_json()), "{name}");
    }
    let timeout = |entry, path| text_or_number(property(entry, path).expect("it is set"));
    let (answer, function) = (timeout(schema, "ServiceTimeout"), timeout(resource(&data, "FipeDbInit"), "Timeout"));
    assert!(answer > function, "CloudFormation waits {answer} s for a function of {function} s");
}

fn text_or_number(json: &Json) -> i64 {
    json.as_i64().or_else(|| json.as_str()?.parse().ok()).expect("a number")
}

#[test]
fn an_address_is_asked_for_only_where_the_stage_has_public_access() {
    let asks = |name| {
        let [data, _] = stacks_of(name);
        data.parameters.iter().any(|(_, source)| *source == ParameterSource::Asked(Asked::AllowedIp))
    };
    assert_eq!(StageName::ALL.map(asks), [true, true, false, false]);
    let [data, _] = stacks_of(StageName::Prd);
    assert_eq!(property(resource(&data, "ClusterWriter"), "PubliclyAccessible").and_then(Json::as_bool), Some(false));
    let ingress = property(resource(&data, "DatabaseSecurityGroup"), "SecurityGroupIngress").and_then(Json::as_list);
    assert_eq!(ingress.map(<[Json]>::len), Some(1));
}

#[test]
fn the_schema_lists_every_migration_in_order() {
    let mut files: Vec<_> = fs::read_dir(root().join("sql/fipe"))
        .expect("sql/fipe is there")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
        .filter(|name| name.ends_with(".sql"))
        .collect();
    files.sort_unstable();
    let [data, _] = stacks_of(StageName::Dev);
    let listed = property(resource(&data, "Schema"), "Migrations").and_then(Json::as_list).expect("a list");
    assert_eq!(listed.iter().filter_map(Json::as_str).collect::<Vec<_>>(), files);
}

#[test]
fn the_cluster_is_encrypted_backed_up_and_kept_as_a_snapshot() {
    for name in StageName::ALL {
        let [data, _] = stacks_of(name);
        let cluster = resource(&data, "Cluster");
        assert_eq!(property(cluster, "StorageEncrypted").and_then(Json::as_bool), Some(true));
        assert_eq!(property(cluster, "EnableIAMDatabaseAuthentication").and_then(Json::as_bool), Some(true));
        assert_eq!(property(cluster, "BackupRetentionPeriod").and_then(Json::as_i64), Some(7));
        assert_eq!(cluster.parts.deletion_policy, Some(cfn::DeletionPolicy::Snapshot));
        assert_eq!(cluster.parts.update_replace_policy, Some(cfn::UpdateReplacePolicy::Snapshot));
        let protected = property(cluster, "DeletionProtection").and_then(Json::as_bool);
        assert_eq!(protected, Some(name == StageName::Prd));
    }
}

#[test]
fn a_stack_policy_keeps_everything_that_holds_data_from_replacement_and_deletion() {
    for name in [StageName::Stg, StageName::Prd] {
        for stack in stacks_of(name) {
            assert!(stack.protection.termination);
            let policy = stack.protection.stack_policy.as_deref().expect("both stacks hold something");
            assert!(policy.len() < 16_384, "CloudFormation takes no longer policy");
            let policy: serde_json::Value = serde_json::from_str(policy).expect("JSON");
            let statements = policy["Statement"].as_array().expect("a list");
            let allow = serde_json::json!({"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"});
            assert_eq!(statements[0], allow);
            assert_eq!((&statements[1]["Effect"], &statements[1]["Principal"]), (&"Deny".into(), &"*".into()));
            assert_eq!(statements[1]["Action"], serde_json::json!(["Update:Replace", "Update:Delete"]));
            let denied = statements[1]["Resource"].as_array().expect("a list");
            let denied: Vec<_> = denied.iter().map(|id| id.as_str().expect("text")).collect();
            let stateful: Vec<_> = (stack.template.resources().iter())
                .filter(|entry| facts::is_stateful(&entry.parts.resource_type))
                .map(|entry| format!("LogicalResourceId/{}", entry.id))
                .collect();
            assert_eq!(denied, stateful);
        }
    }
    let [data, api] = stacks_of(StageName::Prd);
    assert!(data.protection.stack_policy.expect("some").contains("\"LogicalResourceId/Cluster\""));
    assert!(api.protection.stack_policy.expect("some").contains("\"LogicalResourceId/PriceQueueDeadLetters\""));
    for stack in [StageName::Local, StageName::Dev].into_iter().flat_map(stacks_of) {
        assert_eq!(stack.protection, Protection::default());
    }
}

#[test]
fn the_policy_of_a_resource_that_is_named_can_be_lifted() {
    let [data, _] = stacks_of(StageName::Prd);
    let policy = Protection::stack_policy_of(&data.template, &["Cluster"]).expect("others stay protected");
    assert!(!policy.contains("LogicalResourceId/Cluster\"") && policy.contains("LogicalResourceId/OwnerSecret\""));
}

#[test]
fn the_schedule_keeps_what_it_could_not_start() {
    let [_, api] = stacks_of(StageName::Dev);
    let target = property(resource(&api, "MonthlyCrawl"), "Target.DeadLetterConfig.Arn").and_then(Json::as_intrinsic);
    let Some(cfn::Intrinsic::GetAtt(queue, _)) = target else { panic!("it names a queue: {target:?}") };
    assert_eq!(text(resource(&api, queue), "QueueName"), "fipe-schedule-dlq-dev");
}

#[test]
fn a_stage_may_have_a_serverless_database() {
    let serverless = "{ min_acu = 0.5, max_acu = 4.0 }";
    let [data, _] =
        drawn(StageName::Dev, &changed(StageName::Dev, "{ instance_class = \"db.t3.medium\" }", serverless));
    let scaling = property(resource(&data, "Cluster"), "ServerlessV2ScalingConfiguration").expect("it scales");
    assert_eq!(scaling.get("MaxCapacity"), Some(&Json::Number(4.0)));
    assert_eq!(text(resource(&data, "ClusterWriter"), "DBInstanceClass"), "db.serverless");
}

#[test]
fn an_alarm_watches_every_dead_letter_queue_every_queue_and_every_function() {
    let [_, api] = stacks_of(StageName::Dev);
    let watched: Vec<_> = of_type(&api, "AWS::CloudWatch::Alarm")
        .iter()
        .map(|alarm| {
            let dimensions = property(alarm, "Dimensions").and_then(Json::as_list).expect("dimensions");
            let value = dimensions.last().expect("one").get("Value").expect("a value");
            // Only the database is of another stack.
            let value = value.as_str().unwrap_or("the database").to_owned();
            // SQS counts no queue that nobody has touched for six hours: its alarm must not end with the metric.
            let missing = if value.contains("-dlq-") { "ignore" } else { "notBreaching" };
            assert_eq!(text(alarm, "TreatMissingData"), missing, "{value}");
            (text(alarm, "MetricName").to_owned(), value)
        })
        .collect();
    for queue in ["manufacturer", "model", "price"] {
        let dead = ("ApproximateNumberOfMessagesVisible".to_owned(), format!("fipe-{queue}-dlq-dev"));
        let oldest = ("ApproximateAgeOfOldestMessage".to_owned(), format!("fipe-{queue}-queue-dev"));
        assert!(watched.contains(&dead) && watched.contains(&oldest), "{queue}: {watched:?}");
    }
    let unsent = ("ApproximateNumberOfMessagesVisible".to_owned(), "fipe-schedule-dlq-dev".to_owned());
    assert!(watched.contains(&unsent), "{watched:?}");
    for metric in ["CPUUtilization", "DatabaseConnections", "FreeableMemory", "FreeLocalStorage"] {
        assert!(watched.contains(&(metric.to_owned(), "the database".to_owned())), "{metric}: {watched:?}");
    }
    for function in ["FipeManufacturerLoader", "FipeModelLoader", "FipePriceLoader", "FipeSomaIngestor"] {
        assert!(watched.contains(&("Errors".to_owned(), format!("{function}-dev"))), "{function}: {watched:?}");
        // Whoever asks FIPE can be turned away.
        let blocked = watched.contains(&("Blocked".to_owned(), function.to_owned()));
        assert_eq!(blocked, function != "FipeSomaIngestor", "{function}: {watched:?}");
        // What asks FIPE for a message can put the message back.
        let postponed = watched.contains(&("Postponed".to_owned(), function.to_owned()));
        let asks = ["FipeModelLoader", "FipePriceLoader"].contains(&function);
        assert_eq!(postponed, asks, "{function}: {watched:?}");
    }
}

#[test]
fn the_database_s_alarms_follow_its_capacity() {
    let alarm = |api: &SynthesizedStack, id: &str| {
        let alarm = resource(api, id);
        let threshold = property(alarm, "Threshold").cloned().expect("a threshold");
        (text(alarm, "ComparisonOperator").to_owned(), threshold)
    };
    let [_, api] = stacks_of(StageName::Dev);
    let (operator, bytes) = alarm(&api, "DatabaseMemoryAlarm");
    assert_eq!((operator.as_str(), bytes), ("LessThanThreshold", Json::Number(429_496_730.0)), "a tenth of 4 GiB");
    // 80 % of the 405 connections that 4 GiB admit.
    assert_eq!(alarm(&api, "DatabaseConnectionsAlarm").1, Json::Integer(324));
    let serverless = "{ min_acu = 0, max_acu = 2.0 }";
    let [_, api] = drawn(StageName::Dev, &changed(StageName::Dev, "{ instance_class = \"db.t3.medium\" }", serverless));
    let (operator, percent) = alarm(&api, "DatabaseCapacityAlarm");
    assert_eq!((operator.as_str(), percent), ("GreaterThanThreshold", Json::Integer(90)));
    let ids: Vec<_> = api.template.resources().iter().map(|entry| entry.id.as_str()).collect();
    assert!(!ids.contains(&"DatabaseMemoryAlarm"), "a serverless writer takes more capacity instead");
}

#[test]
fn a_design_that_a_rule_refuses_is_not_given_out() {
    let ingestor = "[soma-ingestor]\nmemory_mb = 512\ntimeout_seconds = 300\nmax_concurrency = ";
    let error = refused(StageName::Dev, &changed(StageName::Dev, &format!("{ingestor}2"), &format!("{ingestor}1000")));
    assert_eq!(error.diagnostics.len(), 1, "db.t3.medium has no thousand connections");
    assert!(error.to_string().starts_with("FipeData-dev > Cluster (AWS::RDS::DBCluster) > Engine: functions may open"));
    let error = refused(StageName::Dev, &changed(StageName::Dev, "calls_per_minute = 40 ", "calls_per_minute = 5 "));
    assert!(error.to_string().contains("FipeApi-dev > FipeManufacturerLoader (AWS::Lambda::Function)"), "{error}");
}
