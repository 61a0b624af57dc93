//! The FIPE chain on a local cloud of its own: real functions, queues, PostgreSQL and deployments.
//!
//! The scenarios share one cloud and do not depend on each other; the cloud is stopped at the end, also after a failure.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use fipe_tests::{Chain, QUEUES};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use test_harness::permissions::{Needed, Permissions, Unused, putting_off};
use test_harness::repository;
use test_harness::scenarios::{Scenario, Suite};

const NEWEST: &str = "2026-08";
const BEFORE: &str = "2026-07";

const SCENARIOS: [(&str, Scenario<Chain>); 14] = [
    ("a_second_deploy_changes_nothing", a_second_deploy_changes_nothing),
    ("a_month_is_in_the_view_exactly_as_the_upstream_has_it", a_month_is_in_the_view_exactly_as_the_upstream_has_it),
    ("another_month_stands_beside_it", another_month_stands_beside_it),
    (
        "the_same_month_again_changes_no_row_and_is_announced_once",
        the_same_month_again_changes_no_row_and_is_announced_once,
    ),
    ("messages_again_and_in_another_order_change_no_row", messages_again_and_in_another_order_change_no_row),
    ("a_changed_price_updates_its_row_alone", a_changed_price_updates_its_row_alone),
    ("a_second_crawl_of_a_month_in_progress_is_told_and_not_started", a_second_crawl_is_told_and_not_started),
    ("an_unknown_month_is_refused_by_name", an_unknown_month_is_refused_by_name),
    ("a_rotated_password_is_fetched_in_mid_crawl", a_rotated_password_is_fetched_in_mid_crawl),
    ("a_faulty_upstream_costs_time_and_nothing_else", a_faulty_upstream_costs_time_and_nothing_else),
    ("an_outage_in_mid_crawl_uses_up_no_receive_and_the_crawl_ends_complete", an_outage_in_mid_crawl),
    ("the_dead_letter_queues_hold_exactly_the_poison_with_reasons", the_dead_letter_queues_hold_exactly_the_poison),
    ("killed_functions_and_a_lost_database_cost_time_and_nothing_else", killed_functions_and_a_lost_database),
    ("the_daily_limit_stops_the_crawl_and_the_status_says_until_when", the_daily_limit_stops_the_crawl),
];

/// Grants that no scenario needs.
const UNUSED: [Unused; 4] = [
    putting_off("FipeModelLoader", "${ManufacturerQueue.Arn}"),
    Unused {
        function: "FipeModelLoader",
        action: "sqs:SendMessage",
        resource: "${ManufacturerQueue.Arn}",
        reason: "it hands on a brand that there is no time for, and the one call of a brand always fits here",
        needed: Needed::Sometimes,
    },
    putting_off("FipePriceLoader", "${ModelQueue.Arn}"),
    putting_off("FipeSomaIngestor", "${PriceQueue.Arn}"),
];

/// The functions of these stacks do here all that their roles allow.
const PERMISSIONS: Permissions = Permissions { stacks: &["FipeData", "FipeApi"], unused: &UNUSED, made_up: &[] };

fn main() -> ExitCode {
    Suite { name: "fipe", shared: &SCENARIOS, alone: &[], permissions: PERMISSIONS }.run()
}

fn a_second_deploy_changes_nothing(cloud: &mut Chain) -> anyhow::Result<()> {
    let (outputs, notes) = cloud.infra_output(&["deploy", "--stage", "local", "--skip-build"])?;
    let files = systems::read(&repository()?, "local")?;
    for stack in systems::ConfiguredStage::parse("local", &files)?.synth()?.iter().map(|stack| &stack.stack_name) {
        anyhow::ensure!(notes.contains(&format!("{stack}  up to date")), "{stack} was changed:\n{notes}");
    }
    for name in ["DBEndpoint", "DBSecretArn", "ManufacturerQueueUrl", "PriceDLQUrl", "FipeManufacturerLambda"] {
        anyhow::ensure!(outputs.contains(name), "no output {name} in:\n{outputs}");
    }
    Ok(())
}

fn a_month_is_in_the_view_exactly_as_the_upstream_has_it(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.crawl(NEWEST)?;
    assert_month(cloud, NEWEST)?;
    assert_no_dead_letters(cloud)
}

fn another_month_stands_beside_it(cloud: &mut Chain) -> anyhow::Result<()> {
    let versions = cloud.loaded(NEWEST)?;
    cloud.crawl(BEFORE)?;
    assert_month(cloud, BEFORE)?;
    assert_month(cloud, NEWEST)?;
    anyhow::ensure!(versions == cloud.price_rows(NEWEST)?, "rows of {NEWEST} were written while {BEFORE} was loaded");
    Ok(())
}

