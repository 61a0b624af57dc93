//! Many clients at once while functions are killed: whether everything that was promised to them is there once, in the order of each payer, and whether the
//! dead-letter queue holds exactly the poison; then the cure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use test_harness::clients::from_clients;

use crate::{Accepted, DEAD, Messages, PRODUCER, QUEUE, Record, Session, WORKER};

/// What is settled while there is poison, and the currencies of the poison.
const SETTLED: &str = "BRL,USD";
const CURABLE: &str = "XTS";
const INCURABLE: &str = "XXX";
/// One request in so many is repeated.
const REPEATED: usize = 10;
/// One message in so many is poison: 3 %.
const POISON: usize = 33;
/// Everything is saved within it.
const LIMIT: Duration = Duration::from_secs(300);
/// Times that a client tries again, while functions are killed.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);
/// How often a letter is sent again before it is parked.
const REPLAYS: usize = messages_contract::REPLAYS as usize;
/// The most ids of one request.
const IDS: usize = 100;

/// How much of what.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Before the ids of this load's payers and transactions.
    pub name: &'static str,
    pub messages: usize,
    pub payers: usize,
    pub clients: usize,
    /// How often worker and producer are killed, spread over the messages.
    pub kills: usize,
}

/// A message that was accepted.
#[derive(Debug, Clone)]
struct Sent {
    id: String,
    index: usize,
    /// Requests until it was accepted.
    tries: usize,
}

/// How it went.
#[derive(Debug)]
pub struct Measured {
    pub repeated: usize,
    /// Requests that had to be sent again, since a function was killed.
    pub retried: usize,
    /// Processes of the worker and the producer that were killed, each time.
    pub killed: Vec<(usize, usize)>,
    /// From the first request to the last answer, and until everything was saved or dead.
    pub accepted_after: Duration,
    pub saved_after: Duration,
    /// Ids of the poison that can be cured, and of the other.
    pub curable: BTreeSet<String>,
    pub incurable: BTreeSet<String>,
}

impl Load {
    /// Sends the messages, repeats, kills, waits, and compares table and queue with what was accepted.
    ///
    /// # Errors
    /// A call failed, or something accepted is missing, twice, another, or out of order.
    pub fn run(self, messages: &Messages) -> anyhow::Result<Measured> {
        messages.settle_currencies(SETTLED)?;
        let before = messages.wait(messages.table.records())?.len();
        let session = messages.session()?;
        let done = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let accepting = messages.spawn({
            let done = Arc::clone(&done);
            from_clients(self.clients, self.clients, move |client| {
                let (session, done) = (session.clone(), Arc::clone(&done));
                async move { Ok((Duration::ZERO, self.send_as(client, &session, &done).await?)) }
            })
        });
        let mut killed = Vec::new();
        for kill in 1..=self.kills {
            let at = self.messages * kill / (self.kills + 1);
            messages.until("enough messages for a kill", LIMIT, || {
                Ok(done.load(Ordering::Relaxed) >= at || accepting.is_finished())
            })?;
            let (mut workers, mut producers) = (0, 0);
            // After a kill the queue takes a second before it starts another worker.
            messages.until("functions to be killed", Duration::from_secs(20), || {
                workers += messages.kill_function(WORKER)?;
                producers += messages.kill_function(PRODUCER)?;
                Ok(workers > 0 && producers > 0)
            })?;
            killed.push((workers, producers));
        }
        let (_, of_clients) = messages.wait(accepting)??;
        let accepted_after = begun.elapsed();
        let sent: Vec<Sent> = of_clients.into_iter().flatten().collect();
        ensure!(sent.len() == self.messages, "{} answers to {} messages", sent.len(), self.messages);
        messages.until("the queue to be empty", LIMIT, || Ok(messages.depth(QUEUE)? == 0))?;
        let saved_after = begun.elapsed();
        let records = messages.wait(messages.table.records())?;
        ensure!(records.len() == before + self.messages, "{} messages, {before} before", records.len());
        self.check(&sent, &records)?;
        let of = |currency: &str| {
            sent.iter().filter(|sent| currency_of(sent.index) == currency).map(|sent| sent.id.clone()).collect()
        };
        let measured = Measured {
            repeated: self.messages.div_ceil(REPEATED),
            retried: sent.iter().map(|sent| sent.tries - 1).sum(),
            killed,
            accepted_after,
            saved_after,
            curable: of(CURABLE),
            incurable: of(INCURABLE),
        };
        measured.is_dead_letter_queue(messages)?;
        Ok(measured)
    }

