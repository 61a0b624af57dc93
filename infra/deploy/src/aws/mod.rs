//! The edge to AWS: credentials, clients and the adapters of the ports. Refuses decisions: they are the flow's.

mod buckets;
mod changes;
mod cloudformation;
mod connection;
mod drift;
mod ec2;
mod failure;
mod s3;
mod xml;

pub use buckets::S3Buckets;
pub use cloudformation::AwsCloudFormation;
pub use connection::{Connection, Target, sdk_config};
pub use drift::AwsDriftDetection;
pub use ec2::{Ec2, RouteTable, Subnet};
pub use failure::call_error;
pub use s3::S3AssetStore;
