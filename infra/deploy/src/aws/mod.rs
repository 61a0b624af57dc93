//! The adapters of the ports over the AWS SDK. Decisions belong to the flows. A response that lacks a field that AWS always
//! returns is an error; defaults are used only for what AWS documents as optional.

mod buckets;
mod cloudformation;
mod drift;
mod resource_change;
mod s3;

pub use buckets::S3Buckets;
pub use cloudformation::AwsCloudFormation;
pub use drift::AwsDriftDetection;
pub use s3::S3AssetStore;

/// The token of the next page, when there is one.
fn next_page(token: Option<&str>) -> Option<String> {
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}
