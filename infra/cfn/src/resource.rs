//! What all resources share: their options, and the handle through which others refer to them.

use std::marker::PhantomData;

use crate::{ConditionHandle, Intrinsic, Json, LogicalId, Properties, Value};

/// A resource with all its required properties.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no complete resource",
    note = "a required property may be missing; see the bounds below"
)]
pub trait Resource: ResourceOptions {
    fn into_parts(self) -> ResourceParts;
    fn from_parts(parts: ResourceParts) -> Self;
}

/// Type, properties and options of a resource.
#[derive(Clone, Debug)]
pub struct ResourceParts {
    pub resource_type: std::borrow::Cow<'static, str>,
    pub properties: Properties,
    pub depends_on: Vec<LogicalId>,
    pub condition: Option<LogicalId>,
    pub deletion_policy: Option<DeletionPolicy>,
    pub update_replace_policy: Option<UpdateReplacePolicy>,
    pub metadata: Properties,
}

impl ResourceParts {
    pub const fn new(resource_type: &'static str) -> Self {
        Self::of(std::borrow::Cow::Borrowed(resource_type))
    }

    pub(crate) const fn of(resource_type: std::borrow::Cow<'static, str>) -> Self {
        Self {
            resource_type,
            properties: Properties::new(),
            depends_on: Vec::new(),
            condition: None,
            deletion_policy: None,
            update_replace_policy: None,
            metadata: Properties::new(),
        }
    }

    pub(crate) fn to_json(&self) -> Json {
        let depends_on = match self.depends_on.as_slice() {
            [] => Json::Absent,
            [one] => one.to_string().into(),
            many => Json::list(many.iter().map(LogicalId::to_string)),
        };
        let or_absent = |properties: &Properties| match properties.is_empty() {
            true => Json::Absent,
            false => properties.clone().into(),
        };
        Json::Object(vec![
            ("Type".into(), self.resource_type.to_string().into()),
            ("Condition".into(), self.condition.as_ref().map(LogicalId::to_string).into()),
            ("DependsOn".into(), depends_on),
            ("DeletionPolicy".into(), self.deletion_policy.map(DeletionPolicy::as_str).into()),
            ("UpdateReplacePolicy".into(), self.update_replace_policy.map(UpdateReplacePolicy::as_str).into()),
            ("Metadata".into(), or_absent(&self.metadata)),
            ("Properties".into(), or_absent(&self.properties)),
        ])
    }
}

/// Options of any resource. Import it to use the methods.
pub trait ResourceOptions: Sized {
    fn parts_mut(&mut self) -> &mut ResourceParts;

    /// Created after that one and deleted before it. References imply this order by themselves.
    fn depends_on<R>(mut self, other: &Handle<R>) -> Self {
        self.parts_mut().depends_on.push(other.id().clone());
        self
    }

    /// Only present if the condition is true.
    fn condition(mut self, condition: &ConditionHandle) -> Self {
        self.parts_mut().condition = Some(condition.id().clone());
        self
    }

    /// What happens to the physical resource when it is removed from the template or the stack is deleted.
    fn deletion_policy(mut self, policy: DeletionPolicy) -> Self {
        self.parts_mut().deletion_policy = Some(policy);
        self
    }

    /// What happens to the old one when an update replaces it.
    fn update_replace_policy(mut self, policy: UpdateReplacePolicy) -> Self {
        self.parts_mut().update_replace_policy = Some(policy);
        self
    }

    fn metadata(mut self, key: impl Into<String>, value: impl Into<Json>) -> Self {
        self.parts_mut().metadata.set(key.into(), value);
        self
    }
}

/// What happens to a resource that is removed from the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionPolicy {
    Delete,
    Retain,
    RetainExceptOnCreate,
    /// Only for types that support snapshots, such as clusters and volumes.
    Snapshot,
}

/// What happens to a resource that an update replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateReplacePolicy {
    Delete,
    Retain,
    /// Only for types that support snapshots, such as clusters and volumes.
    Snapshot,
}

impl DeletionPolicy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::RetainExceptOnCreate => "RetainExceptOnCreate",
            Self::Snapshot => "Snapshot",
        }
    }
}

impl UpdateReplacePolicy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::Snapshot => "Snapshot",
        }
    }
}

/// A resource in the template. Generated types add their attributes: `queue.attr_arn()`.
pub struct Handle<R> {
    id: LogicalId,
    kind: PhantomData<fn() -> R>,
}

impl<R> Handle<R> {
    pub(crate) fn new(id: LogicalId) -> Self {
        Self { id, kind: PhantomData }
    }

    pub fn id(&self) -> &LogicalId {
        &self.id
    }

    /// `!Ref`: the return value documented for the type, usually its name or id (for a queue its URL).
    pub fn r#ref(&self) -> Value<String> {
        Intrinsic::Ref(self.id.to_string().into()).into_typed()
    }

    /// `!GetAtt` of any attribute, for types and attributes that are not generated.
    pub fn get_att<T>(&self, attribute: impl Into<std::borrow::Cow<'static, str>>) -> Value<T> {
        Intrinsic::GetAtt(self.id.to_string(), attribute.into()).into_typed()
    }
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self::new(self.id.clone())
    }
}

impl<R> std::fmt::Debug for Handle<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Handle({})", self.id)
    }
}
