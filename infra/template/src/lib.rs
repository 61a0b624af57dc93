//! The parser for CloudFormation templates: YAML and JSON to one tree, every value with its position, every intrinsic in one form.
//!
//! Pure, and a leaf. A text that is not a template is an error with line and column. Does not know what resource types mean.

mod intrinsics;
mod node;
mod parse;
pub mod path;
mod position;
mod substitution;
mod template;

pub use intrinsics::canonical;
pub use node::{Entry, Node, Value};
pub use parse::{embedded_json, parse};
pub use position::{ParseError, Position};
pub use substitution::variables;
pub use template::{Resource, Template};

/// The examples of the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
