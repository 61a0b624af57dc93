//! Create, update, replace, fail, delete; two stages, two deployers; what is refused.

use std::io::Write;
use std::time::Duration;

use anyhow::ensure;
use aws_access::{Connection, Target};
use deploy::aws::S3AssetStore;
use deploy::{AssetStore, Body, Object, Sha256, Stored, Written};
use test_harness::sandbox::{Sandbox, ended, until};

use crate::{SUBJECT, Test};

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("a_stage_is_made_and_a_second_deployment_changes_nothing", create_and_no_op),
    ("what_is_in_the_bucket_already_is_verified", planted),
    ("an_upload_overwrites_nothing_and_has_the_bytes_that_it_announces", uploads),
    ("what_was_built_elsewhere_is_deployed_without_building", built_elsewhere),
    ("a_change_reaches_what_it_is_about_and_nothing_else", update),
    ("what_cannot_be_changed_is_replaced_and_what_another_stack_used_stays", replace),
    ("a_creation_that_fails_is_explained_and_leaves_nothing", failed_create),
    ("an_update_that_fails_is_explained_and_undone", failed_update),
    ("a_stage_is_deleted_after_its_name_was_said", destroy),
    ("a_bucket_is_emptied_only_when_that_is_said", full_bucket),
    ("two_stages_stand_side_by_side", two_stages),
    ("two_deployers_at_once_make_one_stage", two_deployers),
    ("two_deployers_at_once_update_once", two_updates),
    ("nobody_is_asked_without_a_terminal_and_nothing_happens", approvals),
    ("lost_data_has_to_be_named", data_loss),
    ("stale_and_uncommitted_templates_are_refused", stale),
    ("a_protected_stage_is_protected_and_stays_so", protection),
];

const NETWORK: (&str, &str) = ("Network-dev", "CREATE_COMPLETE");
const MADE: [(&str, &str); 3] = [NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "CREATE_COMPLETE")];

fn create_and_no_op(sandbox: &Sandbox) -> anyhow::Result<()> {
    let created = sandbox.on("deploy", "dev", &["--approve", "never"])?;
    created.with(0, &["creating 15 resources", "deployed dev in", "DBEndpoint", "PriceQueueUrl"])?;
    sandbox.has(&MADE)?;
    sandbox.is_tidy()?;
    ensure!(sandbox.requests("Create") == 1, "the schema was made {} times", sandbox.requests("Create"));

    let state = || -> anyhow::Result<_> {
        let objects = sandbox.ask("s3", &format!("/{}?list-type=2", assets(sandbox)?))?;
        Ok((sandbox.events("FipeData-dev")?, sandbox.events("FipeApi-dev")?, sandbox.requests("Update"), objects))
    };
    let before = state()?;
    let again = sandbox.on("deploy", "dev", &["--events", "json"])?;
    again.with(0, &[r#""code":"stack.up_to_date""#, r#""code":"stack.outputs""#, r#""outcome":"up_to_date""#])?;
    ensure!(!again.data.contains("asset.uploaded") && !again.data.contains("stack.started"), "{}", again.data);
    sandbox.on("deploy", "dev", &[])?.with(0, &["FipeApi-dev  up to date", "nothing to change on dev"])?;
    ensure!(before == state()?, "something was touched: {before:?}\n{:?}", state()?);
    sandbox.is_tidy()
}

fn planted(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    let bucket = assets(sandbox)?;
    let listed = sandbox.ask("s3", &format!("/{bucket}?list-type=2"))?;
    let keys: Vec<&str> = listed.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0)).collect();
    ensure!(keys.len() > 3 && keys.iter().all(|key| key.starts_with("dev/")), "{keys:?}");
    let key = keys.iter().find(|key| key.starts_with("dev/fipe-price-loader/")).copied().unwrap_or_default();

    // Somebody writes other bytes under a key that is in use, with their own checksum.
    let sha256 = "tcH7Lvxta0Z0wv3MSM4BtDo7fAN2PAwzVd4Ame4PjHM=";
    sandbox.overwrite(&bucket, key, b"evil", sha256)?;
    let refused = sandbox.on("deploy", "dev", &[])?;
    refused.with(1, &[key, "has another object", sha256, "delete all of its versions"])?;
    sandbox.has(&MADE)
}

