//! Deployments on real emulators with the real command: every flow and every start state, each test in an empty account.
//!
//! The tests run beside each other; the emulators are stopped at the end, also after a failure.

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};
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
/// Each test waits most of its time.
const AT_ONCE: usize = 4;

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
    // Before the exit, which drops nothing.
    drop(idle);
    conclusion.exit_code()
}
