//! The typestate of required properties: a marker for each name while it is missing, `Set` once it is there.

pub use crate::generated::required::*;

/// The property is set.
pub enum Set {}

/// Holds for required properties that are set.
#[diagnostic::on_unimplemented(
    message = "required property `{Self}` is not set",
    label = "set the property that `{Self}` names",
    note = "every required property is set by the method of the same name in snake case"
)]
pub trait IsSet {}

impl IsSet for Set {}