fn the_same_month_again_changes_no_row_and_is_announced_once(cloud: &mut Chain) -> anyhow::Result<()> {
    let versions = cloud.loaded(NEWEST)?;
    anyhow::ensure!(!versions.is_empty(), "no rows of {NEWEST}");
    let queue =
        cloud.wait(cloud.sqs.create_queue().queue_name("e2e-crawl-complete").send())?.queue_url.unwrap_or_default();
    let topic = cloud.output("FipeApi", "CrawlCompleteTopicArn")?;
    let arn = "arn:aws:sqs:us-east-1:000000000000:e2e-crawl-complete";
    cloud.wait(cloud.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(arn).send())?;
    anyhow::ensure!(queue.contains("e2e-crawl-complete"), "no queue: {queue}");

    let crawl = cloud.crawl(NEWEST)?;
    let again = cloud.price_rows(NEWEST)?;
    let changed = versions.iter().filter(|(key, version)| again.get(*key) != Some(version)).count();
    anyhow::ensure!(
        changed == 0 && versions.len() == again.len(),
        "{changed} rows changed, {} before, {} after",
        versions.len(),
        again.len()
    );

    std::thread::sleep(Duration::from_secs(2));
    let notices = cloud.drain("e2e-crawl-complete")?;
    let of_this_crawl = notices.iter().filter(|(body, _)| body.contains(&crawl)).count();
    anyhow::ensure!(of_this_crawl == 1 && notices.len() == 1, "one notice of {crawl} was due, these came: {notices:?}");
    Ok(())
}

/// A model's price and its manifests, of a crawl that is complete: the manifests last, all five times, beside each other.
fn messages_again_and_in_another_order_change_no_row(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.loaded(NEWEST)?;
    let row = cloud.wait(cloud.database.query_one(
        "SELECT c.crawl_id::text, c.reference_code, v.model_code, v.model_year, v.fuel_code::integer AS fuel_code, v.fuel,
                v.fipe_code, v.price::text AS price, v.brand_code, v.brand_name, v.model_name, v.vehicle_type
         FROM fipe_prices AS v JOIN fipe_crawl_completeness AS p USING (reference_month) JOIN fipe_crawl AS c USING (crawl_id)
         WHERE v.reference_month = ($1 || '-01')::date LIMIT 1",
        &[&NEWEST],
    ))?;
    let text = |name: &str| row.get::<_, String>(name);
    let number = |name: &str| row.get::<_, i32>(name);
    let crawl = json!({"id": text("crawl_id"), "reference_code": number("reference_code"), "month": NEWEST});
    let model: i32 = text("model_code").parse()?;
    let (calls, pair) = (json!({"made": 0, "retried": 0}), format!("{}-{}", number("model_year"), number("fuel_code")));
    let brand = json!({"code": text("brand_code"), "name": text("brand_name")});
    let price =
        json!({"year_fuel": pair, "fuel": text("fuel"), "fipe_code": text("fipe_code"), "price": text("price")});
    let prices = json!({"kind": "prices", "crawl": crawl, "models": [{"code": model, "prices": [price]}]});
    let models = json!({
        "kind": "models", "crawl": crawl, "vehicle_type": number("vehicle_type"), "brand": brand, "calls": calls,
        "models": [{"code": model, "name": text("model_name")}],
    });
    let brands = json!({"kind": "brands", "crawl": crawl, "vehicle_type": number("vehicle_type"), "brands": [brand], "calls": calls});

    let state = |cloud: &Chain| -> anyhow::Result<_> {
        let sql = "SELECT string_agg(row::text, ' ') FROM (
            SELECT 't', vehicle_type::text, xmin::text FROM fipe_crawl_vehicle_type
            UNION ALL SELECT 'b', brand_code, xmin::text FROM fipe_crawl_brand
            UNION ALL SELECT 'm', model_code::text, xmin::text FROM fipe_crawl_model ORDER BY 1, 2, 3) AS row";
        let manifests: String = cloud.wait(cloud.database.query_one(sql, &[]))?.get(0);
        Ok((cloud.price_rows(NEWEST)?, manifests))
    };
    let before = state(cloud)?;
    for message in [prices, models, brands] {
        for _ in 0..5 {
            cloud.send("fipe-price-queue-local", &message.to_string())?;
        }
    }
    cloud.until("an empty price queue", Duration::from_secs(30), || Ok(cloud.depth("fipe-price-queue-local")? == 0))?;
    anyhow::ensure!(state(cloud)? == before, "a row was written");
    assert_no_dead_letters(cloud)
}

