//! Parameters: values given when a stack is deployed.

use std::marker::PhantomData;

use crate::{IntoValue, Intrinsic, Json, LogicalId, Value};

/// A parameter whose reference is a value of type `T`.
#[derive(Clone, Debug)]
pub struct Parameter<T> {
    pub(crate) parts: ParameterParts,
    kind: PhantomData<fn() -> T>,
}

#[derive(Clone, Debug)]
pub(crate) struct ParameterParts {
    pub(crate) kind: &'static str,
    entries: Vec<(&'static str, Json)>,
}

macro_rules! parameter_types {
    ($($value:ty { $($(#[$doc:meta])* $name:ident = $kind:literal;)* })*) => {$(
        impl Parameter<$value> {$(
            $(#[$doc])*
            pub fn $name() -> Self {
                Self { parts: ParameterParts { kind: $kind, entries: Vec::new() }, kind: PhantomData }
            }
        )*}
    )*};
}

parameter_types! {
    String {
        string = "String";
        availability_zone = "AWS::EC2::AvailabilityZone::Name";
        hosted_zone_id = "AWS::Route53::HostedZone::Id";
        image_id = "AWS::EC2::Image::Id";
        instance_id = "AWS::EC2::Instance::Id";
        key_name = "AWS::EC2::KeyPair::KeyName";
        security_group_id = "AWS::EC2::SecurityGroup::Id";
        subnet_id = "AWS::EC2::Subnet::Id";
        volume_id = "AWS::EC2::Volume::Id";
        vpc_id = "AWS::EC2::VPC::Id";
        /// The name of a parameter of Systems Manager; the reference gives the name, not the value.
        ssm_parameter_name = "AWS::SSM::Parameter::Name";
        /// The name of a parameter of Systems Manager; the reference gives its value.
        ssm_string = "AWS::SSM::Parameter::Value<String>";
    }
    f64 {
        number = "Number";
    }
    Vec<f64> {
        list_of_numbers = "List<Number>";
    }
    Vec<String> {
        comma_delimited_list = "CommaDelimitedList";
        list_of_availability_zones = "List<AWS::EC2::AvailabilityZone::Name>";
        list_of_security_group_ids = "List<AWS::EC2::SecurityGroup::Id>";
        list_of_subnet_ids = "List<AWS::EC2::Subnet::Id>";
    }
}

impl<T> Parameter<T> {
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with("Description", text.into())
    }

    /// Lists are written as one text separated by commas.
    pub fn default(self, value: impl Into<Json>) -> Self {
        self.with("Default", value)
    }

    pub fn allowed_values<V: Into<Json>>(self, values: impl IntoIterator<Item = V>) -> Self {
        self.with("AllowedValues", Json::list(values))
    }

    /// A regular expression that the whole value has to match.
    pub fn allowed_pattern(self, pattern: impl Into<String>) -> Self {
        self.with("AllowedPattern", pattern.into())
    }

    /// What people read when the value violates a constraint.
    pub fn constraint_description(self, text: impl Into<String>) -> Self {
        self.with("ConstraintDescription", text.into())
    }

    pub fn min_length(self, characters: u32) -> Self {
        self.with("MinLength", characters)
    }

    pub fn max_length(self, characters: u32) -> Self {
        self.with("MaxLength", characters)
    }

    pub fn min_value(self, value: f64) -> Self {
        self.with("MinValue", value)
    }

    pub fn max_value(self, value: f64) -> Self {
        self.with("MaxValue", value)
    }

    /// The value is not shown in consoles and API responses.
    pub fn no_echo(self) -> Self {
        self.with("NoEcho", true)
    }

    fn with(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.parts.entries.retain(|(key, _)| *key != name);
        self.parts.entries.push((name, value.into()));
        self
    }
}

impl ParameterParts {
    pub(crate) fn to_json(&self) -> Json {
        let kind = std::iter::once(("Type", Json::from(self.kind)));
        Json::object(kind.chain(self.entries.iter().cloned()))
    }
}

/// A parameter in the template.
#[derive(Debug)]
pub struct ParameterHandle<T> {
    id: LogicalId,
    kind: PhantomData<fn() -> T>,
}

impl<T> ParameterHandle<T> {
    pub(crate) fn new(id: LogicalId) -> Self {
        Self { id, kind: PhantomData }
    }

    pub fn id(&self) -> &LogicalId {
        &self.id
    }

    /// `!Ref`: the given value.
    pub fn r#ref(&self) -> Value<T> {
        Intrinsic::Ref(self.id.to_string().into()).into_typed()
    }
}

impl<T> Clone for ParameterHandle<T> {
    fn clone(&self) -> Self {
        Self::new(self.id.clone())
    }
}

impl<T> IntoValue<T> for &ParameterHandle<T> {
    fn into_value(self) -> Value<T> {
        self.r#ref()
    }
}
