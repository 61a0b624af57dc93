//! Execution roles and least-privilege statements. Owns the merging of statements. No managed policies.

use cfn::aws_iam::CfnRole;
use cfn::intrinsics::sub;
use cfn::{Handle, Json, LogicalId, Value, json};

use crate::Stack;

/// One Allow statement: exact actions on exact resources.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyStatement {
    /// The purpose of the statement, as an IAM `Sid` (letters and digits). It identifies its set of actions.
    pub sid: &'static str,
    pub actions: &'static [&'static str],
    pub resources: Vec<Value<String>>,
}

/// A role that one service assumes. Its permissions are inline, so that they exist before anything that uses it.
#[derive(Debug, Clone)]
pub struct Role {
    handle: Handle<CfnRole>,
}

/// Something that can be granted permissions.
pub trait Grantee {
    fn role(&self) -> &Role;

    fn grant(&self, stack: &mut Stack, statement: PolicyStatement) {
        self.role().add_to_policy(stack, statement);
    }
}

impl Grantee for Role {
    fn role(&self) -> &Role {
        self
    }
}

impl Role {
    /// A role that one service (`lambda.amazonaws.com`) assumes.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, service: &'static str, description: &'static str) -> Self {
        Self::trusting(stack, id, service, description, None)
    }

    /// The same, for a service that acts on behalf of many accounts: it must act on behalf of this one.
    #[track_caller]
    pub fn of_this_account(stack: &mut Stack, id: &str, service: &'static str, description: &'static str) -> Self {
        let condition = json!({ "StringEquals": { "aws:SourceAccount": cfn::pseudo::account_id() } });
        Self::trusting(stack, id, service, description, Some(condition))
    }

    #[track_caller]
    fn trusting(
        stack: &mut Stack,
        id: &str,
        service: &'static str,
        description: &'static str,
        condition: Option<Json>,
    ) -> Self {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Service": service },
                "Action": "sts:AssumeRole",
                "Condition": condition,
            }],
        });
        let role = CfnRole::new().description(description).assume_role_policy_document(trust);
        Self { handle: stack.add(id, role) }
    }

    pub fn id(&self) -> &LogicalId {
        self.handle.id()
    }

    pub fn role_arn(&self) -> Value<String> {
        self.handle.attr_arn()
    }

    pub fn role_name(&self) -> Value<String> {
        self.handle.r#ref()
    }

    /// Adds a statement; if one with the same Sid exists, the resources are added to it.
    pub fn add_to_policy(&self, stack: &mut Stack, statement: PolicyStatement) {
        let Some(statements) = self.statements_mut(stack) else { return };
        let PolicyStatement { sid, actions, resources } = statement;
        let same = statements.iter_mut().find(|known| known.get("Sid").and_then(Json::as_str) == Some(sid));
        match same.and_then(|known| entry_mut(known, "Resource")) {
            Some(Json::List(known)) => {
                for resource in resources.into_iter().map(Value::into_json) {
                    if !known.contains(&resource) {
                        known.push(resource);
                    }
                }
            }
            _ => statements.push(json!({
                "Sid": sid,
                "Effect": "Allow",
                "Action": (Json::list(actions.iter().copied())),
                "Resource": (Json::list(resources)),
            })),
        }
    }

    /// Denies actions on everything to the code of one function that has this role, and leaves them to Lambda itself.
    pub(crate) fn deny_to_function(
        &self,
        stack: &mut Stack,
        sid: &'static str,
        actions: &[&'static str],
        function_name: &str,
    ) {
        let Some(statements) = self.statements_mut(stack) else { return };
        // By its name: a reference would be circular.
        let arn =
            format!("arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{function_name}");
        let condition = json!({ "ArnEquals": { "lambda:SourceFunctionArn": (sub(arn).into_json()) } });
        statements.push(json!({
            "Sid": sid,
            "Effect": "Deny",
            "Action": (Json::list(actions.iter().copied())),
            "Resource": ["*"],
            "Condition": condition,
        }));
    }

    fn statements_mut<'a>(&self, stack: &'a mut Stack) -> Option<&'a mut Vec<Json>> {
        let properties = &mut stack.template_mut().resource_mut(self.handle.id())?.parts.properties;
        if properties.get("Policies").is_none() {
            let document = json!({ "Version": "2012-10-17", "Statement": [] });
            properties.set("Policies", json!([{ "PolicyName": "Grants", "PolicyDocument": document }]));
        }
        properties.get_mut("Policies").and_then(statements_of)
    }
}

fn statements_of(policies: &mut Json) -> Option<&mut Vec<Json>> {
    let Json::List(policies) = policies else { return None };
    match entry_mut(entry_mut(policies.first_mut()?, "PolicyDocument")?, "Statement")? {
        Json::List(statements) => Some(statements),
        _ => None,
    }
}

fn entry_mut<'a>(json: &'a mut Json, key: &str) -> Option<&'a mut Json> {
    match json {
        Json::Object(entries) => entries.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
        _ => None,
    }
}
