//! The questions of the API: from the query of a request to what the database is asked.

mod dates;
mod parameters;
mod questions;

pub(crate) use parameters::Parameters;
pub(crate) use questions::{About, Asked, INCONSISTENT_DATES, Paged, explain, is_storable, period, program, selected};
