//! What infrastructure and functions share whatever the system: how settings pass from one to the other, the names that both
//! spell, and the time that a function has for work. Owns names and types; refuses defaults, secrets and I/O.
//!
//! What one system's stack, functions and operator agree on stands in its own contract, `functions/<system>/contract`.

pub mod db_init;
pub mod dead_letter;
mod function;
pub mod log;
pub mod metric;
mod route;
mod setting;
mod work_time;

pub use function::FunctionNames;
pub use route::{Matches, Method, Route};
pub use setting::{Setting, SettingsError};
pub use work_time::work_time;
