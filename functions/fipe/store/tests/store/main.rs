//! The store on a real PostgreSQL, with the privileges of the application role only.

#![expect(clippy::unwrap_used, reason = "what a test needs for itself may panic")]

mod complete;
mod history;
mod status;
mod support;
mod write;
