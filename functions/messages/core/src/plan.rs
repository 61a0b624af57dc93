//! What a reprocess would do, from the table alone: nothing is received, sent or changed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use messages_contract::REPLAYS;
use serde::Serialize;
use utoipa::ToSchema;

use crate::job::Wanted;
use crate::ports::{Clock, Fault, Table};
use crate::record::{Record, Status};

/// Records that a plan looks at.
const MOST: usize = 10_000;
const PAGE: u32 = 500;
/// Messages that it names.
const NAMED: usize = 100;

/// What would be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Plan {
    /// Always true: this is a plan.
    pub dry_run: bool,
    /// Messages that would be sent again.
    pub would_reprocess: u32,
    /// Messages that would be parked: they were sent again as often as is allowed, or are no messages.
    pub would_park: u32,
    /// Since when the oldest of them is dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, nullable = false)]
    pub oldest: Option<Timestamp>,
    /// How many of them by the kind of their error.
    pub by_kind: BTreeMap<String, u32>,
    /// The ids of the first 100 of them, the oldest first.
    pub ids: Vec<String>,
    /// Whether this is all of it; only the 10,000 oldest dead letters are looked at.
    pub is_complete: bool,
}

/// Plans.
///
/// # Errors
/// The table cannot be read.
pub(crate) async fn plan(table: &impl Table, clock: &impl Clock, wanted: &Wanted) -> Result<Plan, Fault> {
    let mut plan = Plan { dry_run: true, is_complete: true, ..Plan::default() };
    let most = wanted.limit.unwrap_or(u32::MAX);
    if !wanted.ids.is_empty() {
        for id in wanted.ids.iter().collect::<BTreeSet<_>>() {
            if let Some(record) = table.find(id, clock.now()).await? {
                let is_parked = record.status == Status::Parked && record.envelope().is_some();
                if is_parked || record.status == Status::Dead && wanted.filter.matches_record(&record) {
                    plan.add(&record, is_parked, most);
                }
            }
        }
        return Ok(plan);
    }
    let mut cursor: Option<String> = None;
    let mut looked = 0;
    loop {
        let page = table.open(Status::Dead, wanted.filter.before, cursor.as_deref(), PAGE).await?;
        looked += page.records.len();
        for record in page.records.iter().filter(|record| wanted.filter.matches_record(record)) {
            plan.add(record, false, most);
        }
        cursor = page.next;
        if cursor.is_none() || plan.would_reprocess + plan.would_park >= most {
            return Ok(plan);
        }
        if looked >= MOST {
            return Ok(Plan { is_complete: false, ..plan });
        }
    }
}

impl Plan {
    fn add(&mut self, record: &Record, is_named: bool, most: u32) {
        if self.would_reprocess + self.would_park >= most {
            return;
        }
        if is_named || record.dlq_retry < REPLAYS && record.envelope().is_some() {
            self.would_reprocess += 1;
        } else {
            self.would_park += 1;
        }
        self.oldest = Some(self.oldest.map_or(record.since, |oldest| oldest.min(record.since)));
        let kind = record.fault.as_ref().map_or("unknown", |fault| fault.kind.as_str());
        *self.by_kind.entry(kind.to_owned()).or_default() += 1;
        if self.ids.len() < NAMED {
            self.ids.push(record.id.clone());
        }
    }
}