fn a_changed_price_updates_its_row_alone(cloud: &mut Chain) -> anyhow::Result<()> {
    let export = cloud.export(NEWEST)?;
    let priced = |line: &&str| line.rsplit(',').next().is_some_and(|price| price.parse::<u32>().is_ok());
    let line = export.lines().skip(1).filter(priced).nth(100).ok_or_else(|| anyhow::anyhow!("no hundred prices"))?;
    let (rest, price) = line.rsplit_once(',').unwrap_or_default();
    let changed_line = format!("{rest},{}", price.parse::<u32>()? + 13);

    let (newest, before) = (cloud.loaded(NEWEST)?, cloud.loaded(BEFORE)?);
    cloud.serve(NEWEST, &export.replacen(line, &changed_line, 1))?;
    let crawl = cloud.crawl(NEWEST);
    cloud.serve(NEWEST, &export)?;
    crawl?;
    let again = cloud.price_rows(NEWEST)?;
    let changed: Vec<_> = newest.iter().filter(|(key, version)| again.get(*key) != Some(version)).collect();
    anyhow::ensure!(changed.len() == 1 && newest.len() == again.len(), "of {line:?} these changed: {changed:?}");
    let model = line.split(',').nth(3).unwrap_or_default();
    anyhow::ensure!(changed[0].0.starts_with(&format!("{model} ")), "not of {line:?}: {changed:?}");
    anyhow::ensure!(before == cloud.price_rows(BEFORE)?, "rows of {BEFORE} were written");
    cloud.crawl(NEWEST)?;
    assert_month(cloud, NEWEST)
}

fn a_rotated_password_is_fetched_in_mid_crawl(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.forget_everything()?;
    let secret_id = cloud.output("FipeData", "DBAppSecretArn")?;
    let secret = cloud.secrets_manager("GetSecretValue", &json!({"SecretId": secret_id}))?;
    let mut secret: serde_json::Value = serde_json::from_str(secret["SecretString"].as_str().unwrap_or_default())?;
    secret["password"] = json!("rotated-in-mid-crawl");

    let crawl = cloud.invoke(NEWEST)?;
    cloud.until("the first prices", Duration::from_secs(30), || Ok(!cloud.price_rows(NEWEST)?.is_empty()))?;
    cloud.wait(cloud.database.batch_execute(
        "ALTER ROLE fipe_app PASSWORD 'rotated-in-mid-crawl';
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'fipe_app'",
    ))?;
    // The secret follows a moment later, as in a rotation of Secrets Manager.
    std::thread::sleep(Duration::from_secs(1));
    let value =
        json!({"SecretId": secret_id, "SecretString": secret.to_string(), "ClientRequestToken": uuid::Uuid::new_v4()});
    cloud.secrets_manager("PutSecretValue", &value)?;
    // Far below the visibility time-out: no message had to come back for it.
    cloud.wait_for_crawl(&crawl, Duration::from_secs(30))?;
    assert_month(cloud, NEWEST)?;
    assert_no_dead_letters(cloud)
}

fn an_unknown_month_is_refused_by_name(cloud: &mut Chain) -> anyhow::Result<()> {
    match cloud.infra(&["invoke", "fipe", "--month", "1999-01"]) {
        Ok(output) => anyhow::bail!("1999-01 was accepted:\n{output}"),
        Err(error) => {
            let text = format!("{error:#}");
            anyhow::ensure!(
                text.contains("1999-01") && text.contains(NEWEST),
                "the refusal names neither month nor a known one: {text}"
            );
            Ok(())
        }
    }
}

fn a_second_crawl_is_told_and_not_started(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.forget_everything()?;
    cloud.faults("503=0.5")?;
    let started = start_and_start_again(cloud);
    cloud.faults("")?;
    for crawl in started? {
        cloud.wait_for_crawl(&crawl, Duration::from_secs(240))?;
    }
    assert_month(cloud, NEWEST)?;
    assert_no_dead_letters(cloud)
}

