//! Saving a product: its report first, then the product, so that a product which is shown has its report. Refuses a second content for an id.

use jiff::Timestamp;

use crate::ports::{Fault, Placed, Reports, Table};
use crate::product::{Product, Status};
use crate::report::report;

/// Why a product was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error("the id {id} belongs to a product with another content")]
    OtherContent { id: uuid::Uuid },
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl SaveError {
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Fault(_))
    }
}

/// Saves a product; `Before` when that was done already. Any number of times and at any number of workers, with the same result.
///
/// # Errors
/// Another content under the same id, which stays so; or a call that failed.
pub async fn save(
    table: &impl Table,
    reports: &impl Reports,
    product: &Product,
    now: Timestamp,
) -> Result<Placed<()>, SaveError> {
    match table.find(product.id, now).await? {
        Some(record) if record.product != *product => return Err(SaveError::OtherContent { id: product.id }),
        Some(record) if record.status == Status::Saved => return Ok(Placed::Before(())),
        _ => {}
    }
    reports.write(product.id, &report(product)).await?;
    Ok(table.save(product, now).await?)
}

#[cfg(test)]
mod tests;
