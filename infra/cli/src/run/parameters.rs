//! Values for the templates' parameters: given, looked up, or the local cloud's own. Malformed ones are errors before any call.

use std::collections::BTreeMap;

use aws_access::{Connection, Ec2};
use constructs::{Asked, ParameterSource, SynthesizedStack};
use deploy::address::{AllowedIp, VpcId};
use operate::vpc::{Endpoints, Reach, Vpc};
use system::{Stage, StageName};

use crate::args::values::Values;
use crate::exit::Failure;
use crate::project::templates::Synthesized;

/// The given values, by parameter name; checked, and nothing looked up yet.
pub(crate) fn given(arguments: &Values, stage: &Stage) -> Result<BTreeMap<String, String>, Failure> {
    let mut values = BTreeMap::new();
    for parameter in &arguments.parameters {
        let Some((name, value)) = parameter.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::usage(format!("--parameter {parameter:?} is not NAME=VALUE")));
        };
        values.insert(name.to_owned(), value.to_owned());
    }
    let flags = [
        (Asked::VpcId, &arguments.vpc_id),
        (Asked::AllowedIp, &arguments.allowed_ip),
        (Asked::AlarmEmail, &arguments.alarm_email),
    ];
    for (asked, value) in flags {
        let Some(value) = value.as_ref().filter(|value| !value.is_empty()) else { continue };
        if values.insert(asked.name().to_owned(), value.clone()).is_some_and(|other| other != *value) {
            return Err(Failure::usage(format!("{} is given twice with different values", asked.name())));
        }
    }
    if let Some(vpc_id) = values.get_mut(Asked::VpcId.name()) {
        *vpc_id = VpcId::parse(vpc_id)?.to_string();
    }
    // One environment has it for every stage; those that do not ask for it take none.
    if !stage.alarms.asks_for_email && arguments.alarm_email.is_some() {
        values.remove(Asked::AlarmEmail.name());
    }
    if let Some(address) = values.get_mut(Asked::AllowedIp.name()) {
        *address = AllowedIp::parse(address)?.to_string();
        if !stage.public_access {
            return Err(Failure::usage(format!(
                "stage {} admits no address from outside the VPC (network.public_access in its stage.toml): omit the allowed address",
                stage.name
            )));
        }
    }
    Ok(values)
}

