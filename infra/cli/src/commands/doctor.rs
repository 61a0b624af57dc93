//! `infra doctor`: what this machine and this account lack, each with its fix. Repairs nothing.

use std::time::Duration;

use aws_access::{Target, sdk_config};
use clap::Args;
use constructs::SynthesizedStack;
use jiff::Timestamp;
use local_cloud::{Layout, ServiceName};
use operate::ThisMachine;
use operate::aws::AwsAccount;
use operate::doctor::{Check, Needs, Verdict, examine};
use serde_json::json;
use system::{StageName, Table};

use crate::args::selection::Selection;
use crate::exit::{Exit, Failure};
use crate::project::repository::Repository;
use crate::project::templates;
use crate::run::local_services::ServicePorts;
use crate::run::{connection, parameters};
use crate::ui::paint::Paint;
use crate::ui::terminal::Terminal;

const HELP: &str = "\
Every line is ok, warning or failed; what is not ok comes with its fix. Nothing is changed or installed. On the stage local AWS is \
not called. What AWS does not answer in time, or does not let you see, is shown as unknown.

Examples:
  infra doctor                 can the local cloud run here?
  infra doctor --stage dev --profile work --vpc-id vpc-0123456789abcdef0
  infra doctor --json | jq '.checks[] | select(.verdict != \"ok\")'

Exit codes: 0 nothing failed; 1 something failed; 64 the arguments are wrong.";

/// How long to look for credentials and a region. Together with the account's first call, less than three seconds.
const PATIENCE: Duration = Duration::from_millis(1_000);

/// For which stage, and in which form.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Doctor {
    #[command(flatten)]
    selection: Selection,
    /// The VPC that would be deployed to.
    #[arg(long, env = "VPC_ID", value_name = "vpc-..")]
    vpc_id: Option<String>,
    #[command(flatten)]
    ports: ServicePorts,
    /// One JSON document instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(repository: &Repository, terminal: &Terminal, arguments: &Doctor) -> Result<Exit, Failure> {
    let stage_name = arguments.selection.stage;
    let stage = templates::stage(repository, stage_name.as_str())?;
    let account = &arguments.selection.account;
    let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let checked = connection::check_profile(account);
    let (config, profile) = match checked {
        _ if stage_name == StageName::Local => (None, None),
        Err(error) => (None, Some(error.to_string())),
        Ok(()) => {
            let target = Target::Aws { profile: given(&account.profile), region: given(&account.region) };
            // Without a region in the profile, the metadata service is queried, in vain on most machines.
            (tokio::time::timeout(PATIENCE, sdk_config(&target)).await.ok(), None)
        }
    };
    let region = config.as_ref().and_then(|config| config.region()).map(ToString::to_string).or(given(&account.region));
    let stacks = stage.synth()?;
    let stacks = || stacks.iter().filter(|stack| !stack.only_when_named);
    let needs = Needs {
        aws: config.is_some(),
        region: region.filter(|region| !region.is_empty()),
        vpc_id: given(&arguments.vpc_id),
        endpoints: parameters::endpoints(&stage.stage, stacks()).unwrap_or_default(),
        reach: parameters::reach(&stage.stage),
        concurrency: stage.concurrency(),
        reserved: stacks().map(SynthesizedStack::reserved_concurrency).sum(),
        ports: ports(repository, arguments),
        installed: installed(repository, stage_name),
    };
    let machine = ThisMachine { root: repository.root().to_owned() };
    let account = AwsAccount::new(config.unwrap_or_else(|| aws_config::SdkConfig::builder().build()));
    let mut checks = examine(&machine, &account, &needs, Timestamp::now()).await;
    if !needs.aws && stage_name != StageName::Local {
        let finding = profile.unwrap_or_else(|| "neither credentials nor a region were found in time".to_owned());
        checks.push(Check {
            id: "credentials".to_owned(),
            verdict: Verdict::Failed,
            finding,
            fix: Some("log in (aws sso login), or give --profile and --region".to_owned()),
        });
    }
    let has_failed = checks.iter().any(|check| check.verdict == Verdict::Failed);
    if arguments.json {
        let document = json!({"schema": 1, "stage": stage_name.as_str(), "failed": has_failed, "checks": checks});
        terminal.data(&document.to_string());
    } else {
        lines(&checks, terminal.data_paint()).iter().for_each(|line| terminal.data(line));
    }
    Ok(if has_failed { Exit::Failed } else { Exit::Success })
}

/// One line per check, with its fix below.
fn lines(checks: &[Check], paint: Paint) -> Vec<String> {
    let mut table = Table::new(&["check", "", "finding"], &[]);
    for check in checks {
        let verdict = match check.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "failed",
        };
        table.row(vec![check.id.clone(), verdict.to_owned(), check.finding.replace('\n', " ")]);
    }
    let mut rows = table.lines().into_iter();
    let mut lines: Vec<String> = rows.next().into_iter().collect();
    for (row, check) in rows.zip(checks) {
        lines.push(match check.verdict {
            Verdict::Ok => row,
            Verdict::Warning => paint.yellow(&row),
            Verdict::Failed => paint.red(&row),
        });
        lines.extend(check.fix.iter().map(|fix| format!("  -> {fix}")));
    }
    lines
}

/// The local cloud's ports, and whether it is using them.
fn ports(repository: &Repository, arguments: &Doctor) -> Vec<(String, u16, bool)> {
    let status = local_cloud::status(repository.root()).ok();
    let is_ours = |name: &ServiceName| {
        let services = status.iter().flat_map(|status| &status.services);
        services.into_iter().any(|service| service.name == *name && service.alive)
    };
    let ports = arguments.ports.all().into_iter();
    ports.map(|(name, port)| (name.to_string(), port, is_ours(&name))).collect()
}

fn installed(repository: &Repository, stage: StageName) -> Vec<(&'static str, &'static str, bool)> {
    let programs = Layout::new(repository.root()).venv().join("bin");
    let is_there = |program: &str| programs.join(program).is_file();
    match stage {
        StageName::Local => vec![("ministack", "the local cloud", is_there("ministack"))],
        _ => vec![
            ("cargo-lambda", "release builds", is_there("cargo-lambda")),
            ("zig", "release builds", is_there("python-zig")),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ok_has_its_fix_below() {
        let check = |id: &str, verdict, fix: Option<&str>| Check {
            id: id.to_owned(),
            verdict,
            finding: "found".to_owned(),
            fix: fix.map(str::to_owned),
        };
        let checks = [check("disk", Verdict::Ok, None), check("tool.git", Verdict::Failed, Some("install git"))];
        assert_eq!(
            lines(&checks, Paint::PLAIN),
            ["check             finding", "disk      ok      found", "tool.git  failed  found", "  -> install git"]
        );
    }
}
