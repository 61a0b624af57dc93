//! `infra <verb> <system>`: which verbs there are and what their help says stands in one table here; arguments and work come from the
//! actions of the systems, which get a stage to work on.

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use system::{Action, Interrupt, Operator, Site, StageName, Stop, Verb};
use systems::operators;

use crate::args::selection::Selection;
use crate::exit::Failure;
use crate::project::repository::Repository;
use crate::run::connection;
use crate::run::interrupts::Interrupts;
use crate::ui::terminal::Terminal;

/// How a verb is typed, and what its help says.
struct Words {
    /// What stands after `infra`.
    typed: &'static [&'static str],
    /// What each of these does.
    about: &'static [&'static str],
    /// Whether the system stands after them; else there is one that has the verb, and it need not be named.
    names_system: bool,
}

fn words(verb: Verb) -> Words {
    match verb {
        Verb::Invoke => named(&["invoke"], &["Start the work of a system"]),
        Verb::Upload => named(&["upload"], &["Upload files to a system, and report what became of them"]),
        Verb::Revert => named(&["revert"], &["Take an upload back: what it replaced counts again"]),
        Verb::User => Words {
            typed: &["user"],
            about: &["Add, list, disable and reset the people who may log in"],
            names_system: false,
        },
        Verb::RotateKeys => named(
            &["keys", "rotate"],
            &["The keys that a system signs with", "Replace the keys step by step, without logging anybody out"],
        ),
        // Without a system it is a command of its own.
        Verb::Status => named(&["status"], &[""]),
    }
}

const fn named(typed: &'static [&'static str], about: &'static [&'static str]) -> Words {
    Words { typed, about, names_system: true }
}

/// The place of the systems' examples in the help of a verb.
const HELP: &str = "Examples:\n  {examples of systems}";

/// An action of a system, as it was typed.
#[derive(Debug)]
pub(crate) struct OfSystem {
    action: &'static Action,
    selection: Selection,
    arguments: ArgMatches,
}

impl OfSystem {
    /// Does it; what an interrupt means is the action's.
    pub(crate) async fn run(&self, repository: &Repository, terminal: &Terminal) -> Result<(), Failure> {
        match self.action.interrupt {
            Interrupt::Drops(after) => tokio::select! {
                done = self.until_dropped(repository, terminal) => done,
                _ = tokio::signal::ctrl_c() => Err(Failure::interrupted(&format!("; {after}"))),
            },
            Interrupt::Asks => self.until_asked(repository, terminal).await,
        }
    }

    pub(crate) async fn until_dropped(&self, repository: &Repository, terminal: &Terminal) -> Result<(), Failure> {
        self.work(repository, terminal, &Stop::default()).await
    }

    /// An interrupt asks the work to stop, which cleans up first; a second one does not wait for that.
    async fn until_asked(&self, repository: &Repository, terminal: &Terminal) -> Result<(), Failure> {
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
        let (console, answers, local) = (terminal, terminal, local.as_ref());
        let site = Site { stage, config: &connection.config, console, answers, local, stop };
        Ok((self.action.run)(&site, &self.arguments).await?)
    }

    /// The action that was typed, from the arguments of the system's command.
    fn read(action: &'static Action, arguments: &ArgMatches) -> Result<Self, clap::Error> {
        let mut innermost = arguments;
        while let Some((_, inner)) = innermost.subcommand() {
            innermost = inner;
        }
        let selection = Selection::from_arg_matches(innermost)?;
        Ok(Self { action, selection, arguments: arguments.clone() })
    }

    /// The action that was typed after a verb.
    fn of_verb(verb: Verb, matches: &ArgMatches) -> Result<Self, clap::Error> {
        if !words(verb).names_system {
            return Self::read(actions(verb).next().ok_or_else(nothing_named)?, matches);
        }
        let (name, arguments) = matches.subcommand().ok_or_else(nothing_named)?;
        let action = actions(verb).find(|action| (action.command)().get_name() == name);
        Self::read(action.ok_or_else(nothing_named)?, arguments)
    }
}

fn nothing_named() -> clap::Error {
    clap::Error::raw(ErrorKind::MissingSubcommand, "name a system\n")
}

/// `infra local demo`: demonstrates each system on the local cloud.
pub(crate) fn demos() -> Vec<OfSystem> {
    let demo = |operator: &'static dyn Operator| {
        let action = operator.actions().iter().find(|action| action.verb == Verb::Invoke)?;
        let command = on_a_stage((action.command)()).no_binary_name(true);
        let arguments = command.get_matches_from(operator.demo());
        Some(OfSystem::read(action, &arguments).unwrap_or_else(|error| error.exit()))
    };
    operators().filter_map(demo).collect()
}

