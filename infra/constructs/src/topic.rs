//! A topic that tells people or programs something: names and counts, no secrets. Its policy is SNS's own, which admits this
//! account alone. No key of KMS: CloudWatch cannot publish under the one that AWS manages.

use cfn::aws_sns::CfnTopic;
use cfn::{Handle, Value};

use crate::{Grantee, PolicyStatement, Stack};

#[derive(Debug, Clone)]
pub struct Topic {
    handle: Handle<CfnTopic>,
}

impl Topic {
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, topic_name: String) -> Self {
        Self { handle: stack.add(id, CfnTopic::new().topic_name(topic_name)) }
    }

    pub fn topic_arn(&self) -> Value<String> {
        self.handle.r#ref()
    }

    pub fn grant_publish(&self, stack: &mut Stack, grantee: &impl Grantee) {
        let resources = vec![self.topic_arn()];
        grantee.grant(stack, PolicyStatement { sid: "Publish", actions: &["sns:Publish"], resources });
    }
}