fn uploads(sandbox: &Sandbox) -> anyhow::Result<()> {
    let target = Target::Local { endpoint: sandbox.endpoint().to_owned(), region: "us-east-1".to_owned() };
    let store = S3AssetStore::new(&sandbox.wait(Connection::open(&target))?, "dev");
    sandbox.wait(store.ensure_bucket())?;
    let object = |key: &'static str, announced: &[u8], bytes: &'static [u8]| {
        let (sha256, body) = (Sha256::of(announced), Body::Bytes(bytes));
        sandbox.wait(store.put(Object { key, content_type: "application/zip", sha256, body }))
    };
    let stored = |key: &str| sandbox.wait(store.stored(key));
    ensure!(stored("dev/a/1.zip")? == Stored::Absent);
    ensure!(object("dev/a/1.zip", b"one", b"one")? == Written::Created);
    ensure!(object("dev/a/1.zip", b"two", b"two")? == Written::Exists);
    ensure!(stored("dev/a/1.zip")? == Stored::Present { sha256: Some(Sha256::of(b"one").base64()) });

    let other = object("dev/a/2.zip", b"one", b"two").expect_err("other bytes than announced");
    ensure!(!other.is_retryable() && stored("dev/a/2.zip")? == Stored::Absent, "{other}");
    Ok(())
}

fn built_elsewhere(sandbox: &Sandbox) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let deploy = || {
        let stacks = ["deploy", "--stage", "dev", "Network", "FipeData", "FipeApi", "--vpc-id", "vpc-00000001"];
        let archives = folder.path().to_str().unwrap_or_default();
        let mut command = sandbox.command(&[&stacks[..], &["--approve", "never", "--archives", archives]].concat())?;
        ended(command.env("CARGO", "/nowhere/cargo").spawn()?)
    };
    deploy()?.with(64, &["x86_64/", ".zip", "infra build --stage dev --archives"])?;
    sandbox.has(&[])?;

    std::fs::create_dir(folder.path().join("x86_64"))?;
    let root = sandbox.folder();
    let functions = SUBJECT.functions.iter().map(|name| {
        let bootstrap = std::fs::read(root.join("target/lambda").join(name).join("bootstrap"));
        (*name, "bootstrap", bootstrap)
    });
    let layer = ("rds-ca", "rds-ca-bundle.pem", std::fs::read(root.join("layers/rds-ca/rds-ca-bundle.pem")));
    for (asset, path, content) in functions.chain([layer]) {
        let file = std::fs::File::create(folder.path().join(format!("x86_64/{asset}.zip")))?;
        let mut zip = zip::ZipWriter::new(file);
        zip.start_file(path, zip::write::SimpleFileOptions::default().unix_permissions(0o755))?;
        zip.write_all(&content?)?;
        zip.finish()?;
    }
    std::fs::remove_dir_all(root.join("target/lambda"))?;
    deploy()?.with(0, &["deployed dev in"])?;
    sandbox.has(&MADE)?;
    deploy()?.with(0, &["nothing to change on dev"])
}

