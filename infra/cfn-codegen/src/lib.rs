//! From the specification to Rust: facts from two packages, our own overlays on top, and the generated sources of the facts and cfn crates.
//! Generating needs no Node and no Python; only `import` downloads, with npm's and pip's clients.

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
pub mod permissions;
pub mod project;
pub mod service_spec;
