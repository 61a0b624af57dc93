//! An `UpdateItem` from its parts: names and values get placeholders, so that no attribute's name can be a reserved word.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use messages_contract::table::KEY;
use messages_core::{Event, Fault};

use crate::fault::fault;
use crate::item::{Item, event_attribute, text};

const WHAT: &str = "the messages table";

/// The parts of an update.
#[derive(Debug, Default)]
pub(crate) struct Update {
    sets: Vec<String>,
    removes: Vec<String>,
    adds: Vec<String>,
    names: Vec<(String, String)>,
    values: Vec<(String, AttributeValue)>,
    condition: Option<String>,
}

/// What an update did.
pub(crate) enum Updated {
    /// The attributes that it wrote.
    Now(Item),
    /// The condition did not hold.
    Refused,
}

impl Update {
    fn name(&mut self, name: &str) -> String {
        if let Some((placeholder, _)) = self.names.iter().find(|(_, known)| known == name) {
            return placeholder.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.push((placeholder.clone(), name.to_owned()));
        placeholder
    }

    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.push((placeholder.clone(), value));
        placeholder
    }

    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.sets.push(format!("{name} = {value}"));
        self
    }

    /// Sets an attribute that is not there.
    pub(crate) fn set_once(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.sets.push(format!("{name} = if_not_exists({name}, {value})"));
        self
    }

    pub(crate) fn event(self, event: &Event) -> Self {
        let (name, value) = event_attribute(event);
        self.set_once(&name, value)
    }

    pub(crate) fn remove(mut self, name: &str) -> Self {
        let name = self.name(name);
        self.removes.push(name);
        self
    }

    /// Adds to a number, which is 0 where it is not there.
    pub(crate) fn add(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.adds.push(format!("{name} {value}"));
        self
    }

    /// The condition, written with the placeholders of `name` and `value`.
    pub(crate) fn only_if(mut self, condition: impl FnOnce(&mut Self) -> String) -> Self {
        let condition = condition(&mut self);
        self.condition = Some(condition);
        self
    }

    /// `name op value` for a condition.
    pub(crate) fn compare(&mut self, name: &str, operator: &str, value: AttributeValue) -> String {
        let (name, value) = (self.name(name), self.value(value));
        format!("{name} {operator} {value}")
    }

    pub(crate) fn absent(&mut self, name: &str) -> String {
        format!("attribute_not_exists({})", self.name(name))
    }

    /// Updates the item with this key.
    pub(crate) async fn run(self, client: &Client, table: &str, id: &str) -> Result<Updated, Fault> {
        let clauses = [("SET", &self.sets), ("REMOVE", &self.removes), ("ADD", &self.adds)];
        let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let expression = clauses.map(|(verb, parts)| format!("{verb} {}", parts.join(", "))).collect::<Vec<_>>();
        let call = client
            .update_item()
            .table_name(table)
            .key(KEY, text(id))
            .update_expression(expression.join(" "))
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names.into_iter().collect()))
            .set_expression_attribute_values((!self.values.is_empty()).then(|| self.values.into_iter().collect()))
            .return_values(ReturnValue::UpdatedNew);
        match call.send().await {
            Ok(answer) => Ok(Updated::Now(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(Updated::Refused),
                _ => Err(fault(WHAT, error)),
            },
        }
    }
}
