//! What happens in a seed: clients, workers, sweepers and reprocesses in a random order, with faults, and then calm until nothing is left to do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use function_http::Request;
use function_runtime::{Batch, FifoBatch, Function, Input, Invocation, Message, Queue, SqsEvent, each};
use jiff::Timestamp;
use messages_auth::Refused;
use messages_core::{
    Authenticates, Clock, Currencies, Envelope, Event, Happened, Job, ProducerApi, Recorded, Reprocessing, Run, Table,
    Wanted, Worker, continue_jobs, look_at_letters, park_old, sweep_accepted,
};
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::fault::{Chance, VirtualClock, killed_at};
use crate::queue::{Entry, ModelQueue};
use crate::table::ModelTable;

/// A mistake that is made on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    None,
    /// A replay has the deduplication id of the first send: SQS accepts it and never delivers it.
    ReplayUnderTheFirstId,
    /// A dead letter is deleted before it is sent again.
    DeletedBeforeSent,
    /// The rest of a group is handled after one of it has failed.
    GroupsNotHeldBack,
    /// A run sends what died while it went on: again and again.
    RunsWithoutBeginning,
}

const PAYERS: usize = 3;
const DAYS: Duration = Duration::from_secs(24 * 3600);
/// As in the stack.
const MAX_RECEIVES: u32 = 50;
const VISIBILITY: Duration = Duration::from_secs(180);
/// A message in this currency is a dead letter until it is settled.
pub(crate) const UNSETTLED: &str = "XTS";
/// The same, and it is never settled.
pub(crate) const NEVER: &str = "XXX";

/// A request of a client, which repeats it until it is answered.
pub(crate) struct Asked {
    key: String,
    payer: usize,
    pub(crate) currency: &'static str,
    /// The message, once it was answered.
    pub(crate) answered: Option<Envelope>,
}

pub(crate) struct World {
    chance: &'static Chance,
    pub(crate) table: &'static ModelTable<'static>,
    pub(crate) main: &'static ModelQueue<'static>,
    pub(crate) dead_letters: &'static ModelQueue<'static>,
    clock: VirtualClock,
    function: Function,
    mutation: Mutation,
    pub(crate) asked: Vec<Asked>,
    settled: Currencies,
    /// What was seen to be wrong on the way.
    pub(crate) wrong: RefCell<Vec<String>>,
    /// What was in the dead-letter queue when all was calm and nothing had been reprocessed.
    pub(crate) poison: Vec<String>,
}

struct Everybody;

impl Authenticates for Everybody {
    async fn user(&self, _: &Request, _: Timestamp) -> Result<String, Refused> {
        Ok("user@example.com".to_owned())
    }
}

impl World {
    /// The pieces live as long as the test: a seed is a few kilobytes.
    pub(crate) fn new(seed: u64, mutation: Mutation) -> Self {
        let chance: &'static Chance = Box::leak(Box::new(Chance::new(seed)));
        let mut dead_letters = ModelQueue::new(chance, "dlq", DAYS * 14, None);
        dead_letters.deletes_on_receive = mutation == Mutation::DeletedBeforeSent;
        let dead_letters: &'static ModelQueue<'static> = Box::leak(Box::new(dead_letters));
        let mut main = ModelQueue::new(chance, "main", DAYS * 4, Some((MAX_RECEIVES, dead_letters)));
        main.forgets_replays = mutation == Mutation::ReplayUnderTheFirstId;
        // Sometimes more of a payer than one receive of a FIFO queue gives.
        let number = if chance.percent(10) { 40 } else { 4 + chance.below(16) };
        let asked = (0..number).map(|number| Asked {
            key: format!("key-{number}"),
            payer: chance.below(PAYERS),
            currency: match chance.below(if number == 40 { 3 } else { 10 }) {
                0 => UNSETTLED,
                1 => NEVER,
                _ => "BRL",
            },
            answered: None,
        });
        Self {
            chance,
            table: Box::leak(Box::new(ModelTable::new(chance))),
            main: Box::leak(Box::new(main)),
            dead_letters,
            clock: VirtualClock::new(),
            function: Function::new("Seeds", "local", "Seeds"),
            mutation,
            asked: asked.collect(),
            settled: Currencies::Of(vec!["BRL".to_owned()]),
            wrong: RefCell::default(),
            poison: Vec::new(),
        }
    }

