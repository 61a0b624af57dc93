//! Which dead letters a request is about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::envelope::Envelope;
use crate::record::{DeadFault, Record};

/// Everything that is given has to match; nothing given matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// A part of the reason or its kind, without case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "currency_not_settled")]
    pub reason: Option<String>,
    /// The payer's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub payer: Option<String>,
    /// Dead since before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, required = false)]
    pub before: Option<Timestamp>,
}

impl Filter {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn matches(
        &self,
        fault: Option<&DeadFault>,
        envelope: Option<&Envelope>,
        since: Option<Timestamp>,
    ) -> bool {
        let has = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        let reason = self
            .reason
            .as_ref()
            .is_none_or(|reason| fault.is_some_and(|fault| has(&fault.kind, reason) || has(&fault.reason, reason)));
        let payer = self
            .payer
            .as_ref()
            .is_none_or(|payer| envelope.is_some_and(|envelope| envelope.payload.payer_id == *payer));
        let before = self.before.is_none_or(|before| since.is_some_and(|since| since < before));
        reason && payer && before
    }

    /// Whether a dead or parked record is meant.
    pub fn matches_record(&self, record: &Record) -> bool {
        self.matches(record.fault.as_ref(), record.envelope().as_ref(), Some(record.since))
    }
}
