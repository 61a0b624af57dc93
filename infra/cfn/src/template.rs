//! The template of one stack: everything in the order in which it was added.

use std::panic::Location;

use crate::parameter::ParameterParts;
use crate::{
    Condition, ConditionHandle, Handle, IntoValue, Json, LogicalId, Output, Parameter, ParameterHandle, Properties,
    Resource, ResourceParts, Value, text,
};

/// The template of one stack.
#[derive(Clone, Debug)]
pub struct Template {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Properties,
    pub(crate) parameters: Vec<(LogicalId, ParameterParts)>,
    pub(crate) mappings: Vec<(LogicalId, Json)>,
    pub(crate) conditions: Vec<(LogicalId, Json)>,
    pub(crate) resources: Vec<ResourceEntry>,
    pub(crate) outputs: Vec<Output>,
}

/// A resource of a template.
#[derive(Clone, Debug)]
pub struct ResourceEntry {
    pub id: LogicalId,
    pub parts: ResourceParts,
    /// The line of Rust that added it: the caller of [`Template::add`], through every `#[track_caller]` between. Never part of
    /// the template's text.
    pub declared_at: &'static Location<'static>,
}

impl Template {
    /// An empty template. The name is the stack's; it appears in diagnostics, not in the template.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            metadata: Properties::new(),
            parameters: Vec::new(),
            mappings: Vec::new(),
            conditions: Vec::new(),
            resources: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// At most 1,024 bytes.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn metadata(&mut self, key: impl Into<String>, value: impl Into<Json>) {
        self.metadata.set(key.into(), value);
    }

    pub fn metadata_mut(&mut self) -> &mut Properties {
        &mut self.metadata
    }

    /// The template's own metadata; each resource has its own as well.
    pub fn get_metadata(&self, key: &str) -> Option<&Json> {
        self.metadata.get(key)
    }

    pub fn parameter<T>(&mut self, id: impl Into<LogicalId>, parameter: Parameter<T>) -> ParameterHandle<T> {
        let id = id.into();
        self.parameters.push((id.clone(), parameter.parts));
        ParameterHandle::new(id)
    }

    /// A mapping: top-level keys, each an object of second-level keys. Read with [`crate::intrinsics::find_in_map`].
    pub fn mapping(&mut self, id: impl Into<LogicalId>, entries: impl Into<Json>) -> LogicalId {
        let id = id.into();
        self.mappings.push((id.clone(), entries.into()));
        id
    }

    pub fn condition(&mut self, id: impl Into<LogicalId>, condition: Condition) -> ConditionHandle {
        let id = id.into();
        self.conditions.push((id.clone(), condition.0));
        ConditionHandle::new(id)
    }

    /// Adds a resource. A second one with the same id is kept and reported by `validate`.
    #[track_caller]
    pub fn add<R: Resource>(&mut self, id: impl Into<LogicalId>, resource: R) -> Handle<R> {
        let id = id.into();
        self.resources.push(ResourceEntry {
            id: id.clone(),
            parts: resource.into_parts(),
            declared_at: Location::caller(),
        });
        Handle::new(id)
    }

    /// Changes a resource in the template. A handle of another template has no effect.
    pub fn update<R: Resource>(&mut self, handle: &Handle<R>, change: impl FnOnce(R) -> R) {
        if let Some(entry) = self.resource_mut(handle.id()) {
            entry.parts = change(R::from_parts(entry.parts.clone())).into_parts();
        }
    }

    pub fn output<T>(&mut self, id: impl Into<LogicalId>, value: impl IntoOutput<T>) -> &mut Output {
        self.outputs.push(Output::new(id.into(), value.into_output().into_json()));
        let last = self.outputs.len() - 1;
        &mut self.outputs[last]
    }

    pub fn resources(&self) -> &[ResourceEntry] {
        &self.resources
    }

    pub fn resource(&self, id: &LogicalId) -> Option<&ResourceEntry> {
        self.resources.iter().find(|entry| entry.id == *id)
    }

    pub fn resource_mut(&mut self, id: &LogicalId) -> Option<&mut ResourceEntry> {
        self.resources.iter_mut().find(|entry| entry.id == *id)
    }

    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The ids of the parameters, in order.
    pub fn parameter_ids(&self) -> impl Iterator<Item = &LogicalId> {
        self.parameters.iter().map(|(id, _)| id)
    }

    /// The template as YAML with short-form tags. The same bytes for the same template, everywhere.
    pub fn to_yaml(&self) -> String {
        text::yaml(&self.to_document())
    }

    /// The template as JSON. The same document as the YAML.
    pub fn to_json(&self) -> String {
        text::json(&self.to_document())
    }

    fn to_document(&self) -> Json {
        let section = |entries: Vec<(std::borrow::Cow<'static, str>, Json)>| match entries.is_empty() {
            true => Json::Absent,
            false => Json::Object(entries),
        };
        let plain = |entries: &[(LogicalId, Json)]| {
            section(entries.iter().map(|(id, value)| (id.to_string().into(), value.clone())).collect())
        };
        let parameters = self.parameters.iter().map(|(id, parts)| (id.to_string().into(), parts.to_json()));
        let resources = self.resources.iter().map(|entry| (entry.id.to_string().into(), entry.parts.to_json()));
        let outputs = self.outputs.iter().map(|output| (output.id.to_string().into(), output.to_json()));
        let metadata = match self.metadata.is_empty() {
            true => Json::Absent,
            false => self.metadata.clone().into(),
        };
        Json::Object(vec![
            ("AWSTemplateFormatVersion".into(), "2010-09-09".into()),
            ("Description".into(), self.description.clone().into()),
            ("Metadata".into(), metadata),
            ("Parameters".into(), section(parameters.collect())),
            ("Mappings".into(), plain(&self.mappings)),
            ("Conditions".into(), plain(&self.conditions)),
            ("Resources".into(), Json::Object(resources.collect())),
            ("Outputs".into(), section(outputs.collect())),
        ])
    }
}

/// What an output can show: a string, a number or a list, literal or intrinsic.
pub trait IntoOutput<T> {
    fn into_output(self) -> Value<T>;
}

impl<T> IntoOutput<T> for Value<T> {
    fn into_output(self) -> Value<T> {
        self
    }
}

impl<T> IntoOutput<T> for &Value<T> {
    fn into_output(self) -> Value<T> {
        self.clone()
    }
}

impl<T> IntoOutput<T> for &ParameterHandle<T> {
    fn into_output(self) -> Value<T> {
        self.r#ref()
    }
}

impl IntoOutput<String> for &str {
    fn into_output(self) -> Value<String> {
        self.into_value()
    }
}

impl IntoOutput<String> for String {
    fn into_output(self) -> Value<String> {
        self.into_value()
    }
}
