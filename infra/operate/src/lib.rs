//! Inspects what is deployed: status, logs, redrive, invocations, and what a machine lacks to deploy.
//!
//! Owns the flows, over narrow ports with adapters in [`aws`] and [`ThisMachine`]. Finds everything in the
//! stacks' own resources and knows no system by name. Never prints, and never changes a stack.

pub mod aws;
mod cron;
mod dead_letter;
mod depths;
pub mod doctor;
mod error;
mod inventory;
mod invocation;
mod line;
mod logs;
mod machine;
mod pass;
mod queues;
mod redrive;
mod status;
mod trace;
pub mod vpc;

pub use cron::next_run;
pub use dead_letter::{DeadLetter, Filter, NO_KIND, Share, shares};
pub use depths::{QueueDepth, QueueDepths};
pub use error::Error;
pub use inventory::{Inventory, Resource, StackState, Stacks, inventory};
pub use invocation::{InvokeError, Invoked, Invoking, invoke};
pub use line::{Kind, Line};
pub use logs::{LogEvent, LogGroups, Polled, Source, Tail, sources};
pub use machine::ThisMachine;
pub use pass::{Found, Looks, Selected, Selection, dead_letters, plan, redrive_selected};
pub use queues::{Pair, Queue, QueueAttributes, Queues, find_pair, pairs, queues};
pub use redrive::{
    Attribute, AttributeValue, Ended, Message, MoveStatus, MoveTask, Outcome, Progress, Redriving, redrive,
};
pub use status::{
    DeadLetters, FunctionState, Functions, Mapping, MappingState, QueueStatus, Schedule, ScheduleState, Schedules,
    Status, status,
};
pub use trace::{Trace, trace};