/// What the systems do for a verb.
fn actions(verb: Verb) -> impl Iterator<Item = &'static Action> {
    operators().flat_map(Operator::actions).filter(move |action| action.verb == verb)
}

/// Adds the stage and the account to whatever of the command does something.
fn on_a_stage(command: Command) -> Command {
    if command.has_subcommands() {
        return command.mut_subcommands(on_a_stage);
    }
    // clap would take the description of the selection for the command's.
    let about = command.get_about().cloned().unwrap_or_default();
    Selection::augment_args(command).about(about)
}

/// Adds what each system does for a verb.
fn with_systems(verb: Verb, command: Command) -> Command {
    command.subcommands(actions(verb).map(|action| on_a_stage((action.command)())))
}

/// The command of a verb; `None` when no system has it.
fn command(verb: Verb) -> Option<Command> {
    let Words { typed, about, names_system } = words(verb);
    let action = actions(verb).next()?;
    let mut typed = typed.iter().zip(about).rev();
    let (name, about) = typed.next()?;
    let innermost = match names_system {
        true => with_systems(verb, Command::new(*name)),
        false => on_a_stage((action.command)().name(*name)),
    };
    let asks = |command: Command| command.subcommand_required(true).arg_required_else_help(true);
    let nested = typed.fold(asks(innermost.about(*about)), |inner, (name, about)| {
        asks(Command::new(*name).about(*about).subcommand(inner))
    });
    Some(nested.after_help(HELP))
}

/// The verbs that are commands as they are.
fn verbs() -> impl Iterator<Item = Verb> {
    Verb::ALL.into_iter().filter(|verb| *verb != Verb::Status)
}

impl FromArgMatches for OfSystem {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = |verb: Verb| {
            let inner = words(verb).typed.iter().try_fold(matches, |matches, word| {
                matches.subcommand().filter(|(name, _)| name == word).map(|(_, inner)| inner)
            });
            inner.map(|inner| (verb, inner))
        };
        let (verb, inner) = verbs().find_map(typed).ok_or_else(nothing_named)?;
        Self::of_verb(verb, inner)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for OfSystem {
    fn augment_subcommands(infra: Command) -> Command {
        infra.subcommands(verbs().filter_map(command))
    }

    fn augment_subcommands_for_update(infra: Command) -> Command {
        Self::augment_subcommands(infra)
    }

    fn has_subcommand(name: &str) -> bool {
        verbs().any(|verb| words(verb).typed.first() == Some(&name))
    }
}

/// The systems of `infra status`, which is a command without any of them as well.
#[derive(Debug)]
pub(crate) struct OfStatus(pub(crate) OfSystem);

impl FromArgMatches for OfStatus {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        OfSystem::of_verb(Verb::Status, matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for OfStatus {
    fn augment_subcommands(status: Command) -> Command {
        with_systems(Verb::Status, status)
    }

    fn augment_subcommands_for_update(status: Command) -> Command {
        Self::augment_subcommands(status)
    }

    fn has_subcommand(name: &str) -> bool {
        actions(Verb::Status).any(|action| (action.command)().get_name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_says_what_each_system_does_and_not_what_its_arguments_are() {
        for verb in Verb::ALL.into_iter().filter(|verb| words(*verb).names_system) {
            let all = with_systems(verb, Command::new("infra"));
            for said in actions(verb).map(|action| (action.command)()) {
                let name = said.get_name();
                let shown = all.find_subcommand(name).and_then(|shown| shown.get_about()).map(ToString::to_string);
                let said = said.get_about().map(ToString::to_string);
                assert!(said.is_some() && shown == said, "{name}: {shown:?}, {said:?}");
                assert!(!said.is_some_and(|said| said.starts_with("Which ")), "{name} describes its arguments");
            }
        }
    }

    #[test]
    fn a_verb_that_names_no_system_is_of_one_alone_and_no_system_has_a_verb_twice() {
        for verb in Verb::ALL.into_iter().filter(|verb| !words(*verb).names_system) {
            assert!(actions(verb).count() <= 1, "{verb:?} has to name its system");
        }
        for operator in operators() {
            let of_verb = |verb: &Verb| operator.actions().iter().filter(|action| action.verb == *verb).count();
            assert!(Verb::ALL.iter().all(|verb| of_verb(verb) <= 1), "{:?}", operator.actions());
        }
    }

    #[test]
    fn every_word_of_a_verb_has_its_help_and_no_two_verbs_begin_alike() {
        let mut first: Vec<&str> = Vec::new();
        for verb in Verb::ALL {
            let Words { typed, about, .. } = words(verb);
            assert_eq!(typed.len(), about.len(), "{verb:?}");
            assert!(!first.contains(&typed[0]), "{verb:?}");
            first.push(typed[0]);
        }
    }
}
