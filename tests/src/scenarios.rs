//! Scenarios that share one local cloud and run in their order; the cloud is stopped at the end, also after a failure.

#![expect(clippy::print_stderr, reason = "a test harness reports on stderr")]

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::{Cloud, Place};

/// What is done with the cloud, and expected of it.
pub type Scenario = fn(&mut Cloud) -> anyhow::Result<()>;

/// Runs the scenarios that the command line asks for, as libtest would.
pub fn run(place: Place, scenarios: &[(&'static str, Scenario)]) -> ExitCode {
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let shared = Arc::new(Mutex::new(None));
    if !arguments.list {
        match Cloud::start(place) {
            Ok(cloud) => *lock(&shared) = Some(cloud),
            Err(error) => {
                eprintln!("the local cloud does not start: {error:#}");
                return ExitCode::FAILURE;
            }
        }
    }
    let trials = scenarios.iter().map(|&(name, scenario)| {
        let shared = Arc::clone(&shared);
        Trial::test(name, move || {
            let mut cloud = shared.lock().map_err(|_| Failed::from("an earlier scenario panicked"))?;
            let cloud = cloud.as_mut().ok_or("the cloud is stopped")?;
            scenario(cloud).map_err(|error| Failed::from(format!("{error:#}")))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    let cloud = lock(&shared).take();
    if let Some(Err(error)) = cloud.map(Cloud::stop) {
        eprintln!("the local cloud does not stop: {error:#}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// A scenario that panicked has left the cloud as it is.
fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