    /// Everything, in three parts: faults, then calm with the poison in the dead-letter queue, then reprocessing with faults until that is calm, too.
    pub(crate) async fn run(&mut self) {
        self.chance.failing.set(2 + self.chance.below(20) as u32);
        for _ in 0..20 + self.chance.below(80) {
            match self.chance.below(10) {
                // Several, so that batches have more than one message of a payer.
                0..4 => {
                    for _ in 0..=self.chance.below(6) {
                        self.ask().await;
                    }
                }
                4..8 => self.work().await,
                8 => self.sweep().await,
                _ => self.pass_time().await,
            }
        }
        self.calm_down().await;
        self.poison = self.dead_letters.bodies();
        self.settled = Currencies::Of(vec!["BRL".to_owned(), UNSETTLED.to_owned()]);
        self.chance.failing.set(2 + self.chance.below(20) as u32);
        for _ in 0..20 + self.chance.below(60) {
            match self.chance.below(10) {
                0..3 => self.reprocess().await,
                3..5 => self.work().await,
                5..7 => self.sweep().await,
                // Side by side, as on AWS.
                7..9 => _ = tokio::join!(self.reprocess(), self.keep_working()),
                _ => self.pass_time().await,
            }
        }
        self.chance.failing.set(0);
        for _ in 0..16 {
            self.calm_down().await;
            self.reprocess_calmly().await;
        }
        self.calm_down().await;
    }

    /// No more faults, until clients have their answers and the main queue is empty.
    async fn calm_down(&mut self) {
        self.chance.failing.set(0);
        for _ in 0..40 {
            tokio::time::advance(Duration::from_secs(91)).await;
            for index in 0..self.asked.len() {
                if self.asked[index].answered.is_none() {
                    self.ask_one(index, None).await;
                }
            }
            self.sweep_with(None).await;
            self.work_with(None).await;
        }
    }

    /// Where work is killed: mostly nowhere.
    fn kill(&self) -> Option<usize> {
        self.chance.percent(35).then(|| 1 + self.chance.below(25))
    }

