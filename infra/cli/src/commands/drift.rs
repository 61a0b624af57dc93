//! `infra drift`: what was changed outside CloudFormation. Repairs nothing: deploy, or change the code.

use aws_access::Pace;
use clap::Args;
use deploy::aws::AwsDriftDetection;
use deploy::drift::{DriftStatus, StackDrift, drift};
use serde_json::json;
use system::StageName;

use crate::args::selection::Selection;
use crate::exit::{Exit, Failure};
use crate::project::repository::Repository;
use crate::run::stage_stacks::stack_names;
use crate::ui::paint::Paint;
use crate::ui::terminal::Terminal;

const HELP: &str = "\
Changes nothing, neither the stacks nor what they hold. `expected` is what the deployed template says, `actual` what is there. \
Values that AWS never gives back (passwords) are not shown. Resources of types that AWS cannot compare are counted.

Exit codes: 0 no drift; 2 something was changed or deleted; 1 a resource could not be compared though AWS can, and no drift was \
found elsewhere; 64 a stack is unknown or not deployed, or the arguments are wrong; 75 AWS was unavailable.";

/// Which stacks, and in which form.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Drift {
    /// Only these stacks; all when none is named.
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// One JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Drift) -> Result<Exit, Failure> {
    let selection = &arguments.selection;
    let stacks = selection.stacks(repository, &arguments.stacks)?;
    let names = stack_names(&stacks);
    let config = selection.connect(repository).await?.config;
    let pace = if selection.stage == StageName::Local { Pace::LOCAL } else { Pace::AWS };
    let spinner = terminal.spinner(format!("comparing {}", names.join(", ")));
    let drifts = drift(&AwsDriftDetection::new(&config), &names, pace, &is_write_only).await;
    spinner.inspect(indicatif::ProgressBar::finish_and_clear);
    let drifts = drifts?;
    let is_absent = |drift: &StackDrift| drift.status == "NOT_DEPLOYED";
    if let Some((stack, _)) = stacks.iter().zip(&drifts).find(|(_, drift)| is_absent(drift)) {
        return Err(selection.not_deployed(stack));
    }
    let has_drifted = drifts.iter().any(StackDrift::has_drifted);
    if arguments.json {
        terminal.data(&json!({"schema": 1, "drifted": has_drifted, "stacks": drifts}).to_string());
    } else {
        lines(&drifts, terminal.data_paint()).iter().for_each(|line| terminal.data(line));
    }
    Ok(match has_drifted {
        true => Exit::Answer(2),
        false if drifts.iter().any(|drift| drift.failure.is_some()) => Exit::Failed,
        false => Exit::Success,
    })
}

fn lines(drifts: &[StackDrift], paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for stack in drifts {
        let drifted = stack.drifted.iter().filter(|resource| resource.status != DriftStatus::Unknown).count();
        let state = match drifted {
            0 => "no drift".to_owned(),
            1 => "1 resource has drifted".to_owned(),
            more => format!("{more} resources have drifted"),
        };
        let not_checked = stack.not_checked.len();
        let (name, checked) = (&stack.stack_name, stack.checked);
        lines.push(format!("{name}  {state}, {checked} compared, {not_checked} that AWS cannot compare"));
        for resource in &stack.drifted {
            let head = |word: &str| format!("  {word}  {} ({})", resource.logical_id, resource.resource_type);
            match resource.status {
                DriftStatus::Deleted => {
                    lines.push(paint.red(&format!("{}  {}", head("DELETED "), resource.physical_id)));
                }
                DriftStatus::Modified => lines.push(paint.red(&head("MODIFIED"))),
                DriftStatus::Unknown | DriftStatus::InSync => {
                    let reason = resource.reason.as_deref().unwrap_or("no reason given");
                    lines.push(format!("{}  {reason}", head("unknown ")));
                }
            }
            for difference in &resource.differences {
                let value = |value: &Option<String>| match value {
                    _ if difference.masked => "(not shown)".to_owned(),
                    Some(value) => value.clone(),
                    None => "(nothing)".to_owned(),
                };
                lines.push(format!("    {}", difference.path));
                lines.push(format!("      expected  {}", value(&difference.expected)));
                lines.push(format!("      actual    {}", value(&difference.actual)));
            }
        }
        lines.extend(stack.failure.iter().map(|failure| format!("  {failure}")));
    }
    lines
}

