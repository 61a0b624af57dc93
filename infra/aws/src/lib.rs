//! How AWS is reached: whose account, with which credentials, what a failed call means and when it is made again.
//!
//! Owns what every adapter over the AWS SDK needs, and the calls that no SDK crate makes for us ([`Ec2`]). Refuses ports, flows
//! and anything that changes an account: those belong to the crates that use it.

mod answer;
mod call_error;
mod call_error_kind;
mod connection;
mod error_codes;
mod query;
mod region;
mod retry;
mod sdk_error;

pub use answer::Answer;
pub use call_error::CallError;
pub use call_error_kind::CallErrorKind;
pub use connection::{Connection, Target, sdk_config};
pub use query::{Ec2, EndpointService, RouteTable, Subnet};
pub use region::{dns_suffix, partition};
pub use retry::{Pace, Pauses, retry};
pub use sdk_error::call_error;
