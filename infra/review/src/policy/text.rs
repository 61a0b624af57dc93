//! Values of templates as comparable text: `!GetAtt Queue.Arn`, `!Sub ${Queue.Arn}` and the like read the same. Traverses `Fn::If`.

use serde_json::Value;
use std::collections::BTreeSet;

/// The conditions under which something applies: the name of a condition of the template and its outcome.
pub(crate) type Guards = BTreeSet<(String, bool)>;

/// One CloudFormation function call, such as `{"Ref": ..}`.
pub(crate) fn intrinsic(value: &Value) -> Option<(&str, &Value)> {
    let (name, argument) = value.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    (name == "Ref" || name == "Condition" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

/// The text of a value. What only CloudFormation knows becomes `${LogicalId}` or `${LogicalId.Attribute}`, the rest is its JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(_) => value.to_string(),
        Value::Object(_) => function_text(value).unwrap_or_else(|| value.to_string()),
        other => other.to_string(),
    }
}

fn function_text(value: &Value) -> Option<String> {
    let (name, argument) = intrinsic(value)?;
    match name {
        "Ref" => Some(format!("${{{}}}", argument.as_str()?)),
        "Fn::GetAtt" => match argument {
            Value::String(path) => Some(format!("${{{path}}}")),
            Value::Array(parts) => Some(format!("${{{}}}", parts.iter().map(text).collect::<Vec<_>>().join("."))),
            _ => None,
        },
        "Fn::Sub" => match argument {
            Value::String(template) => Some(template.replace("${!", "${")),
            Value::Array(parts) => {
                let variables = parts.get(1)?.as_object()?;
                let template = parts.first()?.as_str()?.to_owned();
                let filled = variables
                    .iter()
                    .fold(template, |template, (name, value)| template.replace(&format!("${{{name}}}"), &text(value)));
                Some(filled.replace("${!", "${"))
            }
            _ => None,
        },
        "Fn::Join" => {
            let parts = argument.as_array()?;
            let items = parts.get(1)?.as_array()?;
            Some(items.iter().map(text).collect::<Vec<_>>().join(parts.first()?.as_str()?))
        }
        "Fn::Select" => {
            let [index, list] = argument.as_array()?.as_slice() else { return None };
            let index: usize = text(index).parse().ok()?;
            match intrinsic(list) {
                Some(("Fn::Split", parts)) => {
                    let [delimiter, whole] = parts.as_array()?.as_slice() else { return None };
                    whole.as_str()?.split(delimiter.as_str()?).nth(index).map(str::to_owned)
                }
                _ => list.as_array()?.get(index).map(text),
            }
        }
        "Fn::ImportValue" => Some(format!("${{import:{}}}", text(argument).replace(['{', '}', '$'], ""))),
        "Fn::FindInMap" => {
            let keys: Vec<String> = argument.as_array()?.iter().map(text).collect();
            Some(format!("${{map:{}}}", keys.join(".").replace(['{', '}', '$'], "")))
        }
        _ => None,
    }
}

/// Every item of a list, or the single value, in both branches of each `Fn::If`; `AWS::NoValue` is skipped. The path gains `[n]` for items of a list.
pub(crate) fn each<'v>(
    value: &'v Value,
    path: &str,
    guards: &Guards,
    visit: &mut impl FnMut(&'v Value, &str, &Guards),
) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                each(item, &format!("{path}[{index}]"), guards, visit);
            }
        }
        Value::Null => {}
        _ => match intrinsic(value) {
            Some(("Fn::If", Value::Array(parts))) if parts.len() == 3 => {
                let condition = text(&parts[0]);
                for (branch, holds) in [(&parts[1], true), (&parts[2], false)] {
                    if guards.contains(&(condition.clone(), !holds)) {
                        continue;
                    }
                    let mut inner = guards.clone();
                    inner.insert((condition.clone(), holds));
                    each(branch, path, &inner, visit);
                }
            }
            Some(("Ref", Value::String(name))) if name == "AWS::NoValue" => {}
            _ => visit(value, path, guards),
        },
    }
}

/// The values that [`each`] visits, with their guards.
pub(crate) fn items(value: &Value) -> Vec<(&Value, Guards)> {
    let mut found = Vec::new();
    each(value, "", &Guards::new(), &mut |item, _, guards| found.push((item, guards.clone())));
    found
}

/// The logical id that a text such as `${Queue.Arn}` or `${Queue}` refers to as a whole.
pub(crate) fn referred(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    let id = inner.split('.').next()?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn spellings_of_one_value_read_the_same() {
        for value in [
            json!({"Fn::GetAtt": ["Queue", "Arn"]}),
            json!({"Fn::GetAtt": "Queue.Arn"}),
            json!({"Fn::Sub": "${Queue.Arn}"}),
            json!({"Fn::Sub": ["${Arn}", {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]}),
            json!({"Fn::Join": ["", [{"Fn::GetAtt": ["Queue", "Arn"]}]]}),
        ] {
            assert_eq!(text(&value), "${Queue.Arn}");
        }
        assert_eq!(text(&json!({"Fn::Join": ["/", [{"Ref": "Bucket"}, "*"]]})), "${Bucket}/*");
        assert_eq!(text(&json!(true)), "true");
    }

    #[test]
    fn both_branches_are_seen_and_no_value_is_left_out() {
        let value = json!([{"Fn::If": ["IsProd", "a", {"Ref": "AWS::NoValue"}]}, "b"]);
        let seen: Vec<_> = items(&value).into_iter().map(|(item, guards)| (text(item), guards.len())).collect();
        assert_eq!(seen, [("a".to_owned(), 1), ("b".to_owned(), 0)]);
    }
}
