//! What can go wrong in the chain, and whether trying again can help. Refuses to log.

/// A fault of the chain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text that is no month.
    #[error("{text:?} is not a month: YYYY-MM of the years 1990 to 2100")]
    Month { text: String },
    /// A text that is no model year and fuel.
    #[error("{text:?} is not a model year and fuel: 1900-1 to 2100-99, or 32000 as the year for zero km")]
    YearFuel { text: String },
}
