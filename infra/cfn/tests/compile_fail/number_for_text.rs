use cfn::aws_sqs::CfnQueue;

fn main() {
    CfnQueue::new().queue_name(7);
}
