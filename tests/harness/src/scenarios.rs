//! Scenarios on a local cloud: most share one and do not depend on each other; those that need a quiet one get their own. Every cloud is
//! stopped at the end, also after a failure.

#![expect(clippy::print_stderr, reason = "a test harness reports on stderr")]

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Context;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::Cloud;
use crate::permissions::{Permissions, Watch};

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

/// What is expected of all scenarios together.
const PERMISSIONS: &str = "every_call_is_allowed_and_every_grant_is_used";

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
    /// What the scenarios that share a cloud need of roles, all of them together.
    pub permissions: Permissions,
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
        // Only all scenarios together use everything.
        let runs_all = arguments.filter.is_none() && arguments.skip.is_empty();
        if std::env::var_os("NEXTEST").is_none() && runs_all {
            trials.push(self.at_last(&cloud));
        }
        let (suite, permissions) = (self.name, self.permissions);
        trials.extend(self.alone.iter().map(|&(name, scenario)| {
            Trial::test(name, move || {
                let (mut subject, mut watch) = start::<S>(suite, permissions).map_err(failed)?;
                let outcome = scenario(&mut subject).and_then(|()| watch.every_call_is_allowed());
                outcome.and_then(|()| subject.stop()).map_err(failed)
            })
        }));
        let conclusion = libtest_mimic::run(&arguments, trials);
        let cloud = std::mem::replace(&mut *lock(&cloud), Shared::Unused);
        if let Shared::Running(subject, _) = cloud
            && let Err(error) = subject.stop()
        {
            eprintln!("the local cloud does not stop: {error:#}");
            return ExitCode::FAILURE;
        }
        conclusion.exit_code()
    }

    /// A trial on the cloud that the first one starts.
    fn beside_others(&self, name: &'static str, scenario: Scenario<S>, cloud: &Arc<Mutex<Shared<S>>>) -> Trial {
        let (suite, permissions, cloud) = (self.name, self.permissions, Arc::clone(cloud));
        Trial::test(name, move || {
            let mut cloud = lock(&cloud);
            if matches!(*cloud, Shared::Unused) {
                *cloud = Shared::Failed;
                let (subject, watch) = start(suite, permissions).map_err(failed)?;
                *cloud = Shared::Running(subject, watch);
            }
            match &mut *cloud {
                Shared::Running(subject, watch) => {
                    let outcome = subject.settle().and_then(|()| scenario(subject));
                    outcome.and_then(|()| watch.every_call_is_allowed()).map_err(failed)
                }
                _ => Err("the local cloud did not start".into()),
            }
        })
    }

    /// The trial after all others.
    fn at_last(&self, cloud: &Arc<Mutex<Shared<S>>>) -> Trial {
        let cloud = Arc::clone(cloud);
        Trial::test(PERMISSIONS, move || match &mut *lock(&cloud) {
            Shared::Running(subject, watch) => judged(subject, watch).map_err(failed),
            _ => Err("the local cloud did not start".into()),
        })
    }

    fn one_after_the_other(&self) -> Trial {
        let (suite, scenarios, permissions) = (self.name, self.shared, self.permissions);
        Trial::test("scenarios_that_share_a_cloud", move || {
            let (mut subject, mut watch) = start::<S>(suite, permissions).map_err(failed)?;
            let mut errors = Vec::new();
            for (name, scenario) in scenarios {
                let begun = Instant::now();
                let outcome = subject.settle().and_then(|()| scenario(&mut subject));
                let outcome = outcome.and_then(|()| watch.every_call_is_allowed());
                let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
                eprintln!("{verdict:<6} {name} after {:.1} s", begun.elapsed().as_secs_f64());
                errors.extend(outcome.err().map(|error| format!("{name}: {error:#}")));
            }
            let outcome = judged(&subject, &mut watch);
            errors.extend(outcome.err().map(|error| format!("{PERMISSIONS}: {error:#}")));
            subject.stop().map_err(failed)?;
            if errors.is_empty() { Ok(()) } else { Err(errors.join("\n\n").into()) }
        })
    }
}

/// The cloud that scenarios share.
enum Shared<S> {
    Unused,
    Running(S, Watch),
    Failed,
}

fn start<S: Subject>(suite: &str, permissions: Permissions) -> anyhow::Result<(S, Watch)> {
    let begin = || -> anyhow::Result<(S, Watch)> {
        let (cloud, recorder) = Cloud::heard(suite)?;
        let watch = Watch::of(&cloud, recorder, permissions)?;
        Ok((S::on(cloud)?, watch))
    };
    begin().context("the local cloud does not start")
}

/// Both ways, after the last scenario.
fn judged<S: Subject>(subject: &S, watch: &mut Watch) -> anyhow::Result<()> {
    subject.settle()?;
    watch.every_call_is_allowed()?;
    watch.every_grant_is_used()
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

/// A scenario that panicked has left the cloud as it is.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
