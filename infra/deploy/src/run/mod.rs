//! What the steps of one run share. Decisions belong to the steps.

mod context;
mod listener;
mod state;

pub(crate) use context::Context;
pub(crate) use listener::Listener;
pub(crate) use state::{RunState, Temporary};
