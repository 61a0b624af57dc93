//! What the execution role may do: the permissions that the facts list for each resource type of the stage's stacks, less what is
//! excluded, each where it applies.

use std::collections::{BTreeMap, BTreeSet};

use cfn::{Diagnostic, ResourceEntry, Template};

use crate::exclusions::EXCLUSIONS;
use crate::statement::{Scope, Statement};
use crate::{RULE, names, places};

/// The statements for all resource types of the stage's stacks, each once, in the order of the places.
///
/// # Errors
/// A type that has no name here or no permissions in the facts, a name that is not the stage's, an action that applies nowhere.
pub(crate) fn execution(scope: &Scope<'_>) -> Result<Vec<Statement>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut types: BTreeMap<&str, Vec<(&Template, &ResourceEntry)>> = BTreeMap::new();
    for stack in scope.stacks {
        for entry in stack.template.resources() {
            diagnostics.extend(names::misnamed(scope, &stack.template, entry));
            types.entry(entry.parts.resource_type.as_ref()).or_default().push((&stack.template, entry));
        }
    }
    let mut actions: BTreeMap<&str, BTreeSet<&'static str>> = BTreeMap::new();
    for (kind, resources) in types {
        let entries: Vec<_> = resources.iter().map(|(_, entry)| *entry).collect();
        let needed = needed(kind, &entries);
        let mut homeless: Vec<_> =
            needed.iter().filter(|action| places::of(kind, action).is_empty()).copied().collect();
        if needed.is_empty() {
            homeless.push("what the facts list, which is nothing");
        }
        if let Some((template, entry)) = resources.first().filter(|_| !homeless.is_empty()) {
            let what = format!("the execution role of Delivery does not know where to allow: {}", homeless.join(", "));
            let fix = format!(
                "say on which resources {kind} needs it in infra/systems/delivery/src/places.rs, or why not in exclusions.rs"
            );
            diagnostics.push(Diagnostic::on(template, entry, RULE, "", what, fix));
        }
        for action in needed {
            for place in places::of(kind, action) {
                actions.entry(place.sid).or_default().insert(action);
            }
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut statements = Vec::new();
    for place in places::PLACES {
        let Some(actions) = actions.remove(place.sid) else { continue };
        let actions: Vec<_> = actions.into_iter().collect();
        let arns = (place.at)(scope);
        let wide = arns.iter().any(|arn| arn.contains('*'));
        let statement = Statement::new(place.sid, &actions, arns).when((place.when)(scope));
        statements.push(match place.wide.filter(|_| wide) {
            Some(reason) => statement.wide(reason),
            None => statement,
        });
    }
    Ok(statements)
}

/// The actions that resources of a type need. No deployment lists all resources of a type.
fn needed(kind: &str, entries: &[&ResourceEntry]) -> BTreeSet<&'static str> {
    if kind.starts_with("Custom::") {
        return BTreeSet::from(["lambda:InvokeFunction"]);
    }
    let permissions = facts::resource_type(kind).map(|facts| facts.permissions).unwrap_or_default();
    let called = permissions.iter().filter(|permission| !permission.only_lists()).map(|permission| permission.action);
    called.filter(|action| !EXCLUSIONS.iter().any(|exclusion| exclusion.holds(kind, action, entries))).collect()
}

#[cfg(test)]
mod tests;
