//! What infrastructure and functions share, independent of any system: how settings pass from one to the other, the names that both
//! use, and the time that a function has for work. Names and types only: no defaults, no secrets, no I/O.
//!
//! What one system's stack, functions and operator agree on is in its own contract, `functions/<system>/contract`.

mod authorization;
pub mod db_init;
pub mod dead_letter;
pub mod docs;
mod function;
pub mod log;
pub mod metric;
mod number;
pub mod postponed;
mod route;
mod setting;
mod work_time;

pub use authorization::{Authorization, Authorizations, DataAccess};
pub use function::FunctionNames;
pub use number::grouped;
pub use route::{Matches, Method, Route};
pub use setting::{Setting, SettingsError};
pub use work_time::work_time;
