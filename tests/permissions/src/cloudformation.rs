//! Calls of CloudFormation, and what they need besides: the role that they pass, and the template that is read for them.

use std::collections::BTreeMap;

use crate::action;
use crate::call::{Call, Caller, Resource};

const STACK: &str = "AWS::CloudFormation::Stack";
const CHANGE_SET: &str = "AWS::CloudFormation::ChangeSet";

/// An operation with its parameters; nothing if it does not say which stack it is about.
pub(crate) fn calls(caller: &Caller, operation: &str, form: &BTreeMap<String, String>) -> Option<Vec<Call>> {
    let change_set = form.get("ChangeSetName").map(|name| part(name, ":changeSet/"));
    let resource = match (form.get("StackName"), &change_set) {
        (Some(stack), _) => Resource { kind: STACK, name: part(stack, ":stack/"), below: String::new() },
        // The ARN of a change set does not name its stack.
        (None, Some(name)) => Resource { kind: CHANGE_SET, name: name.clone(), below: String::new() },
        (None, None) => return None,
    };
    let role = form.get("RoleARN");
    let mut context = BTreeMap::new();
    context.extend(change_set.map(|name| ("cloudformation:ChangeSetName".to_owned(), name)));
    context.extend(role.map(|role| ("cloudformation:RoleArn".to_owned(), role.clone())));
    let call = |service: &str, operation: &str, resource: Resource, context: BTreeMap<String, String>| Call {
        caller: caller.clone(),
        service: service.to_owned(),
        operation: operation.to_owned(),
        action: action(service, operation, false),
        resource,
        context,
    };
    let mut calls = vec![call("cloudformation", operation, resource, context)];
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    calls.extend(role.map(|role| {
        let service = ("iam:PassedToService".to_owned(), "cloudformation.amazonaws.com".to_owned());
        let role = Resource { kind: "AWS::IAM::Role", name: role.clone(), below: String::new() };
        call("iam", "PassRole", role, BTreeMap::from([service]))
    }));
    // CloudFormation reads it with the rights of whoever asks: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-overview.html
    calls.extend(form.get("TemplateURL").and_then(|url| {
        let (bucket, key) = url.split("://").nth(1)?.split_once('/')?.1.split_once('/')?;
        let object = Resource { kind: "AWS::S3::Bucket", name: bucket.to_owned(), below: format!("/{key}") };
        Some(call("s3", "GetObject", object, BTreeMap::new()))
    }));
    Some(calls)
}

/// The name in an ARN such as `..:stack/<name>/<id>`, or the name itself.
fn part(text: &str, before: &str) -> String {
    let rest = text.split(before).nth(1);
    rest.and_then(|rest| rest.split('/').next()).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_set_is_about_its_stack_and_passes_its_role() {
        let form = [
            ("StackName", "FipeApi-dev"),
            ("ChangeSetName", "infra-1"),
            ("RoleARN", "arn:r"),
            ("TemplateURL", "http://127.0.0.1:1/bucket/templates/a.yaml"),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let calls = calls(&Caller::Account("1".to_owned()), "CreateChangeSet", &form).unwrap();
        let told: Vec<String> = calls.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "1 calls cloudformation CreateChangeSet on FipeApi-dev, which needs cloudformation:CreateChangeSet",
                "1 calls iam PassRole on arn:r, which needs iam:PassRole",
                "1 calls s3 GetObject on bucket/templates/a.yaml, which needs s3:GetObject",
            ]
        );
        assert_eq!(calls[0].context["cloudformation:RoleArn"], "arn:r");
    }

    #[test]
    fn stacks_and_change_sets_are_known_by_their_arns_too() {
        let of = |name: &str, value: &str| {
            let form = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            calls(&Caller::Account("1".to_owned()), "Describe", &form).map(|calls| calls[0].resource.clone())
        };
        let stack = of("StackName", "arn:aws:cloudformation:r:1:stack/FipeApi-dev/u").unwrap();
        assert_eq!((stack.kind, stack.name.as_str()), (STACK, "FipeApi-dev"));
        let change_set = of("ChangeSetName", "arn:aws:cloudformation:r:1:changeSet/infra-1/u").unwrap();
        assert_eq!((change_set.kind, change_set.name.as_str()), (CHANGE_SET, "infra-1"));
        assert_eq!(of("Other", "1"), None);
    }
}
