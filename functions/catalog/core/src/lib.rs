//! The rules of the catalog: what a product is, how one is accepted once, saved once and shown. No AWS SDK, no clock.
//!
//! Once means: one conditional write binds an idempotency key to one id; everything after it is keyed by that id and safe
//! to repeat. [`accept`] writes the accepted record, then sends; [`save`] writes the report, then the product. So a product
//! that was promised is on the queue, one in progress is known, and one that is shown as saved has its report.

mod accept;
mod api;
#[cfg(test)]
mod fakes;
mod idempotency;
mod look;
mod openapi;
mod ports;
mod price;
mod product;
mod read;
mod report;
mod save;
mod view;

pub use accept::{AcceptError, Accepted, Offer, accept};
pub use api::{REALM, create_product, get_product};
pub use idempotency::{Claim, claim_id};
pub use look::{Looked, look};
pub use openapi::openapi;
pub use ports::{BoxError, Claiming, Fault, Placed, Queue, Reports, Table};
pub use price::Price;
pub use product::{ACCEPTED_DAYS, DESCRIPTION_CHARACTERS, Draft, NAME_CHARACTERS, Product, Record, Status};
pub use read::read_draft;
pub use report::report;
pub use save::{SaveError, save};
