//! A layer version from an uploaded asset.

use cfn::aws_lambda::{CfnLayerVersion, cfn_layer_version};
use cfn::{DeletionPolicy, Handle, ResourceOptions, UpdateReplacePolicy, Value};

use crate::Stack;

#[derive(Debug, Clone)]
pub struct LayerVersion {
    handle: Handle<CfnLayerVersion>,
}

impl LayerVersion {
    /// A layer of data, for any architecture. Its former versions stay: functions of other stacks use them until those stacks are updated.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, layer_name: String, description: &str, asset: &str) -> Self {
        let (bucket, key) = stack.asset(asset);
        let layer = CfnLayerVersion::new()
            .layer_name(layer_name)
            .description(description)
            .content(cfn_layer_version::ContentProperty::new().s3_bucket(bucket).s3_key(key))
            .compatible_runtimes([cfn_layer_version::CompatibleRuntimes::PROVIDED_AL2023])
            .deletion_policy(DeletionPolicy::Delete)
            .update_replace_policy(UpdateReplacePolicy::Retain);
        Self { handle: stack.add(id, layer) }
    }

    pub fn layer_version_arn(&self) -> Value<String> {
        self.handle.r#ref()
    }
}