    /// Sends the messages of this client's payers, one after the other: each payer has one client, so its order is known.
    async fn send_as(self, client: usize, session: &Session, done: &AtomicUsize) -> anyhow::Result<Vec<Sent>> {
        let mut sent = Vec::new();
        for round in 0..self.messages.div_ceil(self.payers) {
            for payer in (client..self.payers).step_by(self.clients) {
                let index = round * self.payers + payer;
                if index < self.messages {
                    sent.push(self.send(index, session).await?);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        Ok(sent)
    }

    /// Sends a message until it is accepted, as a client with a key may do.
    async fn send(self, index: usize, session: &Session) -> anyhow::Result<Sent> {
        let (message, key) = (self.message(index), format!("{}-{index}", self.name));
        for tries in 1..=TRIES {
            let answer = session.message_with_key(&message, &key).await?;
            if answer.status >= 500 {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let id = answer.accepted()?;
            if index.is_multiple_of(REPEATED) {
                self.repeat(&message, &key, &answer.text, session).await?;
            }
            return Ok(Sent { id, index, tries });
        }
        bail!("message {index} is not accepted")
    }

    /// The same answer to the same request.
    async fn repeat(self, message: &Value, key: &str, text: &str, session: &Session) -> anyhow::Result<()> {
        for _ in 0..TRIES {
            let again = session.message_with_key(message, key).await?;
            if again.status < 500 {
                ensure!(again.status == 200 && again.text == text, "{again:?} and not {text}");
                ensure!(again.header("idempotent-replayed") == "true", "{again:?}");
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{key} is not answered again")
    }

    fn payer(self, index: usize) -> String {
        format!("{}-payer-{}", self.name, index % self.payers)
    }

    fn transaction_id(self, index: usize) -> String {
        format!("{}-{index}", self.name)
    }

    fn message(self, index: usize) -> Value {
        json!({
            "transaction_id": self.transaction_id(index), "payer_id": self.payer(index), "receiver_id": "receiver",
            "amount": 1 + index, "currency": currency_of(index), "description": "one of many",
        })
    }

    /// Every message is there as it was sent, with a whole timeline, and those of a payer were saved in the order in which they were accepted.
    fn check(self, sent: &[Sent], records: &BTreeMap<String, Record>) -> anyhow::Result<()> {
        let mut of_payers: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
        let distinct: BTreeSet<&str> = sent.iter().map(|sent| sent.id.as_str()).collect();
        ensure!(distinct.len() == self.messages, "{} ids of {} messages", distinct.len(), self.messages);
        for sent in sent {
            let Sent { id, index, tries } = sent;
            let record = records.get(id).with_context(|| format!("{id} is missing"))?;
            ensure!(record.transaction_id == self.transaction_id(*index), "{id} is another: {record:?}");
            ensure!(record.payer_id == self.payer(*index) && record.amount == (1 + index).to_string(), "{record:?}");
            let (status, last) = if is_poison(*index) { ("DEAD", "dead#0") } else { ("SAVED", "saved") };
            ensure!(record.status == status, "{id} is not {status}: {record:?}");
            let names: Vec<&str> = record.events.iter().map(|(_, name)| name.as_str()).collect();
            // A worker that was killed after it had noted a dead letter receives the message again.
            let ends_with = names.iter().rfind(|name| status == "SAVED" || !name.starts_with("received"));
            ensure!(names.first() == Some(&"accepted") && ends_with == Some(&last), "{id}: {names:?}");
            ensure!(names.iter().any(|name| name.starts_with("received#0#")), "{id} was not received: {names:?}");
            // Whoever was killed between sending and noting that has not noted it.
            ensure!(names.contains(&"queued") || *tries > 1, "{id} was not queued: {names:?}");
            of_payers.entry(&record.payer_id).or_default().push(sent);
        }
        ensure!(of_payers.len() == self.payers, "{} payers", of_payers.len());
        for (payer, mut sent) in of_payers {
            sent.sort_by_key(|sent| sent.index);
            let saved: Vec<_> =
                sent.iter().filter_map(|sent| Some((sent.index, records[&sent.id].saved_at()?))).collect();
            let is_in_order = saved.windows(2).all(|pair| pair[0].1 < pair[1].1);
            ensure!(is_in_order, "{payer} was saved in another order: {saved:?}");
        }
        Ok(())
    }
}

fn is_poison(index: usize) -> bool {
    index % POISON == POISON / 2
}

fn currency_of(index: usize) -> &'static str {
    match (is_poison(index), index / POISON % 2) {
        (false, _) => "BRL",
        (true, 0) => CURABLE,
        (true, _) => INCURABLE,
    }
}

impl Measured {
    fn poison(&self) -> BTreeSet<String> {
        self.curable.union(&self.incurable).cloned().collect()
    }

    /// Neither more nor less than the poison is in it.
    fn is_dead_letter_queue(&self, messages: &Messages) -> anyhow::Result<()> {
        let poison = self.poison();
        let depth = messages.depth(DEAD)?;
        ensure!(depth == poison.len() as u64, "{depth} dead letters, and {} messages of poison", poison.len());
        let listed = ids(&messages.wait(messages.session()?.listed("reason=currency_not_settled"))?);
        ensure!(listed.is_superset(&poison), "not listed: {:?}", poison.difference(&listed));
        Ok(())
    }

    /// Settles one currency of the poison and reprocesses until nothing is left: exactly the cured half is saved, and the rest is parked after
    /// as many replays as are allowed. Then that is cured, too, and sent by its ids. Answers with the number of rounds.
    ///
    /// # Errors
    /// A call failed, or something became of a message that should not.
    pub fn cure(&self, messages: &Messages) -> anyhow::Result<usize> {
        let session = messages.session()?;
        let untouched = |mut records: BTreeMap<String, Record>| {
            records.retain(|id, _| !self.curable.contains(id) && !self.incurable.contains(id));
            records
        };
        let before = untouched(messages.wait(messages.table.records())?);
        messages.settle_currencies(&format!("{SETTLED},{CURABLE}"))?;
        let mut rounds = 0;
        let records = loop {
            rounds += 1;
            let done = messages.wait(session.reprocess(&json!({})))?;
            messages.until("the replayed to be taken", LIMIT, || Ok(messages.depth(QUEUE)? == 0))?;
            let records = messages.wait(messages.table.records())?;
            if rounds == 1 {
                ensure!(done["total_reprocessed"] == self.poison().len(), "{done}");
            }
            if self.incurable.iter().all(|id| records[id].status == "PARKED") {
                break records;
            }
            ensure!(rounds < 2 * REPLAYS, "not parked after {rounds} rounds: {done}");
        };
        for id in &self.curable {
            let record = &records[id];
            ensure!(record.status == "SAVED" && record.count("replayed#") == 1, "{id}: {record:?}");
        }
        for id in &self.incurable {
            let record = &records[id];
            let counts = ["replayed#", "dead#", "parked#"].map(|name| record.count(name));
            ensure!(counts == [REPLAYS, REPLAYS + 1, 1] && record.saved_at().is_none(), "{id}: {record:?}");
        }
        ensure!(untouched(records) == before, "reprocessing has touched what was saved");
        messages.no_dead_letters()?;
        let parked = messages.wait(session.listed("status=PARKED"))?;
        let listed = ids(&parked);
        ensure!(listed.is_superset(&self.incurable), "not listed: {:?}", self.incurable.difference(&listed));
        let is_told = |parked: &&Value| parked["error_kind"] == "replayed_too_often" && parked["dlq_retry"] == REPLAYS;
        let told = parked.iter().filter(is_told).count();
        ensure!(told >= self.incurable.len(), "{told} are told to have been replayed too often");
        // Not one goes back unless it is named.
        let nothing = messages.wait(session.reprocess(&json!({})))?;
        ensure!(nothing["total_reprocessed"] == 0 && nothing["parked"] == 0, "{nothing}");

        messages.settle_currencies("*")?;
        let named: Vec<&String> = self.incurable.iter().collect();
        for named in named.chunks(IDS) {
            let done = messages.wait(session.reprocess(&json!({"ids": named})))?;
            ensure!(done["total_reprocessed"] == named.len(), "{done}");
        }
        messages.until("the last to be taken", LIMIT, || Ok(messages.depth(QUEUE)? == 0))?;
        let records = messages.wait(messages.table.records())?;
        for id in &self.incurable {
            ensure!(records[id].status == "SAVED", "{id}: {:?}", records[id]);
        }
        messages.no_dead_letters()?;
        Ok(rounds)
    }
}

fn ids(listed: &[Value]) -> BTreeSet<String> {
    listed.iter().filter_map(|message| message["message_id"].as_str()).map(str::to_owned).collect()
}
