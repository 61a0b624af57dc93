//! What the FIPE chain stores in PostgreSQL: writing whole batches, counting completeness, reporting status.
//!
//! Owns every statement on the tables of `sql/fipe`. Does not know queues, topics or where connections come from.

mod check;
mod complete;
mod error;
mod rows;
mod status;
mod write;

pub use complete::{Settled, settle};
pub use error::{BoxError, Error};
pub use status::{CrawlStatus, Which, status};
pub use write::write;
