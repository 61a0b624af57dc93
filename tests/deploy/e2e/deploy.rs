//! Deployments on real emulators with the real command: every flow and every start state, each test in an empty account.
//!
//! The tests run beside each other; the emulators are stopped at the end, also after a failure.

#![expect(clippy::print_stderr, reason = "a test harness reports on stderr")]

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use test_harness::permissions::{self, Needed, Unused};
use test_harness::sandbox::{Emulator, Sandbox, Subject};

#[path = "deploy/diffs.rs"]
mod diffs;
#[path = "deploy/flows.rs"]
mod flows;
#[path = "deploy/interruptions.rs"]
mod interruptions;
#[path = "deploy/states.rs"]
mod states;

/// What every deployment of a test is given: the two stacks it is about and the one that they need, the default VPC of the emulator, and
/// archives that are there.
const SUBJECT: Subject = Subject {
    stacks: &["Network", "FipeData", "FipeApi"],
    functions: &["db-init", "fipe-manufacturer-loader", "fipe-model-loader", "fipe-price-loader", "fipe-soma-ingestor"],
    settings: "fipe.toml",
    values: &["--vpc-id", "vpc-00000001", "--alarm-email", "team@shop.example", "--skip-build"],
};
/// What is expected of all of them together.
const PERMISSIONS: &str = "the_role_of_the_pipeline_is_what_deployers_call";
/// What that role may do and these deployments do not need.
const UNUSED: [Unused; 4] = [
    unused(
        "cloudformation:CancelUpdateStack",
        "an interrupted update is cancelled; infra/deploy/tests/faults.rs cancels one",
    ),
    unused("ec2:DescribeSecurityGroups", "CloudFormation checks parameters of that type with the caller's rights"),
    unused("ec2:DescribeVpcs", "the same, and a VPC is looked up where none is given"),
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    unused("s3:ListBucket", "never called: without it S3 answers 403 for an asset that is not there yet, and not 404"),
];
/// Each test waits most of its time.
const AT_ONCE: usize = 4;

const fn unused(action: &'static str, reason: &'static str) -> Unused {
    Unused { function: "DeployRole", action, resource: "*", reason, needed: Needed::Never }
}

type Test = fn(&Sandbox) -> anyhow::Result<()>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let arguments = Arguments { test_threads: arguments.test_threads.or(Some(AT_ONCE)), ..arguments };
    // The emulator mixes functions of the same name in two accounts up when both run: one test at a time on each. cargo-nextest runs each
    // test in a process of its own, with an emulator of its own.
    let idle = Arc::new(Mutex::new(Vec::new()));
    let trial = |(number, (name, test)): (u64, (&'static str, Test))| {
        let idle = Arc::clone(&idle);
        Trial::test(name, move || {
            let waiting = idle.lock()?.pop();
            let emulator = waiting.map_or_else(Emulator::start, Ok)?;
            let result = Sandbox::new(&emulator, 101 + number, SUBJECT).and_then(|sandbox| test(&sandbox));
            idle.lock()?.push(emulator);
            result.map_err(|error| Failed::from(format!("{error:#}")))
        })
    };
    // What takes longest comes first.
    let tests = [interruptions::TESTS, states::TESTS, flows::TESTS, diffs::TESTS].concat();
    let trials = (0..).zip(tests).map(trial).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let emulators = std::mem::take(&mut *idle.lock().unwrap_or_else(PoisonError::into_inner));
    // Only all tests together use everything.
    let is_all = arguments.filter.is_none() && arguments.skip.is_empty() && std::env::var_os("NEXTEST").is_none();
    let is_run = !arguments.list;
    let judged = if is_run { permissions::deployers(&emulators, is_all, &UNUSED) } else { Ok(()) };
    // Before the exit, which drops nothing.
    drop(emulators);
    match judged {
        Ok(()) => conclusion.exit_code(),
        Err(error) => {
            eprintln!("{PERMISSIONS}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
