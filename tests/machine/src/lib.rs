//! What tests take from the machine they run on: ports that no other test has, and programs that see none of a developer's settings.
//!
//! Refuses fixed ports, and every variable of the environment that could change a result.

mod command;
mod port;

pub use command::{command, git, tools_venv};
pub use port::Port;
