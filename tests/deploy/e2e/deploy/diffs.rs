//! `infra diff`: its answers, each by a real change, and that nothing is left behind or touched.

use std::time::Duration;

use anyhow::ensure;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use test_harness::sandbox::{Sandbox, ended};

use crate::Test;
use crate::flows::{add_table, assets};

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("a_diff_answers_by_its_exit_code_and_changes_nothing", answers),
    ("a_diff_against_nothing_leaves_no_stack", against_nothing),
    ("a_diff_that_is_interrupted_leaves_nothing", interrupted),
];

fn answers(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    let state = || -> anyhow::Result<_> { Ok((sandbox.events("FipeData-dev")?, sandbox.events("FipeApi-dev")?)) };
    let before = state()?;
    let diff = |code: i32, more: &[&str], texts: &[&str]| -> anyhow::Result<()> {
        sandbox.on("diff", "dev", more)?.with(code, texts)?;
        ensure!(state()? == before, "it touched a stack");
        sandbox.is_tidy()
    };
    diff(0, &[], &["nothing changes"])?;
    sandbox.change("dev", "[price-loader]\nmemory_mb = 256", "[price-loader]\nmemory_mb = 320")?;
    diff(2, &[], &["modify", "FipePriceLoader", "MemorySize", "256", "320"])?;
    sandbox.infra(&["diff", "--stage", "dev", "FipeData", "--vpc-id", "vpc-00000001", "--skip-build"])?.with(0, &[])?;
    sandbox.grow_layer()?;
    diff(3, &[], &["replace", "RdsCaLayer", "MemorySize"])?;
    let no_code = ["diff", "--stage", "dev", "FipeData", "FipeApi", "--vpc-id", "vpc-00000001", "--no-code"];
    sandbox.infra(&no_code)?.with(2, &["MemorySize"])?;
    diff(4, &["--allowed-ip", "203.0.113.7"], &["203.0.113.7", "internet"])?;
    diff(64, &["--allowed-ip", "here"], &["here"])?;
    sandbox.infra(&["diff", "--stage", "dev", "FipeApy"])?.with(64, &["did you mean FipeApi"])?;

    add_table(sandbox, "FipeApi-dev")?;
    let before = state()?;
    let lost = sandbox.on("diff", "dev", &[])?;
    lost.with(5, &["Archive", "AWS::DynamoDB::Table", "remove"])?;
    let told = sandbox.on("diff", "dev", &["--json"])?;
    let told: serde_json::Value = serde_json::from_str(&told.data)?;
    ensure!(told["answer"] == 5 && told["stacks"][2]["data_loss"][0]["name"] == "FipeApi/Archive", "{told}");
    ensure!(state()? == before, "it touched a stack");
    sandbox.is_tidy()
}

fn against_nothing(sandbox: &Sandbox) -> anyhow::Result<()> {
    let diff = sandbox.on("diff", "dev", &[])?;
    // How dangerous a new stage is, the review's own tests say.
    ensure!((2..=4).contains(&diff.code), "ended with {}", diff.code);
    diff.with(diff.code, &["new stack", "Cluster", "PriceQueue"])?;
    sandbox.has(&[])?;
    sandbox.is_tidy()?;
    let objects = sandbox.ask("s3", &format!("/{}?list-type=2", assets(sandbox)?))?;
    ensure!(objects.contains("<KeyCount>0<"), "a diff uploaded something: {objects}");

    // What another tool prepares on the stack stays.
    let client = &sandbox.cloudformation;
    let template = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}";
    let other = client.create_change_set().stack_name("FipeData-dev").change_set_name("theirs").template_body(template);
    let create = aws_sdk_cloudformation::types::ChangeSetType::Create;
    sandbox.wait(other.change_set_type(create).send())?;
    sandbox.on("diff", "dev", &[])?.with(diff.code, &["change set theirs is pending on this stack"])?;
    let listed = sandbox.wait(client.list_change_sets().stack_name("FipeData-dev").send())?;
    let names: Vec<_> = listed.summaries().iter().filter_map(|summary| summary.change_set_name()).collect();
    ensure!(names == ["theirs"], "{names:?}");
    sandbox.has(&[("FipeData-dev", "REVIEW_IN_PROGRESS")])
}

fn interrupted(sandbox: &Sandbox) -> anyhow::Result<()> {
    let mut codes = Vec::new();
    for pause in (0..).step_by(15).take(60) {
        let diff = sandbox.start("diff", "dev", &[])?;
        std::thread::sleep(Duration::from_millis(pause));
        _ = kill(Pid::from_raw(i32::try_from(diff.id())?), Signal::SIGINT);
        codes.push(ended(diff)?.code);
        sandbox.has(&[])?;
        // A signal that comes before anybody listens is lost where whoever started the tests ignores it, as a shell's `&` does.
        if codes.contains(&130) && codes.last() != Some(&130) {
            break;
        }
    }
    let is_answer = |code: &i32| (2..=5).contains(code);
    ensure!(codes.contains(&130) && codes.last().is_some_and(is_answer), "it ended with {codes:?}");
    sandbox.is_tidy()
}
