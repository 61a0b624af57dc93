//! Deploys a stage: assets, change sets, live events, outputs, and destroys it again.
//!
//! Owns the flow and the order of things, over narrow ports ([`CloudFormation`], [`AssetStore`], [`BucketEmptier`],
//! [`Approver`]) with AWS adapters in [`aws`]. Refuses to print, to read the environment, to synthesize templates, to guess
//! a value nobody gave, and to delete what nobody asked for.

pub mod address;
mod approver;
mod archive;
mod asset;
mod assets;
pub mod aws;
mod canceller;
mod certainty;
mod change_set;
mod cloudformation;
mod deletion_policy;
mod deployer;
mod destroyer;
pub mod drift;
mod durations;
mod error;
mod event;
mod execution;
mod history;
mod leavings;
mod plan;
mod policies;
mod preview;
mod previewer;
mod protection;
mod retry;
mod run;
mod schedule;
mod settle;
mod stack;
mod store;
mod survey;
mod values;
mod watch;

pub use approver::{Approver, FailedStack, Refusal};
pub use archive::{Archive, Compression, Content, Entry};
pub use asset::Asset;
pub use canceller::{Cancelled, Creation};
pub use cloudformation::{
    ChangeSetKind, ChangeSetPage, ChangeSetRequest, ChangeSetStatus, ChangeSetSummary, CloudFormation, EventsPage,
    StackDescription, StackEvent, StackResource, TemplateLocation,
};
pub use deployer::{Deployed, Deployer, Options, Outcome};
pub use destroyer::{Consent, Destroyed, destroy};
pub use error::{CallError, CallErrorKind, Cause, Error, Leftover, MissingValue, RolledBack, Skipped, StacksFailed};
pub use event::{Event, Operation, Remedy};
pub use plan::{Parameter, Plan, Source, Stack};
pub use preview::{Basis, ChangeAction, DataLoss, Preview, PropertyDetail, Replacement, ResourceChange};
pub use protection::{Protection, ProtectionChange};
pub use retry::Pace;
pub use store::{AssetStore, BucketState};
pub use survey::{Bucket, BucketEmptier, Emptied, Keeps, Survey, SurveyedResource, SurveyedStack, survey};
pub use watch::Watched;
