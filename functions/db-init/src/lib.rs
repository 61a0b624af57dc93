//! The custom resource that brings a database up to `sql/`: migrations, then the application role's password.
//!
//! Owns the answer to CloudFormation, which it always gets. Refuses to undo anything: deleting the resource leaves the data.

mod answer;
mod schema;

pub use answer::{Answer, Request, handle};
pub use schema::{bring_up, migrations};
