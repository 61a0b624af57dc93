//! Conditions: what a stack contains depending on its parameters.

use crate::{IntoValue, Intrinsic, Json, LogicalId, Value};

/// A condition expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(pub(crate) Json);

impl Condition {
    /// `!Equals`
    pub fn equals(left: impl IntoValue<String>, right: impl IntoValue<String>) -> Self {
        let (left, right): (Value<String>, Value<String>) = (left.into_value(), right.into_value());
        Self(Intrinsic::Equals(left.into_json(), right.into_json()).into())
    }

    /// `!And` of 2 to 10 conditions.
    pub fn and<C: Into<Condition>>(conditions: impl IntoIterator<Item = C>) -> Self {
        Self(Intrinsic::And(conditions.into_iter().map(|condition| condition.into().0).collect()).into())
    }

    /// `!Or` of 2 to 10 conditions.
    pub fn or<C: Into<Condition>>(conditions: impl IntoIterator<Item = C>) -> Self {
        Self(Intrinsic::Or(conditions.into_iter().map(|condition| condition.into().0).collect()).into())
    }

    /// `!Not`
    pub fn not(condition: impl Into<Condition>) -> Self {
        Self(Intrinsic::Not(condition.into().0).into())
    }
}

/// A condition in the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionHandle(LogicalId);

impl ConditionHandle {
    pub(crate) fn new(id: LogicalId) -> Self {
        Self(id)
    }

    pub fn id(&self) -> &LogicalId {
        &self.0
    }
}

impl From<&ConditionHandle> for Condition {
    fn from(handle: &ConditionHandle) -> Self {
        Self(Intrinsic::Condition(handle.0.to_string()).into())
    }
}
