//! One stack to the state of its template: recovery, change set, preview, approval, execution, cleanup. Never executes an
//! unapproved change.

mod change_set;
mod change_set_name;
mod cleanup;
mod deployment;
mod dry_run;
mod execution;
mod outcome;
mod preview;
mod recovery;
mod replacement;
mod review_stack;

pub(crate) use cleanup::remove_all;
pub(crate) use deployment::deploy;
pub(crate) use dry_run::preview_all;
pub use outcome::Outcome;
