//! Which subnets and route tables of a VPC a stage uses. A VPC that cannot host an Aurora cluster and its functions is an error, and so
//! is a service without an endpoint in any of its zones, or one that has its endpoint already.

use std::collections::{BTreeMap, BTreeSet};

use aws_access::{CallError, Ec2, EndpointService, RouteTable, Subnet, VpcEndpoint};

/// Zones of an interface endpoint. Each is billed by the hour; with two, functions reach the service while one zone is down.
const ENDPOINT_ZONES: usize = 2;
/// Not every zone has Lambda. No API lists those that do; Lambda's own endpoint service is in the same zones.
const LAMBDA: &str = "lambda";

/// What is known of a VPC when subnets are chosen.
#[derive(Debug, Clone)]
pub struct Vpc {
    vpc_id: String,
    region: String,
    subnets: Vec<Subnet>,
    tables: Vec<RouteTable>,
    services: Vec<EndpointService>,
    /// Those that it has already, of the services that the stage wants endpoints of.
    there: Vec<VpcEndpoint>,
}

/// The endpoints that a stage makes, by the last parts of their services' names, such as `sqs`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Of the stage's tag `Stage`.
    pub stage: String,
    pub interface: Vec<String>,
    pub gateway: Vec<String>,
}

/// Why a stage cannot be deployed to a VPC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VpcError {
    #[error("{vpc_id} has no subnets that this account can see in {region}; check --vpc-id, --region and --profile")]
    NoSubnets { vpc_id: String, region: String },
    #[error(
        "{vpc_id} has subnets in {zones} alone, where functions cannot be; add subnets in two other availability zones"
    )]
    NoFunctions { vpc_id: String, zones: String },
    #[error(
        "{vpc_id} has subnets for functions in {zone} alone; an Aurora cluster needs two availability zones: add a subnet in another"
    )]
    OneZone { vpc_id: String, zone: String },
    #[error("{region} has no endpoint service {service}: leave {name} out of the stage's endpoints")]
    NoService { region: String, service: String, name: String },
    #[error(
        "{vpc_id} has no subnet in a zone that has endpoints of {services}; add one there, or leave out the service that lacks it"
    )]
    NoZone { vpc_id: String, services: String },
    #[error(
        "{vpc_id} has endpoints already: {there}. It takes no second ones: leave {services} out of the stage's endpoints, so that the stage \
         uses those, and is deleted before them"
    )]
    Taken { vpc_id: String, there: String, services: String },
}

/// Whether a database gets a public address, and so needs a subnet with a route to the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Public,
    Private,
}

impl Vpc {
    /// Reads a VPC of a region, the zones of Lambda and of the services that endpoints are for, and the endpoints that it has.
    ///
    /// # Errors
    /// When EC2 rejects a call or does not respond.
    pub async fn read(ec2: &Ec2, region: &str, vpc_id: &str, endpoints: &Endpoints) -> Result<Self, CallError> {
        let wanted =
            || endpoints.interface.iter().chain(&endpoints.gateway).map(|service| service_name(region, service));
        let names: BTreeSet<String> = wanted().chain([service_name(region, LAMBDA)]).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let there = async {
            match wanted().next() {
                Some(_) => ec2.vpc_endpoints(vpc_id).await,
                None => Ok(Vec::new()),
            }
        };
        let (subnets, tables, services, there) =
            tokio::try_join!(ec2.subnets(vpc_id), ec2.route_tables(vpc_id), ec2.endpoint_services(&names), there)?;
        Ok(Self { vpc_id: vpc_id.to_owned(), region: region.to_owned(), subnets, tables, services, there })
    }

    /// How many zones its subnets are in.
    pub fn zones(&self) -> usize {
        self.subnets.iter().map(|subnet| &subnet.availability_zone).collect::<BTreeSet<_>>().len()
    }

    /// Subnets of a database and its functions: one of each zone that has Lambda.
    ///
    /// # Errors
    /// When they are in fewer than two zones.
    pub fn subnets(&self, reach: Reach) -> Result<Vec<String>, VpcError> {
        let all = self.one_a_zone(reach);
        let mut chosen = all.clone();
        chosen.retain(|zone, _| self.has(LAMBDA, zone));
        let vpc_id = self.vpc_id.clone();
        match (all.len(), chosen.keys().next()) {
            (0, _) => Err(VpcError::NoSubnets { vpc_id, region: self.region.clone() }),
            (_, None) => {
                let zones = all.keys().copied().collect::<Vec<_>>().join(", ");
                Err(VpcError::NoFunctions { vpc_id, zones })
            }
            (_, Some(zone)) if chosen.len() == 1 => Err(VpcError::OneZone { vpc_id, zone: (*zone).to_owned() }),
            _ => Ok(sorted(chosen.into_values().map(str::to_owned))),
        }
    }

