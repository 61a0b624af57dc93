//! The rules of the analytics: what a notification says, what can be asked of the API and what it answers. No SQL, no AWS SDK, no clock.

mod answers;
mod api;
mod csv;
mod errors;
mod evidence;
#[cfg(test)]
mod fakes;
mod notification;
mod openapi;
mod ports;
mod predictions;
mod query;
mod uploads;
mod weekday;

pub use answers::Answers;
pub use api::{Api, Page, REALM};
pub use notification::{CreatedObject, Notification, Sequencer};
pub use openapi::openapi;
pub use ports::{
    AccuracyRow, BoxError, Clock, ExplainQuestion, ExplainedExhibition, ExplainedGroup, ExplainedSlot, ExplainedValue,
    Fault, Group, GroupQuestion, NewUpload, Origin, ProgramRow, RejectedRecord, RejectedText, Reverted, Selection,
    SignedAddress, Signer, Store, UploadRequest,
};