/// Whether AWS never returns a property's value, according to the specification.
fn is_write_only(resource_type: &str, path: &str) -> bool {
    use facts::{Kind, Property, Schema, resource_type as facts};
    fn walk<'a>(properties: &[Property], mut path: impl Iterator<Item = &'a str>) -> bool {
        let Some(name) = path.next() else { return false };
        let Some(property) = properties.iter().find(|property| property.name == name) else { return false };
        property.write_only || within(&property.schema, path)
    }
    fn within<'a>(schema: &Schema, mut path: impl Iterator<Item = &'a str>) -> bool {
        match schema.kind {
            Kind::Object(definition) => walk(definition.properties, path),
            // An index or a key.
            Kind::List(inner) | Kind::Map(inner) => {
                path.next().is_some() && within(inner, path.collect::<Vec<_>>().into_iter())
            }
            _ => false,
        }
    }
    facts(resource_type).is_some_and(|facts| {
        walk(facts.properties, path.trim_start_matches('/').split('/').collect::<Vec<_>>().into_iter())
    })
}

#[cfg(test)]
mod tests {
    use deploy::drift::{Difference, ResourceDrift};

    use super::*;

    #[test]
    fn a_password_is_write_only_and_a_time_out_is_not() {
        assert!(is_write_only("AWS::RDS::DBCluster", "/MasterUserPassword"));
        assert!(
            is_write_only("AWS::Lambda::Function", "/Code/S3Bucket") || is_write_only("AWS::Lambda::Function", "/Code")
        );
        assert!(!is_write_only("AWS::SQS::Queue", "/VisibilityTimeout"));
        assert!(!is_write_only("AWS::SQS::Queue", "/Tags/0/Value"));
        assert!(!is_write_only("AWS::No::Such", "/VisibilityTimeout"));
    }

    #[test]
    fn every_difference_is_told_with_both_sides() {
        let difference = |path: &str, expected: Option<&str>, masked| Difference {
            path: path.to_owned(),
            kind: "NOT_EQUAL".to_owned(),
            expected: expected.map(str::to_owned),
            actual: None,
            masked,
        };
        let resource = |logical_id: &str, status, differences| ResourceDrift {
            logical_id: logical_id.to_owned(),
            physical_id: format!("{logical_id}-dev"),
            resource_type: "AWS::SQS::Queue".to_owned(),
            status,
            reason: None,
            differences,
        };
        let modified = vec![difference("/DelaySeconds", Some("5"), false), difference("/Secret", None, true)];
        let stack = StackDrift {
            stack_name: "Shop-dev".to_owned(),
            status: "DRIFTED".to_owned(),
            checked: 4,
            not_checked: vec![("Schema".to_owned(), "Custom::Schema".to_owned())],
            drifted: vec![
                resource("Dead", DriftStatus::Deleted, Vec::new()),
                resource("Orders", DriftStatus::Modified, modified),
            ],
            failure: None,
        };
        let expected = "\
Shop-dev  2 resources have drifted, 4 compared, 1 that AWS cannot compare
  DELETED   Dead (AWS::SQS::Queue)  Dead-dev
  MODIFIED  Orders (AWS::SQS::Queue)
    /DelaySeconds
      expected  5
      actual    (nothing)
    /Secret
      expected  (not shown)
      actual    (not shown)";
        assert_eq!(lines(&[stack], Paint::PLAIN).join("\n"), expected);
    }
}
