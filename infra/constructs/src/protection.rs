//! What protects a deployed stack from accidents: termination protection, and a stack policy derived from the resources that hold data.
//! Does not know whether a change is intended: the deployer lifts the protection of a resource by name.

use cfn::{Json, Template, json};

/// How a stack is protected once it is deployed. Not at all by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protection {
    /// Whether CloudFormation refuses to delete the stack.
    pub termination: bool,
    /// The stack policy, as JSON: updates must not replace or delete a resource that holds data. `None` if the stage wants
    /// none, or no resource of the stack holds data.
    pub stack_policy: Option<String>,
}

impl Protection {
    /// The protection for a finished template.
    pub fn of(template: &Template, termination: bool, stack_policy: bool) -> Self {
        let stack_policy = if stack_policy { Self::stack_policy_of(template, &[]) } else { None };
        Self { termination, stack_policy }
    }

    /// The stack policy of a template, except for the resources in `lifted` (logical ids): those may be replaced and deleted. `None` if
    /// nothing is left to protect. Stack policies apply while a stack is updated, not while it is deleted:
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>
    pub fn stack_policy_of(template: &Template, lifted: &[&str]) -> Option<String> {
        let protected: Vec<_> = template
            .resources()
            .iter()
            .filter(|entry| facts::is_stateful(&entry.parts.resource_type) && !lifted.contains(&entry.id.as_str()))
            .map(|entry| format!("LogicalResourceId/{}", entry.id))
            .collect();
        if protected.is_empty() {
            return None;
        }
        // Without an Allow everything is denied; a Deny overrides any Allow.
        let policy = json!({
            "Statement": [
                { "Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*" },
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": ["Update:Replace", "Update:Delete"],
                    "Resource": (Json::list(protected)),
                },
            ],
        });
        Some(policy.to_text())
    }
}
