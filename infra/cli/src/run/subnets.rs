//! Which subnets and route tables of a VPC a stage uses. A VPC that cannot host an Aurora cluster and its functions is an error, and so
//! is a service without an endpoint in any of its zones.

use std::collections::{BTreeMap, BTreeSet};

use aws_access::{Connection, Ec2, EndpointService, RouteTable, Subnet};

use crate::exit::Failure;

/// Zones of an interface endpoint. Each is billed by the hour; with two, functions reach the service while one zone is down.
const ENDPOINT_ZONES: usize = 2;
/// Not every zone has Lambda. No API lists those that do; Lambda's own endpoint service is in the same zones.
const LAMBDA: &str = "lambda";

/// What is known of a VPC when subnets are chosen.
#[derive(Debug)]
pub(crate) struct Vpc {
    vpc_id: String,
    region: String,
    subnets: Vec<Subnet>,
    tables: Vec<RouteTable>,
    services: Vec<EndpointService>,
}

/// Whether the database gets a public address, and so needs a subnet with a route to the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Public,
    Private,
}

/// The region's default VPC.
pub(crate) async fn default_vpc(connection: &Connection) -> Result<String, Failure> {
    let vpc_id = Ec2::new(&connection.config).default_vpc().await?;
    vpc_id.ok_or_else(|| Failure::usage("the region has no default VPC; give --vpc-id"))
}

impl Vpc {
    /// Reads a VPC, and the zones of Lambda and of the services that endpoints are for.
    pub(crate) async fn read(connection: &Connection, vpc_id: &str, endpoints: &[String]) -> Result<Self, Failure> {
        let (ec2, region) = (Ec2::new(&connection.config), connection.region.clone());
        let names = endpoints.iter().map(String::as_str).chain([LAMBDA]).map(|service| service_name(&region, service));
        let names: BTreeSet<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (subnets, tables, services) =
            tokio::try_join!(ec2.subnets(vpc_id), ec2.route_tables(vpc_id), ec2.endpoint_services(&names))?;
        Ok(Self { vpc_id: vpc_id.to_owned(), region, subnets, tables, services })
    }

    /// Subnets of a database and its functions: one of each zone that has Lambda.
    pub(crate) fn subnets(&self, reach: Reach) -> Result<Vec<String>, Failure> {
        let all = self.one_a_zone(reach);
        let mut chosen = all.clone();
        chosen.retain(|zone, _| self.has(LAMBDA, zone));
        let (vpc_id, region) = (&self.vpc_id, &self.region);
        match (all.len(), chosen.keys().next()) {
            (0, _) => Err(Failure::usage(format!(
                "{vpc_id} has no subnets that this account can see in {region}; check --vpc-id, --region and --profile"
            ))),
            (_, None) => {
                let zones = all.keys().copied().collect::<Vec<_>>().join(", ");
                Err(Failure::usage(format!(
                    "{vpc_id} has subnets in {zones} alone, where functions cannot be; add subnets in two other availability zones"
                )))
            }
            (_, Some(zone)) if chosen.len() == 1 => Err(Failure::usage(format!(
                "{vpc_id} has subnets for functions in {zone} alone; an Aurora cluster needs two availability zones: add a subnet in another"
            ))),
            _ => Ok(sorted(chosen.into_values().map(str::to_owned))),
        }
    }

    /// Subnets of interface endpoints: one of each of the first two zones that have all their services.
    pub(crate) fn endpoint_subnets(&self, endpoints: &[String]) -> Result<Vec<String>, Failure> {
        let offered = |service: &&String| self.zones(service).is_some();
        if let Some(service) = endpoints.iter().find(|service| !offered(service)) {
            return Err(Failure::usage(format!(
                "{} has no endpoint service {}: leave {service} out of the stage's endpoints",
                self.region,
                service_name(&self.region, service)
            )));
        }
        let zones = self.one_a_zone(Reach::Private).into_iter();
        let chosen = zones.filter(|(zone, _)| endpoints.iter().all(|service| self.has(service, zone)));
        let chosen: Vec<String> = chosen.take(ENDPOINT_ZONES).map(|(_, id)| id.to_owned()).collect();
        if chosen.is_empty() {
            return Err(Failure::usage(format!(
                "{} has no subnet in a zone that has endpoints of {}; add one there, or leave out the service that lacks it",
                self.vpc_id,
                endpoints.join(", ")
            )));
        }
        Ok(sorted(chosen))
    }

    /// The route tables that subnets use.
    pub(crate) fn route_tables(&self, subnet_ids: &[String]) -> Vec<String> {
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
        self.zones(service).is_none_or(|zones| zones.iter().any(|known| known == zone))
    }

    fn zones(&self, service: &str) -> Option<&[String]> {
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
mod tests {
    use super::*;

    /// Of `us-east-1`: subnets with their zones (`a`), and services with theirs (`abc`).
    fn vpc(subnets: &[(&str, &str)], services: &[(&str, &str)], tables: Vec<RouteTable>) -> Vpc {
        let subnets = subnets
            .iter()
            .map(|(id, zone)| Subnet { subnet_id: (*id).to_owned(), availability_zone: format!("us-east-1{zone}") });
        let services = services.iter().map(|(name, zones)| EndpointService {
            service_name: format!("com.amazonaws.us-east-1.{name}"),
            availability_zones: zones.chars().map(|zone| format!("us-east-1{zone}")).collect(),
        });
        let (vpc_id, region) = ("vpc-1".to_owned(), "us-east-1".to_owned());
        Vpc { vpc_id, region, subnets: subnets.collect(), services: services.collect(), tables }
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
            vpc(&subnets, services, Vec::new()).endpoint_subnets(&endpoints).map_err(|failure| failure.to_string())
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
}
