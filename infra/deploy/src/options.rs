//! How a deployment, a preview or a deletion is run. No default loses data.

use std::collections::BTreeSet;

use aws_access::Pace;

/// How a deployment is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Unique for this run, `[a-zA-Z0-9][-a-zA-Z0-9]*` and at most 64 characters; request tokens and change set names contain it.
    pub run_id: String,
    /// How often AWS is polled.
    pub pace: Pace,
    /// Stacks that are deployed at the same time, at least 1.
    pub concurrency: usize,
    /// Losses that are accepted, each as `<stack within the stage>/<logical id>`, for example `ShopData/Cluster`.
    pub accept_data_loss: BTreeSet<String>,
    /// Resources that a failed rollback may skip, named in the same way.
    pub skip_rollback: BTreeSet<String>,
    /// ARN of the role with which CloudFormation creates and deletes resources; without one, the stack's own or the caller's permissions.
    pub execution_role: Option<String>,
    /// Resources that already exist under the template's fixed names are imported into the stack instead of making it fail.
    pub import_existing: bool,
    /// Whether losing a resource of this type loses data.
    pub is_stateful: fn(&str) -> bool,
}

impl Options {
    /// Four stacks at a time, no loss accepted, nothing skipped or imported.
    pub fn new(run_id: impl Into<String>, pace: Pace, is_stateful: fn(&str) -> bool) -> Self {
        Self {
            run_id: run_id.into(),
            pace,
            concurrency: 4,
            accept_data_loss: BTreeSet::new(),
            skip_rollback: BTreeSet::new(),
            execution_role: None,
            import_existing: false,
            is_stateful,
        }
    }
}
