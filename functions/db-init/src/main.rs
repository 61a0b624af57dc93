//! Custom resource that applies the migrations of sql/.
fn main() {}
