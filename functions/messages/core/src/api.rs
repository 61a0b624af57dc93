//! The API's requests and responses, built on the rules.

mod errors;
mod producer;
mod replay;
mod status;

pub use producer::ProducerApi;
pub use status::{Page, StatusApi};
