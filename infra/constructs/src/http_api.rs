//! An HTTP API in front of functions: throttled, with an access log that expires, and the permission that each route needs. Owns the stage
//! `$default`, so that paths have no prefix. No authorizers: IAM needs none, and a bearer token is checked by the function.

use cfn::aws_apigatewayv2::{CfnApi, CfnIntegration, CfnRoute, CfnStage, cfn_api, cfn_stage};
use cfn::aws_lambda::CfnPermission;
use cfn::intrinsics::sub;
use cfn::{Handle, LogicalId, Value};

use crate::log_group::log_group;
use crate::{Exceptions, RustFunction, Stack, Suppression};

/// Payloads of this version have cookies and multi-value headers in one place:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
const PAYLOAD_FORMAT_VERSION: &str = "2.0";

/// One line of JSON per request:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>
const ACCESS_LOG_FORMAT: [(&str, &str); 12] = [
    ("time", "$context.requestTime"),
    ("requestId", "$context.requestId"),
    ("functionRequestId", "$context.integration.requestId"),
    ("sourceIp", "$context.identity.sourceIp"),
    ("method", "$context.httpMethod"),
    ("path", "$context.path"),
    ("routeKey", "$context.routeKey"),
    ("status", "$context.status"),
    ("responseLength", "$context.responseLength"),
    ("responseLatencyMs", "$context.responseLatency"),
    ("integrationLatencyMs", "$context.integrationLatency"),
    ("error", "$context.integrationErrorMessage"),
];

/// Days for which an access log with the callers' addresses may be kept. An address is data about a person, and is needed for as long as it takes
/// to notice who misuses an API and to stop them.
pub const LONGEST_ADDRESS_RETENTION: u32 = 30;

/// How much all routes together accept; excess requests get 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttling {
    /// Requests per second, on average.
    pub rate_limit: u32,
    /// Burst of requests.
    pub burst_limit: u32,
}

/// Which pages of other origins a browser allows to call the API. API Gateway responds to the preflight itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsPreflight {
    /// `https://shop.example`; none when empty.
    pub allow_origins: Vec<String>,
    pub allow_methods: &'static [&'static str],
    /// Lower case.
    pub allow_headers: &'static [&'static str],
    /// Lower case.
    pub expose_headers: &'static [&'static str],
    /// Seconds for which a browser caches the response.
    pub max_age: u32,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteAuthorization {
    /// Anyone, for this reason. A rule refuses it for routes that may write, on stages that people rely on.
    Anyone(&'static str),
    /// Whoever signs the request (Signature Version 4) and has `execute-api:Invoke` on the route.
    Iam,
    /// Whoever the function lets in, in the way that this sentence says; API Gateway lets everyone through to it.
    Function(&'static str),
}

impl RouteAuthorization {
    fn as_str(self) -> &'static str {
        match self {
            Self::Anyone(_) | Self::Function(_) => "NONE",
            Self::Iam => "AWS_IAM",
        }
    }
}

#[derive(Debug, Clone)]
pub struct HttpApiProps {
    pub api_name: String,
    pub description: &'static str,
    pub throttling: Throttling,
    pub cors: CorsPreflight,
    /// How long the access log is kept, in days: one of [`crate::RETENTION_DAYS`], at most [`LONGEST_ADDRESS_RETENTION`].
    pub access_log_retention_days: u32,
}

#[derive(Debug, Clone)]
pub struct HttpApi {
    handle: Handle<CfnApi>,
}

impl HttpApi {
    /// Creates `<id>`, `<id>AccessLog` and `<id>Stage`.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, props: HttpApiProps) -> Self {
        let cors = (!props.cors.allow_origins.is_empty()).then(|| {
            cfn_api::CorsProperty::new()
                .allow_origins(props.cors.allow_origins)
                .allow_methods(props.cors.allow_methods)
                .allow_headers(props.cors.allow_headers)
                .expose_headers(props.cors.expose_headers)
                .max_age(props.cors.max_age)
        });
        let api = CfnApi::new()
            .name(&props.api_name)
            .description(props.description)
            .protocol_type("HTTP")
            .cors_configuration(cors);
        let api = Self { handle: stack.add(id, api) };
        // For names with this prefix CloudWatch Logs does not count each log group against the size of one resource policy:
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
        let log_name = format!("/aws/vendedlogs/apis/{}", props.api_name);
        let log = log_group(stack, format!("{id}AccessLog"), log_name, props.access_log_retention_days);
        let format: Vec<_> = ACCESS_LOG_FORMAT.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        let access_log = cfn_stage::AccessLogSettingsProperty::new()
            .destination_arn(log.attr_arn())
            .format(format!("{{{}}}", format.join(",")));
        let throttling = cfn_stage::RouteSettingsProperty::new()
            .throttling_rate_limit(props.throttling.rate_limit)
            .throttling_burst_limit(props.throttling.burst_limit);
        let default_stage = CfnStage::new()
            .api_id(api.api_id())
            .stage_name("$default")
            .auto_deploy(true)
            .access_log_settings(access_log)
            .default_route_settings(throttling);
        stack.add(format!("{id}Stage"), default_stage);
        api
    }

    /// A route (`GET /products/{id}`) to a function. Creates `<id>`, `<id>Permission`, by which only this route may invoke the function,
    /// and, for the function's first route, `<function>Integration`.
    #[track_caller]
    pub fn add_route(
        &self,
        stack: &mut Stack,
        id: &str,
        route_key: &str,
        function: &RustFunction,
        authorization: RouteAuthorization,
    ) -> Handle<CfnRoute> {
        let reason = "its caller waits for the answer and hears of a failure: nothing is left that a queue could keep";
        stack.suppress(function.id(), Suppression::checkov("CKV_AWS_116", reason));
        let integration = LogicalId::new(format!("{}Integration", function.id()));
        if stack.template().resource(&integration).is_none() {
            let integration_of_function = CfnIntegration::new()
                .api_id(self.api_id())
                .integration_type("AWS_PROXY")
                .integration_method("POST")
                .integration_uri(function.function_arn())
                .payload_format_version(PAYLOAD_FORMAT_VERSION);
            stack.add(integration.clone(), integration_of_function);
        }
        let route = CfnRoute::new()
            .api_id(self.api_id())
            .route_key(route_key)
            .authorization_type(authorization.as_str())
            .target(sub(format!("integrations/${{{integration}}}")));
        let route = match authorization {
            RouteAuthorization::Function(how) => route.suppress(Suppression::authorized_by_function(how)),
            RouteAuthorization::Anyone(_) | RouteAuthorization::Iam => route,
        };
        let route = stack.add(id, route);
        let permission = CfnPermission::new()
            .action("lambda:InvokeFunction")
            .function_name(function.function_arn())
            .principal("apigateway.amazonaws.com")
            .source_arn(self.arn_for_execute_api(route_key));
        stack.add(format!("{id}Permission"), permission);
        route
    }

    pub fn id(&self) -> &LogicalId {
        self.handle.id()
    }

    pub fn api_id(&self) -> Value<String> {
        self.handle.r#ref()
    }

    /// `https://<id>.execute-api.<region>.amazonaws.com`.
    pub fn api_endpoint(&self) -> Value<String> {
        self.handle.attr_api_endpoint()
    }

    /// A route as the source of an invocation, on any stage of the API.
    fn arn_for_execute_api(&self, route_key: &str) -> Value<String> {
        let id = self.handle.id();
        // `ANY` is every method, which an ARN writes as `*`.
        let route = route_key.replacen("ANY ", "*", 1).replacen(' ', "", 1);
        sub(format!("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{id}}}/*/{route}"))
    }
}
