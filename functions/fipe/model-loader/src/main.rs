//! Fipe model-loader.
fn main() {}
