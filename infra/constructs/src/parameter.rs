//! Where the value of a template's parameter comes from when the stack is deployed. The values themselves are the deployer's.

/// Who provides the value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterSource {
    /// The person or program that deploys.
    Asked(Asked),
    /// The base address of a service outside AWS: the template's default, or on the stage local the service of this name that the
    /// local cloud runs, followed by this path.
    Service { service: &'static str, path: &'static str },
    /// An output of a stack that is deployed earlier.
    Output { stack: &'static str, output: String },
    /// The bucket that the deployer uploads assets to.
    AssetBucket,
    /// The content-hashed key under which the deployer uploaded this asset.
    AssetKey { asset: String },
}

/// A value that a deployer is asked for. One with a template default is optional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// The VPC of the database and of the functions that use it. No default.
    VpcId,
    /// Subnets of that VPC in at least two availability zones that have Lambda. No default; can be looked up from the VPC.
    SubnetIds,
    /// Subnets of the VPC's interface endpoints, one a zone. No default; can be looked up from the VPC.
    EndpointSubnetIds,
    /// Route tables of those subnets, for the S3 gateway endpoint. No default; can be looked up from the VPC.
    RouteTableIds,
    /// The one IPv4 address outside the VPC that may connect to the database. Default: none.
    AllowedIp,
    /// Port of the database. Default: 5432.
    DatabasePort,
    /// Whether to create the account's OIDC provider for GitHub; an account has one. Default: true.
    CreateOidcProvider,
    /// The mail address that hears of each alarm. No default.
    AlarmEmail,
}

impl Asked {
    pub const ALL: [Asked; 8] = [
        Self::VpcId,
        Self::SubnetIds,
        Self::EndpointSubnetIds,
        Self::RouteTableIds,
        Self::AllowedIp,
        Self::DatabasePort,
        Self::CreateOidcProvider,
        Self::AlarmEmail,
    ];

    /// The parameter's logical id.
    pub fn name(self) -> &'static str {
        match self {
            Self::VpcId => "VpcId",
            Self::SubnetIds => "SubnetIds",
            Self::EndpointSubnetIds => "EndpointSubnetIds",
            Self::RouteTableIds => "RouteTableIds",
            Self::AllowedIp => "AllowedIp",
            Self::DatabasePort => "DatabasePort",
            Self::CreateOidcProvider => "CreateOidcProvider",
            Self::AlarmEmail => "AlarmEmail",
        }
    }

    /// Whether the templates have a default, so that it is optional.
    pub fn has_default(self) -> bool {
        match self {
            Self::VpcId | Self::SubnetIds | Self::EndpointSubnetIds | Self::RouteTableIds | Self::AlarmEmail => false,
            Self::AllowedIp | Self::DatabasePort | Self::CreateOidcProvider => true,
        }
    }
}
