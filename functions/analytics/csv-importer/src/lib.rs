//! `CsvImporter`: what a notification leads to, and what the operator asks. The rules of files are `analytics-reader`'s, the statements
//! `analytics-store`'s; this reads objects, decides when to stop, and hands the rest on.

mod event;
mod import;
mod notified;
mod objects;
mod operator;

pub use event::{Answer, Event};
pub use import::{Done, ImportError, import};
pub use notified::{Importer, trace_id};
pub use objects::{Body, Head, ObjectError, Objects, Uploads};
pub use operator::answer;
