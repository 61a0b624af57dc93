//! Does not compile: missing required nested property.

use cfn::aws_sqs::CfnQueue;
use cfn::aws_sqs::cfn_queue::RedrivePolicyProperty;

fn main() {
    CfnQueue::new().redrive_policy(RedrivePolicyProperty::new().max_receive_count(5));
}
