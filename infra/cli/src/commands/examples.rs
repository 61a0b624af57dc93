//! The examples in help texts: where one has [`OF_SYSTEMS`], the examples that every system gives for that command stand in its place.

use std::borrow::Cow;

use clap::Command;
use system::Example;
use systems::SYSTEMS;
use textwrap::Options;
use textwrap::WordSplitter::NoHyphenation;

/// The line of a help text that makes way for the systems' examples, among those that hold for any.
const OF_SYSTEMS: &str = "  {examples of systems}";

/// What fits into a terminal.
const COLUMNS: usize = 80;

/// The command with the systems' examples in its help and in that of its subcommands.
pub(super) fn filled_in(command: Command) -> Command {
    let first = |command| {
        let of_system = move |system: &&dyn system::System| of_command(system.examples(), command).next();
        SYSTEMS.iter().filter_map(of_system)
    };
    let most_useful: Vec<Example> = first("invoke").chain(first("upload")).chain(first("logs")).collect();
    with_examples(command, &most_useful).mut_subcommands(|command| {
        let examples = SYSTEMS.iter().flat_map(|system| of_command(system.examples(), command.get_name()));
        let examples: Vec<Example> = examples.collect();
        with_examples(command, &examples)
    })
}

fn of_command(examples: &'static [Example], command: &str) -> impl Iterator<Item = Example> {
    examples.iter().filter(move |example| example.command.split(' ').next() == Some(command)).copied()
}

fn with_examples(command: Command, examples: &[Example]) -> Command {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let paragraphs = help.split("\n\n").map(|paragraph| match paragraph.split_once(OF_SYSTEMS) {
        Some((before, after)) => {
            let of_systems = examples.iter().map(|example| format!("  infra {}  {}", example.command, example.does));
            aligned(before.lines().map(str::to_owned).chain(of_systems).chain(after.lines().map(str::to_owned)))
        }
        None => paragraph.to_owned(),
    });
    let help = paragraphs.collect::<Vec<_>>().join("\n\n");
    if help.is_empty() { command } else { command.after_help(help) }
}

/// A paragraph of commands, each with what it does two blanks behind it or on lines of its own, in two columns.
fn aligned(lines: impl Iterator<Item = String>) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match (line.strip_prefix("   "), rows.last_mut()) {
            (Some(more), Some((_, does))) => *does = format!("{does} {}", more.trim()),
            _ => {
                let (command, does) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
                let indent = if line.starts_with(' ') { "  " } else { "" };
                rows.push((format!("{indent}{command}"), does.trim().to_owned()));
            }
        }
    }
    let width = rows.iter().filter(|(_, does)| !does.is_empty()).map(|(command, _)| command.chars().count());
    let width = width.max().unwrap_or_default();
    let mut text: Vec<String> = Vec::new();
    for (command, does) in rows {
        let (beside, below) = (format!("{command:<width$}  "), " ".repeat(width + 2));
        let options = Options::new(COLUMNS).initial_indent(&beside).subsequent_indent(&below).break_words(false);
        match does.as_str() {
            "" => text.push(command),
            does => {
                let lines = textwrap::wrap(does, options.word_splitter(NoHyphenation));
                text.extend(lines.into_iter().map(Cow::into_owned));
            }
        }
    }
    text.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command's help, wherever it stands.
    fn help(command: &str) -> String {
        let infra = crate::commands::command();
        let of = |command: &Command| command.get_after_help().map(ToString::to_string).unwrap_or_default();
        if command == "infra" { of(&infra) } else { of(infra.find_subcommand(command).unwrap()) }
    }

    #[test]
    fn every_example_of_a_system_is_a_command_and_stands_in_its_help() {
        for example in SYSTEMS.iter().flat_map(|system| system.examples()) {
            let typed = example.command.split(" | ").next().unwrap_or_default();
            let parsed = crate::commands::command().try_get_matches_from(["infra"].into_iter().chain(typed.split(' ')));
            assert!(parsed.is_ok(), "{}: {}", example.command, parsed.unwrap_err());
            let command = typed.split(' ').next().unwrap_or_default();
            assert!(help(command).contains(example.command), "{} is in no help", example.command);
        }
    }

    #[test]
    fn no_help_has_the_place_of_examples_left_in_it() {
        let infra = crate::commands::command();
        for command in infra.get_subcommands().map(Command::get_name).chain(["infra"]) {
            assert!(!help(command).contains(OF_SYSTEMS.trim()), "{command}");
        }
        let first = SYSTEMS.iter().find_map(|system| of_command(system.examples(), "invoke").next()).unwrap();
        assert!(help("infra").contains(first.command));
    }

    #[test]
    fn commands_and_what_they_do_stand_in_two_columns_that_fit_a_terminal() {
        let command = Command::new("infra").after_help(
            "Examples:\n  infra a --long  first\n  infra b     and so on\n              on a second line\n  {examples of systems}\n\nLast.",
        );
        let examples = [
            Example::new("c", ""),
            Example::new("d --longest-of-all", "a word, and more words, and more, and so on, and at last on"),
        ];
        let command = with_examples(command, &examples);
        assert_eq!(
            command.get_after_help().unwrap().to_string(),
            "Examples:
  infra a --long            first
  infra b                   and so on on a second line
  infra c
  infra d --longest-of-all  a word, and more words, and more, and so on, and at
                            last on

Last."
        );
    }
}
