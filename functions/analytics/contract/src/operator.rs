//! What the operator asks of the importer, which can reach the database: `infra status|upload|revert analytics`.

use serde::{Deserialize, Serialize};

use crate::{RejectedRow, Upload};

/// A request, as the importer's event: `{"operator": "status"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operator", rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// The latest uploads and totals; responds with [`Status`].
    Status,
    /// One upload by its object's key and version; responds with a [`Report`], or null when the object's event has not arrived.
    Object { key: String, version: String },
    /// Takes an upload back; responds with the [`Upload`].
    Revert { id: String },
}

/// The response to [`Request::Status`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The newest first.
    pub uploads: Vec<Upload>,
    /// Rows of the audience files that count; a row that several of them have is counted in each.
    pub exhibitions: u64,
    /// Rows of the availability files that count, likewise.
    pub slots: u64,
}

/// An upload with its first rejected rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub upload: Upload,
    pub rejected: Vec<RejectedRow>,
}
