//! How a deployment, a preview or a deletion is context. Refuses defaults that lose data.

use std::collections::BTreeSet;

use aws_access::Pace;

/// How a deployment is context.
#[derive(Debug, Clone)]
pub struct Options {
    /// Unique for this run, `[a-zA-Z0-9][-a-zA-Z0-9]*` and at most 64 characters; request tokens and change set names are made of it.
    pub run_id: String,
    /// How often AWS is asked.
    pub pace: Pace,
    /// Stacks that are worked on at the same time, at least 1.
    pub concurrency: usize,
    /// Losses that are accepted, each as `<stack within the stage>/<logical id>`, for example `ShopData/Cluster`.
    pub accept_data_loss: BTreeSet<String>,
    /// What a roll-back that failed may leave as it is, named in the same way.
    pub skip_rollback: BTreeSet<String>,
    /// ARN of the role that CloudFormation makes and deletes resources with; none: the stack's own, or the caller's permissions.
    pub execution_role: Option<String>,
    /// Resources that exist already, under the fixed names of the template, are taken into the stack instead of failing.
    pub import_existing: bool,
    /// Whether the loss of a resource of this type is a loss of data.
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
