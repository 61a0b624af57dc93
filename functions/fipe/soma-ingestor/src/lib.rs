//! The last function of the chain: batches from the price queue into PostgreSQL, one notification when a crawl is complete, status on request.
//!
//! Owns waiting for the database and the decision who is to blame for a failure. SQL is in `fipe-store`, the batch harness in the runtime.

mod event;
mod ingest;
mod topic;

pub use event::{Answer, Event};
pub use ingest::{Ingestor, trace_id};
pub use topic::{CrawlComplete, SnsTopic, Topic};
