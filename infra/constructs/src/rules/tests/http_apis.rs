//! The rules of HTTP APIs, against a sound one.

use super::*;

/// A sound HTTP API in front of the sound chain's function.
fn sound_api() -> Template {
    let mut template = sound();
    let api = template.add("Api", RawResource::new("AWS::ApiGatewayV2::Api").property("ProtocolType", "HTTP"));
    let stage = RawResource::new("AWS::ApiGatewayV2::Stage")
        .property("ApiId", api.r#ref())
        .property("DefaultRouteSettings", json!({ "ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 100 }))
        .property("AccessLogSettings", json!({ "DestinationArn": (arn("LogGroup")), "Format": "{}" }));
    template.add("Stage", stage);
    let integration = RawResource::new("AWS::ApiGatewayV2::Integration").property("IntegrationUri", arn("Function"));
    template.add("Integration", integration);
    let route = RawResource::new("AWS::ApiGatewayV2::Route")
        .property("ApiId", api.r#ref())
        .property("Target", cfn::intrinsics::sub("integrations/${Integration}"));
    template.add("Route", route);
    let permission = RawResource::new("AWS::Lambda::Permission")
        .property("FunctionName", reference("Function"))
        .property("Principal", "apigateway.amazonaws.com")
        .property("SourceArn", cfn::intrinsics::sub("arn:aws:execute-api:x:1:${Api}/*/GET/orders"));
    template.add("Permission", permission);
    change(&mut template, "Function", "Timeout", 30);
    template
}

fn api_with(id: &str, property: &'static str, value: impl Into<Json>) -> Template {
    let mut template = sound_api();
    change(&mut template, id, property, value);
    template
}

#[test]
fn a_sound_api_is_allowed() {
    allowed(&sound_api());
}

#[test]
fn an_api_without_limits_is_refused() {
    let with = |settings| api_with("Stage", "DefaultRouteSettings", settings);
    let rule = "http-api-throttling";
    let (rate, burst) =
        ("Stage DefaultRouteSettings.ThrottlingRateLimit", "Stage DefaultRouteSettings.ThrottlingBurstLimit");
    refused(&with(json!({ "ThrottlingBurstLimit": 100 })), rule, rate);
    refused(&with(json!({ "ThrottlingRateLimit": 50 })), rule, burst);
    refused(&with(json!({ "ThrottlingRateLimit": 0, "ThrottlingBurstLimit": 100 })), rule, rate);
    assert_eq!(diagnostics(&with(json!({}))).len(), 2);
    allowed(&with(json!({ "ThrottlingRateLimit": 0.5, "ThrottlingBurstLimit": (reference("Burst")) })));
}

#[test]
fn an_api_whose_calls_nobody_can_read_or_that_keeps_them_for_ever_is_refused() {
    let (rule, place) = ("http-api-access-log", "Stage AccessLogSettings.DestinationArn");
    refused(&api_with("Stage", "AccessLogSettings", Json::Absent), rule, place);
    let elsewhere = json!({ "DestinationArn": "arn:aws:logs:eu-west-1:1:log-group:orders" });
    refused(&api_with("Stage", "AccessLogSettings", elsewhere), rule, place);
    let mut template = sound_api();
    let endless = RawResource::new("AWS::Logs::LogGroup").property("LogGroupName", "orders");
    let kept = endless.deletion_policy(DeletionPolicy::Delete).update_replace_policy(UpdateReplacePolicy::Delete);
    template.add("Endless", kept);
    change(&mut template, "Stage", "AccessLogSettings", json!({ "DestinationArn": (arn("Endless")) }));
    refused(&template, rule, place);
    assert!(diagnostics(&template)[0].message.contains("Endless never expires its events"));
}

#[test]
fn a_route_that_may_write_and_that_anyone_may_call_is_refused_on_a_protected_stage_alone() {
    let with = |key: &'static str, authorization: Json, how: Option<&'static str>| {
        let mut template = api_with("Route", "RouteKey", key);
        change(&mut template, "Route", "AuthorizationType", authorization);
        if let Some(how) = how {
            let route = template.resource_mut(&"Route".into()).expect("a route");
            *route.parts.metadata.entry("AuthorizedByFunction") = how.into();
        }
        template
    };
    let (rule, place) = ("http-api-authorization", "Route AuthorizationType");
    for key in ["POST /orders", "PUT /orders", "DELETE /orders", "ANY /orders", "$default"] {
        for open in [Json::Absent, "NONE".into()] {
            refused(&with(key, open.clone(), None), rule, place);
            refused(&with(key, open.clone(), Some(" ")), rule, place);
            allowed(&with(key, open.clone(), Some("it checks the token")));
            let template = with(key, open, None);
            assert_eq!(check(&Stage { templates: &[&template], links: &[], budgets: &[], protected: false }), []);
        }
        for asked in ["AWS_IAM", "JWT", "CUSTOM"] {
            allowed(&with(key, asked.into(), None));
        }
    }
    for key in ["GET /orders", "HEAD /orders", "OPTIONS /orders", "$connect"] {
        allowed(&with(key, "NONE".into(), None));
    }
}

#[test]
fn addresses_of_callers_are_not_kept_for_longer_than_a_month() {
    let with = |format: &'static str, days: i64| {
        let settings = json!({ "DestinationArn": (arn("LogGroup")), "Format": format });
        let mut template = api_with("Stage", "AccessLogSettings", settings);
        change(&mut template, "LogGroup", "RetentionInDays", days);
        template
    };
    let addresses = "{\"ip\":\"$context.identity.sourceIp\"}";
    refused(&with(addresses, 60), "http-api-addresses", "LogGroup RetentionInDays");
    allowed(&with(addresses, 30));
    allowed(&with("{\"status\":\"$context.status\"}", 60));
}

#[test]
fn answers_that_every_page_may_read_are_refused_on_a_protected_stage_alone() {
    let with = |origins| api_with("Api", "CorsConfiguration", json!({ "AllowOrigins": (Json::list(origins)) }));
    let place = "Api CorsConfiguration.AllowOrigins";
    for origins in [["*", "https://shop.example"], ["https://shop.example", "https://*"]] {
        refused(&with(origins), "http-api-cors", place);
        let template = with(origins);
        assert_eq!(check(&Stage { templates: &[&template], links: &[], budgets: &[], protected: false }), []);
    }
    allowed(&with(["https://shop.example", "http://localhost:3000"]));
}

#[test]
fn a_route_to_a_function_that_the_api_may_not_invoke_is_refused() {
    let rule = "http-api-permission";
    refused(&api_with("Permission", "FunctionName", "orders"), rule, "Route Target");
    let other_api = cfn::intrinsics::sub("arn:aws:execute-api:x:1:${Other}/*/GET/orders");
    refused(&api_with("Permission", "SourceArn", other_api), rule, "Route Target");
    allowed(&api_with("Permission", "FunctionName", arn("Function")));
}

#[test]
fn a_service_that_invokes_on_behalf_of_anybody_is_refused() {
    let mut template = sound_api();
    let second = RawResource::new("AWS::Lambda::Permission")
        .property("FunctionName", reference("Function"))
        .property("Principal", "events.amazonaws.com");
    template.add("Second", second);
    refused(&template, "permission-without-source", "Second SourceArn");
    change(&mut template, "Second", "SourceAccount", reference("AWS::AccountId"));
    allowed(&template);
}

#[test]
fn a_function_that_outlives_its_answer_is_refused_once() {
    let mut template = api_with("Function", "Timeout", 31);
    refused(&template, "http-api-timeout", "Function Timeout");
    let second = RawResource::new("AWS::ApiGatewayV2::Route").property("ApiId", reference("Api")).property(
        "Target",
        cfn::intrinsics::join(
            "/",
            cfn::list!["integrations", cfn::Value::<String>::from_json(reference("Integration"))],
        ),
    );
    template.add("Second", second);
    assert_eq!(diagnostics(&template).len(), 1);
}
