//! Deployments on real emulators with the real command: every flow and every start state, each test in an empty account.
//!
//! The tests run beside each other; the emulators are stopped at the end, also after a failure.

#![expect(clippy::print_stderr, reason = "a test harness reports on stderr")]

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};
use system_tests::sandbox::{Emulator, Sandbox};

#[path = "deploy/diffs.rs"]
mod diffs;
#[path = "deploy/flows.rs"]
mod flows;
#[path = "deploy/interruptions.rs"]
mod interruptions;
#[path = "deploy/states.rs"]
mod states;

const PORT: u16 = 27600;
/// Each test waits most of its time.
const AT_ONCE: usize = 4;

type Test = fn(&Sandbox) -> anyhow::Result<()>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let arguments = Arguments { test_threads: arguments.test_threads.or(Some(AT_ONCE)), ..arguments };
    // What takes longest comes first.
    let tests = || [interruptions::TESTS, states::TESTS, flows::TESTS, diffs::TESTS].concat();
    if arguments.list {
        let trials = tests().into_iter().map(|(name, _)| Trial::test(name, || Ok(()))).collect();
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    let threads = arguments.test_threads.unwrap_or(1);
    // The emulator mixes functions of the same name in two accounts up when both run: one test at a time on each.
    let emulators: anyhow::Result<Vec<Emulator>> = (PORT..).take(threads).map(Emulator::start).collect();
    let idle = match emulators {
        Ok(emulators) => Arc::new(Mutex::new(emulators)),
        Err(error) => {
            eprintln!("the emulator does not start: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let trial = |(number, (name, test)): (u64, (&'static str, Test))| {
        let idle = Arc::clone(&idle);
        Trial::test(name, move || {
            let emulator = idle.lock()?.pop().ok_or("more tests run at once than there are emulators")?;
            let result = Sandbox::new(&emulator, 101 + number).and_then(|sandbox| test(&sandbox));
            idle.lock()?.push(emulator);
            result.map_err(|error| Failed::from(format!("{error:#}")))
        })
    };
    let trials = (0..).zip(tests()).map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
