//! Many clients at once: what they wait for, and whether everything that was promised to them is there once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use catalog_core::{Status, report};
use serde_json::{Value, json};
use test_harness::Cloud;
use test_harness::clients::from_clients;

use crate::{Accepted, Catalog, WORKER};

/// How much of what.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub products: usize,
    pub clients: usize,
    /// One message in so many is sent again.
    pub redelivered: usize,
    /// How often the worker is killed, spread over the products.
    pub kills: usize,
}

/// How it went.
#[derive(Debug)]
pub struct Measured {
    /// Of each POST, sorted.
    pub answers: Vec<Duration>,
    pub redelivered: usize,
    /// Processes that were killed, each time.
    pub killed: Vec<usize>,
    /// From the first POST to the last answer, and until everything was saved.
    pub accepted_after: Duration,
    pub saved_after: Duration,
}

impl Load {
    /// Offers the products, redelivers, kills, waits, and compares table and bucket with what was accepted.
    ///
    /// # Errors
    /// A call failed, or something accepted is missing, twice, or another.
    pub fn run(self, cloud: &Cloud, catalog: &Catalog) -> anyhow::Result<Measured> {
        let before = cloud.wait(catalog.products())?;
        let done = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let accepting = cloud.spawn({
            let (catalog, done) = (catalog.clone(), Arc::clone(&done));
            from_clients(self.clients, self.products, move |index| {
                let (catalog, done) = (catalog.clone(), Arc::clone(&done));
                async move {
                    let sent = Instant::now();
                    let answer = catalog.post(&product(index)).await?;
                    let took = sent.elapsed();
                    let id = answer.accepted()?;
                    let again = index.is_multiple_of(self.redelivered);
                    if again {
                        let (product, _) = catalog.product(&id).await?;
                        catalog.deliver(&product.to_message()?).await?;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    Ok((took, (id, index, again)))
                }
            })
        });
        let mut killed = Vec::new();
        for kill in 1..=self.kills {
            let at = self.products * kill / (self.kills + 1);
            cloud.until("enough products for a kill", Duration::from_secs(120), || {
                Ok(done.load(Ordering::Relaxed) >= at || accepting.is_finished())
            })?;
            // After a kill the queue takes a second before it starts another worker.
            let mut number = 0;
            cloud.until("a worker to be killed", Duration::from_secs(20), || {
                number = cloud.kill_function(WORKER)?;
                Ok(number > 0)
            })?;
            killed.push(number);
        }
        let (answers, accepted) = cloud.wait(accepting)??;
        let accepted_after = begun.elapsed();

        let redelivered = accepted.iter().filter(|(_, _, again)| *again).count();
        let accepted: BTreeMap<String, usize> = accepted.into_iter().map(|(id, index, _)| (id, index)).collect();
        ensure!(accepted.len() == self.products, "{} ids for {} products", accepted.len(), self.products);
        cloud.until("all products to be saved", Duration::from_secs(120), || {
            let there = cloud.wait(catalog.products())?;
            Ok(accepted.keys().all(|id| there.get(id).is_some_and(|(_, status)| *status == Status::Saved)))
        })?;
        let saved_after = begun.elapsed();
        cloud.wait(check(catalog, before.len(), accepted, self.clients))?;
        Ok(Measured { answers, redelivered, killed, accepted_after, saved_after })
    }
}

/// Every accepted product is there once, as it was offered, with its report.
async fn check(
    catalog: &Catalog,
    before: usize,
    accepted: BTreeMap<String, usize>,
    clients: usize,
) -> anyhow::Result<()> {
    let there = catalog.products().await?;
    ensure!(there.len() == before + accepted.len(), "{} products, {before} before", there.len());
    let versions = catalog.report_versions().await?;
    let saved = there.values().filter(|(_, status)| *status == Status::Saved).count();
    ensure!(versions.len() == saved, "{} reports of {saved} saved products", versions.len());
    let twice: Vec<_> = accepted.keys().filter(|id| versions.get(*id) != Some(&1)).collect();
    ensure!(twice.is_empty(), "not exactly one version of the reports of {twice:?}");
    for (id, index) in &accepted {
        let (found, _) = &there[id];
        let offered = product(*index);
        ensure!(
            offered["name"] == found.draft.name.as_str() && offered["description"] == found.draft.description.as_str(),
            "{id} is another product: {found:?}"
        );
        ensure!(found.draft.price.to_string() == price(*index), "{id} has another price: {found:?}");
    }
    let reports: Arc<Vec<_>> = Arc::new(accepted.into_keys().map(|id| (report(&there[&id].0), id)).collect());
    let (number, catalog) = (reports.len(), catalog.clone());
    from_clients(clients, number, move |index| {
        let (catalog, reports) = (catalog.clone(), Arc::clone(&reports));
        async move {
            let (expected, id) = &reports[index];
            let found = catalog.report(id).await?;
            ensure!(found.as_ref() == Some(expected), "the report of {id} is {found:?} and not {expected:?}");
            Ok((Duration::ZERO, ()))
        }
    })
    .await
    .map(drop)
}

/// A product of its own for each index; half of the prices are numbers.
fn product(index: usize) -> Value {
    let price = match index % 2 {
        0 => json!(price(index)),
        _ => serde_json::from_str(&price(index)).unwrap_or_default(),
    };
    json!({"name": format!("Cup {index}"), "description": format!("Number {index}\nof many"), "price": price})
}

fn price(index: usize) -> String {
    format!("{}.{:02}", index / 100, index % 100)
}
