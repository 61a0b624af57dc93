//! CloudFormation and S3 in memory, with the behaviour that a deployment meets at AWS. Refuses to be lenient: what AWS
//! would refuse (a second stack of one name, a template too large, a bucket of somebody else), this refuses.
//!
//! Its templates are JSON: `{"Resources": {"Queue": "AWS::SQS::Queue"}, "Outputs": {"QueueUrl": "https://.."}}`.
//! Every DescribeStackEvents lets one more event happen, so the flow has to wait and the order shows.

mod cloudformation;
mod store;

pub(crate) use cloudformation::MemoryCloudFormation;
pub(crate) use store::MemoryStore;
