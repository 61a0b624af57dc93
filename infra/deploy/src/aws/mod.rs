//! The adapters of the ports over the AWS SDK. Refuses decisions: they are the flows'. An answer that lacks what AWS always
//! gives is an error; a default stands only for what AWS documents as optional.

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
