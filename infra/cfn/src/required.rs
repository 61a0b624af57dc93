//! The typestate of required properties: a marker type for each name while it is missing, `Set` once it is set.

pub use crate::generated::required::*;

/// The property is set.
pub enum Set {}

/// Implemented by required properties that are set.
#[diagnostic::on_unimplemented(
    message = "required property `{Self}` is not set",
    label = "set the property that `{Self}` names",
    note = "every required property is set by the method of the same name in snake case"
)]
pub trait IsSet {}

impl IsSet for Set {}
