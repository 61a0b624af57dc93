//! The text of stack policies. Never opens one further than for the named resources.

use serde_json::{Value, json};

/// `policy` with updates of these resources allowed and nothing else changed. `None` when that cannot be expressed, because
/// the policy is not JSON or denies them by a pattern that could match other resources too.
pub(super) fn opened(policy: &str, logical_ids: &[String]) -> Option<String> {
    let mut policy: Value = serde_json::from_str(policy).ok()?;
    let statements = policy.get_mut("Statement")?;
    if statements.is_object() {
        *statements = json!([statements.take()]);
    }
    let statements = statements.as_array_mut()?;
    let resources: Vec<String> = logical_ids.iter().map(|id| format!("LogicalResourceId/{id}")).collect();
    for statement in statements.iter_mut().filter(|statement| statement["Effect"] == "Deny") {
        let statement = statement.as_object_mut()?;
        if let Some(except) = statement.get("NotResource") {
            let mut except = strings(except)?;
            except.extend(resources.iter().filter(|id| !except.contains(id)).cloned().collect::<Vec<_>>());
            statement.insert("NotResource".to_owned(), json!(except));
            continue;
        }
        let denied = strings(statement.get("Resource")?)?;
        if denied.iter().any(|pattern| matches!(pattern.as_str(), "*" | "LogicalResourceId/*")) {
            statement.remove("Resource");
            statement.insert("NotResource".to_owned(), json!(resources));
            continue;
        }
        let rest: Vec<&String> = denied.iter().filter(|pattern| !resources.contains(pattern)).collect();
        let is_wide =
            |pattern: &&String| pattern.contains(['*', '?']) && resources.iter().any(|id| matches(pattern, id));
        if rest.iter().any(is_wide) {
            return None;
        }
        statement.insert("Resource".to_owned(), json!(rest));
    }
    statements
        .retain(|statement| statement.get("Resource").and_then(Value::as_array).is_none_or(|list| !list.is_empty()));
    // Under a policy, everything that is not allowed is denied.
    statements.push(json!({"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": resources}));
    Some(policy.to_string())
}

fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => many.iter().map(|each| each.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Whether a pattern with `*` and `?` matches the whole text.
fn matches(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            matches(&pattern[1..], text)
                || (text.chars().next()).is_some_and(|first| matches(pattern, &text[first.len_utf8()..]))
        }
        (Some('?'), Some(first)) => matches(&pattern[1..], &text[first.len_utf8()..]),
        (Some(wanted), Some(first)) => {
            wanted == first && matches(&pattern[wanted.len_utf8()..], &text[first.len_utf8()..])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": ["Update:Replace", "Update:Delete"],
         "Resource": ["LogicalResourceId/Cluster", "LogicalResourceId/Bucket"]},
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}]}"#;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_policy_opens_for_the_named_resource_and_stays_shut_for_the_others() {
        let open = value(&opened(POLICY, &["Cluster".to_owned()]).unwrap());
        assert_eq!(open["Statement"][0]["Resource"], json!(["LogicalResourceId/Bucket"]));
        assert_eq!(open["Statement"][0]["Effect"], "Deny");
        assert_eq!(open["Statement"][1], value(POLICY)["Statement"][1]);
        assert_eq!(open["Statement"][2]["Resource"], json!(["LogicalResourceId/Cluster"]));
        let both = value(&opened(POLICY, &["Cluster".to_owned(), "Bucket".to_owned()]).unwrap());
        assert!(both["Statement"].as_array().unwrap().iter().all(|statement| statement["Effect"] == "Allow"));
    }

    #[test]
    fn a_denial_of_everything_excepts_the_resource_and_one_of_a_pattern_is_not_opened() {
        let all = r#"{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "Update:*", "Resource": "*"}}"#;
        let open = value(&opened(all, &["Cluster".to_owned()]).unwrap());
        assert_eq!(open["Statement"][0]["NotResource"], json!(["LogicalResourceId/Cluster"]));
        assert_eq!(open["Statement"][0].get("Resource"), None);
        let pattern = all.replace(r#""Resource": "*""#, r#""Resource": "LogicalResourceId/Cl*""#);
        assert_eq!(opened(&pattern, &["Cluster".to_owned()]), None);
        assert!(opened(&pattern, &["Queue".to_owned()]).is_some());
    }
}
