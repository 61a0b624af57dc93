//! Outputs of a stack.

use crate::{ConditionHandle, IntoValue, Json, LogicalId, Value};

/// A value that the stack shows after deployment.
#[derive(Clone, Debug)]
pub struct Output {
    pub(crate) id: LogicalId,
    pub(crate) value: Json,
    pub(crate) description: Option<String>,
    pub(crate) export_name: Option<Json>,
    pub(crate) condition: Option<LogicalId>,
}

impl Output {
    pub(crate) fn new(id: LogicalId, value: Json) -> Self {
        Self { id, value, description: None, export_name: None, condition: None }
    }

    pub fn description(&mut self, text: impl Into<String>) -> &mut Self {
        self.description = Some(text.into());
        self
    }

    /// The name under which other stacks import it.
    pub fn export_name(&mut self, name: impl IntoValue<String>) -> &mut Self {
        let name: Value<String> = name.into_value();
        self.export_name = Some(name.into_json());
        self
    }

    /// Only present if the condition is true.
    pub fn condition(&mut self, condition: &ConditionHandle) -> &mut Self {
        self.condition = Some(condition.id().clone());
        self
    }

    pub fn id(&self) -> &LogicalId {
        &self.id
    }

    pub fn value(&self) -> &Json {
        &self.value
    }

    pub(crate) fn to_json(&self) -> Json {
        Json::Object(vec![
            ("Description".into(), self.description.clone().into()),
            ("Condition".into(), self.condition.as_ref().map(LogicalId::to_string).into()),
            ("Value".into(), self.value.clone()),
            ("Export".into(), self.export_name.clone().map(|name| Json::object([("Name", name)])).into()),
        ])
    }
}
