//! Deploys a stage: assets, change sets, live events, outputs, and destroys it again.
//!
//! Owns the flow and the order of things, over two narrow ports ([`CloudFormation`], [`AssetStore`]) with AWS adapters in
//! [`aws`]. Refuses to print, to read the environment, to synthesize templates and to guess a value nobody gave.

pub mod address;
mod archive;
pub mod aws;
mod cloudformation;
mod deployer;
mod destroyer;
pub mod drift;
mod error;
mod event;
mod plan;
mod retry;
mod stack;
mod store;
mod watch;

pub use archive::{Archive, Compression, Entry};
pub use cloudformation::{
    ChangeSet, ChangeSetKind, ChangeSetRequest, ChangeSetStatus, CloudFormation, EventsPage, StackDescription,
    StackEvent, TemplateLocation,
};
pub use deployer::{Deployed, Deployer, Options, Outcome};
pub use destroyer::{Destroyed, destroy};
pub use error::{CallError, CallErrorKind, Cause, Error, MissingValue};
pub use event::{Event, Operation};
pub use plan::{Parameter, Plan, Source, Stack};
pub use retry::Pace;
pub use store::{AssetStore, BucketState};
