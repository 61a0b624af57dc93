//! The rule about secrets written into a template.

use cfn::Json;

use super::{Rule, examples};

/// Suffixes of property names that contain a secret itself: `MasterUserPassword`, `SecretString`, `ClientSecret` ..
const SECRETS: [&str; 5] = ["Password", "SecretString", "ClientSecret", "AuthToken", "SecretKey"];

pub(super) const SECRET_IN_TEMPLATE: Rule = Rule {
    id: "secret-in-template",
    refuses: "a password, token or secret written into a resource",
    example: "MasterUserPassword: a literal, which everybody can read who may read the template",
    fix: "let Secrets Manager generate it and write a reference: Secret::secret_value_from_json",
    refused: examples::secret_in_template,
    check: |stage, diagnostics| {
        for (template, entry) in stage.templates.iter().flat_map(|t| t.resources().iter().map(move |e| (*t, e))) {
            let mut places = Vec::new();
            // A separate rule covers a function's variables.
            for (name, value) in entry.parts.properties.iter().filter(|(name, _)| *name != "Environment") {
                literals(name.to_string(), value, &mut places);
            }
            for place in places {
                // Never the value itself.
                let (what, allowed) =
                    ("a literal".to_owned(), "a reference that is resolved while deploying".to_owned());
                diagnostics.push(SECRET_IN_TEMPLATE.at(template, entry, &place, what, allowed));
            }
        }
    },
};

/// Paths of the texts at or below a value that are secrets judging by their names and are given literally.
fn literals(path: String, value: &Json, places: &mut Vec<String>) {
    match value {
        Json::String(text) | Json::Custom(text)
            if SECRETS.iter().any(|ending| path.ends_with(ending)) && !text.contains("{{resolve:") =>
        {
            places.push(path);
        }
        Json::List(items) => {
            for (index, item) in items.iter().enumerate() {
                literals(format!("{path}.{index}"), item, places);
            }
        }
        Json::Object(entries) => {
            for (name, value) in entries {
                literals(format!("{path}.{name}"), value, places);
            }
        }
        _ => {}
    }
}
