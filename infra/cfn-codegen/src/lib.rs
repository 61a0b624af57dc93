//! From the specification to Rust: facts out of two packages, overlays of our own over them, sources of the cfn crate out of both.

pub mod facts;
pub mod generate;
pub mod import;
pub mod lint_schemas;
pub mod names;
pub mod overlay;
pub mod service_spec;
