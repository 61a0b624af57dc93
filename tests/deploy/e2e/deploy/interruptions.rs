//! Killed, interrupted, and cut off: what was begun goes on, and whoever comes back finds it.

use std::process::Child;
use std::time::Duration;

use anyhow::ensure;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use test_harness::sandbox::{Emulator, Sandbox, ended, until};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("a_deployer_killed_anywhere_leaves_nothing_behind_in_the_end", killed_anywhere),
    ("a_deployer_killed_in_mid_creation_is_taken_up_again", killed_create),
    ("an_interrupt_detaches_and_watch_comes_back", detach_and_watch),
    ("watch_ends_as_the_operation_does", watch_a_failure),
    ("a_cloud_that_does_not_answer_for_a_while_is_waited_for", silence),
];

const NETWORK: (&str, &str) = ("Network-dev", "CREATE_COMPLETE");
const MADE: [(&str, &str); 3] = [NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "CREATE_COMPLETE")];

/// A deployment whose custom resource is being made.
fn in_mid_creation(sandbox: &Sandbox, seconds: &str) -> anyhow::Result<Child> {
    sandbox.next("Create", &[seconds])?;
    let deploy = sandbox.start("deploy", "dev", &["--approve", "never"])?;
    until("the schema is being made", Duration::from_secs(15), || Ok(sandbox.requests("Create") == 1))?;
    Ok(deploy)
}

fn killed_create(sandbox: &Sandbox) -> anyhow::Result<()> {
    let mut deploy = in_mid_creation(sandbox, "2")?;
    deploy.kill()?;
    deploy.wait()?;
    sandbox.has(&[NETWORK, ("FipeData-dev", "CREATE_IN_PROGRESS")])?;
    let resumed = sandbox.on("deploy", "dev", &["--approve", "never"])?;
    resumed.with(0, &["FipeData-dev", "CREATE_IN_PROGRESS", "deployed dev", "PriceQueueUrl"])?;
    ensure!(sandbox.requests("Create") == 1, "the schema was made {} times", sandbox.requests("Create"));
    sandbox.has(&MADE)?;
    sandbox.is_tidy()
}

fn killed_anywhere(sandbox: &Sandbox) -> anyhow::Result<()> {
    for pause in [40, 80, 110, 140, 170, 200, 240, 280, 330, 400, 500] {
        let mut deploy = sandbox.start("deploy", "dev", &["--approve", "never"])?;
        std::thread::sleep(Duration::from_millis(pause));
        deploy.kill()?;
        deploy.wait()?;
    }
    sandbox.on("deploy", "dev", &["--approve", "never"])?.with(0, &["PriceQueueUrl"])?;
    ensure!(sandbox.requests("Create") == 1, "the schema was made {} times", sandbox.requests("Create"));
    sandbox.has(&MADE)?;
    sandbox.owns_everything()?;

    // The same with an update: a killed deployer's change set is not executed by anybody, and does not stay.
    sandbox.change("dev", "[price-loader]\nmemory_mb = 256", "[price-loader]\nmemory_mb = 320")?;
    for pause in [60, 90, 120, 150, 180] {
        let mut deploy = sandbox.start("deploy", "dev", &[])?;
        std::thread::sleep(Duration::from_millis(pause));
        deploy.kill()?;
        deploy.wait()?;
    }
    sandbox.on("deploy", "dev", &[])?.with(0, &["PriceQueueUrl"])?;
    let updates = sandbox.events("FipeApi-dev")?;
    let updates = updates.iter().filter(|(id, status)| id == "FipeApi-dev" && status == "UPDATE_COMPLETE").count();
    ensure!(updates == 1, "it was updated {updates} times");
    Ok(())
}

fn interrupt(process: &Child) -> anyhow::Result<()> {
    Ok(kill(Pid::from_raw(i32::try_from(process.id())?), Signal::SIGINT)?)
}

fn detach_and_watch(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.with("watch", "dev", &[])?.with(0, &["nothing is in progress"])?;
    let deploy = in_mid_creation(sandbox, "2")?;
    // It has seen by now that the creation has begun.
    std::thread::sleep(Duration::from_millis(700));
    interrupt(&deploy)?;
    ended(deploy)?.with(130, &["CloudFormation continues with FipeData-dev", "infra watch --stage dev"])?;
    sandbox.has(&[NETWORK, ("FipeData-dev", "CREATE_IN_PROGRESS")])?;
    let watched = sandbox.with("watch", "dev", &["--events", "json"])?;
    watched.with(0, &[r#""code":"stack.attached""#, r#""code":"stack.finished""#, "CREATE_COMPLETE"])?;
    sandbox.has(&[NETWORK, ("FipeData-dev", "CREATE_COMPLETE")])?;
    sandbox.on("deploy", "dev", &["--approve", "never"])?.with(0, &["FipeData-dev  up to date", "deployed dev"])?;
    ensure!(sandbox.requests("Create") == 1, "the schema was made {} times", sandbox.requests("Create"));
    sandbox.is_tidy()
}

fn watch_a_failure(sandbox: &Sandbox) -> anyhow::Result<()> {
    let mut deploy = in_mid_creation(sandbox, "1.5 no table may be made")?;
    deploy.kill()?;
    deploy.wait()?;
    let watched = sandbox.with("watch", "dev", &[])?;
    watched.with(1, &["FipeData-dev failed", "no table may be made", "infra/systems/database/src/data.rs:"])?;
    sandbox.has(&[NETWORK, ("FipeData-dev", "ROLLBACK_COMPLETE")])?;
    sandbox.is_tidy()
}

/// With an emulator of its own, since it stands still.
fn silence(_: &Sandbox) -> anyhow::Result<()> {
    let emulator = Emulator::start()?;
    let sandbox = Sandbox::new(&emulator, 1, crate::SUBJECT)?;
    let deploy = in_mid_creation(&sandbox, "0.5")?;
    emulator.signal(Signal::SIGSTOP)?;
    std::thread::sleep(Duration::from_secs(4));
    emulator.signal(Signal::SIGCONT)?;
    ended(deploy)?.with(0, &["deployed dev"])?;
    ensure!(sandbox.requests("Create") == 1, "the schema was made {} times", sandbox.requests("Create"));
    sandbox.has(&MADE)?;
    sandbox.is_tidy()?;

    // Away from the beginning, it is said and nothing hangs.
    drop(emulator);
    let away = sandbox.on("deploy", "dev", &["--approve", "never"])?;
    away.with(75, &["error"])
}
