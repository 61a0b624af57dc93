//! A run over dead letters: what was asked for, by whom, and how far it came. Every run is kept, so that it is known who sent what again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::filter::Filter;

/// Days for which a run is kept.
pub(crate) const JOB_DAYS: i64 = 90;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum JobState {
    Running,
    Done,
    /// By somebody, or by the end of the request's time.
    Stopped,
    /// A call failed, or another run was at it.
    Failed,
}

/// A run over dead letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    #[schema(value_type = String, format = "uuid")]
    pub job_id: Uuid,
    pub state: JobState,
    /// Who asked for it.
    pub by: String,
    pub wanted: Wanted,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last went on.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Whether it goes on behind the response.
    pub in_background: bool,
    /// Where it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub cursor: Option<String>,
    #[serde(flatten)]
    pub done: Done,
}

impl Job {
    pub fn new(job_id: Uuid, by: &str, wanted: Wanted, in_background: bool, now: Timestamp) -> Self {
        Self {
            job_id,
            state: JobState::Running,
            by: by.to_owned(),
            wanted,
            created_at: now,
            updated_at: now,
            in_background,
            cursor: None,
            done: Done::default(),
        }
    }

    /// When the record of it is no longer kept.
    pub fn expires(&self) -> Timestamp {
        self.created_at + SignedDuration::from_hours(24 * JOB_DAYS)
    }

    /// What is left of the limit.
    pub(crate) fn rest(&self) -> Wanted {
        Wanted {
            limit: self.wanted.limit.map(|limit| limit.saturating_sub(self.done.handled())),
            ..self.wanted.clone()
        }
    }
}

/// What to send again. Nothing given is all of the queue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    #[serde(default, skip_serializing_if = "Filter::is_empty")]
    #[schema(required = false)]
    pub filter: Filter,
    /// Only these messages, by their ids. Parked ones are sent by their ids alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 100)]
    pub ids: Vec<String>,
    /// At most so many, 1 to 1,000,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, minimum = 1, maximum = 1_000_000)]
    pub limit: Option<u32>,
    /// At most so many a second, 1 to 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, minimum = 1, maximum = 1000)]
    pub rate: Option<u32>,
}

/// How far a walk came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// Messages that were sent again.
    pub total_reprocessed: u32,
    /// Messages that were parked: they had been sent again as often as is allowed, or are no messages.
    pub parked: u32,
    /// Letters of messages that had been saved; they were deleted.
    pub already_saved: u32,
}

impl Wanted {
    /// Whether all of the queue is meant.
    pub fn is_everything(&self) -> bool {
        self.filter.is_empty() && self.ids.is_empty()
    }
}

impl Done {
    /// The sum of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            total_reprocessed: self.total_reprocessed + other.total_reprocessed,
            parked: self.parked + other.parked,
            already_saved: self.already_saved + other.already_saved,
        }
    }

    /// Letters that are gone from the queue.
    pub(crate) fn handled(&self) -> u32 {
        self.total_reprocessed + self.parked + self.already_saved
    }
}
