//! The custom resource that brings a system's database up to its migrations, and sets the application role's password.
//!
//! Owns the answer to CloudFormation, which it always gets. Refuses to undo anything: deleting the resource leaves the data.

mod answer;
mod archive;
mod names;
mod schema;

pub use answer::{Answer, Request, handle};
pub use archive::{ArchiveError, migrations, root};
pub use names::{function_name, physical_id};
pub use schema::bring_up;
