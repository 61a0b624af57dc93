//! What every function needs: JSON logs, metrics, settings, AWS clients, the SQS batch harnesses. Knows no message of a system.
//!
//! A binary consists of settings → adapters → [`run_batches`], [`run_fifo_batches`] or [`run_events`], inside [`main`].

mod aws;
mod batch;
mod dead_letter;
mod decode;
mod fifo;
mod fifo_id;
mod function;
mod hand_on;
mod input;
mod invocation;
mod log;
mod main_loop;
mod metrics;
mod outcome;
mod queue;
mod report;
mod send_fault;
mod unfinished;

pub use aws::sdk_config;
pub use batch::{Batch, each};
pub use dead_letter::{DeadLetter, DeadLetters};
pub use decode::{Message, SqsEvent};
pub use fifo::FifoBatch;
pub use fifo_id::fifo_id;
pub use function::Function;
pub use hand_on::HAND_ONS;
pub use input::{ChangeVisibility, Input};
pub use invocation::Invocation;
pub use log::{Log, Status, chain};
pub use main_loop::{Error, main, run_batches, run_events, run_fifo_batches, settings};
pub use metrics::{Metrics, Unit};
pub use outcome::{Cause, Failure, Outcomes};
pub use queue::{Outgoing, Queue, SendBatch, send_all};
pub use report::BatchResponse;
pub use send_fault::{CallFault, EntryFault, SendError, SendFault};
