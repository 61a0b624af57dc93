//! What the steps of one run share. Refuses decisions: they are the steps'.

mod context;
mod listener;
mod state;

pub(crate) use context::Context;
pub(crate) use listener::Listener;
pub(crate) use state::{RunState, Temporary};
