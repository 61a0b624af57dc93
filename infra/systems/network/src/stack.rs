//! The stack.
//!
//! ```text
//!  functions' security group ─▶ databases (their port), AWS services (443)
//!        │
//!        ▼
//!  endpoints: Secrets Manager, SQS, SNS (in a few zones), S3 (on the route tables); those that the VPC lacks
//! ```

use cfn::{IntoValue, Parameter, Value};
use constructs::{
    Asked, GatewayVpcEndpoint, IngressRule, InterfaceVpcEndpoint, Peer, SecurityGroup, Stack, SynthesizedStack,
};
use system::Stage;

use crate::{Endpoint, FUNCTION_SECURITY_GROUP_ID, NAME as APPLICATION, Settings};

pub(crate) const NAME: &str = "Network";
/// The port of AWS's services.
pub const HTTPS: u32 = 443;
/// Private and shared address ranges, RFC 1918 and RFC 6598: what VPCs consist of.
const PRIVATE_ADDRESSES: [&str; 4] = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"];

pub(crate) fn network(stage: &Stage, settings: &Settings) -> SynthesizedStack {
    let mut stack = stage
        .stack(NAME, APPLICATION)
        .description("Network: the security group of functions that use databases, and the endpoints of AWS services.");

    let vpc_id = stack.asked(Asked::VpcId, Parameter::vpc_id().description("VPC of databases and their functions."));
    let port = Parameter::number().description("Port of the databases.").default(5432).min_value(1150.0);
    let port: Value<i64> = stack.asked(Asked::DatabasePort, port.max_value(65535.0)).r#ref().cast();
    let functions = SecurityGroup::new(
        &mut stack,
        "FunctionSecurityGroup",
        "Functions that use databases.",
        &vpc_id,
        &[(HTTPS.into_value(), "AWS services."), (port, "Databases.")],
    );
    let is_interface = |endpoint: &Endpoint| *endpoint != Endpoint::S3;
    let subnet_ids = if settings.endpoints.iter().any(is_interface) {
        let subnets = Parameter::list_of_subnet_ids()
            .description("Subnets of the endpoints, one a zone: each endpoint costs by the zone and hour.");
        stack.asked(Asked::EndpointSubnetIds, subnets).r#ref()
    } else {
        Vec::<String>::new().into_value()
    };
    let place = EndpointPlace {
        vpc_id: &vpc_id.r#ref(),
        subnet_ids: &subnet_ids,
        from: functions.security_group_id(),
        description: "Functions that use databases.",
    };
    add_endpoints(&mut stack, &settings.endpoints, &place);
    let description = "Security group of functions that use databases.";
    stack.output(FUNCTION_SECURITY_GROUP_ID, functions.security_group_id(), description);
    stack.finish()
}

/// Where endpoints are placed, and which group may use them besides the VPC's addresses.
pub struct EndpointPlace<'a> {
    pub vpc_id: &'a Value<String>,
    pub subnet_ids: &'a Value<Vec<String>>,
    pub from: Value<String>,
    /// Of the rule that admits `from`.
    pub description: &'static str,
}

/// The endpoints through which functions in the VPC reach AWS; those that the VPC already has are omitted.
#[track_caller]
pub fn add_endpoints(stack: &mut Stack, endpoints: &[Endpoint], place: &EndpointPlace<'_>) {
    let interface = |endpoint: &Endpoint| match endpoint {
        Endpoint::SecretsManager => Some(("SecretsManagerEndpoint", "secretsmanager")),
        Endpoint::Sqs => Some(("SqsEndpoint", "sqs")),
        Endpoint::Sns => Some(("SnsEndpoint", "sns")),
        Endpoint::S3 => None,
    };
    let interfaces: Vec<_> = endpoints.iter().filter_map(interface).collect();
    if !interfaces.is_empty() {
        let group = SecurityGroup::new(stack, "EndpointSecurityGroup", "Endpoints of AWS services.", place.vpc_id, &[]);
        let rule = IngressRule {
            from: Peer::SecurityGroup(place.from.clone()),
            port: HTTPS.into_value(),
            description: place.description,
            condition: None,
        };
        group.add_ingress_rule(stack, rule);
        // Private DNS sends the whole VPC to these endpoints, so all its clients must be admitted or they would lose the service. IAM
        // still decides what each may do, and an endpoint's private address is unreachable from outside.
        for block in PRIVATE_ADDRESSES {
            let rule = IngressRule {
                from: Peer::Ipv4(block.into_value()),
                port: HTTPS.into_value(),
                description: "Others in the VPC, whom private DNS sends here too.",
                condition: None,
            };
            group.add_ingress_rule(stack, rule);
        }
        for (id, service) in interfaces {
            InterfaceVpcEndpoint::new(stack, id, service, place.vpc_id, place.subnet_ids, &group);
        }
    }
    if endpoints.contains(&Endpoint::S3) {
        // A custom resource sends its response to CloudFormation to an S3 URL.
        let route_tables = Parameter::comma_delimited_list()
            .description("Route tables of the subnets.")
            .allowed_pattern("^rtb-[0-9a-f]+$")
            .constraint_description("ids of route tables such as rtb-0a1b2c3d");
        let route_tables = stack.asked(Asked::RouteTableIds, route_tables);
        GatewayVpcEndpoint::new(stack, "S3Endpoint", "s3", place.vpc_id, &route_tables);
    }
}
