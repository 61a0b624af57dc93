//! The rules of the FIPE chain: messages, months, classification of answers, pacing, ports. No AWS SDK, no database.

pub mod message;
pub mod month;
