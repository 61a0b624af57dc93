//! The custom resource that applies a system's migrations, and sets the application role's password.
//!
//! Owns the response to CloudFormation, which is always sent. Never undoes anything: deleting the resource leaves the data.

mod answer;
mod archive;
mod names;
mod schema;

pub use answer::{Answer, Request, handle};
pub use archive::{ArchiveError, migrations, root};
pub use names::{function_name, physical_id};
pub use schema::{SchemaError, bring_up};
