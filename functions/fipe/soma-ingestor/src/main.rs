//! Fipe soma-ingestor.
fn main() {}
