//! What people do with a system: start work, follow it, give it files and take them back, and try it on a local cloud. All output goes through
//! [`Console`].

mod console;
mod failed;
mod local;
mod queues;
mod stop;
mod table;
mod trace;

pub use console::{Bars, Console};
pub use failed::{Failed, How};
pub use local::LocalService;
pub use queues::queue_lines;
pub use stop::Stop;
pub use table::{Table, grouped};
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
    /// The running local cloud, on the stage local.
    pub local: Option<&'a Status>,
    /// The user's wish to stop. Only [`Operator::upload`] is asked; other work is dropped.
    pub stop: &'a Stop,
}

/// The operator side of a system.
pub trait Operator: Sync {
    /// Arguments and help of `infra invoke <system>`; `--stage`, `--profile` and `--region` are added to them.
    fn invoke_command(&self) -> Command;

    /// Starts the system's work.
    fn invoke<'a>(&'a self, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a>;

    /// Arguments of `infra invoke <system>` with which `infra local demo` demonstrates the system.
    fn demo(&self) -> &'static [&'static str] {
        &[]
    }

    /// Arguments and help of `infra status <system>`, where the system can report more than its stacks do.
    fn status_command(&self) -> Option<Command> {
        None
    }

    /// The progress of the system's work.
    fn status<'a>(&'a self, _: &'a Site<'a>, _: &'a ArgMatches) -> Working<'a> {
        Box::pin(async { Ok(()) })
    }

    /// Arguments and help of `infra upload <system>`, where the system takes files.
    fn upload_command(&self) -> Option<Command> {
        None
    }

    /// Uploads files and follows them. When it is asked to stop, it removes what it has left half done and fails as interrupted.
    fn upload<'a>(&'a self, _: &'a Site<'a>, _: &'a ArgMatches) -> Working<'a> {
        Box::pin(async { Ok(()) })
    }

    /// Arguments and help of `infra revert <system>`, where uploads can be taken back.
    fn revert_command(&self) -> Option<Command> {
        None
    }

    /// Takes an upload back.
    fn revert<'a>(&'a self, _: &'a Site<'a>, _: &'a ArgMatches) -> Working<'a> {
        Box::pin(async { Ok(()) })
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

    /// What continues after a command was interrupted, to end the sentence "interrupted; ..".
    fn after_interrupt(&self) -> &'static str;
}

impl Site<'_> {
    /// The failure when a stack of the system does not exist.
    pub fn not_deployed(&self, stack_name: &str) -> Failed {
        Failed::usage(format!("{stack_name} is not deployed; run `infra deploy --stage {}` first", self.stage))
    }
}
