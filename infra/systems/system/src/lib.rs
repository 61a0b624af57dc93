//! What a system implements ([`System`]) and the stage it does so for ([`Stage`]): the settings that all systems share, and how settings are read.
//!
//! Knows no system. Everything but [`Operator`] is pure: it reads text, never files.

mod alarm_topic;
mod alarms;
mod api;
mod database;
mod error;
mod example;
mod function;
mod operator;
mod route;
mod section;
mod size;
mod stage;
mod system;

pub use alarms::Alarms;
pub use api::{Api, ApiAddress};
pub use database::{Database, Tls};
pub use error::{StageError, StageFault};
pub use example::Example;
pub use function::Placement;
pub use operator::{
    Action, Answers, Bars, Console, DeployedStack, Failed, How, Interrupt, LocalService, Operator, Site, Stop, Table,
    Verb, Working, age, grouped, is_busy, queue_lines, read_arguments, to_the_second, trace_lines,
};
pub use route::{ByAnyone, Routes, add_route};
pub use section::{Section, nearest};
pub use size::{ConsumerSize, FunctionSize, seconds};
pub use stage::{Functions, Safeguards, Stage, StageName};
pub use system::{Configured, System};
