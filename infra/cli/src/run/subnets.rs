//! Which subnets and route tables of a VPC a stage uses. A VPC that cannot host an Aurora cluster is an error.

use std::collections::{BTreeMap, BTreeSet};

use aws_access::{Connection, Ec2, RouteTable, Subnet};

use crate::exit::Failure;

/// Subnets of a VPC and the route tables that they use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subnets {
    pub(crate) subnet_ids: Vec<String>,
    pub(crate) route_table_ids: Vec<String>,
}

/// The region's default VPC.
pub(crate) async fn default_vpc(connection: &Connection) -> Result<String, Failure> {
    let vpc_id = Ec2::new(&connection.config).default_vpc().await?;
    vpc_id.ok_or_else(|| Failure::usage("the region has no default VPC; give --vpc-id"))
}

/// Whether the database gets a public address, and so needs a subnet with a route to the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Public,
    Private,
}

/// One subnet for each of the VPC's availability zones, since an interface endpoint takes one per zone, and the route
/// tables that they use. If a zone has both, a public subnet for a public database and a private one otherwise.
pub(crate) async fn subnets(connection: &Connection, vpc_id: &str, reach: Reach) -> Result<Subnets, Failure> {
    let ec2 = Ec2::new(&connection.config);
    let (subnets, tables) = (ec2.subnets(vpc_id).await?, ec2.route_tables(vpc_id).await?);
    let subnet_ids = one_a_zone(vpc_id, &connection.region, &subnets, &tables, reach)?;
    let route_table_ids =
        subnet_ids.iter().filter_map(|id| table_of(&tables, id)).map(|table| table.route_table_id.clone());
    Ok(Subnets { route_table_ids: route_table_ids.collect::<BTreeSet<_>>().into_iter().collect(), subnet_ids })
}

fn one_a_zone(
    vpc_id: &str,
    region: &str,
    subnets: &[Subnet],
    tables: &[RouteTable],
    reach: Reach,
) -> Result<Vec<String>, Failure> {
    // The best of each zone: with the requested reach, then the lowest id, so that the result is stable.
    let mut best: BTreeMap<&str, (bool, &str)> = BTreeMap::new();
    for subnet in subnets {
        // A local zone has a longer name (`us-east-1-bos-1a`); Aurora does not run there.
        if subnet.availability_zone.strip_prefix(region).is_none_or(|rest| rest.len() != 1) {
            continue;
        }
        let is_public = table_of(tables, &subnet.subnet_id).is_some_and(|table| table.internet);
        let candidate = (is_public != (reach == Reach::Public), subnet.subnet_id.as_str());
        best.entry(&subnet.availability_zone).and_modify(|known| *known = candidate.min(*known)).or_insert(candidate);
    }
    let zones: Vec<&str> = best.keys().copied().collect();
    match zones.len() {
        0 => Err(Failure::usage(format!(
            "{vpc_id} has no subnets that this account can see in {region}; check --vpc-id, --region and --profile"
        ))),
        1 => Err(Failure::usage(format!(
            "{vpc_id} has subnets in {} alone; an Aurora cluster needs two availability zones: add a subnet in another",
            zones[0]
        ))),
        _ => Ok(best.into_values().map(|(_, id)| id.to_owned()).collect::<BTreeSet<_>>().into_iter().collect()),
    }
}

/// The table that a subnet is associated with, or the VPC's main one.
fn table_of<'a>(tables: &'a [RouteTable], subnet_id: &str) -> Option<&'a RouteTable> {
    let own = tables.iter().find(|table| table.subnet_ids.iter().any(|id| id == subnet_id));
    own.or_else(|| tables.iter().find(|table| table.main))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(id: &str, zone: &str) -> Subnet {
        Subnet { subnet_id: id.to_owned(), availability_zone: zone.to_owned() }
    }

    fn table(id: &str, main: bool, internet: bool, subnets: &[&str]) -> RouteTable {
        let subnet_ids = subnets.iter().map(|id| (*id).to_owned()).collect();
        RouteTable { route_table_id: id.to_owned(), main, subnet_ids, internet }
    }

    #[test]
    fn two_availability_zones_are_needed_and_a_local_zone_is_none() {
        let of = |subnets: &[Subnet]| one_a_zone("vpc-1", "sa-east-1", subnets, &[], Reach::Private);
        let told = |subnets: &[Subnet]| of(subnets).unwrap_err().to_string();
        assert!(told(&[]).contains("vpc-1 has no subnets"));
        let one = [
            subnet("subnet-1", "sa-east-1a"),
            subnet("subnet-2", "sa-east-1a"),
            subnet("subnet-3", "sa-east-1-bue-1a"),
        ];
        assert!(told(&one).contains("has subnets in sa-east-1a alone"), "{}", told(&one));
        let two = [subnet("subnet-2", "sa-east-1a"), subnet("subnet-1", "sa-east-1b")];
        assert_eq!(of(&two).unwrap(), ["subnet-1", "subnet-2"]);
    }

    #[test]
    fn each_zone_gives_one_subnet_of_the_reach_that_is_asked_for() {
        let subnets = ["a", "a", "b", "b", "c"].iter().enumerate();
        let subnets: Vec<Subnet> =
            subnets.map(|(number, zone)| subnet(&format!("subnet-{number}"), &format!("us-east-1{zone}"))).collect();
        let tables = [table("rtb-main", true, false, &[]), table("rtb-igw", false, true, &["subnet-1", "subnet-2"])];
        let of = |reach| one_a_zone("vpc-1", "us-east-1", &subnets, &tables, reach).unwrap();
        assert_eq!(of(Reach::Public), ["subnet-1", "subnet-2", "subnet-4"]);
        assert_eq!(of(Reach::Private), ["subnet-0", "subnet-3", "subnet-4"]);
    }

    #[test]
    fn a_subnet_without_a_table_of_its_own_uses_the_main_one() {
        let tables = [table("rtb-main", true, false, &[]), table("rtb-1", false, false, &["subnet-1"])];
        let used = |id: &str| table_of(&tables, id).unwrap().route_table_id.as_str();
        assert_eq!((used("subnet-1"), used("subnet-2")), ("rtb-1", "rtb-main"));
    }
}
