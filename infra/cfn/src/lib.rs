//! Typed CloudFormation: templates, intrinsics, generated resources.
//!
//! Pure: no I/O, no clock, no environment. A template is a value; its text depends only on what was added to it.
//! Missing required properties and wrong primitive types are compile errors; wrong values are found by [`Template::validate`].

mod condition;
mod diagnostic;
mod json;
mod logical_id;
mod output;
mod parameter;
mod properties;
mod raw;
mod resource;
mod tag;
mod template;
mod text;
mod validate;
mod value;

pub mod intrinsics;
pub mod pseudo;
pub mod required;

#[rustfmt::skip]
mod generated;

pub use condition::{Condition, ConditionHandle};
pub use diagnostic::Diagnostic;
#[allow(unused_imports, unreachable_pub, reason = "there is nothing without the feature of a service")]
pub use generated::*;
pub use json::{Intrinsic, Json};
pub use logical_id::LogicalId;
pub use output::Output;
pub use parameter::{Parameter, ParameterHandle};
pub use properties::Properties;
pub use raw::RawResource;
pub use resource::{DeletionPolicy, Handle, Resource, ResourceOptions, ResourceParts, UpdateReplacePolicy};
pub use tag::Tag;
pub use template::{ResourceEntry, Template};
pub use value::{Enumeration, EnumerationValue, IntoValue, Map, Timestamp, Value};

/// The examples of the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
