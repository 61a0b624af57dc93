//! Rules about HTTP APIs: what protects the functions behind them, and what records calls. Does not cover REST APIs.

use cfn::{Intrinsic, Json, ResourceEntry, Template};

use super::read::{number, number_or, of_type, one_or_many, property, referred, resource};
use super::{Rule, examples};
use crate::exception::AUTHORIZED_BY_FUNCTION;
use crate::http_api::LONGEST_ADDRESS_RETENTION;

const STAGE: &str = "AWS::ApiGatewayV2::Stage";
/// API Gateway responds with 503 after this time, in seconds, whatever the function does:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const LONGEST_INTEGRATION: f64 = 30.0;
/// Lambda's default: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html>
const DEFAULT_TIMEOUT: f64 = 3.0;

pub(super) const THROTTLING: Rule = Rule {
    id: "http-api-throttling",
    refuses: "a stage whose routes have no throttling of their own",
    example: "no ThrottlingRateLimit: the routes share the account's 10,000 requests a second with every other API",
    fix: "set ThrottlingRateLimit and ThrottlingBurstLimit of DefaultRouteSettings",
    refused: examples::api_throttling,
    check: |stage, diagnostics| {
        for (template, entry) in of_type(stage.templates, STAGE) {
            for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
                let path = format!("DefaultRouteSettings.{limit}");
                let value = property(entry, &path);
                if value.is_none_or(|value| number(value).is_some_and(|value| value <= 0.0)) {
                    let what = value.map_or("nothing".to_owned(), super::read::shown);
                    diagnostics.push(THROTTLING.at(template, entry, &path, what, "a number above 0".to_owned()));
                }
            }
        }
    },
};

pub(super) const ACCESS_LOG: Rule = Rule {
    id: "http-api-access-log",
    refuses: "a stage without an access log, or with one without retention",
    example: "AccessLogSettings of a log group outside of the template: nobody knows when it ends",
    fix: "make a log group with RetentionInDays and name it in AccessLogSettings.DestinationArn",
    refused: examples::api_access_log,
    check: |stage, diagnostics| {
        for (template, entry) in of_type(stage.templates, STAGE) {
            let path = "AccessLogSettings.DestinationArn";
            let log = property(entry, path).and_then(|log| resource(template, log));
            let what = match log {
                None => "no log group of this template".to_owned(),
                Some(log) if property(log, "RetentionInDays").is_none() => {
                    format!("{} never expires its events", log.id)
                }
                Some(_) => continue,
            };
            let allowed = "a log group with RetentionInDays".to_owned();
            diagnostics.push(ACCESS_LOG.at(template, entry, path, what, allowed));
        }
    },
};

pub(super) const CORS: Rule = Rule {
    id: "http-api-cors",
    refuses: "on a stage that people rely on, an API whose answers pages of every origin may read",
    example: "AllowOrigins * on prd",
    fix: "name the origins of the pages that call it, or leave CORS out",
    refused: examples::api_cors,
    check: |stage, diagnostics| {
        if !stage.protected {
            return;
        }
        for (template, api) in of_type(stage.templates, "AWS::ApiGatewayV2::Api") {
            let path = "CorsConfiguration.AllowOrigins";
            let origins = property(api, path).map(one_or_many).unwrap_or_default();
            for origin in origins.iter().filter_map(Json::as_str).filter(|origin| origin.contains('*')) {
                let allowed = "origins by their names, such as https://shop.example".to_owned();
                diagnostics.push(CORS.at(template, api, path, format!("{origin:?}"), allowed));
            }
        }
    },
};

pub(super) const PERMISSION: Rule = Rule {
    id: "http-api-permission",
    refuses: "a route to a function that its API may not invoke",
    example: "no AWS::Lambda::Permission that names the API: every call is answered with 500",
    fix: "add the route with HttpApi::add_route, which makes the permission too",
    refused: examples::api_permission,
    check: |stage, diagnostics| {
        for (template, route, function) in routes(stage.templates) {
            let Some(api) = property(route, "ApiId").and_then(referred) else { continue };
            let permitted = template.resources().iter().any(|entry| {
                entry.parts.resource_type == "AWS::Lambda::Permission"
                    && property(entry, "FunctionName").and_then(referred) == Some(function.id.as_str())
                    && property(entry, "SourceArn").is_some_and(|source| mentions(source, api))
            });
            if !permitted {
                let what = format!("{}, which may not be invoked by {api}", function.id);
                let allowed = "a function with a permission whose SourceArn is of this API".to_owned();
                diagnostics.push(PERMISSION.at(template, route, "Target", what, allowed));
            }
        }
    },
};

