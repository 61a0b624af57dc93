//! Processing a message: one conditional write is the effect and the record of it, so a redelivery changes nothing.

use jiff::Timestamp;

use crate::currencies::Currencies;
use crate::envelope::Envelope;
use crate::ports::{Fault, Placed, Table};
use crate::record::{Event, Happened};

/// Why a message was not saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    /// It cannot be saved until the stage settles its currency.
    #[error("{currency} is not settled here; settled are {settled}")]
    NotSettled { currency: String, settled: String },
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl WorkError {
    /// Whether a retry can help.
    pub(crate) fn is_retryable(&self) -> bool {
        matches!(self, Self::Fault(_))
    }

    /// A short stable identifier.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::NotSettled { .. } => "currency_not_settled",
            Self::Fault(_) => "transient",
        }
    }
}

/// Saves a message, unless it is saved.
///
/// # Errors
/// Nothing was saved, or that is not known.
pub(crate) async fn work(
    table: &impl Table,
    currencies: &Currencies,
    envelope: &Envelope,
    receives: u32,
    now: Timestamp,
) -> Result<Placed<()>, WorkError> {
    let currency = &envelope.payload.currency;
    if !currencies.contain(currency) {
        return Err(WorkError::NotSettled { currency: currency.clone(), settled: currencies.to_string() });
    }
    let received = Happened::Received { replay: envelope.dlq_retry, receives };
    let events = [received, Happened::Saved].map(|happened| Event { at: now, happened });
    Ok(table.save(envelope, &envelope.payload.group(), &events).await?)
}
