//! The state of a product.

use jiff::Timestamp;
use uuid::Uuid;

use crate::ports::{Fault, Table};
use crate::product::{Product, Status};

/// What a client sees when it requests a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    Saved(Product),
    /// It is still in the queue.
    Underway(Uuid),
    Unknown,
}

/// Looks a product up.
///
/// # Errors
/// The table cannot be read.
pub async fn look(table: &impl Table, id: Uuid, now: Timestamp) -> Result<Looked, Fault> {
    Ok(match table.find(id, now).await? {
        Some(record) if record.status == Status::Saved => Looked::Saved(record.product),
        Some(record) => Looked::Underway(record.product.id),
        None => Looked::Unknown,
    })
}
