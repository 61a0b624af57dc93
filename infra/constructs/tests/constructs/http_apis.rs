//! HTTP APIs.

use super::*;

fn api(stack: &mut Stack, allow_origins: &[&str]) -> HttpApi {
    let cors = CorsPreflight {
        allow_origins: allow_origins.iter().map(|origin| (*origin).to_owned()).collect(),
        allow_methods: &["POST"],
        ..CorsPreflight::default()
    };
    let throttling = Throttling { rate_limit: 50, burst_limit: 100 };
    let props = HttpApiProps {
        api_name: "orders-dev".to_owned(),
        description: "Orders.",
        throttling,
        cors,
        access_log_retention_days: 14,
    };
    HttpApi::new(stack, "Api", props)
}

#[test]
fn a_route_comes_with_the_permission_of_this_route_alone_and_an_integration_a_function() {
    let mut stack = stack();
    let api = api(&mut stack, &[]);
    let (reader, writer) = (function(&mut stack, "Reader", None), function(&mut stack, "Writer", None));
    api.add_route(
        &mut stack,
        "GetOrder",
        "GET /orders/{id}",
        &reader,
        RouteAuthorization::Anyone("orders are no secret"),
    );
    api.add_route(&mut stack, "ListOrders", "GET /orders", &reader, RouteAuthorization::Anyone("orders are no secret"));
    api.add_route(&mut stack, "PostOrder", "POST /orders", &writer, RouteAuthorization::Iam);
    let template = json(stack);
    let count = |kind: &str| {
        template["Resources"].as_object().expect("resources").values().filter(|entry| entry["Type"] == kind).count()
    };
    let of = |kind: &str| count(&format!("AWS::ApiGatewayV2::{kind}"));
    assert_eq!([of("Integration"), of("Route"), count("AWS::Lambda::Permission"), of("Stage")], [2, 3, 3, 1]);
    let properties = |id: &str| template["Resources"][id]["Properties"].clone();
    assert_eq!(properties("ListOrders")["Target"]["Fn::Sub"], "integrations/${ReaderIntegration}");
    assert_eq!(properties("ReaderIntegration")["PayloadFormatVersion"], "2.0");
    let authorization = |id: &str| properties(id)["AuthorizationType"].clone();
    assert_eq!([authorization("ListOrders"), authorization("PostOrder")], ["NONE", "AWS_IAM"]);
    let permission = properties("GetOrderPermission");
    assert_eq!(permission["FunctionName"], serde_json::json!({ "Fn::GetAtt": ["Reader", "Arn"] }));
    let source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/GET/orders/{id}";
    assert_eq!(permission["SourceArn"]["Fn::Sub"], source);
}

#[test]
fn an_api_is_throttled_and_logs_each_call_as_json() {
    let mut stack = stack();
    api(&mut stack, &[]);
    let template = json(stack);
    let stage = &template["Resources"]["ApiStage"]["Properties"];
    assert_eq!(
        stage["DefaultRouteSettings"],
        serde_json::json!({ "ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 100 })
    );
    assert_eq!((&stage["StageName"], &stage["AutoDeploy"]), (&"$default".into(), &true.into()));
    let line: serde_json::Value =
        serde_json::from_str(stage["AccessLogSettings"]["Format"].as_str().expect("text")).expect("JSON");
    let values: Vec<_> = line.as_object().expect("an object").values().filter_map(|value| value.as_str()).collect();
    assert!(values.len() > 8 && values.iter().all(|value| value.starts_with("$context.")), "{values:?}");
    assert_eq!(template["Resources"]["ApiAccessLog"]["Properties"]["RetentionInDays"], 14);
    assert!(template["Resources"]["Api"]["Properties"].get("CorsConfiguration").is_none());
}

#[test]
fn browsers_may_call_an_api_from_the_named_origins_alone() {
    let mut stack = stack();
    api(&mut stack, &["https://shop.example"]);
    let template = json(stack);
    let cors = &template["Resources"]["Api"]["Properties"]["CorsConfiguration"];
    assert_eq!(
        (&cors["AllowOrigins"], &cors["AllowMethods"]),
        (&serde_json::json!(["https://shop.example"]), &serde_json::json!(["POST"]))
    );
}

#[test]
fn an_alarm_on_the_slowest_in_a_hundred_calls_of_an_api_knows_its_id() {
    let mut stack = stack();
    let api = api(&mut stack, &[]);
    let topic = Topic::for_alarms(&mut stack, "Alarms", "orders-alarms-dev".to_owned());
    Alarm::new(&mut stack, "Slow", &api.metric_latency(), 1000, "Slow.", &topic);
    let widgets = [Widget { title: "Latency", metrics: vec![api.metric_latency()] }];
    Dashboard::new(&mut stack, "Board", "orders-dev".to_owned(), &widgets);
    let template = json(stack);
    let alarm = &template["Resources"]["Slow"]["Properties"];
    assert_eq!((&alarm["ExtendedStatistic"], alarm.get("Statistic")), (&"p99".into(), None));
    assert_eq!(alarm["Dimensions"], serde_json::json!([{ "Name": "ApiId", "Value": { "Fn::Sub": "${Api}" } }]));
    let body = template["Resources"]["Board"]["Properties"]["DashboardBody"]["Fn::Sub"].as_str().expect("a text");
    assert!(body.contains(r#"["AWS/ApiGateway","Latency","ApiId","${Api}","#), "{body}");
}
