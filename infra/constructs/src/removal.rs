//! What happens to a resource that holds data when its stack or its declaration is deleted.

use cfn::{DeletionPolicy, ResourceOptions, UpdateReplacePolicy};

/// Names are those of aws-cdk-lib.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalPolicy {
    /// The data is deleted with the resource.
    Destroy,
    /// The resource is retained, outside any stack.
    Retain,
}

impl RemovalPolicy {
    pub(crate) fn apply<R: ResourceOptions>(self, resource: R) -> R {
        let (deletion, replacement) = match self {
            Self::Destroy => (DeletionPolicy::Delete, UpdateReplacePolicy::Delete),
            Self::Retain => (DeletionPolicy::Retain, UpdateReplacePolicy::Retain),
        };
        resource.deletion_policy(deletion).update_replace_policy(replacement)
    }
}
