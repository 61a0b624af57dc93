//! Fipe price-loader.
fn main() {}
