//! Fipe manufacturer-loader.
fn main() {}
