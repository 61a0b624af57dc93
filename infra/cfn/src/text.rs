//! The text of documents: YAML with short-form tags, and JSON. Both have the same content.

mod json;
mod yaml;

pub(crate) use json::json;
pub(crate) use yaml::yaml;

use std::borrow::Cow;

use crate::{Intrinsic, Json};

/// An intrinsic as in JSON: one key, and the arguments.
fn long_form(intrinsic: &Intrinsic) -> (&'static str, Json) {
    let text = |text: &str| Json::from(text.to_owned());
    match intrinsic {
        Intrinsic::Ref(name) => ("Ref", text(name)),
        Intrinsic::GetAtt(id, attribute) => ("Fn::GetAtt", Json::list([text(id), text(attribute)])),
        Intrinsic::Sub(template, values) if values.is_empty() => ("Fn::Sub", text(template)),
        Intrinsic::Sub(template, values) => {
            let values = values.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.clone())).collect();
            ("Fn::Sub", Json::List(vec![text(template), Json::Object(values)]))
        }
        Intrinsic::Join(delimiter, items) => ("Fn::Join", Json::List(vec![text(delimiter), items.clone()])),
        Intrinsic::If(condition, then, otherwise) => {
            ("Fn::If", Json::List(vec![text(condition), present(then), present(otherwise)]))
        }
        Intrinsic::Select(index, items) => ("Fn::Select", Json::List(vec![index.clone(), items.clone()])),
        Intrinsic::Split(delimiter, source) => ("Fn::Split", Json::List(vec![text(delimiter), source.clone()])),
        Intrinsic::ImportValue(name) => ("Fn::ImportValue", name.clone()),
        Intrinsic::FindInMap(map, top, second) => {
            ("Fn::FindInMap", Json::List(vec![map.clone(), top.clone(), second.clone()]))
        }
        Intrinsic::Base64(source) => ("Fn::Base64", source.clone()),
        Intrinsic::Cidr(block, count, bits) => {
            ("Fn::Cidr", Json::List(vec![block.clone(), count.clone(), bits.clone()]))
        }
        Intrinsic::GetAZs(region) => ("Fn::GetAZs", region.clone()),
        Intrinsic::And(conditions) => ("Fn::And", Json::List(conditions.clone())),
        Intrinsic::Or(conditions) => ("Fn::Or", Json::List(conditions.clone())),
        Intrinsic::Not(condition) => ("Fn::Not", Json::List(vec![condition.clone()])),
        Intrinsic::Equals(left, right) => ("Fn::Equals", Json::List(vec![left.clone(), right.clone()])),
        Intrinsic::Condition(name) => ("Condition", text(name)),
    }
}

/// An absent branch of a condition is written explicitly.
fn present(value: &Json) -> Json {
    match value {
        Json::Absent => Intrinsic::Ref("AWS::NoValue".into()).into(),
        value => value.clone(),
    }
}

/// A number without exponent, so that YAML 1.1 and JSON read the same.
fn number(value: f64) -> String {
    format!("{value}")
}
