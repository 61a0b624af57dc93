//! Reads the analytics' CSV files piece by piece, in constant memory: rows, and all that is wrong with the others. No I/O, no clock.
//!
//! [`Reader::feed`] takes the bytes as they come and hands each row to a [`Sink`]; what it hands over does not depend on how the bytes
//! are cut. [`Reader::checkpoint`] is where another reader goes on. The rules are listed in the crate's README.

mod checkpoint;
mod fault;
mod fields;
mod file_fault;
mod header;
mod kind;
mod limits;
mod reader;
mod reject;
mod row;
mod rows;
mod scan;
mod text;
mod value;

pub use checkpoint::Checkpoint;
pub use fault::{Fault, Rejected, VALUE_CHARACTERS, code};
pub use file_fault::{FileFault, Guess, UnknownHeader};
pub use kind::{Delimiter, Encoding, Kind};
pub use limits::RECORD_BYTES;
pub use reader::Reader;
pub use row::{Day, Exhibition, Micros, Sink, Slot};
