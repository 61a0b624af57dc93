//! What the template of the catalog says.

use std::path::Path;

use constructs::{ParameterSource, SynthesizedStack};
use serde_json::{Value, json};
use system::StageName;
use systems::{ConfiguredStage, Files};

fn files(name: StageName) -> Files {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    systems::read(root, name.as_str()).expect("the committed settings are readable")
}

/// The settings of a stage with another text in `catalog.toml`.
fn changed(name: StageName, written: &str, other: &str) -> Files {
    let mut files = files(name);
    let text = files.get_mut("catalog.toml").expect("the catalog has settings");
    assert!(text.contains(written), "{written}");
    *text = text.replace(written, other);
    files
}

fn drawn(name: StageName, files: &Files) -> SynthesizedStack {
    let stage = ConfiguredStage::parse(name.as_str(), files).expect("valid");
    let stacks = stage.synth().expect("nothing is refused");
    stacks.into_iter().find(|stack| stack.name == "Catalog").expect("it is there")
}

fn catalog_of(name: StageName) -> SynthesizedStack {
    drawn(name, &files(name))
}

fn template(name: StageName) -> Value {
    serde_json::from_str(&catalog_of(name).template.to_json()).expect("JSON")
}

/// By logical id.
fn of_type<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().expect("resources").iter();
    resources.filter(|(_, entry)| entry["Type"] == kind).map(|(id, entry)| (id.as_str(), entry)).collect()
}

fn refused(name: StageName, files: &Files) -> String {
    ConfiguredStage::parse(name.as_str(), files).expect("valid").synth().expect_err("it is refused").to_string()
}

#[test]
fn names_and_outputs_are_those_that_users_know() {
    let template = template(StageName::Prd);
    let names = |kind: &str, name: &str| -> Vec<String> {
        of_type(&template, kind)
            .iter()
            .map(|(_, entry)| entry["Properties"][name].as_str().expect("text").into())
            .collect()
    };
    assert_eq!(
        names("AWS::Lambda::Function", "FunctionName"),
        ["CreateProductProcessor-prd", "GetProduct-prd", "ProductSaverWorker-prd"]
    );
    assert_eq!(names("AWS::SQS::Queue", "QueueName"), ["product-queue-prd", "product-dlq-prd"]);
    assert_eq!(names("AWS::DynamoDB::Table", "TableName"), ["ProductTable-prd"]);
    assert_eq!(
        names("AWS::ApiGatewayV2::Route", "RouteKey"),
        [
            "ANY /products",
            "$default",
            "GET /docs",
            "GET /docs/{file}",
            "GET /openapi.json",
            "GET /products/{id}",
            "POST /products"
        ]
    );
    let outputs: Vec<_> = template["Outputs"].as_object().expect("outputs").keys().collect();
    for output in ["ApiUrl", "ProductQueueUrl", "ProductDLQUrl", "ProductTableName", "ReportsBucketName"] {
        assert!(outputs.iter().any(|known| *known == output), "{output} is not in {outputs:?}");
    }
}

