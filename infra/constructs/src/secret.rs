//! A secret of which Secrets Manager generates one member, such as the password of a user: it never appears in a template.

use cfn::aws_rds::CfnDBCluster;
use cfn::aws_secretsmanager::{CfnSecret, CfnSecretTargetAttachment, cfn_secret};
use cfn::intrinsics::sub;
use cfn::{DeletionPolicy, Handle, ResourceOptions, UpdateReplacePolicy, Value};

use crate::{Exceptions, Grantee, PolicyStatement, Stack, Suppression};

/// Length of a generated password. Letters and digits only, so that it needs no quoting in any connection string.
const PASSWORD_LENGTH: u32 = 40;

/// JSON in Secrets Manager, such as `{"username": .., "password": ..}`.
#[derive(Debug, Clone)]
pub struct Secret {
    handle: Handle<CfnSecret>,
}

impl Secret {
    /// `{"username": .., "password": ..}`.
    #[track_caller]
    pub fn generated(stack: &mut Stack, id: &str, username: &str, description: &'static str) -> Self {
        let template = format!(r#"{{"username":"{username}"}}"#);
        Self::of(stack, id, description, template, ("password", PASSWORD_LENGTH))
    }

    /// `{"<member>": ..}` with as many letters and digits.
    #[track_caller]
    pub fn generated_member(
        stack: &mut Stack,
        id: &str,
        (member, length): (&'static str, u32),
        description: &'static str,
    ) -> Self {
        Self::of(stack, id, description, "{}".to_owned(), (member, length))
    }

    #[track_caller]
    fn of(
        stack: &mut Stack,
        id: &str,
        description: &'static str,
        template: String,
        (member, length): (&'static str, u32),
    ) -> Self {
        let generate = cfn_secret::GenerateSecretStringProperty::new()
            .secret_string_template(template)
            .generate_string_key(member)
            .password_length(length)
            .exclude_punctuation(true);
        // It is not data: a new stack generates a new one. One that is replaced stays, since other stacks use it until they are updated.
        let secret = CfnSecret::new()
            .description(description)
            .generate_secret_string(generate)
            .deletion_policy(DeletionPolicy::Delete)
            .update_replace_policy(UpdateReplacePolicy::Retain)
            .suppress(Suppression::checkov(
                "CKV_AWS_149",
                "encrypted with the key that AWS manages; a key of our own costs by the month and admits nobody less in one account",
            ));
        Self { handle: stack.add(id, secret) }
    }

    pub fn secret_arn(&self) -> Value<String> {
        self.handle.r#ref()
    }

    /// A reference that CloudFormation resolves during deployment; the template contains the reference, never the value.
    pub fn secret_value_from_json(&self, key: &str) -> Value<String> {
        sub(format!("{{{{resolve:secretsmanager:${{{}}}:SecretString:{key}}}}}", self.handle.id()))
    }

    /// Adds engine, host, port and database name of the cluster to the secret.
    #[track_caller]
    pub fn attach(&self, stack: &mut Stack, cluster: &Handle<CfnDBCluster>) {
        let attachment = CfnSecretTargetAttachment::new()
            .secret_id(self.secret_arn())
            .target_id(cluster.r#ref())
            .target_type("AWS::RDS::DBCluster");
        stack.add(format!("{}Attachment", self.handle.id()), attachment);
    }

    pub fn grant_read(&self, stack: &mut Stack, grantee: &impl Grantee) {
        Self::grant_read_of(stack, self.secret_arn(), grantee);
    }

    /// The same for a secret of another stack, by its full ARN.
    pub fn grant_read_of(stack: &mut Stack, secret_arn: Value<String>, grantee: &impl Grantee) {
        let actions = &["secretsmanager:GetSecretValue"];
        grantee.grant(stack, PolicyStatement { sid: "ReadSecrets", actions, resources: vec![secret_arn] });
    }
}
