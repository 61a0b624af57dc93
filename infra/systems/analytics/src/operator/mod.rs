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
use clap::{Args, Command};
use local_cloud::Database;
use system::{Action, Interrupt, Operator, Verb, read_arguments};

use crate::{Analytics, NAME};

const DATABASES: [Database; 1] = [Database { name: database::NAME, owner: database::OWNER }];

/// What continues after an interrupt.
const READS_ON: Interrupt = Interrupt::Drops("a file that was uploaded is read all the same");

const ACTIONS: [Action; 4] = [
    Action {
        verb: Verb::Invoke,
        command: || {
            invoke::Invoke::augment_args(Command::new(NAME))
                .about("Run demo files through the analytics and show their trace")
        },
        run: |site, arguments| Box::pin(async { invoke::run(site, &read_arguments(arguments)?).await }),
        interrupt: READS_ON,
    },
    Action {
        verb: Verb::Status,
        command: || {
            status::StatusArguments::augment_args(Command::new(NAME)).about("Show the latest uploads and what counts")
        },
        run: |site, arguments| Box::pin(async { status::run(site, &read_arguments(arguments)?).await }),
        interrupt: READS_ON,
    },
    Action {
        verb: Verb::Upload,
        command: || {
            upload::Upload::augment_args(Command::new(NAME))
                .about("Upload CSV files and report on each row that is wrong")
        },
        run: |site, arguments| Box::pin(async { upload::run(site, &read_arguments(arguments)?).await }),
        interrupt: Interrupt::Asks,
    },
    Action {
        verb: Verb::Revert,
        command: || {
            revert::Revert::augment_args(Command::new(NAME))
                .about("Take an upload back, so that what it replaced counts again")
        },
        run: |site, arguments| Box::pin(async { revert::run(site, &read_arguments(arguments)?).await }),
        interrupt: READS_ON,
    },
];

impl Operator for Analytics {
    fn actions(&self) -> &'static [Action] {
        &ACTIONS
    }

    fn databases(&self) -> &'static [Database] {
        &DATABASES
    }
}
