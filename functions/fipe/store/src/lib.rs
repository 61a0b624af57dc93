//! What the FIPE chain keeps in PostgreSQL: writing whole batches, counting completeness, telling status.
//!
//! Owns every statement on the tables of `sql/fipe`. Refuses to know queues, topics and where connections come from.

mod check;
mod complete;
mod error;
mod rows;
mod status;
mod write;

pub use complete::{Settled, settle};
pub use error::{BoxError, Error};
pub use status::{CrawlStatus, status};
pub use write::write;