/// Adds what can be looked up. Without a VPC nothing can, and the plan will report what is missing.
pub(crate) async fn look_up(
    values: &mut BTreeMap<String, String>,
    stacks: &[Synthesized],
    selection: &[String],
    stage: &Stage,
    connection: &Connection,
    local: Option<&local_cloud::Status>,
) -> Result<(), Failure> {
    let is_selected = |stack: &&Synthesized| match selection {
        [] => !stack.stack.only_when_named,
        names => names.iter().any(|name| name == stack.stack.name),
    };
    let stacks: Vec<_> = stacks.iter().filter(is_selected).map(|stack| &stack.stack).collect();
    let parameters: Vec<_> = stacks.iter().flat_map(|stack| &stack.parameters).collect();
    let asked: Vec<Asked> = (parameters.iter())
        .filter_map(|(_, source)| match source {
            ParameterSource::Asked(asked) => Some(*asked),
            _ => None,
        })
        .collect();
    let is_open =
        |values: &BTreeMap<String, String>, what: Asked| asked.contains(&what) && !values.contains_key(what.name());
    let set = |values: &mut BTreeMap<String, String>, what: Asked, value: String| {
        if is_open(values, what) {
            values.insert(what.name().to_owned(), value);
        }
    };
    if let Some(status) = local {
        for (name, source) in &parameters {
            if let ParameterSource::Service { service, path } = source
                && let Some(address) = status.url(service)
            {
                values.entry(name.clone()).or_insert_with(|| format!("{address}{path}"));
            }
        }
        if let Some(postgres) = status.service(&local_cloud::ServiceName::Postgres) {
            set(values, Asked::DatabasePort, postgres.port.to_string());
        }
    }
    if stage.name == StageName::Local && !values.contains_key(Asked::VpcId.name()) {
        let vpc_id = Ec2::new(&connection.config).default_vpc().await?;
        let vpc_id = vpc_id.ok_or_else(|| Failure::usage("the region has no default VPC; give --vpc-id"))?;
        values.insert(Asked::VpcId.name().to_owned(), vpc_id);
    }
    let of_vpc = [Asked::SubnetIds, Asked::EndpointSubnetIds, Asked::RouteTableIds];
    let endpoints = endpoints(stage, stacks.iter().copied());
    if (of_vpc.iter().any(|what| is_open(values, *what)) || endpoints.is_some())
        && let Some(vpc_id) = values.get(Asked::VpcId.name())
    {
        let endpoints = endpoints.unwrap_or_default();
        let vpc = Vpc::read(&Ec2::new(&connection.config), &connection.region, vpc_id, &endpoints).await?;
        if is_open(values, Asked::EndpointSubnetIds) {
            set(values, Asked::EndpointSubnetIds, vpc.endpoint_subnets(&endpoints.interface)?.join(","));
        }
        if is_open(values, Asked::SubnetIds) || is_open(values, Asked::RouteTableIds) {
            let subnet_ids = match values.get(Asked::SubnetIds.name()) {
                Some(given) => listed(given),
                None => vpc.subnets(reach(stage))?,
            };
            set(values, Asked::RouteTableIds, vpc.route_tables(&subnet_ids).join(","));
            set(values, Asked::SubnetIds, subnet_ids.join(","));
        }
        let route_tables = values.get(Asked::RouteTableIds.name()).map(|given| listed(given)).unwrap_or_default();
        vpc.admits(&endpoints, &route_tables)?;
    }
    if !asked.contains(&Asked::AlarmEmail) {
        values.remove(Asked::AlarmEmail.name());
    }
    // Stacks that only ask for its subnets do not take the VPC itself.
    if !asked.contains(&Asked::VpcId) {
        values.remove(Asked::VpcId.name());
    }
    Ok(())
}

/// The endpoints that stacks make; `None` where they make none.
pub(crate) fn endpoints<'a>(
    stage: &Stage,
    stacks: impl Iterator<Item = &'a SynthesizedStack> + Clone,
) -> Option<Endpoints> {
    let interface: Vec<_> = stacks.clone().flat_map(|stack| stack.interface_endpoints.clone()).collect();
    let gateway: Vec<_> = stacks.flat_map(|stack| stack.gateway_endpoints.clone()).collect();
    let is_any = !interface.is_empty() || !gateway.is_empty();
    is_any.then(|| Endpoints { stage: stage.name.to_string(), interface, gateway })
}

/// Depends on the stage and not on whether an address is given now, so that every deployment chooses the same subnets.
pub(crate) fn reach(stage: &Stage) -> Reach {
    if stage.public_access { Reach::Public } else { Reach::Private }
}

fn listed(given: &str) -> Vec<String> {
    given.split(',').map(|id| id.trim().to_owned()).collect()
}

/// How to give a value, for the error that lists what is missing.
pub(crate) fn hint(asked: Asked) -> String {
    match asked {
        Asked::VpcId => "--vpc-id vpc-.. (make: VPC_ID=vpc-..)".to_owned(),
        Asked::AlarmEmail => "--alarm-email somebody@.. (make: ALARM_EMAIL=somebody@..)".to_owned(),
        Asked::AllowedIp => "--allowed-ip a.b.c.d (make: ALLOWED_IP=a.b.c.d)".to_owned(),
        Asked::SubnetIds | Asked::EndpointSubnetIds | Asked::RouteTableIds => {
            format!("--vpc-id, from which it is looked up, or --parameter {}=..", asked.name())
        }
        Asked::DatabasePort | Asked::CreateOidcProvider => format!("--parameter {}=..", asked.name()),
    }
}
