//! Two sets of templates in, a verdict out: what changes, what is dangerous, and why.
//!
//! Pure: no AWS, no network, no files, no clock. Refuses templates it cannot read, with line and column.

mod change;
mod compare;
mod document;
mod json;
mod node;
mod parse;
mod review;
pub mod rules;
mod template;

pub use change::{
    Acceptance, Action, Category, Cause, Change, Finding, MASK, PropertyChange, Replacement, Review, SectionChange,
    Severity, Skew,
};
pub use node::{Entry, Node, Position, Value};
pub use parse::{ParseError, parse};
pub use review::{Observed, ObservedProperty, Options, Pair, review};
pub use rules::{Context, Example, RULES, Rule};
pub use template::{Resource, Template};
