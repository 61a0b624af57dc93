//! What the flows need from outside, in AWS's terms, and the data that is exchanged. No SDK types, waiting or retries.

mod approver;
mod asset_store;
mod bucket_emptier;
mod cloudformation;
mod drift_detection;
mod preview;
mod resource_change;

pub use approver::{Approver, FailedStack, Refusal};
pub use asset_store::{AssetStore, Body, BucketState, Object, Stored, Written};
pub use bucket_emptier::{BucketEmptier, Emptied};
pub use cloudformation::{
    ChangeSetKind, ChangeSetPage, ChangeSetRequest, ChangeSetStatus, ChangeSetSummary, CloudFormation, EventsPage,
    StackDescription, StackEvent, StackResource, TemplateLocation,
};
pub(crate) use cloudformation::{NESTED_STACK, is_in_progress};
pub use drift_detection::{Detection, Difference, DriftDetection, DriftStatus, ResourceDrift};
pub use preview::{Basis, Preview};
pub use resource_change::{ChangeAction, PropertyDetail, Replacement, ResourceChange};
