//! From the specification to Rust: facts out of two packages, overlays of our own over them, sources of the facts and cfn crates out of both.
//! No Node and no Python takes part in generating; `import` alone fetches, by npm's and pip's clients.

pub mod changes;
pub mod facts;
pub mod generate;
pub mod import;
pub mod lint_schemas;
pub mod names;
pub mod outlines;
pub mod overlay;
pub mod packages;
pub mod patterns;
pub mod project;
pub mod service_spec;
