//! CloudFormation and S3 in memory, with the behaviour that a deployment meets at AWS. Refuses to be lenient: what AWS would
//! refuse (a second stack of one name, a template too large, a bucket of somebody else), this refuses.
//!
//! Templates are JSON in AWS's shape. Of the properties, `Name` is what a resource is replaced for, `Maybe` what it may be
//! replaced for, and everything else is changed in place. A `Ref` to a resource that changes is told as a dynamic change. `Outputs` are plain texts. A nested stack has its template in
//! `Properties.Template`.
//!
//! An operation's first event happens with the call that begins it, every DescribeStackEvents without a token lets one more
//! happen, so the flow has to wait and the order shows. Events come three to a page and changes two. Other tasks go on between
//! two calls. `tests/cloud.rs` has a test for every row.
//!
//! | call | from | to, event by event | so says |
//! |---|---|---|---|
//! | CreateChangeSet CREATE | no stack | `REVIEW_IN_PROGRESS`; a change set that is ready at the second look | CreateChangeSet, ChangeSetType |
//! | CreateChangeSet CREATE | `REVIEW_IN_PROGRESS` | the same stack, one more change set | the same |
//! | CreateChangeSet UPDATE | `*_COMPLETE` but `ROLLBACK_COMPLETE` | a change set; FAILED when nothing differs | "Stack status codes" |
//! | CreateChangeSet | anything else | refused: ValidationError; a name twice: AlreadyExistsException | CreateChangeSet, Errors |
//! | CreateChangeSet | over 51,200 bytes | refused in the request, read from the bucket | CreateChangeSet, TemplateBody |
//! | CreateChangeSet | new nested stacks | each gets a change set and waits in `REVIEW_IN_PROGRESS`; both go with the root change set, not with the root stack; when one is FAILED, the root is, naming it | DeleteChangeSet; awslabs/amazon-s3-find-and-forget#224, aws/aws-sam-cli#2406 |
//! | CreateChangeSet | a new resource whose `Name` exists outside of all stacks | an import with ImportExistingResources, else an addition that fails in the execution | CreateChangeSet, ImportExistingResources |
//! | DescribeChangeSet | ready | values only when asked for; a StatusReason when some are left out | DescribeChangeSet, IncludePropertyValues |
//! | ExecuteChangeSet CREATE | `REVIEW_IN_PROGRESS` | `CREATE_IN_PROGRESS`, `CREATE_COMPLETE`, or `ROLLBACK_IN_PROGRESS`, `ROLLBACK_COMPLETE` | "Stack status codes" |
//! | ExecuteChangeSet UPDATE | as above | `UPDATE_IN_PROGRESS`, `UPDATE_COMPLETE_CLEANUP_IN_PROGRESS`, `UPDATE_COMPLETE`, or `UPDATE_ROLLBACK_IN_PROGRESS`, `UPDATE_ROLLBACK_COMPLETE` | the same |
//! | ExecuteChangeSet UPDATE | denied by the stack policy | the resource `UPDATE_FAILED`, rolled back | "Prevent updates to stack resources" |
//! | ExecuteChangeSet | already executed, or deleted | refused: InvalidChangeSetStatus, ChangeSetNotFound; all others of the stack are deleted by an execution | ExecuteChangeSet |
//! | DeleteStack | at rest | `DELETE_IN_PROGRESS`, `DELETE_COMPLETE` or `DELETE_FAILED`; what is retained is `DELETE_SKIPPED`; `REVIEW_IN_PROGRESS` goes at once | DeleteStack, "DeletionPolicy attribute" |
//! | DeleteStack | protected | refused: ValidationError | UpdateTerminationProtection |
//! | any | deleted | found by its ARN alone; the name is free | DescribeStacks, StackName |
//! | RollbackStack | `CREATE_FAILED` | `ROLLBACK_IN_PROGRESS`, `ROLLBACK_COMPLETE` | RollbackStack |
//! | RollbackStack | `UPDATE_FAILED` | `UPDATE_ROLLBACK_IN_PROGRESS`, `UPDATE_ROLLBACK_COMPLETE` | the same |
//! | ContinueUpdateRollback | `UPDATE_ROLLBACK_FAILED` | `UPDATE_ROLLBACK_IN_PROGRESS`, `UPDATE_ROLLBACK_COMPLETE`, or back while a resource fails that is not skipped | ContinueUpdateRollback, ResourcesToSkip |
//! | CancelUpdateStack | `UPDATE_IN_PROGRESS` | `UPDATE_ROLLBACK_IN_PROGRESS`, `UPDATE_ROLLBACK_COMPLETE` | CancelUpdateStack |
//! | DescribeStackEvents | | newest first, in pages | DescribeStackEvents |
//!
//! The last column names operations of the AWS CloudFormation API Reference, topics of its User Guide (in quotation marks)
//! and public reports. Real clouds differ in how long things take and in how they word refusals; nothing here depends on it.
//!
//! A repetition with the token of a call that took effect takes none (ClientToken, ClientRequestToken). A *forgetful* cloud, as
//! emulators are, knows no tokens and refuses by name and state instead: MiniStack checks and records tokens and does not
//! compare them. Both are to be deployed to.

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
