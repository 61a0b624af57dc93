//! What people ask of a system, and what it does then.

use clap::{ArgMatches, Command, FromArgMatches};

use super::{Failed, Site, Working};

/// What can be asked of a system. How it is typed, and what its help says for all systems, is the command line's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Starts the system's work.
    Invoke,
    /// Gives files to the system.
    Upload,
    /// Takes an upload back.
    Revert,
    /// Adds, lists, disables and resets the people who may log in. Of one system alone, so that nobody has to name it.
    User,
    /// Replaces the keys that the system signs with.
    RotateKeys,
    /// Reports the system's work.
    Status,
}

impl Verb {
    /// In the order in which help lists them.
    pub const ALL: [Self; 6] = [Self::Invoke, Self::Upload, Self::Revert, Self::User, Self::RotateKeys, Self::Status];
}

/// What a system does for a verb.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    pub verb: Verb,
    /// Arguments and help, under the system's name; `--stage`, `--profile` and `--region` are added to them, or to each of its subcommands.
    pub command: fn() -> Command,
    /// Does it, on a stage and with these arguments.
    pub run: for<'a> fn(&'a Site<'a>, &'a ArgMatches) -> Working<'a>,
    pub interrupt: Interrupt,
}

/// What an interrupt means for work in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// The work is dropped. What continues without it ends the sentence "interrupted; ..".
    Drops(&'static str),
    /// The work is asked to stop ([`Site::stop`]), removes what it has left half done, and fails as interrupted.
    Asks,
}

/// The arguments of an action as its own type.
///
/// # Errors
/// When they are not those of its command.
pub fn read_arguments<A: FromArgMatches>(arguments: &ArgMatches) -> Result<A, Failed> {
    A::from_arg_matches(arguments).map_err(Failed::usage)
}
