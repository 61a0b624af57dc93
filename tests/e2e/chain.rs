//! End to end on the local cloud.
fn main() {}
