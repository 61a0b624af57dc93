//! `infra invoke <system>`, and `status`, `upload` and `revert` where a system has them: arguments and work come from the list of
//! systems; here they get a stage to work on.

use std::marker::PhantomData;

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use system::{Operator, Site, StageName, Stop, Working};
use systems::operators;

use crate::args::selection::Selection;
use crate::exit::Failure;
use crate::project::repository::Repository;
use crate::run::connection;
use crate::run::interrupts::Interrupts;
use crate::ui::terminal::Terminal;

/// What can be done with a system.
pub(crate) trait Verb {
    /// Arguments and help, for an operator that supports this verb.
    fn command(operator: &dyn Operator) -> Option<Command>;

    fn work<'a>(operator: &'a dyn Operator, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a>;
}

/// Starts the work of a system.
pub(crate) enum Invoke {}

/// Reports the work of a system.
pub(crate) enum Status {}

/// Gives files to a system.
pub(crate) enum Upload {}

/// Takes an upload back.
pub(crate) enum Revert {}

impl Verb for Invoke {
    fn command(operator: &dyn Operator) -> Option<Command> {
        Some(operator.invoke_command())
    }

    fn work<'a>(operator: &'a dyn Operator, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a> {
        operator.invoke(site, arguments)
    }
}

impl Verb for Status {
    fn command(operator: &dyn Operator) -> Option<Command> {
        operator.status_command()
    }

    fn work<'a>(operator: &'a dyn Operator, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a> {
        operator.status(site, arguments)
    }
}

impl Verb for Upload {
    fn command(operator: &dyn Operator) -> Option<Command> {
        operator.upload_command()
    }

    fn work<'a>(operator: &'a dyn Operator, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a> {
        operator.upload(site, arguments)
    }
}

impl Verb for Revert {
    fn command(operator: &dyn Operator) -> Option<Command> {
        operator.revert_command()
    }

    fn work<'a>(operator: &'a dyn Operator, site: &'a Site<'a>, arguments: &'a ArgMatches) -> Working<'a> {
        operator.revert(site, arguments)
    }
}

/// A verb with one of the systems as its subcommand.
pub(crate) struct OfSystem<V> {
    operator: &'static dyn Operator,
    selection: Selection,
    arguments: ArgMatches,
    verb: PhantomData<V>,
}

impl<V: Verb> OfSystem<V> {
    /// What continues after an interrupt.
    pub(crate) fn after_interrupt(&self) -> String {
        format!("; {}", self.operator.after_interrupt())
    }

    /// Works until it is dropped.
    pub(crate) async fn run(&self, repository: &Repository, terminal: &Terminal) -> Result<(), Failure> {
        self.work(repository, terminal, &Stop::default()).await
    }

    /// An interrupt asks the work to stop, which cleans up first; a second one does not wait for that.
    pub(crate) async fn run_to_its_end(&self, repository: &Repository, terminal: &Terminal) -> Result<(), Failure> {
        let (stop, mut interrupts) = (Stop::default(), Interrupts::new()?);
        let mut work = std::pin::pin!(self.work(repository, terminal, &stop));
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = interrupts.next() => match stop.is_asked() {
                    true => return Err(Failure::interrupted("")),
                    false => stop.ask(),
                }
            }
        }
    }

    async fn work(&self, repository: &Repository, terminal: &Terminal, stop: &Stop) -> Result<(), Failure> {
        let stage = self.selection.stage;
        let connection = stop.unless_asked(self.selection.connect(repository)).await;
        let connection = connection.unwrap_or_else(|| Err(Failure::interrupted("; nothing was touched")))?;
        let local = if stage == StageName::Local { Some(connection::local_cloud(repository)?) } else { None };
        let site = Site { stage, config: &connection.config, console: terminal, local: local.as_ref(), stop };
        Ok(V::work(self.operator, &site, &self.arguments).await?)
    }
}

/// `infra local demo`: demonstrates each system on the local cloud.
pub(crate) fn demos() -> Vec<OfSystem<Invoke>> {
    let demo = |operator: &'static dyn Operator| {
        let command = on_a_stage(operator.invoke_command()).no_binary_name(true);
        let arguments = command.get_matches_from(operator.demo());
        let selection = Selection::from_arg_matches(&arguments).unwrap_or_else(|error| error.exit());
        OfSystem { operator, selection, arguments, verb: PhantomData }
    };
    operators().map(demo).collect()
}

/// Adds the stage and the account; clap would take their description for the command's.
fn on_a_stage(command: Command) -> Command {
    let about = command.get_about().cloned().unwrap_or_default();
    Selection::augment_args(command).about(about)
}

/// Every operator that supports the verb, with its command.
fn commands<V: Verb>() -> impl Iterator<Item = (&'static dyn Operator, Command)> {
    operators().filter_map(|operator| Some((operator, V::command(operator)?)))
}

impl<V> std::fmt::Debug for OfSystem<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfSystem").field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

impl<V: Verb> FromArgMatches for OfSystem<V> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::raw(clap::error::ErrorKind::MissingSubcommand, "name a system\n");
        let (name, arguments) = matches.subcommand().ok_or_else(missing)?;
        let (operator, _) = commands::<V>().find(|(_, command)| command.get_name() == name).ok_or_else(missing)?;
        let selection = Selection::from_arg_matches(arguments)?;
        Ok(Self { operator, selection, arguments: arguments.clone(), verb: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<V: Verb> Subcommand for OfSystem<V> {
    fn augment_subcommands(command: Command) -> Command {
        let of_systems = commands::<V>().map(|(_, command)| on_a_stage(command));
        command.subcommands(of_systems)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        commands::<V>().any(|(_, command)| command.get_name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_says_what_each_system_does_and_not_what_its_arguments_are() {
        fn described<V: Verb>() {
            let all = OfSystem::<V>::augment_subcommands(Command::new("infra"));
            for (operator, command) in commands::<V>() {
                let name = command.get_name();
                let shown = all.find_subcommand(name).and_then(|shown| shown.get_about()).map(ToString::to_string);
                let said = V::command(operator).and_then(|said| said.get_about().map(ToString::to_string));
                assert!(said.is_some() && shown == said, "{name}: {shown:?}, {said:?}");
                assert!(!said.is_some_and(|said| said.starts_with("Which ")), "{name} describes its arguments");
            }
        }
        described::<Invoke>();
        described::<Status>();
        described::<Upload>();
        described::<Revert>();
    }
}
