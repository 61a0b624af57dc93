//! Pseudo parameters: what CloudFormation knows about the stack itself.

use std::borrow::Cow;

use crate::{Intrinsic, Value};

macro_rules! pseudo_parameters {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $id:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name() -> Value<$kind> {
            Intrinsic::Ref(Cow::Borrowed($id)).into_typed()
        }
    )*};
}

pseudo_parameters! {
    /// The account's twelve digits.
    account_id: String = "AWS::AccountId";
    /// The ARNs of the topics that receive the stack's events.
    notification_arns: Vec<String> = "AWS::NotificationARNs";
    /// `aws`, `aws-cn`, `aws-us-gov` ..
    partition: String = "AWS::Partition";
    /// `us-east-1` ..
    region: String = "AWS::Region";
    stack_id: String = "AWS::StackId";
    stack_name: String = "AWS::StackName";
    /// `amazonaws.com` ..
    url_suffix: String = "AWS::URLSuffix";
}
