//! The catalog on a local cloud of its own: real functions, API, queue, table and bucket.
//!
//! The scenarios share one cloud and do not depend on each other; the cloud is stopped at the end, also after a failure.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use catalog_core::{Status, report};
use catalog_tests::load::Load;
use catalog_tests::{Accepted, Catalog, DEAD, QUEUE, WORKER, cup};
use serde_json::{Value, json};
use test_harness::http::Answer;
use test_harness::permissions::{Needed, Permissions, Unused, putting_off};
use test_harness::scenarios::{Scenario, Suite};
use test_harness::{Cloud, repository, schemathesis};
use test_machine::command;

/// What saving takes with a worker that has to be started.
const SOON: Duration = Duration::from_secs(10);
/// The same with a message of a killed worker, which comes back first.
const LATER: Duration = Duration::from_secs(20);
const JSON: (&str, &str) = ("content-type", "application/json");

const SCENARIOS: [(&str, Scenario<Cloud>); 11] = [
    ("a_product_is_accepted_at_once_and_saved_with_its_report", a_product_is_saved),
    ("a_product_is_under_way_while_it_is_queued", under_way_while_queued),
    ("every_fault_is_a_problem_and_accepts_nothing", faults),
    ("one_idempotency_key_is_one_product", idempotency),
    ("the_dead_letter_queue_holds_exactly_the_poison_with_reasons", poison),
    ("a_message_again_changes_nothing", redelivery),
    ("a_crash_between_the_two_writes_costs_time_and_nothing_else", crash_between_the_writes),
    ("the_page_and_the_document_need_nobody_else", page_and_document),
    ("one_command_shows_a_product_and_its_trace", invoke),
    ("many_clients_with_a_killed_worker_lose_nothing", many_clients),
    ("a_fuzzer_that_reads_the_document_finds_nothing", fuzzer),
];

/// Grants that no scenario needs.
const UNUSED: [Unused; 2] = [
    putting_off("ProductSaverWorker", "${ProductQueue.Arn}"),
    Unused {
        function: "CreateProductProcessor",
        action: "secretsmanager:GetSecretValue",
        resource: "${ApiToken}",
        reason: "the stage local asks for no token; the API of the analytics reads its own there with the same code",
        needed: Needed::Never,
    },
];

/// The functions of these stacks do here all that their roles allow.
const PERMISSIONS: Permissions = Permissions { stacks: &["Catalog"], unused: &UNUSED, made_up: &[] };

fn main() -> ExitCode {
    Suite { name: "catalog", shared: &SCENARIOS, alone: &[], permissions: PERMISSIONS }.run()
}

fn a_product_is_saved(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    cloud.wait(async {
        let id = catalog.post(&cup("Cup ☕")).await?.accepted()?;
        let view = catalog.until_saved(&id, SOON).await?;
        let accepted_at = view["accepted_at"].as_str().unwrap_or_default();
        let expected = json!({
            "id": id, "status": "SAVED", "name": "Cup ☕", "description": "White\nwith a handle", "price": "19.90",
            "accepted_at": accepted_at,
        });
        ensure!(view == expected, "{view}");
        let (product, status) = catalog.product(&id).await?;
        ensure!(status == Status::Saved && product.accepted_at.to_string() == accepted_at, "{product:?}");
        let found = catalog.report(&id).await?.unwrap_or_default();
        ensure!(found == report(&product), "the report is {found:?}");
        for field in [id.as_str(), "Cup ☕", "19.90", accepted_at, "    White\n    with a handle\n"] {
            ensure!(found.contains(field), "{field:?} is missing in {found}");
        }

        let seen = catalog.get(&format!("/products/{id}")).await?;
        let tag = seen.header("etag").to_owned();
        let path = format!("/products/{id}");
        let again = catalog.send("GET", &path, &[("if-none-match", &tag)], "").await?;
        ensure!(again.status == 304 && again.text.is_empty(), "{again:?}");
        Ok(())
    })
}

