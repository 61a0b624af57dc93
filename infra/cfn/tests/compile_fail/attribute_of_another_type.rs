//! Does not compile: attribute of another type.

use cfn::aws_sqs::CfnQueue;
use cfn::aws_rds::CfnDBCluster;
use cfn::Template;

fn main() {
    let mut stack = Template::new("Test");
    let cluster = stack.add("Cluster", CfnDBCluster::new());
    stack.add("Queue", CfnQueue::new().visibility_timeout(cluster.attr_endpoint_address()));
}
