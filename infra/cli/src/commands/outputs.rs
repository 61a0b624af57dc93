//! `infra outputs`: the outputs of a stage's stacks, for people, programs and shells.

use std::collections::BTreeMap;

use clap::Args;
use operate::aws::AwsCloud;
use operate::{Stacks, inventory};
use serde_json::{Map, Value};
use system::Table;

use crate::args::selection::Selection;
use crate::exit::Failure;
use crate::project::repository::Repository;
use crate::run::stage_stacks::{Stack, stack_names};
use crate::ui::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  infra outputs --stage dev                  a table
  {examples of systems}
  eval \"$(infra outputs --stage dev --env)\"  as variables of this shell

A variable is named after its output; outputs with the same name are prefixed with their stack's name and an underscore.

Exit codes: 0 printed; 64 a stack is unknown or not deployed, or the arguments are wrong; 75 AWS was unavailable.";

/// Which outputs, and in which form.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Outputs {
    /// Only these stacks; all when none is named.
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// One JSON document: stack to output to value.
    #[arg(long, conflicts_with = "env")]
    json: bool,
    /// Lines NAME='value' for a shell.
    #[arg(long)]
    env: bool,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Outputs) -> Result<(), Failure> {
    let stacks = arguments.selection.stacks(repository, &arguments.stacks)?;
    let cloud = AwsCloud::new(&arguments.selection.connect(repository).await?.config);
    let found = outputs(&cloud, &stacks, arguments).await?;
    match (arguments.json, arguments.env) {
        (true, _) => {
            let of = |outputs: &Outs| {
                outputs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
            };
            let document: Map<String, Value> =
                found.iter().map(|(stack, outputs)| (stack.clone(), Value::Object(of(outputs)))).collect();
            terminal.data(&serde_json::to_string_pretty(&document)?);
        }
        (false, true) => environment(&found).iter().for_each(|line| terminal.data(line)),
        (false, false) => {
            let mut table = Table::new(&["stack", "output", "value"], &[]);
            for (stack, outputs) in &found {
                outputs.iter().for_each(|(name, value)| table.row(vec![stack.clone(), name.clone(), value.clone()]));
            }
            table.lines().iter().for_each(|line| terminal.data(line));
        }
    }
    Ok(())
}

type Outs = Vec<(String, String)>;

/// By stack name within the stage. All stacks of the stage may be missing only if they were not named.
async fn outputs(cloud: &impl Stacks, stacks: &[Stack], arguments: &Outputs) -> Result<Vec<(String, Outs)>, Failure> {
    let states = inventory(cloud, &stack_names(stacks)).await?.stacks;
    let mut found = Vec::new();
    for (stack, (_, state)) in stacks.iter().zip(states) {
        match state {
            Some(state) => found.push((stack.name.clone(), state.outputs)),
            None => return Err(arguments.selection.not_deployed(stack)),
        }
    }
    Ok(found)
}

/// Lines that a POSIX shell reads as assignments, whatever the values contain.
fn environment(stacks: &[(String, Outs)]) -> Vec<String> {
    let mut times = BTreeMap::new();
    for (name, _) in stacks.iter().flat_map(|(_, outputs)| outputs) {
        *times.entry(name).or_insert(0) += 1;
    }
    let line = |stack: &str, name: &String, value: &str| {
        let name = if times[name] > 1 { format!("{stack}_{name}") } else { name.clone() };
        // Output names are letters and digits, and may start with a digit.
        let name = if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name };
        format!("{name}='{}'", value.replace('\'', r"'\''"))
    };
    stacks
        .iter()
        .flat_map(|(stack, outputs)| outputs.iter().map(move |(name, value)| (stack, name, value)))
        .map(|(stack, name, value)| line(stack, name, value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_every_value_under_a_name_of_its_own() {
        let values = ["plain", "it's", "a b  c", "$HOME `id` $(id) \\ \"", "two\nlines", ""];
        let outputs =
            |name: &str| (0..values.len()).map(|at| (format!("{name}{at}"), values[at].to_owned())).collect::<Outs>();
        let shared = |value: &str| ("Shared".to_owned(), value.to_owned());
        let mut stacks = vec![("One".to_owned(), outputs("A")), ("Two".to_owned(), outputs("B"))];
        stacks[0].1.push(shared("1"));
        stacks[1].1.push(shared("2"));
        let script = format!(
            "{}\nprintf '%s|' \"$A0\" \"$A1\" \"$A2\" \"$A3\" \"$A4\" \"$A5\" \"$B1\" \"$One_Shared\" \"$Two_Shared\"",
            environment(&stacks).join("\n")
        );
        let output = std::process::Command::new("sh").arg("-uc").arg(script).output().unwrap();
        let expected = format!("{}|it's|1|2|", values.join("|"));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        assert!(output.stderr.is_empty());
    }
}
