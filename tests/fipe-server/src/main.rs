//! A FIPE server for tests and the local cloud.
fn main() {}
