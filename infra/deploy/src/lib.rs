//! Deploys a stage (assets, change sets, live events, outputs) and deletes it again.
//!
//! Owns the flows and their order, over narrow ports ([`CloudFormation`], [`AssetStore`], [`BucketEmptier`],
//! [`Approver`]) with AWS adapters in [`aws`]. Never prints, reads the environment, synthesizes templates, guesses
//! a value that was not given, or deletes what was not asked for. Connections and
//! failed calls are the crate `aws_access`'s.

mod assets;
pub mod aws;
mod deployer;
mod destroy;
pub mod drift;
mod error;
mod event;
mod options;
mod plan;
mod ports;
mod protection;
mod run;
mod stack;
mod watch;

pub use assets::{Archive, Asset, Compression, Content, Entry, Sha256};
pub use deployer::{Deployed, Deployer};
pub use destroy::{
    Bucket, Consent, DeletionPreview, Destroyed, Keeps, ResourceDeletion, StackDeletion, destroy, preview_deletion,
};
pub use error::{Error, MissingValue, Skipped, StacksFailed};
pub use event::{Event, Operation, Remedy};
pub use options::Options;
pub use plan::{Parameter, Plan, Source, Stack, address};
pub use ports::{
    Approver, AssetStore, Basis, Body, BucketEmptier, BucketState, ChangeAction, ChangeSetKind, ChangeSetPage,
    ChangeSetRequest, ChangeSetStatus, ChangeSetSummary, CloudFormation, Emptied, EventsPage, FailedStack, Object,
    Preview, PropertyDetail, Refusal, Replacement, ResourceChange, StackDescription, StackEvent, StackResource, Stored,
    TemplateLocation, Written,
};
pub use protection::{DataLoss, Protection, ProtectionChange};
pub use stack::Outcome;
pub use watch::{Cancelled, Cause, Creation, Leftover, RolledBack, Watched};
