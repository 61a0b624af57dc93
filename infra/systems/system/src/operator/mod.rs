//! What a system's people do with it: start work, look at it, and try it on a local cloud. Everything that is shown goes through
//! [`Console`].

mod console;
mod failed;
mod local;
mod table;

pub use console::{Bars, Console};
pub use failed::{Failed, How};
pub use local::LocalService;
pub use table::{Table, grouped};

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
    /// The running local cloud, on the stage local.
    pub local: Option<&'a Status>,
}

/// The side of a system that people work with.
pub trait Operator: Sync {
    /// Arguments and help of `infra invoke <system>`; `--stage`, `--profile` and `--region` are added to them.
    fn invoke_command(&self) -> Command;

    /// Starts the system's work.
    fn invoke<'a>(&'a self, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a>;

    /// Arguments of `infra invoke <system>` with which `infra local demo` shows the system.
    fn demo(&self) -> &'static [&'static str] {
        &[]
    }

    /// Arguments and help of `infra status <system>`, where the system can tell more than its stacks do.
    fn status_command(&self) -> Option<Command> {
        None
    }

    /// How far the system's work is.
    fn status<'a>(&'a self, _: &'a Site<'a>, _: &'a ArgMatches) -> Working<'a> {
        Box::pin(async { Ok(()) })
    }

    /// The databases of the system's clusters, which the local PostgreSQL holds.
    fn databases(&self) -> &'static [Database] {
        &[]
    }

    /// What the local cloud runs for the system beside MiniStack and PostgreSQL.
    fn services(&self) -> &'static [LocalService] {
        &[]
    }

    /// Adds the arguments that `infra local up` takes for these services, apart from their ports.
    fn service_arguments(&self, command: Command) -> Command {
        command
    }

    /// One of the services as a program, from the arguments of `infra local up`. `built` is where the binaries of this machine are.
    ///
    /// # Errors
    /// Arguments that cannot be read.
    fn program(&self, service: &LocalService, _: u16, _: &ArgMatches, _: &Path) -> Result<Program, Failed> {
        Err(Failed::other(format!("the service {} has no program", service.name)))
    }

    /// What goes on after `invoke` or `status` was interrupted, to end the sentence "interrupted; ..".
    fn after_interrupt(&self) -> &'static str;
}

impl Site<'_> {
    /// What to say when a stack of the system is not there.
    pub fn not_deployed(&self, stack_name: &str) -> Failed {
        Failed::usage(format!("{stack_name} is not deployed; run `infra deploy --stage {}` first", self.stage))
    }
}
