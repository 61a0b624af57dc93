//! What people do with the analytics: upload files, take them back, look at what became of them, and try the whole chain; and what it needs
//! of the local cloud.

mod bucket;
mod client;
mod demo;
mod deployed;
mod files;
mod follow;
mod invoke;
mod progress;
mod report;
mod revert;
mod sending;
mod status;
mod upload;

use analytics_contract::database;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use local_cloud::Database;
use system::{Failed, Operator, Site, Working};

use crate::{Analytics, NAME};

const DATABASES: [Database; 1] = [Database { name: database::NAME, owner: database::OWNER }];

impl Operator for Analytics {
    fn invoke_command(&self) -> Command {
        invoke::Invoke::augment_args(Command::new(NAME))
            .about("Run demo files through the analytics and show their trace")
    }

    fn invoke<'a>(&'a self, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a> {
        Box::pin(async { invoke::run(site, &read(arguments)?).await })
    }

    fn status_command(&self) -> Option<Command> {
        Some(status::StatusArguments::augment_args(Command::new(NAME)).about("Show the latest uploads and what counts"))
    }

    fn status<'a>(&'a self, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a> {
        Box::pin(async { status::run(site, &read(arguments)?).await })
    }

    fn upload_command(&self) -> Option<Command> {
        Some(
            upload::Upload::augment_args(Command::new(NAME))
                .about("Upload CSV files and report on each row that is wrong"),
        )
    }

    fn upload<'a>(&'a self, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a> {
        Box::pin(async { upload::run(site, &read(arguments)?).await })
    }

    fn revert_command(&self) -> Option<Command> {
        Some(
            revert::Revert::augment_args(Command::new(NAME))
                .about("Take an upload back, so that what it replaced counts again"),
        )
    }

    fn revert<'a>(&'a self, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a> {
        Box::pin(async { revert::run(site, &read(arguments)?).await })
    }

    fn databases(&self) -> &'static [Database] {
        &DATABASES
    }

    fn after_interrupt(&self) -> &'static str {
        "a file that was uploaded is read all the same"
    }
}

fn read<A: FromArgMatches>(arguments: &ArgMatches) -> Result<A, Failed> {
    A::from_arg_matches(arguments).map_err(Failed::usage)
}
