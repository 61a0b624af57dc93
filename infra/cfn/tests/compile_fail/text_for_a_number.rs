//! Does not compile: text for a number.

use cfn::aws_lambda::CfnFunction;

fn main() {
    CfnFunction::new().memory_size("256");
}
