//! The rules of the FIPE chain: messages, months, classification of answers, pacing, ports. No AWS SDK, no database.

mod answer;
mod breaker;
mod call;
mod client;
mod error;
#[cfg(test)]
mod fakes;
mod fipe_code;
mod garbled;
mod http;
pub mod limits;
mod listed;
mod manufacturer;
pub mod message;
mod model;
pub mod month;
mod pacing;
mod price;
mod queue;
mod year_fuel;

pub use answer::RawAnswer;
pub use call::{Brands, Call, Models, PriceOf, ReferenceTables, YearFuels};
pub use client::{Counts, Fipe, Http};
pub use error::{Error, Fault};
pub use fipe_code::is_fipe_code;
pub use garbled::is_garbled;
pub use http::FipeHttp;
pub use manufacturer::{Found, Started, crawl_id, find_crawl, start_crawl, table_of, wanted_month};
pub use model::{Listed, ModelQueues, list_models};
pub use price::{Priced, load_prices};
pub use queue::{Queue, SendFault};