/// The crawl, and the one that was started beside it with `--again`.
fn start_and_start_again(cloud: &Chain) -> anyhow::Result<[String; 2]> {
    let crawls = || -> anyhow::Result<i64> {
        Ok(cloud.wait(cloud.database.query_one("SELECT count(*) FROM fipe_crawl", &[]))?.get(0))
    };
    let first = cloud.invoke(NEWEST)?;
    cloud.until("the first rows of the crawl", Duration::from_secs(30), || Ok(crawls()? == 1))?;
    for arguments in [&["invoke", "fipe", "--month", NEWEST][..], &["invoke", "fipe", "--json"]] {
        let ended = cloud.infra_command(arguments).output()?;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        anyhow::ensure!(ended.status.code() == Some(75) && ended.stdout.is_empty(), "{arguments:?}: {ended:?}");
        for word in [&first, NEWEST, "is in progress since", &format!("--crawl {first} --watch"), "--again"] {
            anyhow::ensure!(said.contains(word), "{arguments:?} does not say {word:?}: {said}");
        }
    }
    anyhow::ensure!(crawls()? == 1, "another crawl was started");
    let answer = cloud.infra(&["invoke", "fipe", "--month", NEWEST, "--again", "--json"])?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    let again = answer["crawl_id"].as_str().unwrap_or_default().to_owned();
    anyhow::ensure!(!again.is_empty() && again != first, "{again:?} beside {first}");
    Ok([first, again])
}

fn a_faulty_upstream_costs_time_and_nothing_else(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.forget_everything()?;
    cloud.faults("429=0.05,503=0.02,html=0.01,empty=0.01,reset=0.01,truncated=0.01,rollover=0.005")?;
    let outcome = cloud.crawl(NEWEST);
    let stats = cloud.upstream_stats()?;
    cloud.faults("")?;
    outcome?;
    for fault in ["429", "503", "html", "empty", "reset", "truncated", "rollover"] {
        anyhow::ensure!(stats["faults"][fault].as_u64() > Some(0), "the upstream never served {fault}: {stats}");
    }
    assert_month(cloud, NEWEST)?;
    assert_no_dead_letters(cloud)
}

/// Work that finds FIPE away is put back for as long as FIPE is left alone: a minute at first, then two.
fn an_outage_in_mid_crawl(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.forget_everything()?;
    let crawl = cloud.invoke(NEWEST)?;
    cloud.faults("503=1")?;
    let told = cloud.until("a status that tells the outage", Duration::from_secs(60), || {
        Ok(cloud.infra(&["status", "fipe"])?.contains("FIPE takes no calls; the next try is at "))
    });
    let calls = |cloud: &Chain| -> anyhow::Result<u64> {
        Ok(cloud.upstream_stats()?["faults"]["503"].as_u64().unwrap_or_default())
    };
    let before = calls(cloud)?;
    std::thread::sleep(Duration::from_secs(90));
    let during = calls(cloud)? - before;
    cloud.faults("")?;
    told?;
    anyhow::ensure!(during < 60, "{during} calls while FIPE was away");
    assert_no_dead_letters(cloud)?;
    cloud.wait_for_crawl(&crawl, Duration::from_secs(400))?;
    assert_month(cloud, NEWEST)?;
    assert_no_dead_letters(cloud)
}

fn the_daily_limit_stops_the_crawl(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.forget_everything()?;
    cloud.invoke(NEWEST)?;
    cloud.faults("429=1,retry-after=86400")?;
    let mut text = String::new();
    let told = cloud.until("a status that tells the limit", Duration::from_secs(60), || {
        text = cloud.infra(&["status", "fipe"])?;
        Ok(text.contains("FIPE's daily limit is used up; the crawl goes on at "))
    });
    cloud.faults("")?;
    told?;
    let json: serde_json::Value = serde_json::from_str(&cloud.infra(&["status", "fipe", "--json"])?)?;
    let until: jiff::Timestamp = json["paused"]["until"].as_str().unwrap_or_default().parse()?;
    let hours = until.duration_since(jiff::Timestamp::now()).as_hours();
    anyhow::ensure!((23..=24).contains(&hours), "in {hours} hours: {text}");
    assert_no_dead_letters(cloud)?;
    // Nothing is called any more, whatever FIPE would answer now.
    cloud.until("work that waits", Duration::from_secs(60), || {
        let calls = cloud.upstream_stats()?["calls"].clone();
        std::thread::sleep(Duration::from_secs(10));
        Ok(cloud.upstream_stats()?["calls"] == calls)
    })?;
    assert_no_dead_letters(cloud)
}

