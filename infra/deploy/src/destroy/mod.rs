//! Deletes stacks, and previews what that deletes and what it leaves.

mod deletion;
mod deletion_policy;
mod deletion_preview;
mod keeps;

pub use deletion::{Consent, Destroyed, destroy};
pub use deletion_preview::{Bucket, DeletionPreview, ResourceDeletion, StackDeletion, preview_deletion};
pub use keeps::Keeps;
