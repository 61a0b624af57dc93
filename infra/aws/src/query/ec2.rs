//! The EC2 reads that a deployment needs.

use aws_config::SdkConfig;

use super::QueryClient;
use super::xml::Element;
use crate::CallError;

/// EC2 in one account and region.
#[derive(Debug)]
pub struct Ec2 {
    client: QueryClient,
}

/// The part of a subnet that a stack needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// `subnet-..`
    pub subnet_id: String,
    /// For example `sa-east-1a`; longer for a local zone.
    pub availability_zone: String,
}

/// A route table and who uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    /// `rtb-..`
    pub route_table_id: String,
    /// Used by every subnet without a table of its own.
    pub main: bool,
    /// Subnets that are associated with it explicitly.
    pub subnet_ids: Vec<String>,
    /// Whether it routes to an internet gateway, which makes its subnets public.
    pub internet: bool,
}

/// A service that a VPC endpoint can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointService {
    /// For example `com.amazonaws.sa-east-1.sqs`.
    pub service_name: String,
    /// The availability zones that its interface endpoints can be in, by this account's names.
    pub availability_zones: Vec<String>,
}

/// An endpoint that a VPC has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpcEndpoint {
    /// `vpce-..`
    pub vpc_endpoint_id: String,
    /// For example `com.amazonaws.sa-east-1.sqs`.
    pub service_name: String,
    /// Whether it answers to the service's public name in the whole VPC.
    pub private_dns: bool,
    /// The route tables of a gateway endpoint; empty for others.
    pub route_table_ids: Vec<String>,
    /// The value of its tag `Stage`.
    pub stage: Option<String>,
}

impl Ec2 {
    /// Over a configuration's credentials.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: QueryClient::new(config, "ec2", "2016-11-15") }
    }

    /// DescribeVpcs: the region's default VPC, if it has one.
    ///
    /// # Errors
    /// When EC2 rejects the call or does not respond.
    pub async fn default_vpc(&self) -> Result<Option<String>, CallError> {
        let vpcs = self.describe("DescribeVpcs", "vpcSet", ("is-default", &["true"]), |vpc| vpc.required("vpcId"));
        Ok(vpcs.await?.into_iter().next())
    }

    /// DescribeSubnets of a VPC, all pages.
    ///
    /// # Errors
    /// When EC2 rejects the call or does not respond.
    pub async fn subnets(&self, vpc_id: &str) -> Result<Vec<Subnet>, CallError> {
        self.describe("DescribeSubnets", "subnetSet", ("vpc-id", &[vpc_id]), |subnet| {
            Ok(Subnet {
                subnet_id: subnet.required("subnetId")?,
                availability_zone: subnet.required("availabilityZone")?,
            })
        })
        .await
    }

    /// DescribeRouteTables of a VPC, all pages.
    ///
    /// # Errors
    /// When EC2 rejects the call or does not respond.
    pub async fn route_tables(&self, vpc_id: &str) -> Result<Vec<RouteTable>, CallError> {
        self.describe("DescribeRouteTables", "routeTableSet", ("vpc-id", &[vpc_id]), |table| {
            let associations = || table.items("associationSet");
            Ok(RouteTable {
                route_table_id: table.required("routeTableId")?,
                main: associations().any(|association| association.text("main") == Some("true")),
                // The main table's own association, and one with a gateway, have no subnet.
                subnet_ids: associations().filter_map(|one| one.text("subnetId").map(str::to_owned)).collect(),
                internet: table
                    .items("routeSet")
                    .any(|route| route.text("gatewayId").is_some_and(|gateway| gateway.starts_with("igw-"))),
            })
        })
        .await
    }

    /// DescribeVpcEndpointServices of these names, all pages. A name that the region does not know has no entry.
    ///
    /// # Errors
    /// When EC2 rejects the call or does not respond.
    pub async fn endpoint_services(&self, service_names: &[&str]) -> Result<Vec<EndpointService>, CallError> {
        let filter = ("service-name", service_names);
        self.describe("DescribeVpcEndpointServices", "serviceDetailSet", filter, |service| {
            let zones = service.items("availabilityZoneSet").map(|zone| zone.text.clone());
            Ok(EndpointService { service_name: service.required("serviceName")?, availability_zones: zones.collect() })
        })
        .await
    }

    /// DescribeVpcEndpoints of a VPC, all pages, without those that are on their way out.
    ///
    /// # Errors
    /// When EC2 rejects the call or does not respond.
    pub async fn vpc_endpoints(&self, vpc_id: &str) -> Result<Vec<VpcEndpoint>, CallError> {
        const GONE: [&str; 5] = ["deleting", "deleted", "rejected", "failed", "expired"];
        let read = |endpoint: &Element| {
            let stage = endpoint.items("tagSet").find(|tag| tag.text("key") == Some("Stage"));
            let found = VpcEndpoint {
                vpc_endpoint_id: endpoint.required("vpcEndpointId")?,
                service_name: endpoint.required("serviceName")?,
                private_dns: endpoint.text("privateDnsEnabled") == Some("true"),
                route_table_ids: endpoint.items("routeTableIdSet").map(|table| table.text.clone()).collect(),
                stage: stage.and_then(|tag| tag.text("value")).map(str::to_owned),
            };
            // Two spellings are documented: `available` and `Available`.
            let state = endpoint.required("state")?.to_lowercase();
            Ok((!GONE.contains(&state.as_str())).then_some(found))
        };
        let endpoints = self.describe("DescribeVpcEndpoints", "vpcEndpointSet", ("vpc-id", &[vpc_id]), read).await?;
        Ok(endpoints.into_iter().flatten().collect())
    }

    async fn describe<T>(
        &self,
        action: &'static str,
        set: &'static str,
        (name, values): (&str, &[&str]),
        read: impl Fn(&Element) -> Result<T, &'static str>,
    ) -> Result<Vec<T>, CallError> {
        let (mut found, mut next) = (Vec::new(), None::<String>);
        let keys: Vec<String> = (1..=values.len()).map(|number| format!("Filter.1.Value.{number}")).collect();
        loop {
            let mut parameters = vec![("Filter.1.Name", name)];
            parameters.extend(keys.iter().map(String::as_str).zip(values.iter().copied()));
            parameters.extend(next.as_deref().map(|token| ("NextToken", token)));
            let answer = self.client.call(action, &parameters).await?;
            let incomplete = |field| CallError::incomplete(action, field);
            // EC2 writes an empty list as an empty element.
            answer.child(set).ok_or_else(|| incomplete(set))?;
            for item in answer.items(set) {
                found.push(read(item).map_err(incomplete)?);
            }
            next = answer.text("nextToken").map(str::to_owned);
            if next.is_none() {
                return Ok(found);
            }
        }
    }
}
