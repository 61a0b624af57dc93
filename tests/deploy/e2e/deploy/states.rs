//! Every state in which a stack can be found, brought about for real.

use std::time::Duration;

use anyhow::ensure;
use aws_sdk_cloudformation::types::ChangeSetType;
use test_harness::sandbox::{Sandbox, until};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("an_empty_stack_of_another_tool_is_filled", review_in_progress),
    ("a_failed_creation_without_roll_back_is_made_again_when_told", create_failed),
    ("a_failed_update_without_roll_back_is_rolled_back_first", update_failed),
    ("a_roll_back_that_failed_is_continued", update_rollback_failed),
    ("what_a_roll_back_may_skip_has_to_be_named", skipped_rollback),
    ("a_deletion_that_failed_is_explained_and_repeated", delete_failed),
    ("a_stack_that_is_being_deleted_is_waited_for", delete_in_progress),
    ("a_stack_that_rolls_back_is_waited_for", rollback_in_progress),
];

const NETWORK: (&str, &str) = ("Network-dev", "CREATE_COMPLETE");
const MADE: [(&str, &str); 3] = [NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "CREATE_COMPLETE")];
const NEVER: [&str; 2] = ["--approve", "never"];
const REPLACE: [&str; 3] = ["--approve", "never", "--replace-failed"];
const TIMEOUT: &str = "[db-init]\nmemory_mb = 256\ntimeout_seconds = ";
/// A topic, and a resource that cannot be made.
const BROKEN: &str = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}, Broken: {Type: 'Custom::Broken', DependsOn: Topic, \
                      Properties: {ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:nobody'}}}";

fn comes_to(sandbox: &Sandbox, stack: &str, status: &str) -> anyhow::Result<()> {
    until(&format!("{stack} is {status}"), Duration::from_secs(15), || {
        Ok(sandbox.stacks()?.get(stack).is_some_and(|found| found == status))
    })
}

fn review_in_progress(sandbox: &Sandbox) -> anyhow::Result<()> {
    let other = sandbox.cloudformation.create_change_set().stack_name("FipeData-dev").change_set_name("theirs");
    let template = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}";
    sandbox.wait(other.change_set_type(ChangeSetType::Create).template_body(template).send())?;
    sandbox.has(&[("FipeData-dev", "REVIEW_IN_PROGRESS")])?;
    sandbox.on("deploy", "dev", &NEVER)?.with(0, &["deployed dev"])?;
    sandbox.has(&MADE)?;
    sandbox.owns_everything()
}

fn create_failed(sandbox: &Sandbox) -> anyhow::Result<()> {
    let create = sandbox.cloudformation.create_stack().stack_name("FipeData-dev").template_body(BROKEN);
    sandbox.wait(create.disable_rollback(true).send())?;
    comes_to(sandbox, "FipeData-dev", "CREATE_FAILED")?;
    let refused = sandbox.on("deploy", "dev", &NEVER)?;
    refused.with(77, &["FipeData-dev is CREATE_FAILED", "it contains Topic (AWS::SNS::Topic)", "--replace-failed"])?;
    sandbox.has(&[NETWORK, ("FipeData-dev", "CREATE_FAILED")])?;
    sandbox.on("deploy", "dev", &REPLACE)?.with(0, &["deployed dev"])?;
    sandbox.has(&MADE)?;
    sandbox.is_tidy()
}

fn update_failed(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    let nobody = "arn:aws:lambda:us-east-1:000000000000:function:nobody";
    sandbox
        .add("FipeApi-dev", &format!("Broken: {{Type: 'Custom::Broken', Properties: {{ServiceToken: '{nobody}'}}}}"))?;
    comes_to(sandbox, "FipeApi-dev", "UPDATE_FAILED")?;
    sandbox.on("deploy", "dev", &NEVER)?.with(0, &["UPDATE_FAILED", "PriceQueueUrl"])?;
    let stacks = sandbox.stacks()?;
    ensure!(stacks["FipeApi-dev"].ends_with("_COMPLETE"), "{stacks:?}");
    sandbox.is_tidy()?;
    sandbox.on("deploy", "dev", &[])?.with(0, &["nothing to change on dev"])
}

/// An update of FipeData that fails, and whose roll-back fails, too.
fn failed_rollback(sandbox: &Sandbox, failures: &[&str]) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    sandbox.change("dev", &format!("{TIMEOUT}300"), &format!("{TIMEOUT}360"))?;
    sandbox.next("Update", failures)?;
    let failed = sandbox.on("deploy", "dev", &[])?;
    failed.with(1, &["UPDATE_ROLLBACK_FAILED", failures[0].split_once(' ').unwrap_or_default().1, "Schema"])?;
    sandbox.has(&[NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "UPDATE_ROLLBACK_FAILED")])
}

