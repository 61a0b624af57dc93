//! What people do with the messages: look at them, send some, decide who may log in, and replace the keys that tokens are signed with.

mod client;
mod invoke;
mod login;
mod open;
mod password;
mod rotate;
mod rotation;
mod secret;
mod status;
mod user;

use clap::{Args, Command, Subcommand};
use system::{Action, Interrupt, Operator, Verb, read_arguments};

use crate::{Messages, NAME};

const ACTIONS: [Action; 4] = [
    Action {
        verb: Verb::Invoke,
        command: || {
            invoke::Invoke::augment_args(Command::new(NAME))
                .about("Send three messages and follow them until they are saved")
        },
        run: |site, arguments| Box::pin(async { invoke::run(site, &read_arguments(arguments)?).await }),
        interrupt: Interrupt::Drops("a message that was accepted is saved all the same"),
    },
    Action {
        verb: Verb::Status,
        command: || {
            status::StatusArguments::augment_args(Command::new(NAME)).about("Show what is not saved, and since when")
        },
        run: |site, arguments| Box::pin(async { status::run(site, &read_arguments(arguments)?).await }),
        interrupt: Interrupt::Drops("nothing was touched"),
    },
    Action {
        verb: Verb::User,
        command: || user::Users::augment_subcommands(Command::new(NAME)).about("Say who may log in"),
        run: |site, arguments| Box::pin(async { user::run(site, read_arguments(arguments)?).await }),
        interrupt: Interrupt::Drops("a change that was sent is made all the same; `infra user list` shows it"),
    },
    Action {
        verb: Verb::RotateKeys,
        command: || {
            rotate::Rotate::augment_args(Command::new(NAME))
                .about("Replace the key that tokens are signed with, step by step")
        },
        run: |site, arguments| Box::pin(async { rotate::run(site, &read_arguments(arguments)?).await }),
        interrupt: Interrupt::Drops("a step that was taken stays; the same command takes the next when it is due"),
    },
];

impl Operator for Messages {
    fn actions(&self) -> &'static [Action] {
        &ACTIONS
    }
}
