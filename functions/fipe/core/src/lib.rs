//! The rules of the FIPE chain: messages, months, classification of answers, pacing, ports. No AWS SDK, no database.

mod error;
pub mod message;
pub mod month;
mod year_fuel;

pub use error::Error;
pub use year_fuel::ZERO_KM;
