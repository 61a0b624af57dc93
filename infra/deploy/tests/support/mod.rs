//! CloudFormation and S3 in memory, with the behaviour that a deployment meets at AWS. Refuses to be lenient: what AWS would
//! refuse (a second stack of one name, a template too large, a bucket of somebody else), this refuses.
//!
//! Templates are JSON in AWS's shape. Of the properties, `Name` is what a resource is replaced for, `Maybe` what it may be
//! replaced for, and everything else is changed in place. `Outputs` are plain texts. A nested stack has its template in
//! `Properties.Template`.
//!
//! An operation's first event happens with the call that begins it, every DescribeStackEvents without a token lets one more
//! happen, so the flow has to wait and the order shows. Pages hold three events.
//!
//! | call | from | to, event by event |
//! |---|---|---|
//! | CreateChangeSet CREATE | no stack | `REVIEW_IN_PROGRESS`; a change set that is ready at the second look |
//! | CreateChangeSet CREATE | `REVIEW_IN_PROGRESS` | the same stack, one more change set |
//! | CreateChangeSet UPDATE | `*_COMPLETE` but `ROLLBACK_COMPLETE` | a change set; FAILED when nothing differs |
//! | CreateChangeSet | anything else | refused: ValidationError |
//! | ExecuteChangeSet CREATE | `REVIEW_IN_PROGRESS` | `CREATE_IN_PROGRESS`, `CREATE_COMPLETE`, or `ROLLBACK_IN_PROGRESS`, `ROLLBACK_COMPLETE` |
//! | ExecuteChangeSet UPDATE | as above | `UPDATE_IN_PROGRESS`, `UPDATE_COMPLETE_CLEANUP_IN_PROGRESS`, `UPDATE_COMPLETE`, or `UPDATE_ROLLBACK_IN_PROGRESS`, `UPDATE_ROLLBACK_COMPLETE` |
//! | ExecuteChangeSet | already executed, or deleted | refused: InvalidChangeSetStatus, ChangeSetNotFound; all others of the stack are deleted by an execution |
//! | DeleteStack | at rest, not protected | `DELETE_IN_PROGRESS`, `DELETE_COMPLETE` or `DELETE_FAILED`; `REVIEW_IN_PROGRESS` goes at once |
//! | RollbackStack | `CREATE_FAILED` | `ROLLBACK_IN_PROGRESS`, `ROLLBACK_COMPLETE` |
//! | RollbackStack | `UPDATE_FAILED` | `UPDATE_ROLLBACK_IN_PROGRESS`, `UPDATE_ROLLBACK_COMPLETE` |
//! | ContinueUpdateRollback | `UPDATE_ROLLBACK_FAILED` | `UPDATE_ROLLBACK_IN_PROGRESS`, `UPDATE_ROLLBACK_COMPLETE`, or back while a resource fails that is not skipped |
//! | CancelUpdateStack | `UPDATE_IN_PROGRESS` | `UPDATE_ROLLBACK_IN_PROGRESS`, `UPDATE_ROLLBACK_COMPLETE` |
//!
//! A repetition with the token of a call that took effect takes none. A *forgetful* cloud, as emulators are, knows no tokens
//! and refuses by name and state instead; both are to be deployed to.

#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]

mod cloud;
mod content;
mod fault;
mod operation;
pub(crate) mod plans;
mod port;
mod store;
mod yes;

pub(crate) use cloud::MemoryCloudFormation;
pub(crate) use fault::Fault;
pub(crate) use store::{MemoryBuckets, MemoryStore};
pub(crate) use yes::Answers;