    async fn pass_time(&self) {
        let seconds = [5, 61, 200, 310, 900][self.chance.below(5)];
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    async fn ask(&mut self) {
        // In the order of their numbers, as one client a payer sends them; an answered one is sometimes repeated.
        let open = self.asked.iter().position(|asked| asked.answered.is_none());
        let index = match open {
            Some(index) if !self.chance.percent(15) => index,
            _ => self.chance.below(self.asked.len()),
        };
        if index > open.unwrap_or(usize::MAX) {
            return;
        }
        self.ask_one(index, self.kill()).await;
    }

    async fn ask_one(&mut self, index: usize, kill: Option<usize>) {
        let Asked { key, payer, currency, .. } = &self.asked[index];
        let body = json!({
            "transaction_id": key, "payer_id": format!("payer {payer}"), "receiver_id": "r", "amount": 12.5, "currency": currency,
        });
        let request = Request::new("POST", "/messages/send")
            .with_header("content-type", "application/json")
            .with_header("idempotency-key", key.clone())
            .with_body(body.to_string());
        let api = ProducerApi {
            function: &self.function,
            table: self.table,
            main: self.main,
            dead_letters: self.dead_letters,
            users: &Everybody,
            clock: &self.clock,
            messages_per_minute: 1_000,
        };
        let answer = killed_at(kill, api.respond(&request, self.chance.id())).await;
        let Some(answer) = answer.filter(|answer| answer.status == 200) else { return };
        let envelope = Envelope::read(&answer.body).unwrap();
        match &self.asked[index].answered {
            Some(earlier) => assert_eq!(earlier, &envelope, "a repeated request has the same answer"),
            None => self.asked[index].answered = Some(envelope),
        }
    }

    async fn work(&self) {
        self.work_with(self.kill()).await;
    }

    /// A worker beside something else.
    async fn keep_working(&self) {
        for _ in 0..20 {
            self.work().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// One batch, as a mapping delivers it.
    async fn work_with(&self, kill: Option<usize>) {
        let batch = self.main.take(1 + self.chance.below(10), VISIBILITY);
        if batch.is_empty() {
            return;
        }
        let records: Vec<_> = batch.iter().map(record).collect();
        let event: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
        let invocation = Invocation::new("r", Duration::from_secs(30));
        let dead_letters = Recorded {
            function: &self.function,
            table: self.table,
            clock: &self.clock,
            queue: Queue::over(self.dead_letters),
        };
        let worker =
            Worker { function: &self.function, table: self.table, clock: &self.clock, currencies: &self.settled };
        let input = &Input::over(self.main, MAX_RECEIVES);
        let trace_id = |envelope: &Envelope| envelope.message_id.to_string();
        let handle =
            async |message: Message<Envelope>, invocation: &Invocation| worker.handle(message, invocation).await;
        let response = match self.mutation {
            Mutation::GroupsNotHeldBack => {
                let handler = async |messages, invocation: &_| each(messages, invocation, &handle).await;
                let batch = Batch { function: &self.function, dead_letters: &dead_letters, input, trace_id, handler };
                killed_at(kill, batch.handle(&event, &invocation)).await
            }
            _ => {
                let (function, dead_letters, handler) = (&self.function, &dead_letters, handle);
                let batch = FifoBatch { function, dead_letters, input, trace_id, handler };
                killed_at(kill, batch.handle(&event, &invocation)).await
            }
        };
        // Killed: everything is shown again when its time is over.
        let Some(response) = response else { return };
        let failed: Vec<&str> =
            response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
        for entry in &batch {
            // What failed is shown again when its time is over.
            if !failed.contains(&entry.id.as_str()) {
                self.main.acknowledge(&entry.id);
            }
        }
    }

    async fn sweep(&self) {
        self.sweep_with(self.kill()).await;
    }

    async fn sweep_with(&self, kill: Option<usize>) {
        let until = Instant::now() + Duration::from_secs(50);
        let sweep = async {
            let _ = sweep_accepted(self.table, self.main, self.dead_letters, &self.clock, until).await;
            let _ = look_at_letters(self.table, self.dead_letters, &self.clock, self.chance.id(), until).await;
            let _ = park_old(self.table, &self.clock, until).await;
            let _ = continue_jobs(&self.reprocessing(), until).await;
        };
        killed_at(kill, sweep).await;
    }

    fn reprocessing(
        &self,
    ) -> Reprocessing<'_, ModelTable<'static>, ModelQueue<'static>, ModelQueue<'static>, VirtualClock> {
        Reprocessing { table: self.table, main: self.main, dead_letters: self.dead_letters, clock: &self.clock }
    }

    /// In a request or as a job, of everything or of a part.
    async fn reprocess(&self) {
        let mut wanted = Wanted::default();
        match self.chance.below(6) {
            0 => wanted.limit = Some(1 + self.chance.below(3) as u32),
            1 => wanted.filter.payer = Some(format!("payer {}", self.chance.below(PAYERS))),
            2 => wanted.filter.reason = Some(if self.chance.percent(50) { UNSETTLED } else { NEVER }.to_owned()),
            3 => wanted.ids = self.some_ids(),
            _ => {}
        }
        let id = self.chance.id();
        if self.chance.percent(20) {
            let job = Job::new(id, "user@example.com", wanted, true, self.clock.now());
            killed_at(self.kill(), self.table.put_job(&job, job.expires())).await;
            return;
        }
        self.run_once(&wanted, id, self.kill()).await;
    }

    /// How often each message was sent again, as its timeline tells.
    fn replays(&self) -> BTreeMap<String, usize> {
        let is_replay = |event: &&Event| matches!(event.happened, Happened::Replayed { .. });
        let records = self.table.records().into_iter();
        records.map(|record| (record.id, record.events.iter().filter(is_replay).count())).collect()
    }

    fn some_ids(&self) -> Vec<String> {
        let answered = self.asked.iter().filter_map(|asked| asked.answered.as_ref());
        answered.map(|envelope| envelope.message_id.to_string()).filter(|_| self.chance.percent(30)).collect()
    }

    async fn run_once(&self, wanted: &Wanted, id: Uuid, kill: Option<usize>) {
        let until = Instant::now() + Duration::from_secs(25);
        let mut began = self.clock.now();
        if self.mutation == Mutation::RunsWithoutBeginning {
            began += Duration::from_secs(3_600);
        }
        let run = Run { wanted, by: "user@example.com", began, cursor: None, until };
        let before = self.replays();
        let ran = killed_at(kill, self.reprocessing().run(run, id)).await;
        if let Some(Ok(ran)) = ran {
            // What a worker beside it has made of them is in the timelines.
            let after = self.replays();
            let by_run = |id: &String| after.get(id).unwrap_or(&0) - before.get(id).unwrap_or(&0);
            let often = after.keys().filter(|id| by_run(id) > 1);
            self.wrong.borrow_mut().extend(often.map(|id| format!("one run sent {id} more than once: {ran:?}")));
            if wanted.limit.is_some_and(|limit| ran.done.total_reprocessed > limit) {
                self.wrong.borrow_mut().push(format!("{wanted:?} did {ran:?}"));
            }
        }
    }

    /// Beyond the lock and the time for which letters are hidden. Some reprocess by the reason, and not the whole queue.
    async fn reprocess_calmly(&self) {
        tokio::time::advance(Duration::from_secs(120)).await;
        let mut wanted = Wanted::default();
        if self.chance.percent(50) {
            wanted.filter.reason = Some(UNSETTLED.to_owned());
        }
        self.run_once(&wanted, Uuid::nil(), None).await;
        if self.chance.percent(50) {
            tokio::time::advance(Duration::from_secs(120)).await;
            self.run_once(&Wanted::default(), Uuid::nil(), None).await;
        }
    }
}

/// A record of the mapping's event.
fn record(entry: &Entry) -> serde_json::Value {
    json!({
        "messageId": entry.id, "receiptHandle": entry.receipt(), "body": entry.body,
        "attributes": {"ApproximateReceiveCount": entry.receives.to_string(), "MessageGroupId": entry.group},
    })
}
