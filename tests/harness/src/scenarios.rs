//! Scenarios on a local cloud: most share one and do not depend on each other; those that need a quiet one get their own. Every cloud is
//! stopped at the end, also after a failure.

#![expect(clippy::print_stderr, reason = "a test harness reports on stderr")]

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Context;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::Cloud;

/// A local cloud as a suite uses it.
pub trait Subject: Send + Sized + 'static {
    /// # Errors
    /// The cloud lacks something that the suite needs.
    fn on(cloud: Cloud) -> anyhow::Result<Self>;

    /// Waits until nothing that an earlier scenario started is still in progress.
    ///
    /// # Errors
    /// It takes too long.
    fn settle(&self) -> anyhow::Result<()> {
        Ok(())
    }

    /// # Errors
    /// A process does not end.
    fn stop(self) -> anyhow::Result<()>;
}

impl Subject for Cloud {
    fn on(cloud: Cloud) -> anyhow::Result<Self> {
        Ok(cloud)
    }

    fn stop(self) -> anyhow::Result<()> {
        Self::stop(self)
    }
}

/// What is done with the cloud, and expected of it.
pub type Scenario<S> = fn(&mut S) -> anyhow::Result<()>;

/// The scenarios of one test binary, each with its name.
pub struct Suite<S: 'static> {
    /// Names the folders of its clouds.
    pub name: &'static str,
    /// These share a cloud.
    pub shared: &'static [(&'static str, Scenario<S>)],
    /// Each of these gets a fresh cloud.
    pub alone: &'static [(&'static str, Scenario<S>)],
}

impl<S: Subject> Suite<S> {
    /// Runs what the command line asks for, as libtest would. cargo-nextest runs each trial in a process of its own, so there the scenarios
    /// that share a cloud are one trial.
    pub fn run(&self) -> ExitCode {
        let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
        let cloud = Arc::new(Mutex::new(Shared::Unused));
        let mut trials: Vec<Trial> = match std::env::var_os("NEXTEST") {
            None => self.shared.iter().map(|&(name, scenario)| self.beside_others(name, scenario, &cloud)).collect(),
            Some(_) => vec![self.one_after_the_other()],
        };
        let suite = self.name;
        trials.extend(self.alone.iter().map(|&(name, scenario)| {
            Trial::test(name, move || {
                let mut subject = start::<S>(suite).map_err(failed)?;
                scenario(&mut subject).and_then(|()| subject.stop()).map_err(failed)
            })
        }));
        let conclusion = libtest_mimic::run(&arguments, trials);
        let cloud = std::mem::replace(&mut *lock(&cloud), Shared::Unused);
        if let Shared::Running(subject) = cloud
            && let Err(error) = subject.stop()
        {
            eprintln!("the local cloud does not stop: {error:#}");
            return ExitCode::FAILURE;
        }
        conclusion.exit_code()
    }

    /// A trial on the cloud that the first one starts.
    fn beside_others(&self, name: &'static str, scenario: Scenario<S>, cloud: &Arc<Mutex<Shared<S>>>) -> Trial {
        let (suite, cloud) = (self.name, Arc::clone(cloud));
        Trial::test(name, move || {
            let mut cloud = lock(&cloud);
            if matches!(*cloud, Shared::Unused) {
                *cloud = Shared::Failed;
                *cloud = Shared::Running(start(suite).map_err(failed)?);
            }
            match &mut *cloud {
                Shared::Running(subject) => subject.settle().and_then(|()| scenario(subject)).map_err(failed),
                _ => Err("the local cloud did not start".into()),
            }
        })
    }

    fn one_after_the_other(&self) -> Trial {
        let (suite, scenarios) = (self.name, self.shared);
        Trial::test("scenarios_that_share_a_cloud", move || {
            let mut subject: S = start(suite).map_err(failed)?;
            let mut errors = Vec::new();
            for (name, scenario) in scenarios {
                let begun = Instant::now();
                let outcome = subject.settle().and_then(|()| scenario(&mut subject));
                let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
                eprintln!("{verdict:<6} {name} after {:.1} s", begun.elapsed().as_secs_f64());
                errors.extend(outcome.err().map(|error| format!("{name}: {error:#}")));
            }
            subject.stop().map_err(failed)?;
            if errors.is_empty() { Ok(()) } else { Err(errors.join("\n\n").into()) }
        })
    }
}

/// The cloud that scenarios share.
enum Shared<S> {
    Unused,
    Running(S),
    Failed,
}

fn start<S: Subject>(suite: &str) -> anyhow::Result<S> {
    Cloud::start(suite).and_then(S::on).context("the local cloud does not start")
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

/// A scenario that panicked has left the cloud as it is.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
