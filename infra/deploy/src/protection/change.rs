//! How a stack shall be protected, and what has to change for that. Refuses calls.

use serde::Serialize;
use serde_json::Value;

/// How a stack is protected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protection {
    /// Whether deleting the stack requires turning this off first.
    pub termination: bool,
    /// The stack policy as JSON; `None` allows every update.
    pub stack_policy: Option<String>,
}

/// The changes to a stack's protection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProtectionChange {
    /// The new termination protection, when it changes.
    pub termination: Option<bool>,
    /// The stack policy as JSON; `None` allows every update.
    pub stack_policy: Option<String>,
}

/// A policy equivalent to having none. CloudFormation cannot remove a policy, only replace it.
const ALLOW_ALL: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"Update:*","Resource":"*"}]}"#;

impl Protection {
    /// What has to change, given the current protection and policy; `None` if nothing does.
    pub(crate) fn change(&self, termination: bool, live_policy: Option<&str>) -> Option<ProtectionChange> {
        let wanted = self.stack_policy.as_deref().unwrap_or(ALLOW_ALL);
        let change = ProtectionChange {
            termination: (self.termination != termination).then_some(self.termination),
            stack_policy: (!same(wanted, live_policy.unwrap_or(ALLOW_ALL))).then(|| wanted.to_owned()),
        };
        (change != ProtectionChange::default()).then_some(change)
    }
}

fn same(one: &str, other: &str) -> bool {
    match (serde_json::from_str::<Value>(one), serde_json::from_str::<Value>(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": ["Update:Replace", "Update:Delete"],
         "Resource": ["LogicalResourceId/Cluster", "LogicalResourceId/Bucket"]},
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}]}"#;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn equal_protection_needs_no_call_however_the_policy_is_written() {
        let protection = Protection { termination: true, stack_policy: Some(POLICY.to_owned()) };
        let spaced = value(POLICY).to_string();
        assert_eq!(protection.change(true, Some(&spaced)), None);
        assert_eq!(Protection::default().change(false, None), None);
        assert_eq!(Protection::default().change(false, Some(ALLOW_ALL)), None);
    }

    #[test]
    fn what_differs_is_changed_and_nothing_else() {
        let protection = Protection { termination: true, stack_policy: Some(POLICY.to_owned()) };
        let only_termination = ProtectionChange { termination: Some(true), stack_policy: None };
        assert_eq!(protection.change(false, Some(POLICY)), Some(only_termination));
        let taken_away = Protection::default().change(false, Some(POLICY)).unwrap();
        assert_eq!((taken_away.termination, taken_away.stack_policy.as_deref()), (None, Some(ALLOW_ALL)));
    }
}
