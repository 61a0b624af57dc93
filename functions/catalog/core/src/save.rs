//! Saving a product: its report first, then the product, so that a product shown as saved has its report. Different content under a used id is an error.

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

/// Saves a product; `Before` when it was saved already. Safe to call any number of times by any number of workers, with the same result.
///
/// # Errors
/// Different content under the same id, which is permanent; or a call that failed.
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