fn update(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    let data = sandbox.events("FipeData-dev")?;
    sandbox.change("dev", "[price-loader]\nmemory_mb = 256", "[price-loader]\nmemory_mb = 320")?;
    let updated = sandbox.on("deploy", "dev", &[])?;
    updated.with(0, &["FipeData-dev  up to date", "MemorySize", "deployed dev"])?;
    sandbox.has(&[NETWORK, ("FipeApi-dev", "UPDATE_COMPLETE"), ("FipeData-dev", "CREATE_COMPLETE")])?;
    ensure!(sandbox.events("FipeData-dev")? == data, "FipeData was touched");
    let function = sandbox.ask("lambda", "/2015-03-31/functions/FipePriceLoader-dev/configuration")?;
    ensure!(function.contains(r#""MemorySize": 320"#), "{function}");
    sandbox.is_tidy()?;

    // New code is a change of the functions alone.
    sandbox.set_code("2")?;
    sandbox.on("deploy", "dev", &[])?.with(0, &["uploaded db-init", "deployed dev"])?;
    sandbox.is_tidy()
}

fn replace(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    sandbox.grow_layer()?;
    sandbox.on("deploy", "dev", &["--approve", "never"])?.with(0, &["replace", "RdsCaLayer", "deployed dev"])?;
    sandbox.has(&[NETWORK, ("FipeApi-dev", "UPDATE_COMPLETE"), ("FipeData-dev", "UPDATE_COMPLETE")])?;
    let versions = sandbox.ask("lambda", "/2018-10-31/layers/fipe-rds-ca-dev/versions")?;
    // Until FipeApi is updated, its function runs with the old one.
    ensure!(versions.matches("LayerVersionArn").count() == 2 && versions.contains(":2\""), "{versions}");
    let function = sandbox.ask("lambda", "/2015-03-31/functions/FipeSomaIngestor-dev/configuration")?;
    ensure!(function.contains("fipe-rds-ca-dev:2"), "the function has the old layer: {function}");
    sandbox.is_tidy()
}

fn failed_create(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.next("Create", &["1.2 no table may be made"])?;
    let failed = sandbox.on("deploy", "dev", &["--approve", "never"])?;
    failed.with(1, &["FipeData-dev failed", "Schema (Custom::FipeSchema) CREATE_FAILED", "no table may be made"])?;
    failed.with(1, &["infra/systems/database/src/data.rs:", "ROLLBACK_COMPLETE", "--replace-failed"])?;
    failed.with(1, &["FipeApi-dev, not begun"])?;
    let line = declared_line(&failed.notes)?;
    ensure!(line.contains("\"Schema\""), "the card points at {line:?}");
    sandbox.has(&[NETWORK, ("FipeData-dev", "ROLLBACK_COMPLETE")])?;
    sandbox.is_tidy()?;

    let refused = sandbox.on("deploy", "dev", &["--approve", "never"])?;
    refused.with(77, &["FipeData-dev is ROLLBACK_COMPLETE", "--replace-failed allows it"])?;
    sandbox.has(&[NETWORK, ("FipeData-dev", "ROLLBACK_COMPLETE")])?;
    sandbox.on("deploy", "dev", &["--approve", "never", "--replace-failed"])?.with(0, &["deployed dev"])?;
    sandbox.has(&MADE)?;
    sandbox.is_tidy()
}

fn failed_update(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    let timeout = "[db-init]\nmemory_mb = 256\ntimeout_seconds = ";
    sandbox.change("dev", &format!("{timeout}300"), &format!("{timeout}360"))?;
    sandbox.next("Update", &["0.2 the column is taken"])?;
    let failed = sandbox.on("deploy", "dev", &["--events", "json"])?;
    failed.with(1, &[r#""code":"stack.explained""#, "the column is taken", "UPDATE_ROLLBACK_COMPLETE"])?;
    let told = failed.data.lines().find(|line| line.contains("stack.explained")).unwrap_or_default();
    let told: serde_json::Value = serde_json::from_str(told)?;
    ensure!(told["cause"]["logical_id"] == "Schema" && told["status"] == "UPDATE_ROLLBACK_COMPLETE", "{told}");
    ensure!(
        told["declared_at"].as_str().is_some_and(|at| at.starts_with("infra/systems/database/src/data.rs:")),
        "{told}"
    );
    let log = &told["log"]["lines"];
    ensure!(log.to_string().contains("the schema: the column is taken"), "not the function's log: {told}");
    ensure!(failed.data.lines().all(|line| line.starts_with('{')), "not only JSON: {}", failed.data);
    sandbox.has(&[NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "UPDATE_ROLLBACK_COMPLETE")])?;
    let function = sandbox.ask("lambda", "/2015-03-31/functions/FipeDbInit-dev/configuration")?;
    ensure!(function.contains(r#""Timeout": 300"#), "not as it was: {function}");
    sandbox.is_tidy()?;

    // Repaired, the same command does it.
    sandbox.on("deploy", "dev", &[])?.with(0, &["deployed dev"])?;
    sandbox.has(&[NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "UPDATE_COMPLETE")])?;
    sandbox.is_tidy()
}

fn destroy(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.with("destroy", "dev", &[])?.with(0, &["FipeData-dev was not there"])?;
    sandbox.deployed("dev")?;
    let refused = sandbox.with("destroy", "dev", &[])?;
    refused.with(77, &["FipeApi-dev", "--yes-destroy dev", "a snapshot is kept", "Cluster"])?;
    sandbox.with("destroy", "dev", &["--yes-destroy", "stg"])?.with(64, &["nothing was deleted"])?;
    sandbox.has(&MADE)?;
    let destroyed = sandbox.with("destroy", "dev", &["--yes-destroy", "dev"])?;
    destroyed.with(0, &["FipeApi-dev deleted", "FipeData-dev deleted"])?;
    let place = |text: &str| destroyed.notes.find(text);
    let (listed, first) = (place("dies with its data"), place("DELETE_IN_PROGRESS"));
    ensure!(listed < first && listed.is_some(), "listed after it began: {}", destroyed.notes);
    ensure!(place("FipeApi-dev") < place("FipeData-dev"), "not in reverse order: {}", destroyed.notes);
    ensure!(sandbox.requests("Delete") == 1, "the schema was deleted {} times", sandbox.requests("Delete"));
    sandbox.has(&[])?;
    sandbox.is_tidy()?;
    sandbox.deployed("dev")?;
    sandbox.has(&MADE)
}

fn two_stages(sandbox: &Sandbox) -> anyhow::Result<()> {
    let start = |stage| sandbox.start("deploy", stage, &["--approve", "never"]);
    let (dev, stg) = (start("dev")?, start("stg")?);
    ended(dev)?.with(0, &["deployed dev"])?;
    ended(stg)?.with(0, &["deployed stg"])?;
    let names: Vec<String> = sandbox.stacks()?.into_keys().collect();
    ensure!(
        names == ["FipeApi-dev", "FipeApi-stg", "FipeData-dev", "FipeData-stg", "Network-dev", "Network-stg"],
        "{names:?}"
    );
    sandbox.is_tidy()?;
    let stg = (sandbox.events("FipeApi-stg")?, sandbox.events("FipeData-stg")?);
    sandbox.with("destroy", "dev", &["--yes-destroy", "dev"])?.with(0, &["FipeData-dev deleted"])?;
    ensure!(stg == (sandbox.events("FipeApi-stg")?, sandbox.events("FipeData-stg")?), "stg was touched");
    sandbox.has(&[
        ("Network-stg", "CREATE_COMPLETE"),
        ("FipeApi-stg", "CREATE_COMPLETE"),
        ("FipeData-stg", "CREATE_COMPLETE"),
    ])?;
    sandbox.is_tidy()?;
    sandbox.on("deploy", "stg", &[])?.with(0, &["nothing to change on stg"])
}

fn two_deployers(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.next("Create", &["1"])?;
    let start = || sandbox.start("deploy", "dev", &["--approve", "never"]);
    let (one, other) = (start()?, start()?);
    let (one, other) = (ended(one)?, ended(other)?);
    one.with(0, &["FipeData-dev", "DBEndpoint", "PriceQueueUrl"])?;
    other.with(0, &["FipeData-dev", "DBEndpoint", "PriceQueueUrl"])?;
    ensure!(sandbox.requests("Create") == 1, "the schema was made {} times", sandbox.requests("Create"));
    sandbox.has(&MADE)?;
    sandbox.is_tidy()
}

fn two_updates(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    let timeout = "[db-init]\nmemory_mb = 256\ntimeout_seconds = ";
    sandbox.change("dev", &format!("{timeout}300"), &format!("{timeout}360"))?;
    sandbox.next("Update", &["3"])?;
    let start = || sandbox.start("deploy", "dev", &[]);
    let one = start()?;
    // Not at the same instant: AWS refuses a change set for a stack that is being updated, and the emulator makes and executes it.
    // `infra/deploy/tests/states.rs` begins the second after each call of the first.
    until("the schema is being changed", Duration::from_secs(30), || Ok(sandbox.requests("Update") == 1))?;
    let other = start()?;
    ended(one)?.with(0, &["DBEndpoint"])?;
    ended(other)?.with(0, &["DBEndpoint"])?;
    ensure!(sandbox.requests("Update") == 1, "the schema was changed {} times", sandbox.requests("Update"));
    sandbox.has(&[NETWORK, ("FipeApi-dev", "CREATE_COMPLETE"), ("FipeData-dev", "UPDATE_COMPLETE")])?;
    sandbox.is_tidy()
}

fn approvals(sandbox: &Sandbox) -> anyhow::Result<()> {
    let refused = sandbox.on("deploy", "dev", &["--approve", "always"])?;
    refused.with(77, &["not approved", "Network-dev was left as it is", "--approve never allows it"])?;
    sandbox.has(&[])?;
    sandbox.is_tidy()?;
    sandbox.deployed("dev")?;
    sandbox.change("dev", "[price-loader]\nmemory_mb = 256", "[price-loader]\nmemory_mb = 320")?;
    sandbox
        .on("deploy", "dev", &["--approve", "always"])?
        .with(77, &["not approved", "MemorySize", "FipeApi-dev was left"])?;
    let refused = sandbox.on("deploy", "dev", &["--allowed-ip", "203.0.113.7"])?;
    refused.with(77, &["not approved", "ClusterWriter", "internet"])?;
    sandbox.is_tidy()?;
    // What could go on without the refused stack was harmless, and is done.
    let told = sandbox.on("deploy", "dev", &["--allowed-ip", "203.0.113.7", "--events", "json"])?;
    told.with(77, &[r#""code":"stack.refused""#, r#""exit":77"#])?;
    ensure!(sandbox.stacks()?["FipeData-dev"] == "CREATE_COMPLETE", "{:?}", sandbox.stacks()?);
    sandbox.on("deploy", "dev", &["--allowed-ip", "203.0.113.7", "--approve", "never"])?.with(0, &["deployed dev"])?;
    sandbox.is_tidy()
}

/// A table that somebody added to the live stack by hand would go with the next deployment.
pub(crate) fn add_table(sandbox: &Sandbox, stack: &str) -> anyhow::Result<()> {
    let properties = "BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: id, AttributeType: S}], \
                      KeySchema: [{AttributeName: id, KeyType: HASH}]";
    sandbox.add(stack, &format!("Archive: {{Type: 'AWS::DynamoDB::Table', Properties: {{{properties}}}}}"))?;
    until("the table is there", Duration::from_secs(10), || Ok(sandbox.stacks()?[stack] == "UPDATE_COMPLETE"))
}

fn full_bucket(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    sandbox.add("FipeApi-dev", "Uploads: {Type: 'AWS::S3::Bucket', Properties: {BucketName: uploads-of-dev}}")?;
    until(
        "the bucket is there",
        Duration::from_secs(10),
        || Ok(sandbox.stacks()?["FipeApi-dev"] == "UPDATE_COMPLETE"),
    )?;
    sandbox.put("/uploads-of-dev/a", "1")?;
    sandbox.put("/uploads-of-dev/b/c", "2")?;
    let refused = sandbox.with("destroy", "dev", &["--yes-destroy", "dev"])?;
    refused.with(77, &["uploads-of-dev", "is not empty: 2 object versions", "--empty-buckets"])?;
    ensure!(sandbox.requests("Delete") == 0 && sandbox.stacks()?.len() == 3, "something was deleted");

    let destroyed = sandbox.with("destroy", "dev", &["--yes-destroy", "dev", "--empty-buckets"])?;
    destroyed.with(0, &["is emptied", "FipeApi-dev deleted", "FipeData-dev deleted"])?;
    sandbox.has(&[])?;
    sandbox.is_tidy()
}

fn data_loss(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("dev")?;
    add_table(sandbox, "FipeApi-dev")?;
    for approval in ["dangerous", "never"] {
        let refused = sandbox.on("deploy", "dev", &["--approve", approval])?;
        refused.with(77, &["FipeApi-dev", "Archive", "--accept-data-loss FipeApi/Archive"])?;
    }
    let other = sandbox.on("deploy", "dev", &["--approve", "never", "--accept-data-loss", "FipeData/Archive"])?;
    other.with(77, &["--accept-data-loss FipeApi/Archive"])?;
    sandbox.on("deploy", "dev", &["--accept-data-loss", "Archive"])?.with(64, &["STACK/RESOURCE"])?;
    let resources = sandbox.wait(sandbox.cloudformation.list_stack_resources().stack_name("FipeApi-dev").send())?;
    let is_there = resources.stack_resource_summaries().iter().any(|r| r.logical_resource_id() == Some("Archive"));
    ensure!(is_there, "the table is gone");
    sandbox.is_tidy()?;
    let accepted = sandbox.on("deploy", "dev", &["--approve", "never", "--accept-data-loss", "FipeApi/Archive"])?;
    accepted.with(0, &["deployed dev"])?;
    let resources = sandbox.wait(sandbox.cloudformation.list_stack_resources().stack_name("FipeApi-dev").send())?;
    let is_there = resources.stack_resource_summaries().iter().any(|r| r.logical_resource_id() == Some("Archive"));
    ensure!(!is_there, "the table is still there");
    sandbox.is_tidy()
}

fn stale(sandbox: &Sandbox) -> anyhow::Result<()> {
    let (from, to) = ("[price-loader]\nmemory_mb = 256", "[price-loader]\nmemory_mb = 320");
    sandbox.edit("dev", from, to)?;
    let path = "environments/dev/templates/FipeApi.yaml";
    for (command, more) in [("deploy", &["--allow-dirty"][..]), ("diff", &[])] {
        let refused = sandbox.on(command, "dev", more)?;
        refused.with(65, &["stale", path])?;
    }
    sandbox.infra(&["synth", "--stage", "dev"])?.with(0, &[path])?;
    let refused = sandbox.on("deploy", "dev", &["--approve", "never"])?;
    refused.with(65, &["not committed", "environments/dev/fipe.toml (changed)", path, "--allow-dirty"])?;
    sandbox.has(&[])?;
    // Whoever insists may.
    sandbox.on("deploy", "dev", &["--approve", "never", "--allow-dirty"])?.with(0, &["deployed dev"])?;
    // The files of one stage are nothing to another; its endpoints in the same VPC are.
    let there = ["has endpoints already: s3 (vpce-", "of the stage dev", "leave s3 out of the stage's endpoints"];
    sandbox.on("deploy", "stg", &["--approve", "never"])?.with(64, &there)?;
    sandbox.is_tidy()
}

fn protection(sandbox: &Sandbox) -> anyhow::Result<()> {
    sandbox.deployed("stg")?;
    let is_protected = |stack: &str| -> anyhow::Result<bool> {
        let described = sandbox.wait(sandbox.cloudformation.describe_stacks().stack_name(stack).send())?;
        Ok(described.stacks()[0].enable_termination_protection() == Some(true))
    };
    let policy = |stack: &str| -> anyhow::Result<String> {
        let policy = sandbox.wait(sandbox.cloudformation.get_stack_policy().stack_name(stack).send())?;
        Ok(policy.stack_policy_body().unwrap_or_default().to_owned())
    };
    let before = policy("FipeData-stg")?;
    ensure!(is_protected("FipeData-stg")? && is_protected("FipeApi-stg")?, "the stacks may be deleted");
    ensure!(before.contains("Deny") && before.contains("LogicalResourceId/Cluster"), "{before}");
    sandbox.on("deploy", "stg", &[])?.with(0, &["nothing to change on stg"])?;

    // An accepted loss opens the policy, and it is as before afterwards.
    add_table(sandbox, "FipeData-stg")?;
    let accept = ["--approve", "never", "--events", "json", "--accept-data-loss", "FipeData/Archive"];
    sandbox.on("deploy", "stg", &accept)?.with(0, &["stack.finished"])?;
    ensure!(policy("FipeData-stg")? == before, "another policy is left: {}", policy("FipeData-stg")?);

    // Taken away by hand, it comes back.
    let off = sandbox.cloudformation.update_termination_protection().stack_name("FipeApi-stg");
    sandbox.wait(off.enable_termination_protection(false).send())?;
    sandbox.on("diff", "stg", &[])?.with(2, &["termination"])?;
    sandbox.on("deploy", "stg", &[])?.with(0, &["FipeApi-stg"])?;
    ensure!(is_protected("FipeApi-stg")?, "it is still open");
    sandbox.is_tidy()?;
    let destroyed = sandbox.with("destroy", "stg", &["--yes-destroy", "stg"])?;
    destroyed.with(0, &["protected from termination", "FipeData-stg deleted"])?;
    sandbox.has(&[])
}

/// The bucket of assets.
pub(crate) fn assets(sandbox: &Sandbox) -> anyhow::Result<String> {
    let text = sandbox.ask("s3", "/")?;
    let bucket = text.split_once("<Name>").and_then(|(_, rest)| rest.split_once("</Name>"));
    Ok(bucket.ok_or_else(|| anyhow::anyhow!("no bucket in {text}"))?.0.to_owned())
}

/// The line of our source that a failure card points at.
fn declared_line(card: &str) -> anyhow::Result<String> {
    let place = card.split("infra/systems/").nth(1).and_then(|rest| rest.split_whitespace().next());
    let (file, line) = place.and_then(|place| place.split_once(':')).unwrap_or_default();
    let number: usize = line.trim_matches(|c: char| !c.is_ascii_digit()).parse()?;
    let path = test_harness::repository()?.join("infra/systems").join(file);
    Ok(std::fs::read_to_string(path)?.lines().nth(number - 1).unwrap_or_default().to_owned())
}
