//! What tests take from the machine they run on: ports that no other test uses, and programs without the developer's environment.
//!
//! Also runs tasks of rules over fakes, without a runtime.
//!
//! Refuses fixed ports, and every variable that could change a result.

mod command;
mod port;
mod task;

pub use command::{command, git, tools_venv};
pub use port::Port;
pub use task::{alone, interleave, others_first};
