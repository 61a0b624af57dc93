//! Permissions, proved both ways: each call of a function is allowed by its role, and each grant of its role is needed by a call.
//!
//! Calls come from the local cloud, roles from a stage's templates as they are committed, the judgement from the review's own policy engine. Pure: the
//! harness listens to the calls and reads the templates.

mod actions;
mod call;
mod cloudformation;
mod deployed;
mod deployer;
mod judge;
mod lambda;
mod protocols;
mod request;
mod s3;
mod unused;

pub use actions::action;
pub use call::{Call, Caller, Resource};
pub use deployed::{Deployed, DeployedResource, DeployedStack};
pub use deployer::{DeployRole, execution_role};
pub use judge::{Judge, TemplateError};
pub use protocols::Unreadable;
pub use request::Request;
pub use unused::{Needed, Unused};
