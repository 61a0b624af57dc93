//! Two sets of templates in, a verdict out: what changes, what is dangerous, and why.
//!
//! Pure: no AWS, no network, no files, no clock. A template that cannot be parsed is an error with line and column.

mod acknowledge;
mod change;
mod compare;
mod document;
mod fold;
mod graph;
mod json;
mod layout;
mod pair;
mod policy;
mod propagate;
mod rename;
pub mod render;
mod review;
pub mod rules;
mod skew;

pub use change::{
    Acceptance, Action, Category, Cause, Change, Finding, IngressChange, MASK, PermissionChange, PropertyChange,
    Replacement, Review, SectionChange, Severity, Skew,
};
pub use fold::with_parameters;
pub use graph::{Graph, graphs};
pub use pair::Pair;
pub use policy::{Access, Call, Granted, Judgement};
pub use review::{Observed, ObservedProperty, Options, review};
pub use rules::sections::{SECTION_RULES, SectionContext, SectionRule};
pub use rules::{Context, Example, RULES, Rule};
pub use skew::{Explained, Stages, differences};
/// The parser, since everything that is reviewed comes from it.
pub use template::{Entry, Node, ParseError, Position, Resource, Template, Value, parse};
