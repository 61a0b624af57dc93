//! A stage that was deployed while FipeData still made the network: what stays in FipeData until the stack Network has taken over.
//! The README of this crate has the three deployments. Delete this file when no such stage is left.

use cfn::IntoValue;
use constructs::{IngressRule, Peer, SecurityGroup, Stack};
use system::Section;
use system_database::Access;
use system_network::{ENDPOINTS, Endpoint, EndpointPlace, HTTPS, add_endpoints};

/// `[handover]` of fipe.toml.
#[derive(Debug, Clone, PartialEq)]
pub struct Handover {
    /// The endpoints that FipeData made, and keeps until Network may make them: a VPC takes each with private DNS once.
    pub endpoints: Vec<Endpoint>,
}

impl Handover {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let handover = Self { endpoints: section.some_of("endpoints", &ENDPOINTS) };
        section.refuse_unknown_keys();
        handover
    }
}

/// Keeps the old group, which functions leave in this deployment, and the endpoints, which admit the VPC's addresses anyway.
#[track_caller]
pub(crate) fn keep_network(stack: &mut Stack, handover: &Handover, access: &Access) {
    let functions = SecurityGroup::new(
        stack,
        "FunctionSecurityGroup",
        "Functions that use the FIPE database.",
        &access.vpc_id,
        &[(HTTPS.into_value(), "AWS services."), (access.port.clone(), "The database.")],
    );
    // FipeApi's functions leave this group in a change set of their own, after this one.
    let still_there = IngressRule {
        from: Peer::SecurityGroup(functions.security_group_id()),
        port: access.port.clone(),
        description: "Functions that use the FIPE database.",
        condition: None,
    };
    access.database.add_ingress_rule(stack, still_there);
    let description = "Functions that use the FIPE database.";
    let (vpc_id, subnet_ids) = (access.vpc_id.r#ref(), access.subnet_ids.r#ref());
    let from = functions.security_group_id();
    let place = EndpointPlace { vpc_id: &vpc_id, subnet_ids: &subnet_ids, from, description };
    add_endpoints(stack, &handover.endpoints, &place);
}
