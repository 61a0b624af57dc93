//! Tags: a list of keys and values on most resources, a map on some.

use facts::TagShape;

use crate::{IntoValue, Json, Template, Value};

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

impl Template {
    /// Adds tags to every taggable resource. A key that a resource already has keeps its value; tags that are an
    /// intrinsic as a whole are left alone.
    pub fn tag_all<K: Into<String>, V: IntoValue<String>>(&mut self, tags: impl IntoIterator<Item = (K, V)>) {
        let tags: Vec<(String, Json)> =
            tags.into_iter().map(|(key, value)| (key.into(), value.into_value().into_json())).collect();
        for entry in &mut self.resources {
            let Some(place) = facts::resource_type(&entry.parts.resource_type).and_then(|known| known.tags) else {
                continue;
            };
            let properties = &mut entry.parts.properties;
            if properties.get(place.property).is_none() {
                let empty = match place.shape {
                    TagShape::List => Json::List(Vec::new()),
                    TagShape::Map => Json::Object(Vec::new()),
                };
                properties.put(place.property, empty);
            }
            match properties.get_mut(place.property) {
                Some(Json::List(items)) if place.shape == TagShape::List => {
                    for (key, value) in &tags {
                        let has = items.iter().any(|item| item.get("Key").and_then(Json::as_str) == Some(key));
                        if !has {
                            items.push(Json::object([("Key", Json::from(key)), ("Value", value.clone())]));
                        }
                    }
                }
                Some(Json::Object(entries)) if place.shape == TagShape::Map => {
                    for (key, value) in &tags {
                        if !entries.iter().any(|(has, _)| has == key) {
                            entries.push((key.clone().into(), value.clone()));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
