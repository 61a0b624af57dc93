//! The list of commands and their dispatch: the only file that knows all of them. Only `main` uses it.

mod build;
mod dead;
mod deploy;
mod destroy;
mod diff;
mod doctor;
mod drift;
mod examples;
mod local;
mod logs;
mod of_system;
mod outputs;
mod redrive;
mod review;
mod status;
mod synth;
mod watch;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::build::Build;
use self::dead::Dead;
use self::deploy::Deploy;
use self::destroy::Destroy;
use self::diff::Diff;
use self::doctor::Doctor;
use self::drift::Drift;
use self::local::Local;
use self::logs::Logs;
use self::of_system::{OfStatus, OfSystem};
use self::outputs::Outputs;
use self::redrive::Redrive;
use self::review::ReviewArguments;
use self::status::StatusArguments;
use self::synth::Synth;
use self::watch::Watch;
use crate::exit::{Exit, Failure};
use crate::project::repository::Repository;
use crate::project::tools::{self, Tools};
use crate::ui::reporter;
use crate::ui::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  infra synth                                write the templates of every stage
  infra synth --check                        fail when a template is stale
  infra review                               what this branch does to each stage
  infra local up                             a cloud on this machine
  infra deploy --stage local                 all stacks in it
  {examples of systems}
  infra doctor --stage dev                   what dev lacks, and the fix
  infra diff --stage dev                     what a deployment would change
  infra deploy --stage dev --vpc-id vpc-0123456789abcdef0
  infra status --stage dev                   its state
  infra destroy --stage dev

Exit codes:
  0    done, or there was nothing to do
  1    it was started and failed
  2-5  what a command that only reads found: dead, diff, drift, and review with
       --exit-code; 5 also: work stopped and is not complete, or only a part was
       accepted
  64   wrong or missing arguments, values or settings; nothing was touched
  65   a committed template is stale, or not committed
  75   AWS, the network or a system was busy or unavailable; try again later
  77   not approved; nothing that needed the approval was touched
  130  interrupted

Results go to stdout, everything else to stderr.";

/// Synthesizes, deploys and watches the stacks of this repository.
#[derive(Debug, Parser)]
#[command(name = "infra", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: AnyCommand,
}

#[derive(Debug, Subcommand)]
enum AnyCommand {
    #[command(flatten)]
    InRepository(Box<Command>),
    /// Review what a change does to each stage, from the templates alone: no AWS, no network.
    ///
    /// The committed templates of the working tree against those of the merge base, read with git; or any two templates or
    /// folders. What is dangerous comes first, with its reason.
    Review(Box<ReviewArguments>),
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the templates below `environments`, or check them.
    Synth(Synth),
    /// Build the archives of the functions, as deploy does.
    Build(Build),
    /// Show what a deployment would change, and how dangerous that is.
    Diff(Diff),
    /// Build, upload and deploy the stacks of a stage.
    ///
    /// The stage `local` goes to the running local cloud and takes every value from it. Any other stage goes to AWS with
    /// the credentials that AWS's own tools would use; subnets and route tables are looked up from the VPC.
    Deploy(Deploy),
    /// Follow the operations in progress on a stage until they end.
    Watch(Watch),
    /// Delete the stacks of a stage, in reverse order of their creation.
    Destroy(Destroy),
    /// Install pinned tools into .tools, unless they are there already.
    ///
    /// Other commands install what they need by themselves; the tests need `local` and `lint`.
    Install {
        #[arg(required = true, value_name = "TOOLS")]
        tools: Vec<Tools>,
    },
    /// The local cloud on this machine: MiniStack, PostgreSQL, and what the systems need beside them.
    #[command(subcommand)]
    Local(Local),
    #[command(flatten)]
    OfSystem(OfSystem),
    /// Show the state of a stage (stacks, functions, queues with dead letters, event source mappings, schedules), or the progress of a system.
    Status(StatusArguments),
    /// Show the logs of all functions of a system, in one stream.
    Logs(Logs),
    /// List dead letters, each with its reason; exit code 2 when there are some.
    Dead(Dead),
    /// Move dead letters back to their queue.
    Redrive(Redrive),
    /// Print the outputs of the stacks, for people, programs and shells.
    Outputs(Outputs),
    /// Show what was changed outside CloudFormation; exit code 2 when something was.
    Drift(Drift),
    /// Check what this machine and this account lack to deploy a stage, each with its fix.
    Doctor(Doctor),
}

