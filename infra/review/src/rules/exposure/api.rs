//! Who may call an API: authorization of routes and methods, API keys, origins.

use template::Node;

use super::{is_not_true, is_text, is_true, push};
use crate::change::Finding;
use crate::rules::Context;
use crate::rules::values::{Leaf, possible, texts, weakened};

pub(super) fn api_authorisation(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const SAYS: &str = "it can be called without authorisation";
    let open = |value: Option<&Node>| value.is_none() || is_text(value, &["NONE"]);
    match context.resource_type() {
        "AWS::ApiGateway::Method" => {
            // A browser's preflight request carries no credentials.
            let is_preflight = texts(context.new, "HttpMethod").iter().any(|method| method == "OPTIONS");
            let has_key =
                context.old.is_none() && possible(context.new, "ApiKeyRequired").iter().all(|each| is_true(each.value));
            if !is_preflight && !has_key {
                push(context, findings, weakened(context, "AuthorizationType", open), SAYS);
            }
        }
        "AWS::ApiGatewayV2::Route" => {
            let is_preflight = texts(context.new, "RouteKey").iter().any(|key| key.starts_with("OPTIONS "));
            // For a WebSocket API only the connection is authorized.
            let is_message = texts(context.new, "RouteKey")
                .iter()
                .any(|key| !key.contains(' ') && key != "$default" && key != "$connect");
            if !is_preflight && !is_message {
                push(context, findings, weakened(context, "AuthorizationType", open), SAYS);
            }
        }
        // It creates a route for every path by itself, without authorization.
        "AWS::ApiGatewayV2::Api" => {
            let weaker = weakened(context, "Target", |value| value.is_some());
            push(
                context,
                findings,
                weaker.filter(|_| {
                    possible(context.new, "ProtocolType").iter().all(|each| !is_text(each.value, &["WEBSOCKET"]))
                }),
                SAYS,
            );
            open_operations(context, findings);
        }
        "AWS::ApiGateway::RestApi" => open_operations(context, findings),
        "AWS::ElasticLoadBalancingV2::Listener" => signs_in(context, "DefaultActions", findings),
        "AWS::ElasticLoadBalancingV2::ListenerRule" => signs_in(context, "Actions", findings),
        "AWS::AppSync::GraphQLApi" => {
            let key = |value: Option<&Node>| is_text(value, &["API_KEY"]);
            push(
                context,
                findings,
                weakened(context, "AuthenticationType", key),
                "an API key in a page is no authorisation",
            );
        }
        "AWS::Serverless::Api" | "AWS::Serverless::HttpApi" if context.is_modified() => {
            push(context, findings, weakened(context, "Auth.DefaultAuthorizer", open), SAYS);
        }
        _ => {}
    }
}

/// A load balancer that authenticated callers before it forwarded.
fn signs_in(context: &Context<'_>, path: &str, findings: &mut Vec<Finding>) {
    let asks = |value: Option<&Node>| {
        let kinds = value.map_or(&[][..], Node::items).iter().filter_map(|action| action.get("Type")?.as_str());
        kinds.into_iter().any(|kind| kind.starts_with("authenticate-") || kind == "jwt-validation")
    };
    if context.is_modified() && possible(context.old, path).iter().any(|each| asks(each.value)) {
        let weaker = weakened(context, path, |value| !asks(value));
        push(context, findings, weaker, "it forwards without asking who it is");
    }
}

/// Methods of an OpenAPI body without security requirements.
fn open_operations(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const METHODS: &[&str] = &["get", "put", "post", "delete", "patch", "head", "x-amazon-apigateway-any-method"];
    let open = |resource: Option<&crate::Resource>| -> Vec<String> {
        let Some(body) = resource.and_then(|resource| resource.property("Body")) else { return Vec::new() };
        let asks = |node: &Node| node.get("security").map(|security| !security.items().is_empty());
        let by_default = asks(body).unwrap_or(false);
        let mut found = Vec::new();
        for path in body.get("paths").map_or(&[][..], Node::entries) {
            for method in path.value.entries().iter().filter(|entry| METHODS.contains(&entry.key.as_str())) {
                if !asks(&method.value).unwrap_or(by_default) {
                    found.push(format!("{} {}", method.key, path.key));
                }
            }
        }
        found
    };
    let before = open(context.old);
    let now: Vec<String> = open(context.new).into_iter().filter(|each| !before.contains(each)).collect();
    if !now.is_empty() {
        findings.push(context.danger("Body", format!("{} can be called without authorisation", now.join(", "))));
    }
}

pub(super) fn api_key(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.is_modified()
        && matches!(context.resource_type(), "AWS::ApiGateway::Method" | "AWS::ApiGatewayV2::Route")
    {
        let weaker = weakened(context, "ApiKeyRequired", is_not_true);
        push(context, findings, weaker, "callers no longer need an API key");
    }
}

pub(super) fn cors(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let stars = |leaves: &[Leaf<'_>]| -> Vec<String> {
        let origin = |key: &str| {
            [
                "alloworigins",
                "allowedorigins",
                "alloworigin",
                "method.response.header.access-control-allow-origin",
                "access-control-allow-origin",
            ]
            .contains(&key.to_ascii_lowercase().trim_start_matches("gateway"))
        };
        let is_star =
            |value: &Node| value.items().iter().filter_map(Node::as_str).any(|text| text.trim_matches('\'') == "*");
        let found = leaves.iter().filter(|leaf| origin(leaf.key) && leaf.value.is_some_and(is_star));
        found.map(|leaf| leaf.path.clone()).collect()
    };
    let before = stars(context.leaves.before());
    if let Some(path) = stars(context.leaves.after()).into_iter().next().filter(|_| before.is_empty()) {
        let reason = format!("pages of every origin may read the answers: {path} has *");
        findings.push(context.danger(path, reason));
    }
}
