//! The container behind every generated type: property names and values in the order in which they were set.

use std::borrow::Cow;

use crate::Json;
use crate::json::entry;

/// Properties in the order in which they were first set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties(Vec<(Cow<'static, str>, Json)>);

impl Properties {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets a property; one that is already set keeps its position and gets the new value. [`Json::Absent`] removes it.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Json>) {
        self.place(name.into(), value.into());
    }

    /// The literal or intrinsic of a property.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The same, for changing it in place.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        self.0.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The value of a property, for changing it in place; one that is not set is [`Json::Absent`] until it is.
    pub fn entry(&mut self, name: &'static str) -> &mut Json {
        entry(&mut self.0, name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> + Clone {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `set` for generated code: nothing generic, so that it is compiled once.
    pub(crate) fn put(&mut self, name: &'static str, value: Json) {
        self.place(Cow::Borrowed(name), value);
    }

    fn place(&mut self, name: Cow<'static, str>, value: Json) {
        match (self.0.iter().position(|(key, _)| *key == name), value) {
            (Some(place), Json::Absent) => drop(self.0.remove(place)),
            (None, Json::Absent) => {}
            (Some(place), value) => self.0[place].1 = value,
            (None, value) => self.0.push((name, value)),
        }
    }
}

impl From<Properties> for Json {
    fn from(properties: Properties) -> Self {
        Self::Object(properties.0)
    }
}
