//! Two sets of templates in, a verdict out: what changes, what is dangerous, and why.
//!
//! Pure: no AWS, no network, no files, no clock. Refuses templates it cannot read, with line and column.

mod acknowledge;
mod change;
mod compare;
mod document;
mod facts;
mod fold;
mod graph;
mod json;
mod layout;
mod node;
mod parse;
mod policy;
mod propagate;
mod rename;
pub mod render;
mod review;
pub mod rules;
mod skew;
mod template;

pub use change::{
    Acceptance, Action, Category, Cause, Change, Finding, IngressChange, MASK, PermissionChange, PropertyChange,
    Replacement, Review, SectionChange, Severity, Skew,
};
pub use graph::{Graph, graphs};
pub use node::{Entry, Node, Position, Value};
pub use parse::{ParseError, parse};
pub use review::{Observed, ObservedProperty, Options, Pair, review};
pub use rules::sections::{SECTION_RULES, SectionContext, SectionRule};
pub use rules::{Context, Example, RULES, Rule};
pub use skew::{Explained, Stages, differences};
pub use template::{Resource, Template};
