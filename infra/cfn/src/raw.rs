//! Resources by name: types that are not generated, custom resources, and those with properties newer than the facts.

use crate::{Json, Resource, ResourceOptions, ResourceParts};

/// Any resource type. Known types are still checked against the facts: unknown and missing properties, values.
///
/// ```
/// let init = cfn::RawResource::new("Custom::DatabaseInit").property("ServiceToken", "arn:aws:lambda:..").property("Version", 3);
/// ```
#[derive(Clone, Debug)]
pub struct RawResource(ResourceParts);

impl RawResource {
    pub fn new(resource_type: impl Into<String>) -> Self {
        Self(ResourceParts::of(resource_type.into().into()))
    }

    pub fn property(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.0.properties.set(name.into(), value);
        self
    }
}

impl ResourceOptions for RawResource {
    fn parts_mut(&mut self) -> &mut ResourceParts {
        &mut self.0
    }
}

impl Resource for RawResource {
    fn into_parts(self) -> ResourceParts {
        self.0
    }

    fn from_parts(parts: ResourceParts) -> Self {
        Self(parts)
    }
}