fn the_dead_letter_queues_hold_exactly_the_poison(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.forget_everything()?;
    let crawl = cloud.invoke(NEWEST)?;
    for queue in QUEUES {
        for number in 0..10 {
            cloud.send(&format!("{queue}-queue-local"), &poison(queue, number))?;
        }
    }
    cloud.wait_for_crawl(&crawl, Duration::from_secs(240))?;
    for queue in QUEUES {
        let dead_letters = format!("{queue}-dlq-local");
        cloud.until(&format!("ten messages in {dead_letters}"), Duration::from_secs(60), || {
            Ok(cloud.depth(&dead_letters)? >= 10)
        })?;
        let found = cloud.drain(&dead_letters)?;
        let bodies: BTreeSet<String> = found.iter().map(|(body, _)| body.clone()).collect();
        let sent: BTreeSet<String> = (0..10).map(|number| poison(queue, number)).collect();
        anyhow::ensure!(bodies == sent && found.len() == 10, "{dead_letters} holds {found:#?}");
        for (body, attributes) in &found {
            anyhow::ensure!(
                attributes.get("reason").is_some_and(|reason| !reason.is_empty()),
                "no reason with {body}: {attributes:?}"
            );
        }
    }
    assert_month(cloud, NEWEST)
}

/// Six ways to be wrong: no JSON, another shape, a wrong type, a value out of range, nothing, and the right shape with a
/// reference that FIPE does not list, or a price of 0.
fn poison(queue: &str, number: u32) -> String {
    let crawl = json!({"id": uuid::Uuid::from_u128(7), "reference_code": 999, "month": NEWEST});
    match number % 5 {
        _ if number == 9 => match queue {
            "fipe-manufacturer" => {
                json!({"crawl": crawl, "vehicle_type": 1, "brand": {"code": "1", "name": "Unlisted"}})
            }
            "fipe-model" => json!({"crawl": crawl, "vehicle_type": 1, "brand_code": "1", "models": [{"code": 1}]}),
            _ => {
                let price = json!({"year_fuel": "2014-1", "fuel": "Gasolina", "fipe_code": "015069-0", "price": "0"});
                json!({"kind": "prices", "crawl": crawl, "models": [{"code": 1, "prices": [price]}]})
            }
        }
        .to_string(),
        0 => format!("not JSON {queue} {number}"),
        1 => format!(r#"{{"unknown":"{queue} {number}"}}"#),
        2 => format!(r#"{{"crawl":{number},"queue":"{queue}"}}"#),
        3 => format!(
            r#"{{"kind":"prices","crawl":{{"id":"{queue}","reference_code":{number},"month":"2026-13"}},"models":[]}}"#
        ),
        _ => format!("[{number}]"),
    }
}

fn killed_functions_and_a_lost_database(cloud: &mut Chain) -> anyhow::Result<()> {
    cloud.forget_everything()?;
    let crawl = cloud.invoke(NEWEST)?;
    let mut killed = 0;
    for round in 0..6_usize {
        std::thread::sleep(Duration::from_millis(400));
        let processes = cloud.function_processes()?;
        if let Some(pid) = processes.get((round * 7) % processes.len().max(1)) {
            killed += usize::from(kill(Pid::from_raw(*pid), Signal::SIGKILL).is_ok());
        }
    }
    anyhow::ensure!(killed > 0, "no function process was found to kill");
    kill(Pid::from_raw(cloud.service_pid("postgres")?), Signal::SIGQUIT)?;
    std::thread::sleep(Duration::from_secs(20));
    cloud.infra(&["local", "up"])?;
    cloud.reconnect()?;
    cloud.wait_for_crawl(&crawl, Duration::from_secs(300))?;
    assert_month(cloud, NEWEST)?;
    assert_no_dead_letters(cloud)
}

fn assert_month(cloud: &Chain, month: &str) -> anyhow::Result<()> {
    let (there, expected) = (cloud.prices(month)?, cloud.expected_prices(month)?);
    anyhow::ensure!(!expected.is_empty(), "the upstream has no prices of {month}");
    if there == expected {
        return Ok(());
    }
    let (have, want): (BTreeSet<_>, BTreeSet<_>) = (there.iter().collect(), expected.iter().collect());
    let missing: Vec<_> = want.difference(&have).take(3).collect();
    let wrong: Vec<_> = have.difference(&want).take(3).collect();
    anyhow::bail!(
        "{month}: {} rows instead of {}; missing such as {missing:?}; not expected such as {wrong:?}",
        there.len(),
        expected.len()
    )
}

fn assert_no_dead_letters(cloud: &Chain) -> anyhow::Result<()> {
    for queue in QUEUES {
        let name = format!("{queue}-dlq-local");
        let depth = cloud.depth(&name)?;
        anyhow::ensure!(depth == 0, "{name} holds {depth} messages: {:?}", cloud.drain(&name)?);
    }
    Ok(())
}
