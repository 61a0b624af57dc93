//! Does not compile: missing required property.

use cfn::Template;
use cfn::aws_lambda::CfnFunction;
use cfn::aws_lambda::cfn_function::CodeProperty;

fn main() {
    let mut stack = Template::new("Test");
    stack.add("Loader", CfnFunction::new().code(CodeProperty::new()));
}
