//! The permissions that CloudFormation needs for a resource type: those of its handlers and of its tags, as the type's schema lists them.
//! <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>, `handlers` and `tagging`

use std::collections::BTreeMap;

use serde_json::Value;

/// The handlers, and the letter that stands for each in the facts.
const HANDLERS: [(&str, char); 5] = [("create", 'c'), ("read", 'r'), ("update", 'u'), ("delete", 'd'), ("list", 'l')];

/// The letter of an action that CloudFormation calls for the tags that it gives to every resource of a stack.
const TAGS: char = 't';

/// Actions by name, and which handlers call them. Some schemas list what is no action (an empty text, the name of an HTTP request); IAM
/// ignores case, so of an action in two spellings the first stays.
pub(crate) fn of_schema(schema: &Value) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    let handlers =
        HANDLERS.iter().map(|(handler, letter)| (schema.get("handlers").and_then(|all| all.get(handler)), *letter));
    for (needs, letter) in handlers.chain([(schema.get("tagging"), TAGS)]) {
        let listed = needs.and_then(|needs| needs.get("permissions")?.as_array());
        for action in listed.into_iter().flatten().filter_map(Value::as_str).filter_map(action) {
            let known = out.keys().find(|known| known.eq_ignore_ascii_case(&action)).cloned();
            let letters = out.entry(known.unwrap_or(action)).or_default();
            if !letters.contains(letter) {
                letters.push(letter);
            }
        }
    }
    out
}

/// `service:Name`.
fn action(text: &str) -> Option<String> {
    let (service, name) = text.trim().split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'*');
    is_name.then(|| format!("{}:{name}", service.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_is_there_once_with_the_handlers_that_call_it() {
        let schema = serde_json::json!({"handlers": {
            "create": {"permissions": ["zoo:CreateAnimal", "zoo:GetAnimal", "zoo:GetAnimal", " iam:PassRole ", "", "zoo:REST.PUT"]},
            "read": {"permissions": ["Zoo:getanimal"]},
            "delete": {"permissions": ["zoo:DeleteAnimal", "zoo:GetAnimal"]},
            "list": {"permissions": ["zoo:ListAnimals"]}
        }, "tagging": {"taggable": true, "permissions": ["zoo:TagAnimal", "zoo:GetAnimal"]}});
        let expected = [
            ("iam:PassRole", "c"),
            ("zoo:CreateAnimal", "c"),
            ("zoo:DeleteAnimal", "d"),
            ("zoo:GetAnimal", "crdt"),
            ("zoo:ListAnimals", "l"),
            ("zoo:TagAnimal", "t"),
        ];
        let expected = expected.map(|(action, letters)| (action.to_owned(), letters.to_owned()));
        assert_eq!(of_schema(&schema), BTreeMap::from(expected));
        assert!(of_schema(&serde_json::json!({})).is_empty());
    }
}
