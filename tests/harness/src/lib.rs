//! What the end-to-end tests of every system share: clouds, accounts of an emulator, the command `infra` in them, and scenarios.
//!
//! Names no system: what it needs of one comes from the list of systems, or is passed in. Leaves the repository's own state, and with it
//! a developer's running `make local`, alone.

pub mod clients;
mod cloud;
pub mod http;
pub mod mapping;
pub mod permissions;
mod place;
mod recorder;
pub mod sandbox;
pub mod scenarios;
pub mod schemathesis;

pub use cloud::{Cloud, Fresh};
pub use place::{repository, target};
