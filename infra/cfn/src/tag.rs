//! Tags as most resources take them: a list of keys and values.

use crate::{IntoValue, Json, Value};

/// A key and a value on a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    key: Value<String>,
    value: Value<String>,
}

impl Tag {
    pub fn new(key: impl IntoValue<String>, value: impl IntoValue<String>) -> Self {
        Self { key: key.into_value(), value: value.into_value() }
    }
}

impl IntoValue<Tag> for Tag {
    fn into_value(self) -> Value<Tag> {
        Value::from_json(Json::object([("Key", self.key), ("Value", self.value)]))
    }
}

impl<K: IntoValue<String>, V: IntoValue<String>> IntoValue<Tag> for (K, V) {
    fn into_value(self) -> Value<Tag> {
        Tag::new(self.0, self.1).into_value()
    }
}
