//! Does not compile: text for a boolean.

use cfn::aws_sqs::CfnQueue;

fn main() {
    CfnQueue::new().fifo_queue("true");
}
