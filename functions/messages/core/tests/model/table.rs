//! The table: each operation one atomic step, with the conditions of the port. The index shows what was written a moment ago, or not yet.

use std::cell::RefCell;
use std::collections::BTreeMap;

use function_http::IdempotencyKey;
use jiff::Timestamp;
use messages_core::{
    Change, Claim, Claiming, Envelope, Event, Fault, Identified, Job, JobState, OpenPage, Placed, Record, Status, Table,
};
use uuid::Uuid;

use crate::fault::Chance;

#[derive(Default)]
struct State {
    records: BTreeMap<String, Record>,
    claims: BTreeMap<String, (Claim, Timestamp)>,
    jobs: BTreeMap<Uuid, Job>,
    lock: Option<(Uuid, Timestamp)>,
    /// Messages of a user in a window.
    counts: BTreeMap<(String, i64), u32>,
    /// Ids in the order in which they were saved.
    saved: Vec<String>,
}

pub(crate) struct ModelTable<'a> {
    chance: &'a Chance,
    state: RefCell<State>,
}

impl<'a> ModelTable<'a> {
    pub(crate) fn new(chance: &'a Chance) -> Self {
        Self { chance, state: RefCell::default() }
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.state.borrow().records.values().cloned().collect()
    }

    /// Ids in the order in which they were saved, as often as they were.
    pub(crate) fn saved(&self) -> Vec<String> {
        self.state.borrow().saved.clone()
    }
}

fn add(record: &mut Record, event: &Event) {
    if !record.events.iter().any(|known| known.happened.name() == event.happened.name()) {
        record.events.push(event.clone());
    }
}

