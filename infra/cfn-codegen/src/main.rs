//! Generates the resources of the cfn crate from the specification facts.
fn main() {}
