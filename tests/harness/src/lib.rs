//! What the end-to-end tests of every system share: clouds and accounts of their own, the command `infra` in them, and scenarios.
//!
//! Names no system: what is wanted of one comes over the list of systems, or is given as a value. Refuses the repository's own state:
//! a developer's running `make local` is left alone.

pub mod clients;
mod cloud;
mod place;
pub mod sandbox;
pub mod scenarios;

pub use cloud::{Cloud, Fresh};
pub use place::{repository, target};