impl Table for ModelTable<'_> {
    async fn claim(
        &self,
        user: &str,
        key: &IdempotencyKey,
        claim: &Claim,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Claiming, Fault> {
        let claim_it = || {
            let mut state = self.state.borrow_mut();
            let id = format!("{user}#{}", key.as_str());
            match state.claims.get(&id).filter(|(_, until)| *until >= now) {
                Some((earlier, _)) => Claiming::Earlier(earlier.clone()),
                None => {
                    state.claims.insert(id, (claim.clone(), expires));
                    Claiming::Ours
                }
            }
        };
        self.chance.call(claim_it).await
    }

    async fn count(&self, user: &str, window: i64, messages: u32, _: Timestamp) -> Result<u32, Fault> {
        let count = || {
            let mut state = self.state.borrow_mut();
            let sum = state.counts.entry((user.to_owned(), window)).or_default();
            *sum += messages;
            *sum
        };
        self.chance.call(count).await
    }

    async fn accept(
        &self,
        envelope: &Envelope,
        group: &str,
        event: &Event,
        _: Timestamp,
    ) -> Result<Placed<Record>, Fault> {
        let accept = || {
            let mut state = self.state.borrow_mut();
            let id = envelope.message_id.to_string();
            if let Some(record) = state.records.get(&id) {
                return Placed::Before(record.clone());
            }
            let record = Record {
                id: id.clone(),
                status: Status::Accepted,
                since: event.at,
                dlq_retry: 0,
                body: envelope.to_body(),
                group: group.to_owned(),
                fault: None,
                events: vec![event.clone()],
            };
            state.records.insert(id, record);
            Placed::Now
        };
        self.chance.call(accept).await
    }

    async fn save(&self, envelope: &Envelope, group: &str, events: &[Event]) -> Result<Placed<()>, Fault> {
        let save = || {
            let mut state = self.state.borrow_mut();
            let id = envelope.message_id.to_string();
            let known = state.records.get(&id).map(|record| record.events.clone());
            if state.records.get(&id).is_some_and(|record| record.status == Status::Saved) {
                return Placed::Before(());
            }
            let mut record = Record {
                id: id.clone(),
                status: Status::Saved,
                since: events[0].at,
                dlq_retry: envelope.dlq_retry,
                body: envelope.to_body(),
                group: group.to_owned(),
                fault: None,
                events: known.unwrap_or_default(),
            };
            events.iter().for_each(|event| add(&mut record, event));
            state.records.insert(id.clone(), record);
            state.saved.push(id);
            Placed::Now
        };
        self.chance.call(save).await
    }

    async fn change(
        &self,
        about: Identified<'_>,
        events: &[Event],
        change: Change,
        _: Option<Timestamp>,
    ) -> Result<bool, Fault> {
        let apply = || {
            let mut state = self.state.borrow_mut();
            let since = events.last().unwrap().at;
            let is_new = !state.records.contains_key(about.id);
            let record = state.records.entry(about.id.to_owned()).or_insert_with(|| Record {
                id: about.id.to_owned(),
                status: change.to,
                since,
                dlq_retry: change.dlq_retry,
                body: about.body.to_owned(),
                group: about.group.to_owned(),
                fault: change.fault.clone(),
                events: Vec::new(),
            });
            events.iter().for_each(|event| add(record, event));
            let applies = is_new || change.applies_to(record.status, record.dlq_retry);
            if applies {
                record.status = change.to;
                record.since = since;
                record.dlq_retry = change.dlq_retry;
                about.body.clone_into(&mut record.body);
                record.fault.clone_from(&change.fault);
            }
            applies
        };
        self.chance.call(apply).await
    }

    async fn find(&self, id: &str, _: Timestamp) -> Result<Option<Record>, Fault> {
        self.chance.call(|| self.state.borrow().records.get(id).cloned()).await
    }

    async fn open(
        &self,
        status: Status,
        before: Option<Timestamp>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<OpenPage, Fault> {
        let key = |record: &Record| format!("{:.6}#{}", record.since, record.id);
        let look = || {
            let state = self.state.borrow();
            let is_meant =
                |record: &&Record| record.status == status && before.is_none_or(|before| record.since < before);
            let mut records: Vec<Record> = state.records.values().filter(is_meant).cloned().collect();
            records.sort_by_key(key);
            // The index is late, but not when all is calm.
            if self.chance.failing.get() > 0 && self.chance.percent(10) {
                records.pop();
            }
            records.retain(|record| cursor.is_none_or(|cursor| key(record).as_str() > cursor));
            let is_longer = records.len() > limit as usize;
            records.truncate(limit as usize);
            OpenPage { next: records.last().filter(|_| is_longer).map(key), records }
        };
        self.chance.call(look).await
    }

    async fn count_open(&self, status: Status, most: u32) -> Result<u32, Fault> {
        let count = || self.state.borrow().records.values().filter(|record| record.status == status).count();
        Ok((self.chance.call(count).await? as u32).min(most))
    }

    async fn lock(&self, owner: Uuid, now: Timestamp, until: Timestamp) -> Result<bool, Fault> {
        let lock = || {
            let mut state = self.state.borrow_mut();
            let is_free = state.lock.is_none_or(|(holder, until)| until < now || holder == owner);
            if is_free {
                state.lock = Some((owner, until));
            }
            is_free
        };
        self.chance.call(lock).await
    }

    async fn unlock(&self, owner: Uuid) -> Result<(), Fault> {
        let unlock = || {
            let mut state = self.state.borrow_mut();
            if state.lock.is_some_and(|(holder, _)| holder == owner) {
                state.lock = None;
            }
        };
        self.chance.call(unlock).await
    }

    async fn put_job(&self, job: &Job, _: Timestamp) -> Result<bool, Fault> {
        let put = || {
            let mut state = self.state.borrow_mut();
            let is_stopped = state.jobs.get(&job.job_id).is_some_and(|known| known.state == JobState::Stopped);
            let state_of = if is_stopped { JobState::Stopped } else { job.state };
            state.jobs.insert(job.job_id, Job { state: state_of, ..job.clone() });
            !is_stopped
        };
        self.chance.call(put).await
    }

    async fn find_job(&self, id: Uuid, _: Timestamp) -> Result<Option<Job>, Fault> {
        self.chance.call(|| self.state.borrow().jobs.get(&id).cloned()).await
    }

    async fn open_jobs(&self) -> Result<Vec<Job>, Fault> {
        let open = || {
            let state = self.state.borrow();
            state.jobs.values().filter(|job| job.state == JobState::Running && job.in_background).cloned().collect()
        };
        self.chance.call(open).await
    }

    async fn stop_job(&self, id: Uuid) -> Result<bool, Fault> {
        let stop = || {
            let mut state = self.state.borrow_mut();
            let job = state.jobs.get_mut(&id).filter(|job| job.state == JobState::Running);
            job.map(|job| job.state = JobState::Stopped).is_some()
        };
        self.chance.call(stop).await
    }
}