#[test]
fn each_function_may_do_what_it_does_and_nothing_else() {
    let template = template(StageName::Prd);
    let mut lines = Vec::new();
    for (role, entry) in of_type(&template, "AWS::IAM::Role") {
        for statement in entry["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].as_array().expect("a list") {
            let actions: Vec<_> = statement["Action"].as_array().expect("a list").iter().collect();
            let (actions, resources) = (json!(actions), &statement["Resource"]);
            if statement["Sid"] != "Log" {
                lines.push(format!("{role} {actions} {resources}"));
            }
        }
    }
    let queue = |id: &str| format!(r#"[{{"Fn::GetAtt":["{id}","Arn"]}}]"#);
    let consume =
        r#"["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:ChangeMessageVisibility","sqs:GetQueueAttributes"]"#;
    assert_eq!(
        lines,
        [
            r#"CreateProductProcessorRole ["secretsmanager:GetSecretValue"] [{"Ref":"ApiToken"}]"#.to_owned(),
            format!(r#"CreateProductProcessorRole ["sqs:SendMessage"] {}"#, queue("ProductQueue")),
            format!(r#"CreateProductProcessorRole ["dynamodb:PutItem"] {}"#, queue("ProductTable")),
            format!(r#"GetProductRole ["dynamodb:GetItem"] {}"#, queue("ProductTable")),
            format!("ProductSaverWorkerRole {consume} {}", queue("ProductQueue")),
            format!(r#"ProductSaverWorkerRole ["sqs:SendMessage"] {}"#, queue("ProductQueueDeadLetters")),
            format!(r#"ProductSaverWorkerRole ["dynamodb:GetItem"] {}"#, queue("ProductTable")),
            format!(r#"ProductSaverWorkerRole ["dynamodb:PutItem"] {}"#, queue("ProductTable")),
            r#"ProductSaverWorkerRole ["s3:PutObject"] [{"Fn::Sub":"${ReportsBucket.Arn}/*"}]"#.to_owned(),
        ]
    );
}

#[test]
fn a_route_is_authorized_as_the_stage_says_and_one_that_api_gateway_lets_through_says_why() {
    let of = |name: StageName, files: &Files| -> Value {
        serde_json::from_str(&drawn(name, files).template.to_json()).expect("JSON")
    };
    let why = |template: &Value, id: &str| {
        let route = &template["Resources"][id];
        let accepted = &route["Metadata"]["Acknowledged"][0];
        match route["Properties"]["AuthorizationType"].as_str().expect("text") {
            "AWS_IAM" => "iam".to_owned(),
            "NONE" => {
                assert_eq!(accepted["Rule"], "exposure/api-authorisation", "{id}");
                let by_function = &route["Metadata"]["AuthorizedByFunction"];
                assert!(by_function.is_null() || *by_function == accepted["Reason"], "{id}");
                let who = if by_function.is_null() { "anyone" } else { "function" };
                format!("{who}: {}", accepted["Reason"].as_str().expect("a reason"))
            }
            other => other.to_owned(),
        }
    };
    let committed = template(StageName::Prd);
    for (id, expected) in [
        ("PostProducts", "function: the function checks the bearer token"),
        ("GetProductById", "anyone: read by anyone"),
        ("GetDocs", "anyone: a page or a description"),
        ("GetOpenApi", "anyone: a page or a description"),
        ("AnyProducts", "function: answers HEAD as it answers GET"),
        ("AnythingElse", "function: answers HEAD as it answers GET"),
    ] {
        let why = why(&committed, id);
        assert!(why.starts_with(expected), "{id}: {why}");
    }
    let local = template(StageName::Local);
    assert!(why(&local, "PostProducts").starts_with("anyone: written by anyone"));
    let tokens = "{ writing = \"token\", reading = \"none\" }";
    let signed = of(StageName::Prd, &changed(StageName::Prd, tokens, "{ writing = \"iam\", reading = \"iam\" }"));
    for (id, _) in of_type(&signed, "AWS::ApiGatewayV2::Route") {
        assert_eq!(why(&signed, id) == "iam", !id.starts_with("GetDocs") && id != "GetOpenApi", "{id}");
    }
}

#[test]
fn a_function_knows_the_token_if_it_checks_it() {
    let variables = |template: &Value, id: &str| {
        let variables = &template["Resources"][id]["Properties"]["Environment"]["Variables"];
        (variables["AUTHORIZATION"].clone(), variables["TOKEN_SECRET_ARN"].clone())
    };
    let template = template(StageName::Prd);
    assert_eq!(variables(&template, "CreateProductProcessor"), (json!("token"), json!({ "Ref": "ApiToken" })));
    assert_eq!(variables(&template, "GetProduct"), (json!("none"), json!("none")));
    assert_eq!(template["Outputs"]["ApiTokenArn"]["Value"], json!({ "Ref": "ApiToken" }));
    let local: Value = serde_json::from_str(&catalog_of(StageName::Local).template.to_json()).expect("JSON");
    assert_eq!(variables(&local, "CreateProductProcessor"), (json!("none"), json!("none")));
    assert!(local["Resources"].get("ApiToken").is_none() && local["Outputs"].get("ApiTokenArn").is_none());
}

#[test]
fn a_route_may_call_its_function_and_no_other_route_may() {
    let template = template(StageName::Dev);
    let route = |id: &str| {
        let arn = template["Resources"][format!("{id}Permission")]["Properties"]["SourceArn"]["Fn::Sub"].clone();
        arn.as_str().and_then(|arn| Some(arn.split_once("${Api}")?.1.to_owned())).expect("an ARN of the API")
    };
    assert_eq!(route("PostProducts"), "/*/POST/products");
    assert_eq!(route("AnyProducts"), "/*/*/products");
    assert_eq!(route("AnythingElse"), "/*/$default");
}

#[test]
fn data_stays_behind_where_people_rely_on_it_and_goes_elsewhere() {
    for (name, policy, protected) in [
        (StageName::Local, "Delete", false),
        (StageName::Dev, "Delete", false),
        (StageName::Stg, "Retain", true),
        (StageName::Prd, "Retain", true),
    ] {
        let template = template(name);
        for id in ["ProductTable", "ReportsBucket"] {
            let entry = &template["Resources"][id];
            assert_eq!(
                (&entry["DeletionPolicy"], &entry["UpdateReplacePolicy"]),
                (&json!(policy), &json!(policy)),
                "{id}"
            );
        }
        let table = &template["Resources"]["ProductTable"]["Properties"];
        assert_eq!(table["DeletionProtectionEnabled"], protected, "{name}");
    }
    let policy = catalog_of(StageName::Prd).protection.stack_policy.expect("it holds data");
    for id in ["ProductTable", "ReportsBucket", "ProductQueue"] {
        assert!(policy.contains(&format!("\"LogicalResourceId/{id}\"")), "{id} is not in {policy}");
    }
}

#[test]
fn everything_is_tagged_as_the_catalog_s() {
    let catalog = catalog_of(StageName::Dev);
    assert!(catalog.tags.contains(&("Application".to_owned(), "catalog".to_owned())), "{:?}", catalog.tags);
    let yaml = catalog.template.to_yaml();
    assert!(!yaml.contains("fipe"), "it knows the other system");
    let template = template(StageName::Dev);
    // A list of tags on most, a map on the API and its stage.
    assert_eq!(template["Resources"]["Api"]["Properties"]["Tags"]["Application"], "catalog");
    let list = template["Resources"]["ProductTable"]["Properties"]["Tags"].as_array().expect("a list");
    assert!(list.contains(&json!({ "Key": "Application", "Value": "catalog" })));
}

#[test]
fn nothing_is_asked_for_but_the_code_of_the_three_functions() {
    let assets: Vec<_> = catalog_of(StageName::Dev).parameters.into_iter().map(|(_, source)| source).collect();
    let of = |asset: &str| ParameterSource::AssetKey { asset: asset.to_owned() };
    assert_eq!(
        assets,
        [ParameterSource::AssetBucket, of("create-product-processor"), of("product-saver-worker"), of("get-product")]
    );
}

#[test]
fn alarms_ring_for_the_api_the_queue_the_table_and_each_function() {
    let template = template(StageName::Prd);
    let alarms = of_type(&template, "AWS::CloudWatch::Alarm");
    let mut watched: Vec<_> = alarms
        .iter()
        .map(|(_, alarm)| {
            let properties = &alarm["Properties"];
            assert_eq!(properties["AlarmActions"], json!([{ "Ref": "AlarmTopic" }]));
            let value = &properties["Dimensions"][0]["Value"];
            format!("{} {}", properties["MetricName"].as_str().expect("a name"), value.as_str().unwrap_or("Api"))
        })
        .collect();
    let mut expected: Vec<String> = ["5xx Api", "Latency Api"].map(str::to_owned).into();
    expected.push("ApproximateNumberOfMessagesVisible product-dlq-prd".to_owned());
    expected.push("ApproximateAgeOfOldestMessage product-queue-prd".to_owned());
    expected.extend(["ReadThrottleEvents", "WriteThrottleEvents"].map(|name| format!("{name} ProductTable-prd")));
    for function in ["CreateProductProcessor-prd", "ProductSaverWorker-prd", "GetProduct-prd"] {
        expected.extend(["Errors", "Throttles"].map(|name| format!("{name} {function}")));
    }
    watched.sort_unstable();
    expected.sort_unstable();
    assert_eq!(watched, expected);
    let slow = &template["Resources"]["LatencyAlarm"]["Properties"];
    assert_eq!((&slow["ExtendedStatistic"], &slow["Threshold"]), (&json!("p99"), &json!(1000)));
}

#[test]
fn the_api_has_an_address_of_its_own_on_aws_and_a_path_of_the_emulator_locally() {
    let url = |name| template(name)["Outputs"]["ApiUrl"]["Value"].clone();
    assert_eq!(url(StageName::Dev), json!({ "Fn::GetAtt": ["Api", "ApiEndpoint"] }));
    let local = url(StageName::Local);
    assert_eq!(local["Fn::Sub"][0], "http://${Emulator}/_aws/execute-api/${Api}");
    let endpoint = json!({ "Fn::Split": [".execute-api.", { "Fn::GetAtt": ["Api", "ApiEndpoint"] }] });
    assert_eq!(local["Fn::Sub"][1]["Emulator"], json!({ "Fn::Select": [1, endpoint] }));
}

#[test]
fn browsers_may_call_from_the_stage_s_origins_and_every_page_never_where_people_rely_on_it() {
    assert!(template(StageName::Prd)["Resources"]["Api"]["Properties"].get("CorsConfiguration").is_none());
    let cors = template(StageName::Dev)["Resources"]["Api"]["Properties"]["CorsConfiguration"].clone();
    assert_eq!(cors["AllowOrigins"], json!(["http://localhost:3000"]));
    assert_eq!(cors["AllowHeaders"], json!(["authorization", "content-type", "idempotency-key", "if-none-match"]));
    assert_eq!(
        cors["ExposeHeaders"],
        json!(["etag", "idempotent-replayed", "location", "retry-after", "www-authenticate"])
    );
    let error = refused(StageName::Prd, &changed(StageName::Prd, "allowed_origins = []", "allowed_origins = [\"*\"]"));
    assert!(
        error.contains("Catalog-prd > Api (AWS::ApiGatewayV2::Api) > CorsConfiguration.AllowOrigins: \"*\""),
        "{error}"
    );
}

#[test]
fn a_function_that_outlives_the_api_s_answer_is_not_given_out() {
    let of = |function: &str, timeout: u32| format!("[{function}]\nmemory_mb = 256\ntimeout_seconds = {timeout}");
    let slow =
        |function: &str, before: u32, after: u32| changed(StageName::Dev, &of(function, before), &of(function, after));
    let error = refused(StageName::Dev, &slow("get-product", 10, 31));
    assert!(error.contains("Catalog-dev > GetProduct (AWS::Lambda::Function) > Timeout: 31 s"), "{error}");
    // A queue's consumer answers nobody.
    drawn(StageName::Dev, &slow("product-saver-worker", 30, 60));
}
