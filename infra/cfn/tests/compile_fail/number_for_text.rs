//! Does not compile: number for text.

use cfn::aws_sqs::CfnQueue;

fn main() {
    CfnQueue::new().queue_name(7);
}
