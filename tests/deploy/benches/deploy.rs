//! Measures what somebody who deploys waits for, on a fresh local cloud: all stacks of the stage `local` made, and a deployment
//! that changes nothing; wall clock and peak resident memory of the command. Prints a table; exits 1 when a limit is exceeded.
//!
//! `make bench` builds what it needs. Limits for 180 resources: 8 s and 1 s, 60 MB each.

#![expect(clippy::print_stdout, reason = "a bench reports on stdout")]

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use test_harness::{Cloud, Fresh};

/// A fresh cloud each; the slowest counts.
const CREATIONS: usize = 3;
const REPETITIONS: usize = 10;
/// Runs the rest of the arguments and tells on stderr what they took: the bench starts itself with it, so that only one
/// child is accounted for.
const ONE: &str = "--one";

#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    seconds: f64,
    peak_mb: f64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, program, rest @ ..] = &arguments[..]
        && first == ONE
    {
        return one(program, rest);
    }
    let (mut created, mut unchanged) = (Vec::new(), Vec::new());
    for _ in 0..CREATIONS {
        let cloud = Cloud::fresh("deploy-bench").unwrap_or_else(|error| panic!("no fresh local cloud: {error:#}"));
        created.push(deploy(&cloud));
        if unchanged.is_empty() {
            unchanged = (0..REPETITIONS).map(|_| deploy(&cloud)).collect();
        }
        cloud.stop().unwrap_or_else(|error| panic!("the local cloud does not stop: {error:#}"));
    }
    let mut within_limits = true;
    for (what, runs, seconds) in
        [("all stacks of local on a fresh cloud", &created, 8.0), ("a deployment without changes", &unchanged, 1.0)]
    {
        let worst = |value: fn(&Run) -> f64| runs.iter().map(value).fold(0.0, f64::max);
        let measured = [
            ("slowest wall clock", worst(|run| run.seconds), "s", seconds),
            ("peak resident memory", worst(|run| run.peak_mb), "MB", 60.0),
        ];
        for (kind, value, unit, limit) in measured {
            let verdict = if value <= limit { "ok" } else { "OVER" };
            within_limits &= value <= limit;
            let label = format!("{what}, {kind} of {}", runs.len());
            println!("{label:<66} {value:>6.2} {unit:<3} limit {limit:>4.0}  {verdict}");
        }
    }
    if within_limits { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Deploys the stage, measured by a process in between.
fn deploy(cloud: &Fresh) -> Run {
    let deploy = cloud.command(&["deploy", "--stage", "local", "--skip-build"]);
    let mut command = Command::new(std::env::current_exe().expect("the bench's own path"));
    command.arg(ONE).arg(deploy.get_program()).args(deploy.get_args());
    command.env_clear().envs(deploy.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(deploy.get_current_dir().expect("the command has a folder"));
    let output = command.stdin(Stdio::null()).output().expect("the bench starts itself");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "the deployment failed: {}", String::from_utf8_lossy(&output.stderr));
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    Run { seconds: numbers.next().expect("seconds"), peak_mb: numbers.next().expect("megabytes") }
}

/// Answers with seconds and megabytes, and the code of the command.
fn one(program: &str, arguments: &[String]) -> ExitCode {
    let started = Instant::now();
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let seconds = started.elapsed().as_secs_f64();
    // Linux counts kilobytes.
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("getrusage");
    println!("{seconds} {}", usage.max_rss() as f64 / 1e3);
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => panic!("{program}: {error}; run `make build`"),
    }
}