    /// Subnets of interface endpoints: one of each of the first two zones that have all their services.
    ///
    /// # Errors
    /// When there is no such zone, or the region lacks a service.
    pub fn endpoint_subnets(&self, interface: &[String]) -> Result<Vec<String>, VpcError> {
        if let Some(name) = interface.iter().find(|service| self.zones_of(service).is_none()) {
            let service = service_name(&self.region, name);
            return Err(VpcError::NoService { region: self.region.clone(), service, name: name.clone() });
        }
        let zones = self.one_a_zone(Reach::Private).into_iter();
        let chosen = zones.filter(|(zone, _)| interface.iter().all(|service| self.has(service, zone)));
        let chosen: Vec<String> = chosen.take(ENDPOINT_ZONES).map(|(_, id)| id.to_owned()).collect();
        if chosen.is_empty() {
            return Err(VpcError::NoZone { vpc_id: self.vpc_id.clone(), services: interface.join(", ") });
        }
        Ok(sorted(chosen))
    }

    /// Refuses endpoints that the VPC has already, other than the stage's own: an interface endpoint with private DNS is there once per
    /// service, a gateway endpoint once per service in each route table.
    ///
    /// # Errors
    /// With all of them, and whose they are.
    pub fn admits(&self, endpoints: &Endpoints, route_table_ids: &[String]) -> Result<(), VpcError> {
        let in_the_way = |service: &str, is_in: &dyn Fn(&VpcEndpoint) -> bool| {
            let name = service_name(&self.region, service);
            let others = self.there.iter().filter(|there| there.stage.as_deref() != Some(&endpoints.stage));
            others.filter(|there| there.service_name == name).find(|there| is_in(there))
        };
        let routed = |there: &VpcEndpoint| there.route_table_ids.iter().any(|table| route_table_ids.contains(table));
        let interface =
            endpoints.interface.iter().map(|service| (service, in_the_way(service, &|there| there.private_dns)));
        let gateway = endpoints.gateway.iter().map(|service| (service, in_the_way(service, &routed)));
        let taken: Vec<_> = interface.chain(gateway).filter_map(|(service, there)| Some((service, there?))).collect();
        if taken.is_empty() {
            return Ok(());
        }
        let there = taken.iter().map(|(service, there)| match &there.stage {
            Some(stage) => format!("{service} ({} of the stage {stage})", there.vpc_endpoint_id),
            None => format!("{service} ({})", there.vpc_endpoint_id),
        });
        Err(VpcError::Taken {
            vpc_id: self.vpc_id.clone(),
            there: there.collect::<Vec<_>>().join(", "),
            services: taken.iter().map(|(service, _)| service.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The route tables that subnets use.
    pub fn route_tables(&self, subnet_ids: &[String]) -> Vec<String> {
        let tables = subnet_ids.iter().filter_map(|id| table_of(&self.tables, id));
        sorted(tables.map(|table| table.route_table_id.clone()))
    }

    /// The best subnet of each availability zone, since an interface endpoint takes no second one: where a zone has both, a public
    /// subnet for a public database and a private one otherwise; then the lowest id, so that a second look gives the same.
    fn one_a_zone(&self, reach: Reach) -> BTreeMap<&str, &str> {
        let mut best: BTreeMap<&str, (bool, &str)> = BTreeMap::new();
        for subnet in &self.subnets {
            // A local zone has a longer name (`us-east-1-bos-1a`); Aurora does not run there.
            if subnet.availability_zone.strip_prefix(&self.region).is_none_or(|rest| rest.len() != 1) {
                continue;
            }
            let is_public = table_of(&self.tables, &subnet.subnet_id).is_some_and(|table| table.internet);
            let candidate = (is_public != (reach == Reach::Public), subnet.subnet_id.as_str());
            let best = best.entry(&subnet.availability_zone).or_insert(candidate);
            *best = candidate.min(*best);
        }
        best.into_iter().map(|(zone, (_, id))| (zone, id)).collect()
    }

    /// Whether a zone has a service. One that the region does not list is assumed to be in every zone.
    fn has(&self, service: &str, zone: &str) -> bool {
        self.zones_of(service).is_none_or(|zones| zones.iter().any(|known| known == zone))
    }

    fn zones_of(&self, service: &str) -> Option<&[String]> {
        let name = service_name(&self.region, service);
        let service = self.services.iter().find(|known| known.service_name == name)?;
        Some(&service.availability_zones)
    }
}

fn service_name(region: &str, service: &str) -> String {
    format!("com.amazonaws.{region}.{service}")
}

fn sorted(ids: impl IntoIterator<Item = String>) -> Vec<String> {
    ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The table that a subnet is associated with, or the VPC's main one.
fn table_of<'a>(tables: &'a [RouteTable], subnet_id: &str) -> Option<&'a RouteTable> {
    let own = tables.iter().find(|table| table.subnet_ids.iter().any(|id| id == subnet_id));
    own.or_else(|| tables.iter().find(|table| table.main))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Of `us-east-1`: subnets with their zones (`a`), and services with theirs (`abc`).
    pub(crate) fn vpc(subnets: &[(&str, &str)], services: &[(&str, &str)], tables: Vec<RouteTable>) -> Vpc {
        let subnets = subnets
            .iter()
            .map(|(id, zone)| Subnet { subnet_id: (*id).to_owned(), availability_zone: format!("us-east-1{zone}") });
        let services = services.iter().map(|(name, zones)| EndpointService {
            service_name: format!("com.amazonaws.us-east-1.{name}"),
            availability_zones: zones.chars().map(|zone| format!("us-east-1{zone}")).collect(),
        });
        let (vpc_id, region) = ("vpc-1".to_owned(), "us-east-1".to_owned());
        Vpc { vpc_id, region, subnets: subnets.collect(), services: services.collect(), tables, there: Vec::new() }
    }

    fn table(id: &str, main: bool, internet: bool, subnets: &[&str]) -> RouteTable {
        let subnet_ids = subnets.iter().map(|id| (*id).to_owned()).collect();
        RouteTable { route_table_id: id.to_owned(), main, subnet_ids, internet }
    }

    #[test]
    fn two_availability_zones_are_needed_and_a_local_zone_is_none() {
        let of = |subnets: &[(&str, &str)]| vpc(subnets, &[], Vec::new()).subnets(Reach::Private);
        let refusal = |subnets: &[(&str, &str)]| of(subnets).unwrap_err().to_string();
        assert!(refusal(&[]).contains("vpc-1 has no subnets"));
        let one = refusal(&[("subnet-1", "a"), ("subnet-2", "a"), ("subnet-3", "-bos-1a")]);
        assert!(one.contains("in us-east-1a alone; an Aurora cluster needs two"), "{one}");
        assert_eq!(of(&[("subnet-2", "a"), ("subnet-1", "b")]).unwrap(), ["subnet-1", "subnet-2"]);
    }

    #[test]
    fn functions_are_in_zones_that_have_lambda() {
        let subnets = [("subnet-1", "a"), ("subnet-2", "b"), ("subnet-3", "c")];
        let of = |zones: &str| vpc(&subnets, &[("lambda", zones)], Vec::new()).subnets(Reach::Private);
        assert_eq!(of("ac").unwrap(), ["subnet-1", "subnet-3"]);
        assert!(of("c").unwrap_err().to_string().contains("subnets for functions in us-east-1c alone"));
        assert!(
            of("d")
                .unwrap_err()
                .to_string()
                .contains("us-east-1a, us-east-1b, us-east-1c alone, where functions cannot")
        );
    }

    #[test]
    fn each_zone_gives_one_subnet_of_the_reach_that_is_asked_for() {
        let subnets = [("subnet-0", "a"), ("subnet-1", "a"), ("subnet-2", "b"), ("subnet-3", "b"), ("subnet-4", "c")];
        let tables =
            vec![table("rtb-main", true, false, &[]), table("rtb-igw", false, true, &["subnet-1", "subnet-2"])];
        let vpc = vpc(&subnets, &[], tables);
        assert_eq!(vpc.subnets(Reach::Public).unwrap(), ["subnet-1", "subnet-2", "subnet-4"]);
        assert_eq!(vpc.subnets(Reach::Private).unwrap(), ["subnet-0", "subnet-3", "subnet-4"]);
    }

    #[test]
    fn an_endpoint_is_in_the_first_two_zones_that_have_its_service() {
        let subnets = [("subnet-4", "a"), ("subnet-3", "b"), ("subnet-2", "c"), ("subnet-1", "d")];
        let of = |services: &[(&str, &str)]| {
            let endpoints: Vec<String> = services.iter().map(|(name, _)| (*name).to_owned()).collect();
            vpc(&subnets, services, Vec::new()).endpoint_subnets(&endpoints).map_err(|error| error.to_string())
        };
        assert_eq!(of(&[("sqs", "abcd")]).unwrap(), ["subnet-3", "subnet-4"]);
        assert_eq!(of(&[("sqs", "bcd"), ("sns", "acd")]).unwrap(), ["subnet-1", "subnet-2"]);
        assert_eq!(of(&[("sqs", "ab"), ("sns", "bc")]).unwrap(), ["subnet-3"]);
        assert!(
            of(&[("sqs", "ab"), ("sns", "cd")])
                .unwrap_err()
                .contains("no subnet in a zone that has endpoints of sqs, sns")
        );
    }

    #[test]
    fn an_endpoint_of_a_service_that_the_region_lacks_is_refused() {
        let vpc = vpc(&[("subnet-1", "a")], &[("sqs", "a")], Vec::new());
        let refusal = vpc.endpoint_subnets(&["sqs".to_owned(), "sns".to_owned()]).unwrap_err().to_string();
        assert_eq!(
            refusal,
            "us-east-1 has no endpoint service com.amazonaws.us-east-1.sns: leave sns out of the stage's endpoints"
        );
    }

    #[test]
    fn a_subnet_without_a_table_of_its_own_uses_the_main_one() {
        let tables = vec![table("rtb-main", true, false, &[]), table("rtb-1", false, false, &["subnet-1"])];
        let vpc = vpc(&[], &[], tables);
        let used = |ids: &[&str]| vpc.route_tables(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert_eq!(used(&["subnet-2", "subnet-1", "subnet-3"]), ["rtb-1", "rtb-main"]);
    }

    fn there(id: &str, service: &str, stage: Option<&str>) -> VpcEndpoint {
        VpcEndpoint {
            vpc_endpoint_id: id.to_owned(),
            service_name: format!("com.amazonaws.us-east-1.{service}"),
            private_dns: service != "s3",
            route_table_ids: if service == "s3" { vec!["rtb-1".to_owned()] } else { Vec::new() },
            stage: stage.map(str::to_owned),
        }
    }

    pub(crate) fn with_endpoint(mut vpc: Vpc, id: &str, service: &str, stage: Option<&str>) -> Vpc {
        vpc.there.push(there(id, service, stage));
        vpc
    }

    #[test]
    fn an_endpoint_that_the_vpc_has_is_refused_with_whose_it_is_and_what_to_do() {
        let endpoints = Endpoints {
            stage: "stg".to_owned(),
            interface: vec!["sqs".to_owned(), "sns".to_owned()],
            gateway: vec!["s3".to_owned()],
        };
        let admits = |there: &[VpcEndpoint], tables: &[&str]| {
            let vpc = Vpc { there: there.to_vec(), ..vpc(&[], &[], Vec::new()) };
            let tables: Vec<String> = tables.iter().map(|table| (*table).to_owned()).collect();
            vpc.admits(&endpoints, &tables).map_err(|error| error.to_string())
        };
        let (sqs, s3) = (there("vpce-1", "sqs", Some("dev")), there("vpce-2", "s3", None));
        let refusal = admits(&[sqs.clone(), s3.clone()], &["rtb-1"]).unwrap_err();
        assert!(refusal.contains("already: sqs (vpce-1 of the stage dev), s3 (vpce-2)."), "{refusal}");
        assert!(refusal.contains("leave sqs, s3 out of the stage's endpoints"), "{refusal}");
        // Other route tables, no private DNS, another service, and the stage's own are in nobody's way.
        assert_eq!(admits(std::slice::from_ref(&s3), &["rtb-2"]), Ok(()));
        assert_eq!(admits(&[VpcEndpoint { private_dns: false, ..sqs }], &[]), Ok(()));
        assert_eq!(admits(&[there("vpce-3", "kms", None)], &[]), Ok(()));
        assert_eq!(
            admits(&[there("vpce-1", "sqs", Some("stg")), there("vpce-2", "s3", Some("stg"))], &["rtb-1"]),
            Ok(())
        );
    }
}
