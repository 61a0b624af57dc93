//! Every statement on the tables of `sql/analytics`: uploads and their rows, what the answers need, and taking an upload back.
//!
//! No S3 and no queue: the importer brings bytes as rows, and decides when to stop.

mod effect;
mod error;
mod finish;
mod import;
mod limits;
mod program;
mod questions;
mod repeated;
mod report;
mod revert;
mod rows;
mod silent;
mod store;
mod what_counts;

pub use error::Error;
pub use finish::Ended;
pub use import::{Begun, Import, Object, Piece, begin, reject, start_again};
pub use limits::Limits;
pub use repeated::count_repeated;
pub use report::{object, status, uploads};
pub use revert::revert;
pub use rows::Rows;
pub use silent::silent_groups;
pub use store::Database;
