//! A topic that notifies people or programs: names and counts, no secrets. It has SNS's default policy, which admits this
//! account only.

use cfn::aws_sns::CfnTopic;
use cfn::{Handle, Value};

use crate::{Exceptions, Grantee, PolicyStatement, Stack, Suppression};

/// The key that AWS manages for SNS. Any publisher in this account may use it.
const KEY_OF_SNS: &str = "alias/aws/sns";

#[derive(Debug, Clone)]
pub struct Topic {
    handle: Handle<CfnTopic>,
}

impl Topic {
    /// For functions that publish. CloudWatch cannot: the policy of SNS's key does not allow it.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, topic_name: String) -> Self {
        Self { handle: stack.add(id, CfnTopic::new().topic_name(topic_name).kms_master_key_id(KEY_OF_SNS)) }
    }

    /// For alarms: not encrypted at rest.
    #[track_caller]
    pub fn for_alarms(stack: &mut Stack, id: &str, topic_name: String) -> Self {
        let reason = "alarms cannot publish under the key that AWS manages, another costs by the month, and names of alarms \
                      and counts are no secret";
        let topic = CfnTopic::new()
            .topic_name(topic_name)
            .suppress(Suppression::checkov("CKV_AWS_26", reason))
            .suppress(Suppression::guard("TOPICS_ENCRYPTED", reason));
        Self { handle: stack.add(id, topic) }
    }

    pub fn topic_arn(&self) -> Value<String> {
        self.handle.r#ref()
    }

    pub fn grant_publish(&self, stack: &mut Stack, grantee: &impl Grantee) {
        let resources = vec![self.topic_arn()];
        grantee.grant(stack, PolicyStatement { sid: "Publish", actions: &["sns:Publish"], resources });
    }
}
