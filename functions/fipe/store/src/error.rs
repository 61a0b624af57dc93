//! Why a batch was not stored, and whose fault that is. Does not log.

use fipe_core::message::YearFuel;
use fipe_core::month::Month;
use function_postgres::{Failed, Fault, classify};
use rust_decimal::Decimal;
use uuid::Uuid;

/// A source of an error, of whatever type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A batch, a check or a query that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection.
    #[error("the database is out of reach")]
    Unreachable(#[from] function_postgres::Error),
    /// The statement failed; nothing of its transaction was stored.
    #[error("storing in PostgreSQL")]
    Database(#[from] tokio_postgres::Error),
    /// A complete crawl whose notification could not be sent yet.
    #[error("telling that crawl {crawl_id} is complete")]
    Notify { crawl_id: Uuid, source: BoxError },
    /// A crawl that names two reference months.
    #[error(
        "crawl {crawl_id} says reference {reference_code} of {month}, but it, or the reference, is known otherwise"
    )]
    OtherMonth { crawl_id: Uuid, reference_code: i32, month: Month },
    /// A reference that FIPE's table, as far as it has arrived, does not list.
    #[error(
        "reference {reference_code} ({month}) is not in FIPE's table of references yet; each crawl brings the table"
    )]
    UnknownMonth { reference_code: i32, month: Month },
    /// A vehicle type FIPE does not have.
    #[error("vehicle type {vehicle_type} is none of 1 car, 2 motorcycle, 3 truck")]
    VehicleType { vehicle_type: i16 },
    /// A price that is not a valid amount.
    #[error(
        "price {price} of model {model_code} year {year_fuel} is not an amount above 0 and below 10^10 with at most two places"
    )]
    Price { model_code: i32, year_fuel: YearFuel, price: Decimal },
    /// A FIPE code in the wrong format.
    #[error("fipe code {fipe_code:?} of model {model_code} is not NNNNNN-D with its check digit")]
    FipeCode { model_code: i32, fipe_code: String },
    /// A price or its absence for a pair that the same message does not expect.
    #[error("model {model_code} has an answer for year {year_fuel}, which its own message does not expect")]
    Unexpected { model_code: i32, year_fuel: YearFuel },
    /// A text that PostgreSQL cannot hold, or that FIPE did not write.
    #[error("text {text:?} is empty, holds a NUL character or was decoded twice")]
    Text { text: String },
}

impl Failed for Error {
    fn is_of_the_data(&self) -> bool {
        self.is_of_single_messages()
    }
}

impl Error {
    /// Whether single messages are in the way of the rest of their batch: they can never be stored, or have to wait.
    #[must_use]
    pub fn is_of_single_messages(&self) -> bool {
        self.is_the_messages_fault() || matches!(self, Self::UnknownMonth { .. })
    }

    /// Whether the database is merely unavailable: the same work can succeed on another connection.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable(error) => error.is_retryable(),
            Self::Database(error) => classify(error) == Fault::Transient,
            _ => false,
        }
    }

    /// Whether the message itself is at fault: the same message fails again, however often it is tried.
    #[must_use]
    pub fn is_the_messages_fault(&self) -> bool {
        match self {
            Self::Database(error) => classify(error) == Fault::Data,
            Self::Unreachable(_) | Self::Notify { .. } | Self::UnknownMonth { .. } => false,
            Self::OtherMonth { .. }
            | Self::VehicleType { .. }
            | Self::Price { .. }
            | Self::FipeCode { .. }
            | Self::Unexpected { .. }
            | Self::Text { .. } => true,
        }
    }
}