fn under_way_while_queued(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    cloud.wait(async {
        catalog.let_worker_have_messages(false).await?;
        let id = catalog.post(&cup("Waits")).await?.accepted()?;
        let path = format!("/products/{id}");
        for _ in 0..5 {
            let seen = catalog.get(&path).await?;
            ensure!(seen.status == 202 && seen.header("retry-after") == "1", "{seen:?}");
            ensure!(seen.json()? == json!({"id": id, "status": "ACCEPTED"}), "{seen:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ensure!(catalog.report(&id).await?.is_none(), "nobody has saved it yet");
        catalog.let_worker_have_messages(true).await?;
        catalog.until_saved(&id, SOON).await.map(drop)
    })
}

fn faults(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    cloud.wait(async {
        let before = catalog.products().await?.len();
        let post =
            async |headers: &[(&str, &str)], body: Vec<u8>| catalog.send("POST", "/products", headers, body).await;
        for body in [
            &b"{"[..],
            b"",
            b"{\"name\": 1,}",
            b"\xFF\xFE",
            b"{\"name\": \"\\ud800\", \"description\": \"\", \"price\": 1}",
        ] {
            let problem = problem(&post(&[JSON], body.to_vec()).await?, 400)?;
            ensure!(
                problem["detail"].as_str().is_some_and(|detail| detail.starts_with("the body is not JSON")),
                "{problem}"
            );
        }
        let body = cup("Cup").to_string().into_bytes();
        problem(&post(&[JSON, ("idempotency-key", "a b")], body.clone()).await?, 400)?;
        problem(&post(&[JSON, ("idempotency-key", &"k".repeat(256))], body.clone()).await?, 400)?;
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json"] {
            problem(&post(&[("content-type", media_type)], body.clone()).await?, 415)?;
        }
        problem(&post(&[JSON], vec![b' '; 256 * 1024 + 1]).await?, 413)?;
        problem(&post(&[JSON], vec![b' '; 256 * 1024]).await?, 400)?;

        let pointers = async |body: &Value| {
            let problem = problem(&post(&[JSON], body.to_string().into_bytes()).await?, 422)?;
            let errors = problem["errors"].as_array().cloned().unwrap_or_default();
            anyhow::Ok(
                errors.iter().map(|error| error["pointer"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>(),
            )
        };
        let every = json!({"name": "", "description": "x".repeat(4_001), "price": "1.999", "colour": "red"});
        ensure!(pointers(&every).await? == ["/colour", "/name", "/description", "/price"]);
        ensure!(pointers(&json!({})).await? == ["/name", "/description", "/price"]);
        ensure!(pointers(&json!([])).await? == [""]);
        for price in [
            json!(-1),
            json!("-0.01"),
            json!(0.001),
            json!("1e3"),
            json!(10_000_000_000_i64),
            json!(null),
            json!("NaN"),
        ] {
            ensure!(pointers(&json!({"name": "a", "description": "", "price": price})).await? == ["/price"], "{price}");
        }
        ensure!(pointers(&json!({"name": "é".repeat(256), "description": "", "price": 0})).await? == ["/name"]);
        ensure!(catalog.products().await?.len() == before, "something was accepted");

        for id in ["6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11", "6f1c0a526a0b4b7e9a3c0d5f8f4f2b11", "7", "%00", "a%2Fb"] {
            problem(&catalog.get(&format!("/products/{id}")).await?, 404)?;
        }
        problem(&catalog.get("/nothing").await?, 404)?;
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let answer = catalog.send(method, "/products", &[], "").await?;
            problem(&answer, 405)?;
            ensure!(answer.header("allow") == "POST", "{answer:?}");
        }

        // The edges are inside.
        for product in [
            json!({"name": "é".repeat(255), "description": "", "price": 0}),
            json!({"name": "a", "description": "x".repeat(4_000), "price": "9999999999.99"}),
            json!({"name": "\u{0}\u{FFFF}", "description": "\r\n", "price": 19.9}),
        ] {
            let id = catalog.post(&product).await?.accepted()?;
            let saved = catalog.until_saved(&id, SOON).await?;
            ensure!(saved["name"] == product["name"] && saved["description"] == product["description"], "{saved}");
        }
        Ok(())
    })
}

/// The problem of an answer with this status.
fn problem(answer: &Answer, status: u16) -> anyhow::Result<Value> {
    ensure!(answer.status == status, "{status} was expected: {answer:?}");
    ensure!(answer.header("content-type") == "application/problem+json", "{answer:?}");
    let problem = answer.json()?;
    ensure!(
        problem["status"] == status && problem["title"].is_string() && problem["type"] == "about:blank",
        "{problem}"
    );
    Ok(problem)
}

fn idempotency(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    cloud.wait(async {
        let before = catalog.products().await?.len();
        let first = catalog.post_with_key(&cup("Once"), "key-1").await?;
        let id = first.accepted()?;
        let again = catalog
            .post_with_key(&json!({"price": 19.90, "description": "White\nwith a handle", "name": "Once"}), "key-1")
            .await?;
        ensure!(again.accepted()? == id && again.text == first.text, "{first:?} and then {again:?}");
        ensure!(again.header("idempotent-replayed") == "true", "{again:?}");
        problem(&catalog.post_with_key(&cup("Another"), "key-1").await?, 422)?;
        catalog.until_saved(&id, SOON).await?;
        ensure!(catalog.post_with_key(&cup("Once"), "key-1").await?.accepted()? == id, "saved is the same product");
        ensure!(catalog.post(&cup("Once")).await?.accepted()? != id, "without a key it is another product");

        let mut racing = tokio::task::JoinSet::new();
        for racer in 0..12 {
            let (catalog, name) = (catalog.clone(), if racer % 3 == 0 { "Slow" } else { "Fast" });
            racing.spawn(async move { (name, catalog.post_with_key(&cup(name), "key-2").await) });
        }
        let (mut ids, mut names, mut conflicts) = (BTreeSet::new(), BTreeSet::new(), 0);
        for (name, answer) in racing.join_all().await {
            let answer = answer?;
            if answer.status == 422 {
                problem(&answer, 422)?;
                conflicts += 1;
            } else {
                ids.insert(answer.accepted()?);
                names.insert(name);
            }
        }
        ensure!(ids.len() == 1 && names.len() == 1, "one of the two has won, once: {ids:?} {names:?}");
        ensure!(conflicts == if names.contains("Slow") { 8 } else { 4 }, "{conflicts} of 12 conflicts");
        for id in ids {
            let saved = catalog.until_saved(&id, SOON).await?;
            ensure!(names.iter().any(|name| saved["name"] == *name), "{saved}");
        }
        let there = catalog.products().await?.len();
        ensure!(there == before + 3, "{there} products, {before} before");
        Ok(())
    })
}

fn poison(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    ensure!(cloud.depth(DEAD)? == 0, "dead letters of before: {:?}", cloud.drain(DEAD)?);
    let good = cloud.wait(async {
        let saved = catalog.post(&cup("Taken")).await?.accepted()?;
        catalog.until_saved(&saved, SOON).await?;
        let (mut other, _) = catalog.product(&saved).await?;
        other.draft.name = "Other content".to_owned();
        let mut good = Vec::new();
        for body in ["not JSON".to_owned(), json!({"id": "7"}).to_string(), other.to_message()?] {
            good.push(catalog.post(&cup("Beside poison")).await?.accepted()?);
            catalog.deliver(&body).await?;
        }
        for id in &good {
            catalog.until_saved(id, SOON).await?;
        }
        anyhow::Ok((saved, good))
    })?;
    cloud.until("three dead letters", SOON, || Ok(cloud.depth(DEAD)? == 3 && cloud.depth(QUEUE)? == 0))?;
    let mut found: Vec<_> = cloud.drain(DEAD)?;
    found.sort_by_key(|(body, _)| body.len());
    let kinds: Vec<&str> = found.iter().map(|(_, attributes)| attributes["error_kind"].as_str()).collect();
    ensure!(kinds == ["malformed", "malformed", "other_content"], "{found:?}");
    for (body, attributes) in &found {
        ensure!(
            attributes["function"] == "ProductSaverWorker" && attributes["reason"].len() > 10,
            "{body}: {attributes:?}"
        );
    }
    let (saved, _) = good;
    ensure!(found[2].1["reason"].contains(&saved) && found[2].1["trace_id"] == saved, "{:?}", found[2]);
    let view = cloud.wait(catalog.until_saved(&saved, SOON))?;
    ensure!(view["name"] == "Taken", "the first content stays: {view}");
    Ok(())
}

fn redelivery(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    let (id, before, text) = cloud.wait(async {
        let id = catalog.post(&cup("Again")).await?.accepted()?;
        catalog.until_saved(&id, SOON).await?;
        let before = catalog.product(&id).await?;
        for _ in 0..25 {
            catalog.deliver(&before.0.to_message()?).await?;
        }
        let text = catalog.report(&id).await?;
        anyhow::Ok((id, before, text))
    })?;
    cloud.until("the messages to be taken", SOON, || Ok(cloud.depth(QUEUE)? == 0))?;
    cloud.wait(async {
        ensure!(catalog.product(&id).await? == before, "the product is another");
        ensure!(catalog.report(&id).await? == text && text.is_some(), "the report is another");
        ensure!(catalog.report_versions().await?.get(&id) == Some(&1), "the report was written again");
        Ok(())
    })?;
    ensure!(cloud.depth(DEAD)? == 0, "{:?}", cloud.drain(DEAD)?);
    Ok(())
}

/// The state that a worker leaves which dies after the report and before the product; and workers that die at any moment.
fn crash_between_the_writes(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    let (id, text) = cloud.wait(async {
        catalog.let_worker_have_messages(false).await?;
        let id = catalog.post(&cup("Half")).await?.accepted()?;
        let (product, status) = catalog.product(&id).await?;
        ensure!(status == Status::Accepted, "{status:?}");
        let text = report(&product);
        catalog.put_report(&id, &text).await?;
        let seen = catalog.get(&format!("/products/{id}")).await?;
        ensure!(seen.status == 202, "a report alone is no product: {seen:?}");
        catalog.come_back_after(2).await?;
        catalog.let_worker_have_messages(true).await?;
        catalog.until_saved(&id, SOON).await?;
        ensure!(catalog.report(&id).await?.as_ref() == Some(&text), "the report is another");
        anyhow::Ok((id, text))
    })?;
    let versions = cloud.wait(catalog.report_versions())?;
    ensure!(versions.get(&id) == Some(&1) && !text.is_empty(), "the report was written again");

    let mut killed = 0;
    for round in 0..6 {
        let ids = cloud.wait(async {
            let mut ids = Vec::new();
            for number in 0..5 {
                ids.push(catalog.post(&cup(&format!("Round {round}.{number}"))).await?.accepted()?);
            }
            tokio::time::sleep(Duration::from_millis(3 * round)).await;
            anyhow::Ok(ids)
        })?;
        killed += cloud.kill_function(WORKER)?;
        cloud.wait(async {
            for id in &ids {
                catalog.until_saved(id, LATER).await?;
                let (product, _) = catalog.product(id).await?;
                ensure!(catalog.report(id).await? == Some(report(&product)), "no report of {id}");
            }
            let versions = catalog.report_versions().await?;
            ensure!(ids.iter().all(|id| versions.get(id) == Some(&1)), "not one version each: {ids:?}");
            Ok(())
        })?;
    }
    ensure!(killed >= 3, "only {killed} workers were there to be killed");
    ensure!(cloud.depth(DEAD)? == 0, "{:?}", cloud.drain(DEAD)?);
    Ok(())
}

fn page_and_document(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    let (page, document) =
        cloud.wait(async { anyhow::Ok((catalog.get("/docs").await?, catalog.get("/openapi.json").await?)) })?;
    ensure!(page.status == 200 && page.header("content-type") == "text/html; charset=utf-8", "{page:?}");
    ensure!(page.header("content-security-policy").contains("default-src 'none'"), "{:?}", page.headers);
    let files: Vec<&str> = page.text.split("\"./docs/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    ensure!(files.len() == 3, "{}", page.text);
    for name in files {
        let file = cloud.wait(catalog.get(&format!("/docs/{name}")))?;
        ensure!(file.status == 200 && file.header("cache-control").contains("immutable"), "{name}: {}", file.status);
        ensure!(
            file.text.contains("SwaggerUI") || file.text.contains(".swagger-ui"),
            "{name} is not what it should be"
        );
    }
    ensure!(document.status == 200 && document.json()?["openapi"] == "3.1.0", "{document:?}");
    let reviewed = std::fs::read_to_string(repository()?.join("functions/catalog/core/openapi.json"))?;
    ensure!(document.json()? == serde_json::from_str::<Value>(&reviewed)?, "the document is not the reviewed one");
    Ok(())
}

fn invoke(cloud: &mut Cloud) -> anyhow::Result<()> {
    let told: Value =
        serde_json::from_str(&cloud.infra(&["invoke", "catalog", "--name", "Plate", "--price", "7.5", "--json"])?)?;
    ensure!(told["product"]["name"] == "Plate" && told["product"]["price"] == "7.50", "{told}");
    let lines = told["trace"].as_array().cloned().unwrap_or_default();
    let id = &told["product"]["id"];
    ensure!(lines.iter().all(|line| line["line"]["trace_id"] == *id), "a line of another trace: {told}");
    let functions: Vec<&str> = lines.iter().filter_map(|line| line["function"].as_str()).collect();
    for function in ["CreateProductProcessor", "ProductSaverWorker", "GetProduct"] {
        ensure!(functions.contains(&function), "no line of {function}: {told}");
    }
    ensure!(functions.first() == Some(&"CreateProductProcessor"), "not in the order of time: {functions:?}");

    let (data, notes) = cloud.infra_output(&["invoke", "catalog"])?;
    ensure!(data.contains("ProductSaverWorker") && data.contains("200 after"), "{data}");
    // What it says to try is tried as it is printed.
    let lines: Vec<&str> = notes.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    ensure!(lines.len() == 3, "{notes}");
    for (line, expected) in lines.iter().zip(["HTTP/1.1 202", "HTTP/1.1 200", "{\"components\""]) {
        // Without a home no configuration of curl is read.
        let output = command("sh").args(["-c", line]).env_remove("HOME").output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success() && said.starts_with(expected), "`{line}` says {said}");
    }

    for arguments in [&["--price", "-1"][..], &["--name", ""], &["--price", "1.999"]] {
        let output = cloud.infra_command(&[&["invoke", "catalog"], arguments].concat()).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(64) && said.contains("refused the product with 422"), "{said}");
    }
    Ok(())
}

fn many_clients(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    cloud.until("the messages of earlier scenarios to be taken", LATER, || Ok(cloud.depth(QUEUE)? == 0))?;
    cloud.wait(catalog.come_back_after(2))?;
    let measured = Load { products: 200, clients: 10, redelivered: 10, kills: 2 }.run(cloud, &catalog)?;
    ensure!(measured.redelivered == 20 && measured.answers.len() == 200, "{measured:?}");
    ensure!(cloud.depth(DEAD)? == 0, "{:?}", cloud.drain(DEAD)?);
    Ok(())
}

/// A schema cannot say that a key was used for another product.
const ALLOWED: &str = r#"
[[operations]]
include-path = "/products"
[operations.checks]
positive_data_acceptance.expected-statuses = ["2xx", 422]
"#;

/// schemathesis makes requests from the document, inside and outside of its limits, and compares every answer with it.
fn fuzzer(cloud: &mut Cloud) -> anyhow::Result<()> {
    let catalog = Catalog::find(cloud)?;
    let said = schemathesis::try_api(&catalog.url, ALLOWED, &["--max-examples", "10"])?;
    ensure!(said.contains("Tested: 2") && said.contains("Stateful"), "not everything was tried:\n{said}");
    Ok(())
}
