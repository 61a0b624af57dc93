//! Does not compile: value of another enumeration.

use cfn::aws_lambda::CfnFunction;
use cfn::aws_lambda::cfn_function::PackageType;

fn main() {
    CfnFunction::new().runtime(PackageType::ZIP);
}
