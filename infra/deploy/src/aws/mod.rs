//! The edge to AWS: credentials, clients and the adapters of the ports. Refuses decisions: they are the flow's.

mod cloudformation;
mod connection;
mod failure;
mod s3;

pub use cloudformation::AwsCloudFormation;
pub use connection::{Connection, Target};
pub use failure::call_error;
pub use s3::S3AssetStore;
