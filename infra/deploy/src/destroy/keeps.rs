//! What stays of a resource when its stack is deleted. Policies are read elsewhere.

use serde::Serialize;

/// What stays of a resource after its stack, by its DeletionPolicy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeps {
    /// Nothing.
    Nothing,
    /// A final snapshot.
    Snapshot,
    /// The resource itself.
    Resource,
}
