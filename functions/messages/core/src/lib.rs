//! The rules of the messages API: what a message is, how it is accepted once, saved once and in order, and how dead letters are sent again without loops
//! or loss. No AWS SDK, no clock.
//!
//! A message is written before it is sent, and everything after that is keyed by its id and safe to repeat. The table knows where each message is; the
//! queues carry it. Whatever is killed between two calls leaves a message that is sent again, never one that nobody knows.

mod amount;
mod api;
mod ask;
mod currencies;
mod dead;
mod envelope;
mod filter;
mod job;
mod jobs;
mod letters;
mod openapi;
mod payload;
mod plan;
mod ports;
mod read;
mod record;
mod reprocess;
mod send;
mod sweep;
mod views;
mod work;
mod worker;

pub use amount::Amount;
pub use api::{Page, ProducerApi, StatusApi};
pub use currencies::Currencies;
pub use dead::dead;
pub use envelope::Envelope;
pub use filter::Filter;
pub use job::{Done, Job, JobState, Wanted};
pub use jobs::continue_jobs;
pub use letters::Looked;
pub use payload::Payload;
pub use ports::{
    Authenticates, BoxError, Change, Claim, Claiming, Clock, Counted, Counts, DeadLetterQueue, Fault, Identified,
    Placed, Received, Sends, Table, ToSend,
};
pub use record::{DeadFault, Event, Happened, Record, Status, unreadable_id};
pub use reprocess::{Ran, ReprocessError, Reprocessing, Run};
pub use sweep::{Swept, look_at_letters, park_old, sweep_accepted};
pub use worker::{Recorded, Worker};

pub use ports::Page as OpenPage;