/// The command line, with examples of every system in its help.
fn command() -> clap::Command {
    examples::filled_in(Arguments::command())
}

/// Runs the command line, prints the error if there is one, and returns the exit code.
pub(crate) fn run() -> Exit {
    let arguments = match command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Requested help is not an error, and goes to stdout. Its reader may close the pipe early.
            _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Success };
        }
    };
    let terminal = Terminal::new();
    dispatch(arguments.command, &terminal).unwrap_or_else(|error| {
        terminal.error(&error);
        error.exit()
    })
}

fn dispatch(command: AnyCommand, terminal: &Terminal) -> Result<Exit, Failure> {
    let command = match command {
        AnyCommand::InRepository(command) => *command,
        // Templates can be reviewed outside a repository.
        AnyCommand::Review(arguments) => return review::run(terminal, &arguments),
    };
    let repository = Repository::find()?;
    let (repository, terminal) = (&repository, terminal);
    match command {
        // No async runtime: synth is to finish before one would have started.
        Command::Synth(arguments) => synth::run(repository, terminal, &arguments).map(Exit::from),
        Command::Build(arguments) => interruptible(build::run(repository, terminal, &arguments), ""),
        // These handle an interrupt themselves.
        Command::Diff(arguments) => to_its_end(diff::run(repository, terminal, &arguments)),
        Command::Deploy(arguments) => {
            let run = to_its_end(deploy::run(repository, terminal, &arguments));
            reporter::with_failure(terminal, arguments.events, run)
        }
        Command::Watch(arguments) => {
            let run = to_its_end(watch::run(repository, terminal, &arguments));
            reporter::with_failure(terminal, arguments.events, run)
        }
        Command::Destroy(arguments) => {
            let run = to_its_end(destroy::run(repository, terminal, &arguments));
            reporter::with_failure(terminal, arguments.events, run)
        }
        Command::Install { tools } => interruptible(tools::install(repository, terminal, &tools), ""),
        Command::Local(arguments) => interruptible(local::run(repository, terminal, &arguments), ""),
        // What an interrupt means is the system's.
        Command::OfSystem(action) | Command::Status(StatusArguments { system: Some(OfStatus(action)), .. }) => {
            to_its_end(action.run(repository, terminal))
        }
        Command::Status(arguments) => interruptible(status::run(repository, terminal, &arguments), ""),
        Command::Logs(arguments) => to_its_end(logs::run(repository, terminal, &arguments)),
        Command::Dead(arguments) => to_its_end(dead::run(repository, terminal, &arguments)),
        Command::Redrive(arguments) => to_its_end(redrive::run(repository, terminal, &arguments)),
        Command::Outputs(arguments) => interruptible(outputs::run(repository, terminal, &arguments), ""),
        Command::Drift(arguments) => interruptible(drift::run(repository, terminal, &arguments), ""),
        Command::Doctor(arguments) => interruptible(doctor::run(repository, terminal, &arguments), ""),
    }
}

/// Runs to the end or to the first interrupt, which drops the work and with it what it had started on this machine. A
/// command ends with nothing, or with an [`Exit`] if it has an answer.
fn interruptible<T: Into<Exit>>(work: impl Future<Output = Result<T, Failure>>, after: &str) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            result = work => result.map(Into::into),
            _ = tokio::signal::ctrl_c() => Err(Failure::interrupted(after)),
        }
    })
}

/// Runs to the end.
fn to_its_end<T: Into<Exit>>(work: impl Future<Output = Result<T, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        command().debug_assert();
    }

    /// clap wraps a long line at the terminal's edge, at most 100 columns: a paragraph is one line, a table fits in 80.
    #[test]
    fn no_help_is_broken_twice() {
        let (mut commands, mut wrong) = (vec![command()], Vec::new());
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().cloned());
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let mut last = "";
            for line in help.lines() {
                let is_table = line.starts_with(' ');
                let name = command.get_name();
                if is_table && line.chars().count() > 80 {
                    wrong.push(format!("{name}: too wide for a table: {line:?}"));
                }
                if !is_table && !line.is_empty() && !last.is_empty() {
                    wrong.push(format!("{name}: {line:?} goes on from {last:?}"));
                }
                last = line;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
