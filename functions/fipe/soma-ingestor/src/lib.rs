//! The last function of the chain: batches of the price queue into PostgreSQL, completeness told once, status on demand.
//!
//! Owns patience and who is to blame for a failure. Refuses SQL, which is fipe-store's, and harness work, which is the runtime's.

mod event;
mod ingest;
mod topic;

pub use event::{Answer, Event};
pub use ingest::{Error, Ingestor, trace_id};
pub use topic::{CrawlComplete, SnsTopic, Topic};
