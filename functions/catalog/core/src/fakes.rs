//! A table, a queue and a bucket with behaviour for the tests of the rules: each call can fail or lose its response,
//! and each lets other tasks run first, so that a test determines the interleaving.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use jiff::Timestamp;
use test_machine::others_first;
pub(crate) use test_machine::{alone, interleave};
use uuid::Uuid;

use crate::idempotency::Claim;
use crate::ports::{Claiming, Fault, Placed, Queue, Reports, Table};
use crate::price::Price;
use crate::product::{Draft, Product, Record, Status};

/// How a call ends. To the rules a crash looks like one of the two failures: none of their code runs after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    /// Not done, and an error.
    Refused,
    /// Done, and an error.
    Lost,
}

/// Everything that the rules call.
#[derive(Default)]
pub(crate) struct World {
    /// Outcomes of the next calls, in order; after that all succeed.
    pub(crate) fates: RefCell<Vec<Fate>>,
    pub(crate) is_throttled: Cell<bool>,
    pub(crate) claims: RefCell<BTreeMap<String, (Claim, Timestamp)>>,
    pub(crate) records: RefCell<BTreeMap<Uuid, (Record, Option<Timestamp>)>>,
    pub(crate) messages: RefCell<Vec<Product>>,
    /// Every version of every report.
    pub(crate) reports: RefCell<Vec<(Uuid, String)>>,
    /// Times that a product became saved.
    pub(crate) saves: Cell<usize>,
}

impl World {
    pub(crate) fn with_fates(fates: &[Fate]) -> Self {
        Self { fates: RefCell::new(fates.to_vec()), ..Self::default() }
    }

    /// One call: other tasks first, then its outcome.
    async fn call<R>(&self, what: &'static str, work: impl FnOnce() -> R) -> Result<R, Fault> {
        others_first().await;
        let fate = if self.fates.borrow().is_empty() { Fate::Done } else { self.fates.borrow_mut().remove(0) };
        let fault = || {
            let source = "on purpose".into();
            if self.is_throttled.get() { Fault::Throttled { what, source } } else { Fault::Failed { what, source } }
        };
        match fate {
            Fate::Done => Ok(work()),
            Fate::Refused => Err(fault()),
            Fate::Lost => {
                work();
                Err(fault())
            }
        }
    }
}

impl Table for World {
    async fn claim(
        &self,
        claim_id: &str,
        claim: &Claim,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Claiming, Fault> {
        self.call("the claim", || {
            let mut claims = self.claims.borrow_mut();
            match claims.get(claim_id) {
                Some((earlier, until)) if *until >= now => Claiming::Earlier(earlier.clone()),
                _ => {
                    claims.insert(claim_id.to_owned(), (claim.clone(), expires));
                    Claiming::Ours
                }
            }
        })
        .await
    }

    async fn accept(&self, product: &Product, expires: Timestamp) -> Result<Placed<Record>, Fault> {
        self.call("the acceptance", || {
            let mut records = self.records.borrow_mut();
            if let Some((record, _)) = records.get(&product.id) {
                return Placed::Before(record.clone());
            }
            let record = Record { product: product.clone(), status: Status::Accepted };
            records.insert(product.id, (record, Some(expires)));
            Placed::Now
        })
        .await
    }

    async fn find(&self, id: Uuid, now: Timestamp) -> Result<Option<Record>, Fault> {
        self.call("the look", || {
            let records = self.records.borrow();
            let found = records.get(&id).filter(|(_, until)| until.is_none_or(|until| until >= now));
            found.map(|(record, _)| record.clone())
        })
        .await
    }

    async fn save(&self, product: &Product, _saved_at: Timestamp) -> Result<Placed<()>, Fault> {
        self.call("the save", || {
            let mut records = self.records.borrow_mut();
            if records.get(&product.id).is_some_and(|(record, _)| record.status == Status::Saved) {
                return Placed::Before(());
            }
            self.saves.set(self.saves.get() + 1);
            records.insert(product.id, (Record { product: product.clone(), status: Status::Saved }, None));
            Placed::Now
        })
        .await
    }
}

impl Queue for World {
    async fn send(&self, product: &Product) -> Result<(), Fault> {
        self.call("the queue", || self.messages.borrow_mut().push(product.clone())).await
    }
}

impl Reports for World {
    async fn write(&self, id: Uuid, text: &str) -> Result<Placed<()>, Fault> {
        self.call("the report", || {
            let mut reports = self.reports.borrow_mut();
            if reports.iter().any(|(other, _)| *other == id) {
                return Placed::Before(());
            }
            reports.push((id, text.to_owned()));
            Placed::Now
        })
        .await
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-08-01T10:20:30Z".parse().unwrap()
}

pub(crate) fn draft(name: &str) -> Draft {
    Draft { name: name.to_owned(), description: "d".to_owned(), price: Price::from_text("19.90").unwrap() }
}

pub(crate) fn product(id: u128, name: &str) -> Product {
    Product { id: Uuid::from_u128(id), draft: draft(name), accepted_at: now() }
}

/// All sequences of outcomes of this length.
pub(crate) fn all_fates(length: u32) -> impl Iterator<Item = Vec<Fate>> {
    (0..3_usize.pow(length)).map(move |number| {
        (0..length).map(|place| [Fate::Done, Fate::Refused, Fate::Lost][number / 3_usize.pow(place) % 3]).collect()
    })
}
