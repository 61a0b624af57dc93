//! A DynamoDB table: conditional writes, consistent reads, pages of an index, and which failures a retry can fix.
//!
//! Knows no item of any system, and does not retry: the SDK has.

mod condition;
mod error;
mod item;
mod placeholders;
mod table;
mod update;

pub use condition::{Condition, absent, compare, present};
pub use error::{BoxError, Error};
pub use item::{Item, Missing, has_expired, item, number, read_number, read_text, seconds, text};
pub use table::{Page, Schema, Table, Written};
pub use update::Update;
