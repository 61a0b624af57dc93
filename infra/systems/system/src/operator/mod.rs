//! What people do with a system: each thing is an [`Action`] in the system's list, from starting its work to giving it files and taking them
//! back; and what it needs of a local cloud to be tried there. All output goes through [`Console`].

mod action;
mod console;
mod deployed_stack;
mod failed;
mod local;
mod queues;
mod stop;
mod table;
mod trace;

pub use action::{Action, Interrupt, Verb, read_arguments};
pub use console::{Answers, Bars, Console};
pub use contract::grouped;
pub use deployed_stack::DeployedStack;
pub use failed::{Failed, How, is_busy};
pub use local::LocalService;
pub use queues::queue_lines;
pub use stop::Stop;
pub use table::{Table, age, to_the_second};
pub use trace::trace_lines;

use std::path::Path;

use aws_config::SdkConfig;
use clap::{ArgMatches, Command};
use futures_util::future::LocalBoxFuture;
use local_cloud::{Database, Program, Status};

use crate::StageName;

/// Work in progress of an operator.
pub type Working<'a> = LocalBoxFuture<'a, Result<(), Failed>>;

/// Where an operator works: a stage, how it is reached, and where results go.
pub struct Site<'a> {
    pub stage: StageName,
    /// Configuration for any client of the AWS SDK.
    pub config: &'a SdkConfig,
    pub console: &'a dyn Console,
    /// Where answers to questions come from.
    pub answers: &'a dyn Answers,
    /// The running local cloud, on the stage local.
    pub local: Option<&'a Status>,
    /// The user's wish to stop, for work that is asked and not dropped ([`Interrupt::Asks`]).
    pub stop: &'a Stop,
}

/// The operator side of a system.
pub trait Operator: Sync {
    /// What can be done with the system, at most one action for each verb.
    fn actions(&self) -> &'static [Action];

    /// Arguments of [`Verb::Invoke`] with which `infra local demo` demonstrates the system.
    fn demo(&self) -> &'static [&'static str] {
        &[]
    }

    /// The databases of the system's clusters, which the local PostgreSQL provides.
    fn databases(&self) -> &'static [Database] {
        &[]
    }

    /// What the local cloud runs for the system besides MiniStack and PostgreSQL.
    fn services(&self) -> &'static [LocalService] {
        &[]
    }

    /// Adds the arguments that `infra local up` takes for these services, other than their ports.
    fn service_arguments(&self, command: Command) -> Command {
        command
    }

    /// One of the services as a program, from the arguments of `infra local up`. `built` is the folder with this machine's binaries.
    ///
    /// # Errors
    /// Arguments that cannot be read.
    fn program(&self, service: &LocalService, _: u16, _: &ArgMatches, _: &Path) -> Result<Program, Failed> {
        Err(Failed::other(format!("the service {} has no program", service.name)))
    }
}

impl Site<'_> {
    /// The failure when a stack of the system does not exist.
    pub fn not_deployed(&self, stack_name: &str) -> Failed {
        Failed::usage(format!("{stack_name} is not deployed; run `infra deploy --stage {}` first", self.stage))
    }
}
