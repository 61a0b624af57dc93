//! Which subnets and route tables of a VPC a stage uses. Refuses a VPC that an Aurora cluster cannot live in.

use std::collections::BTreeSet;

use deploy::aws::{Connection, Ec2, RouteTable, Subnet};

use crate::exit::BadInput;

/// Subnets of a VPC and the route tables that they use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subnets {
    pub(crate) subnet_ids: Vec<String>,
    pub(crate) route_table_ids: Vec<String>,
}

/// The region's default VPC.
pub(crate) async fn default_vpc(connection: &Connection) -> anyhow::Result<String> {
    let vpc_id = Ec2::new(connection).default_vpc().await?;
    Ok(vpc_id.ok_or_else(|| BadInput("the region has no default VPC; give --vpc-id".to_owned()))?)
}

/// All subnets of a VPC in the region's availability zones, in order of their ids, and the route tables that they use.
pub(crate) async fn subnets(connection: &Connection, vpc_id: &str) -> anyhow::Result<Subnets> {
    let ec2 = Ec2::new(connection);
    let subnet_ids = usable(vpc_id, &connection.region, &ec2.subnets(vpc_id).await?)?;
    let route_table_ids = used_tables(&ec2.route_tables(vpc_id).await?, &subnet_ids);
    Ok(Subnets { subnet_ids, route_table_ids })
}

fn usable(vpc_id: &str, region: &str, subnets: &[Subnet]) -> Result<Vec<String>, BadInput> {
    // A local zone has a longer name (`us-east-1-bos-1a`); Aurora does not run there.
    let is_usable =
        |subnet: &&Subnet| subnet.availability_zone.strip_prefix(region).is_some_and(|rest| rest.len() == 1);
    let (ids, zones): (BTreeSet<_>, BTreeSet<_>) =
        (subnets.iter().filter(is_usable)).map(|subnet| (subnet.subnet_id.clone(), &*subnet.availability_zone)).unzip();
    match zones.len() {
        0 => Err(BadInput(format!(
            "{vpc_id} has no subnets that this account can see in {region}; check --vpc-id, --region and --profile"
        ))),
        1 => Err(BadInput(format!(
            "{vpc_id} has subnets in {} alone; an Aurora cluster needs two availability zones: add a subnet in another",
            zones.into_iter().collect::<Vec<_>>().join(", ")
        ))),
        _ => Ok(ids.into_iter().collect()),
    }
}

/// The table that each subnet is associated with, or the VPC's main one.
fn used_tables(tables: &[RouteTable], subnet_ids: &[String]) -> Vec<String> {
    let main = tables.iter().find(|table| table.main);
    let used = subnet_ids.iter().filter_map(|id| tables.iter().find(|table| table.subnet_ids.contains(id)).or(main));
    used.map(|table| table.route_table_id.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(id: &str, zone: &str) -> Subnet {
        Subnet { subnet_id: id.to_owned(), availability_zone: zone.to_owned() }
    }

    #[test]
    fn two_availability_zones_are_needed_and_a_local_zone_is_none() {
        let told = |subnets: &[Subnet]| usable("vpc-1", "sa-east-1", subnets).unwrap_err().to_string();
        assert!(told(&[]).contains("vpc-1 has no subnets"));
        let one = [
            subnet("subnet-1", "sa-east-1a"),
            subnet("subnet-2", "sa-east-1a"),
            subnet("subnet-3", "sa-east-1-bue-1a"),
        ];
        assert!(told(&one).contains("has subnets in sa-east-1a alone"), "{}", told(&one));
        let two = [subnet("subnet-2", "sa-east-1b"), subnet("subnet-1", "sa-east-1a")];
        assert_eq!(usable("vpc-1", "sa-east-1", &two).unwrap(), ["subnet-1", "subnet-2"]);
    }

    #[test]
    fn a_subnet_without_a_table_of_its_own_uses_the_main_one() {
        let table = |id: &str, main, subnets: &[&str]| RouteTable {
            route_table_id: id.to_owned(),
            main,
            subnet_ids: subnets.iter().map(|id| (*id).to_owned()).collect(),
        };
        let tables =
            [table("rtb-main", true, &[]), table("rtb-1", false, &["subnet-1"]), table("rtb-9", false, &["subnet-9"])];
        let used = |ids: &[&str]| used_tables(&tables, &ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert_eq!(used(&["subnet-1", "subnet-2"]), ["rtb-1", "rtb-main"]);
        assert_eq!(used(&["subnet-1"]), ["rtb-1"]);
    }
}
