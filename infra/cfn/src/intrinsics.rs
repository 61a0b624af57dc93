//! CloudFormation's intrinsic functions, as functions that return typed values.

use std::borrow::Cow;

use crate::{ConditionHandle, IntoValue, Intrinsic, Value};

/// `!Ref`: a parameter or resource by name. Handles do this for you ([`crate::Handle::ref`], [`crate::ParameterHandle::ref`]).
pub fn ref_to<T>(name: impl Into<String>) -> Value<T> {
    Intrinsic::Ref(Cow::Owned(name.into())).into_typed()
}

/// `!GetAtt`: an attribute by name. Handles of generated resources have typed ones (`attr_arn()`).
pub fn get_att<T>(logical_id: impl Into<String>, attribute: impl Into<String>) -> Value<T> {
    Intrinsic::GetAtt(logical_id.into(), Cow::Owned(attribute.into())).into_typed()
}

/// `!Sub` with names of parameters, resources, attributes (`${Queue.Arn}`) and pseudo parameters (`${AWS::Region}`).
pub fn sub(text: impl Into<String>) -> Value<String> {
    Intrinsic::Sub(text.into(), Vec::new()).into_typed()
}

/// `!Sub` with additional values for some names.
pub fn sub_with<K: Into<String>, V: IntoValue<String>>(
    text: impl Into<String>,
    values: impl IntoIterator<Item = (K, V)>,
) -> Value<String> {
    let values = values.into_iter().map(|(name, value)| (name.into(), value.into_value().into_json()));
    Intrinsic::Sub(text.into(), values.collect()).into_typed()
}

/// `!Join`: the items separated by the delimiter.
pub fn join(delimiter: impl Into<String>, items: impl IntoValue<Vec<String>>) -> Value<String> {
    Intrinsic::Join(delimiter.into(), items.into_value().into_json()).into_typed()
}

/// `!If`: one of two values, depending on a condition of the template.
pub fn if_<T>(condition: &ConditionHandle, then: impl IntoValue<T>, otherwise: impl IntoValue<T>) -> Value<T> {
    let (then, otherwise) = (then.into_value().into_json(), otherwise.into_value().into_json());
    Intrinsic::If(condition.id().to_string(), then, otherwise).into_typed()
}

/// `!Select`: the item at an index, counted from 0.
pub fn select<T>(index: impl IntoValue<i64>, items: impl IntoValue<Vec<T>>) -> Value<T> {
    Intrinsic::Select(index.into_value().into_json(), items.into_value().into_json()).into_typed()
}

/// `!Split`: the parts of a text between delimiters.
pub fn split(delimiter: impl Into<String>, text: impl IntoValue<String>) -> Value<Vec<String>> {
    Intrinsic::Split(delimiter.into(), text.into_value().into_json()).into_typed()
}

/// `!ImportValue`: what another stack exports under this name.
pub fn import_value<T>(name: impl IntoValue<String>) -> Value<T> {
    Intrinsic::ImportValue(name.into_value().into_json()).into_typed()
}

/// `!FindInMap`: an entry of a mapping of the template.
pub fn find_in_map<T>(
    mapping: impl IntoValue<String>,
    top_level_key: impl IntoValue<String>,
    second_level_key: impl IntoValue<String>,
) -> Value<T> {
    let (top, second) = (top_level_key.into_value().into_json(), second_level_key.into_value().into_json());
    Intrinsic::FindInMap(mapping.into_value().into_json(), top, second).into_typed()
}

/// `!Base64`: the text in base64, as user data requires.
pub fn base64(text: impl IntoValue<String>) -> Value<String> {
    Intrinsic::Base64(text.into_value().into_json()).into_typed()
}

/// `!Cidr`: `count` (1 to 256) blocks out of one, each with `host_bits` bits for hosts.
pub fn cidr(
    block: impl IntoValue<String>,
    count: impl IntoValue<i64>,
    host_bits: impl IntoValue<i64>,
) -> Value<Vec<String>> {
    let (count, host_bits) = (count.into_value().into_json(), host_bits.into_value().into_json());
    Intrinsic::Cidr(block.into_value().into_json(), count, host_bits).into_typed()
}

/// `!GetAZs`: the availability zones of a region; an empty text means the stack's own.
pub fn get_azs(region: impl IntoValue<String>) -> Value<Vec<String>> {
    Intrinsic::GetAZs(region.into_value().into_json()).into_typed()
}
