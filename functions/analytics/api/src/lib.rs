//! `AnalyticsApi`: the adapters of `analytics-core`'s ports that are neither the database's nor HTTP's, and the page.

mod clock;
mod page;
mod signer;

pub use clock::SystemClock;
pub use page::{HTML, policy};
pub use signer::{S3Signer, SignError};