pub(super) const TIMEOUT: Rule = Rule {
    id: "http-api-timeout",
    refuses: "a function behind a route that may run for longer than API Gateway waits",
    example: "Timeout 60: after 30 s the caller is answered 503, and the function goes on and does it all the same",
    fix: "give the function at most 30 s, and what takes longer to a queue",
    refused: examples::api_timeout,
    check: |stage, diagnostics| {
        let mut told: Vec<(&str, &str)> = Vec::new();
        for (template, _, function) in routes(stage.templates) {
            let Some(timeout) = number_or(function, "Timeout", DEFAULT_TIMEOUT) else { continue };
            let place = (template.name(), function.id.as_str());
            if timeout > LONGEST_INTEGRATION && !told.contains(&place) {
                told.push(place);
                let allowed = format!("at most {LONGEST_INTEGRATION} s");
                diagnostics.push(TIMEOUT.at(template, function, "Timeout", format!("{timeout} s"), allowed));
            }
        }
    },
};

pub(super) const AUTHORIZATION: Rule = Rule {
    id: "http-api-authorization",
    refuses: "on a stage that people rely on, a route that may write and that anyone may call",
    example: "POST /orders with AuthorizationType NONE on prd",
    fix: "ask for a signature (AWS_IAM), or say in Metadata.AuthorizedByFunction how the function decides, as RouteAuthorization::Function does",
    refused: examples::api_authorization,
    check: |stage, diagnostics| {
        if !stage.protected {
            return;
        }
        for (template, route) in of_type(stage.templates, "AWS::ApiGatewayV2::Route") {
            let Some(key) = property(route, "RouteKey").and_then(Json::as_str) else { continue };
            let kind = property(route, "AuthorizationType");
            let is_open = kind.is_none_or(|kind| kind.as_str() == Some("NONE"));
            let how = route.parts.metadata.get(AUTHORIZED_BY_FUNCTION).and_then(Json::as_str);
            if may_write(key) && is_open && how.is_none_or(|how| how.trim().is_empty()) {
                let what = format!("{} for {key}", kind.map_or("nothing".to_owned(), super::read::shown));
                let allowed = "AWS_IAM, JWT, CUSTOM, or a function that decides and says how".to_owned();
                diagnostics.push(AUTHORIZATION.at(template, route, "AuthorizationType", what, allowed));
            }
        }
    },
};

/// Whether a route takes methods that change something: all but those that RFC 9110, 9.2.1 calls safe.
fn may_write(route_key: &str) -> bool {
    match route_key.split_once(' ') {
        Some((method, _)) => !["GET", "HEAD", "OPTIONS"].contains(&method),
        // Of WebSocket APIs only the connection is authorized.
        None => route_key == "$default",
    }
}

pub(super) const ADDRESSES: Rule = Rule {
    id: "http-api-addresses",
    refuses: "an access log that keeps the callers' addresses for longer than 30 days",
    example: "a format with $context.identity.sourceIp, and RetentionInDays 90",
    fix: "lower access_log_retention_days in stage.toml, or leave the address out of the format",
    refused: examples::api_addresses,
    check: |stage, diagnostics| {
        for (template, entry) in of_type(stage.templates, STAGE) {
            let format = property(entry, "AccessLogSettings.Format").and_then(Json::as_str).unwrap_or_default();
            if !format.contains("$context.identity.sourceIp") {
                continue;
            }
            let log = property(entry, "AccessLogSettings.DestinationArn").and_then(|log| resource(template, log));
            let Some(log) = log else { continue };
            let days = property(log, "RetentionInDays").and_then(number);
            if let Some(days) = days.filter(|days| *days > f64::from(LONGEST_ADDRESS_RETENTION)) {
                let allowed = format!("at most {LONGEST_ADDRESS_RETENTION} days");
                diagnostics.push(ADDRESSES.at(template, log, "RetentionInDays", format!("{days} days"), allowed));
            }
        }
    },
};

/// Every route to a function of the same template, with that function.
fn routes<'a>(
    templates: &'a [&'a Template],
) -> impl Iterator<Item = (&'a Template, &'a ResourceEntry, &'a ResourceEntry)> {
    of_type(templates, "AWS::ApiGatewayV2::Route").filter_map(|(template, route)| {
        let target = property(route, "Target")?;
        let integrations = template.resources().iter();
        let integration = integrations
            .filter(|entry| entry.parts.resource_type == "AWS::ApiGatewayV2::Integration")
            .find(|entry| mentions(target, entry.id.as_str()))?;
        let function = mentioned_function(template, property(integration, "IntegrationUri")?)?;
        Some((template, route, function))
    })
}

fn mentioned_function<'a>(template: &'a Template, uri: &Json) -> Option<&'a ResourceEntry> {
    let mut functions =
        template.resources().iter().filter(|entry| entry.parts.resource_type == "AWS::Lambda::Function");
    functions.find(|entry| mentions(uri, entry.id.as_str()))
}

/// Whether a value refers to a resource, by itself or within a text.
fn mentions(value: &Json, id: &str) -> bool {
    match value.as_intrinsic() {
        Some(Intrinsic::Ref(name)) => name == id,
        Some(Intrinsic::GetAtt(name, _)) => name == id,
        Some(Intrinsic::Sub(text, values)) => {
            text.contains(&format!("${{{id}}}"))
                || text.contains(&format!("${{{id}."))
                || values.iter().any(|(_, value)| mentions(value, id))
        }
        Some(Intrinsic::Join(_, items)) => one_or_many(items).iter().any(|item| mentions(item, id)),
        _ => false,
    }
}
