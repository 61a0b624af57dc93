//! Security groups and VPC endpoints. Rules are inline: the local cloud supports no separate ones.

use cfn::aws_ec2::{CfnSecurityGroup, CfnVPCEndpoint, cfn_security_group, cfn_vpc_endpoint};
use cfn::intrinsics::{if_, sub};
use cfn::{
    ConditionHandle, DeletionPolicy, Handle, IntoValue, Json, LogicalId, ResourceOptions, UpdateReplacePolicy, Value,
};

use crate::Stack;

/// A security group. Ingress only by [`SecurityGroup::add_ingress_rule`], egress only to the given ports.
#[derive(Debug, Clone)]
pub struct SecurityGroup {
    handle: Handle<CfnSecurityGroup>,
}

/// A peer that may connect to a TCP port.
#[derive(Debug, Clone)]
pub struct IngressRule {
    pub from: Peer,
    pub port: Value<i64>,
    /// At most 255 characters.
    pub description: &'static str,
    /// Admitted only if it is true.
    pub condition: Option<ConditionHandle>,
}

#[derive(Debug, Clone)]
pub enum Peer {
    /// Every member of this group.
    SecurityGroup(Value<String>),
    /// A block in CIDR notation.
    Ipv4(Value<String>),
}

impl SecurityGroup {
    /// `egress`: the TCP ports to which it may connect anywhere, each with a description.
    #[track_caller]
    pub fn new(
        stack: &mut Stack,
        id: &str,
        description: &str,
        vpc_id: impl IntoValue<String>,
        egress: &[(Value<i64>, &'static str)],
    ) -> Self {
        let rule = cfn_security_group::EgressProperty::new();
        let rules = match egress {
            // Without a rule CloudFormation allows everything; this one allows nothing.
            [] => vec![rule.ip_protocol("-1").cidr_ip("127.0.0.1/32").description("Nothing.")],
            ports => ports
                .iter()
                .map(|(port, description)| {
                    let rule = cfn_security_group::EgressProperty::new().ip_protocol("tcp").cidr_ip("0.0.0.0/0");
                    rule.from_port(port).to_port(port).description(*description)
                })
                .collect(),
        };
        // One that is replaced stays: network interfaces of other stacks are in it until those are updated.
        let group = CfnSecurityGroup::new()
            .group_description(description)
            .vpc_id(vpc_id)
            .security_group_egress(rules)
            .deletion_policy(DeletionPolicy::Delete)
            .update_replace_policy(UpdateReplacePolicy::Retain);
        Self { handle: stack.add(id, group) }
    }

    pub fn security_group_id(&self) -> Value<String> {
        self.handle.attr_group_id()
    }

    pub fn id(&self) -> &LogicalId {
        self.handle.id()
    }

    pub fn add_ingress_rule(&self, stack: &mut Stack, rule: IngressRule) {
        let ingress = cfn_security_group::IngressProperty::new().ip_protocol("tcp");
        let ingress = ingress.from_port(&rule.port).to_port(&rule.port).description(rule.description);
        let ingress = match rule.from {
            Peer::SecurityGroup(id) => ingress.source_security_group_id(id),
            Peer::Ipv4(block) => ingress.cidr_ip(block),
        };
        let ingress: Value<cfn_security_group::IngressProperty> = ingress.into_value();
        let ingress = match &rule.condition {
            Some(condition) => if_(condition, ingress, Value::no_value()),
            None => ingress,
        };
        let Some(entry) = stack.template_mut().resource_mut(self.handle.id()) else { return };
        let properties = &mut entry.parts.properties;
        match properties.get_mut("SecurityGroupIngress") {
            Some(Json::List(rules)) => rules.push(ingress.into_json()),
            _ => properties.set("SecurityGroupIngress", vec![ingress.into_json()]),
        }
    }
}

/// An endpoint inside the subnets, through which functions in the VPC reach one AWS service.
#[derive(Debug, Clone)]
pub struct InterfaceVpcEndpoint {
    handle: Handle<CfnVPCEndpoint>,
}

impl InterfaceVpcEndpoint {
    /// `service`: the last part of its name, such as `secretsmanager`.
    #[track_caller]
    pub fn new(
        stack: &mut Stack,
        id: &str,
        service: &str,
        vpc_id: impl IntoValue<String>,
        subnet_ids: impl IntoValue<Vec<String>>,
        security_group: &SecurityGroup,
    ) -> Self {
        let endpoint = CfnVPCEndpoint::new()
            .vpc_endpoint_type(cfn_vpc_endpoint::VpcEndpointType::INTERFACE)
            .service_name(sub(format!("com.amazonaws.${{AWS::Region}}.{service}")))
            .vpc_id(vpc_id)
            .subnet_ids(subnet_ids)
            .security_group_ids([security_group.security_group_id()])
            .private_dns_enabled(true);
        stack.interface_endpoints.push(service.to_owned());
        Self { handle: stack.add(id, endpoint) }
    }

    pub fn handle(&self) -> &Handle<CfnVPCEndpoint> {
        &self.handle
    }
}

/// An endpoint in route tables. Free of charge; for S3 and DynamoDB. Its policy is AWS's default, which allows everything: all
/// traffic from the subnets to the service goes this way, and IAM decides.
#[derive(Debug, Clone)]
pub struct GatewayVpcEndpoint {
    handle: Handle<CfnVPCEndpoint>,
}

impl GatewayVpcEndpoint {
    /// `service`: the last part of its name, such as `s3`.
    #[track_caller]
    pub fn new(
        stack: &mut Stack,
        id: &str,
        service: &str,
        vpc_id: impl IntoValue<String>,
        route_table_ids: impl IntoValue<Vec<String>>,
    ) -> Self {
        let endpoint = CfnVPCEndpoint::new()
            .vpc_endpoint_type(cfn_vpc_endpoint::VpcEndpointType::GATEWAY)
            .service_name(sub(format!("com.amazonaws.${{AWS::Region}}.{service}")))
            .vpc_id(vpc_id)
            .route_table_ids(route_table_ids);
        stack.gateway_endpoints.push(service.to_owned());
        Self { handle: stack.add(id, endpoint) }
    }

    pub fn handle(&self) -> &Handle<CfnVPCEndpoint> {
        &self.handle
    }
}