fn update_rollback_failed(sandbox: &Sandbox) -> anyhow::Result<()> {
    failed_rollback(sandbox, &["0 the column is taken", "0 the old column, too"])?;
    sandbox.on("deploy", "dev", &[])?.with(0, &["UPDATE_ROLLBACK_FAILED", "deployed dev"])?;
    sandbox.has(&[NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "UPDATE_COMPLETE")])?;
    sandbox.is_tidy()
}

fn skipped_rollback(sandbox: &Sandbox) -> anyhow::Result<()> {
    failed_rollback(sandbox, &["0 the column is taken", "0 the old one, too", "0 and still"])?;
    let stuck = sandbox.on("deploy", "dev", &[])?;
    stuck.with(1, &["FipeData-dev", "UPDATE_ROLLBACK_FAILED", "--skip-rollback"])?;
    sandbox.has(&[NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "UPDATE_ROLLBACK_FAILED")])?;
    sandbox.on("deploy", "dev", &["--skip-rollback", "FipeData/Schema"])?.with(0, &["deployed dev"])?;
    sandbox.has(&[NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "UPDATE_COMPLETE")])?;
    sandbox.is_tidy()
}

fn delete_failed(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    sandbox.next("Delete", &["0 tables are in use"])?;
    let failed = sandbox.with("destroy", "dev", &["--yes-destroy", "dev"])?;
    failed.with(1, &["FipeData-dev failed", "DELETE_FAILED", "tables are in use", "Schema"])?;
    failed.with(1, &["infra/systems/database/src/data.rs:"])?;
    sandbox.has(&[NETWORK, ("FipeData-dev", "DELETE_FAILED")])?;
    sandbox.on("deploy", "dev", &NEVER)?.with(77, &["FipeData-dev is DELETE_FAILED", "--replace-failed"])?;
    // The emulator has deleted the function, so the second attempt fails, too.
    sandbox.on("deploy", "dev", &REPLACE)?.with(1, &["FipeData-dev is DELETE_FAILED", "Schema", "repair or retain"])?;
    sandbox.has(&[NETWORK, ("FipeData-dev", "DELETE_FAILED")])?;
    let retained = sandbox.cloudformation.delete_stack().stack_name("FipeData-dev").retain_resources("Schema");
    sandbox.wait(retained.send())?;
    until("the stack is gone", Duration::from_secs(10), || Ok(!sandbox.stacks()?.contains_key("FipeData-dev")))?;
    sandbox.deployed("dev")?;
    sandbox.has(&MADE)?;
    sandbox.is_tidy()
}

fn delete_in_progress(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    sandbox.next("Delete", &["1.5"])?;
    sandbox.wait(sandbox.cloudformation.delete_stack().stack_name("FipeApi-dev").send())?;
    sandbox.wait(sandbox.cloudformation.delete_stack().stack_name("FipeData-dev").send())?;
    until("the deletion runs", Duration::from_secs(10), || Ok(sandbox.requests("Delete") == 1))?;
    sandbox.on("deploy", "dev", &NEVER)?.with(0, &["DELETE_IN_PROGRESS", "deployed dev"])?;
    sandbox.has(&MADE)?;
    sandbox.is_tidy()
}

fn rollback_in_progress(sandbox: &Sandbox) -> anyhow::Result<()> {
    let client = &sandbox.cloudformation;
    sandbox.next("Create", &["0 no table may be made"])?;
    sandbox.next("Delete", &["1.5"])?;
    let mut deploy = sandbox.start("deploy", "dev", &NEVER)?;
    until("the roll-back runs", Duration::from_secs(10), || {
        let described = sandbox.wait(client.describe_stacks().send())?;
        Ok(described.stacks().iter().any(|stack| stack.stack_status().is_some_and(|s| s.as_str().contains("ROLLBACK"))))
    })?;
    deploy.kill()?;
    deploy.wait()?;
    sandbox.on("deploy", "dev", &NEVER)?.with(77, &["ROLLBACK_COMPLETE", "--replace-failed"])?;
    sandbox.on("deploy", "dev", &REPLACE)?.with(0, &["deployed dev"])?;
    sandbox.has(&MADE)?;
    sandbox.is_tidy()
}
