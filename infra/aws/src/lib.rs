//! How AWS is reached: whose account, with which credentials, what a failed call means and when it is retried.
//!
//! Owns what every adapter over the AWS SDK needs, and the calls for which we use no SDK crate ([`Ec2`]). Contains no ports, no flows
//! and no call that changes an account: those belong to the crates that use it.

mod answer;
mod call_error;
mod call_error_kind;
mod connection;
mod error_codes;
mod query;
mod region;
mod retry;
mod sdk_error;
mod signature;

pub use answer::Answer;
pub use call_error::CallError;
pub use call_error_kind::CallErrorKind;
pub use connection::{Connection, Target, sdk_config};
pub use query::{Ec2, EndpointService, RouteTable, Subnet, VpcEndpoint};
pub use region::{dns_suffix, partition};
pub use retry::{Pace, Pauses, retry};
pub use sdk_error::call_error;
pub use signature::{SignatureError, Unsigned, signature};
