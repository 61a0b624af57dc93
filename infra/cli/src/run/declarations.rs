//! Where our source declares the resources of each stack, and the stack's template: for explaining failures.

use std::collections::BTreeMap;

use crate::project::templates::Synthesized;

/// For each stack, by its physical name: the template, and where our source declares its resources.
pub(crate) struct Declarations(BTreeMap<String, Places>);

struct Places {
    template: String,
    declared_at: BTreeMap<String, String>,
}

impl Declarations {
    pub(crate) fn of(synthesized: &[Synthesized]) -> Self {
        let of = |Synthesized { stack, text }: &Synthesized| {
            let ids = stack.template.resources().iter().map(|entry| entry.id.as_str().to_owned());
            let place = |id: String| {
                let (file, line) = stack.declared_at(&id)?;
                Some((id, format!("{file}:{line}")))
            };
            let places = Places { template: text.clone(), declared_at: ids.filter_map(place).collect() };
            (stack.stack_name.clone(), places)
        };
        Self(synthesized.iter().map(of).collect())
    }

    /// The template of a stack.
    pub(crate) fn template(&self, stack_name: &str) -> Option<&str> {
        self.0.get(stack_name).map(|places| places.template.as_str())
    }

    /// `infra/systems/shop/src/shop_data.rs:123`.
    pub(crate) fn declared_at(&self, stack_name: &str, logical_id: &str) -> Option<String> {
        self.0.get(stack_name)?.declared_at.get(logical_id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::repository::Repository;
    use crate::project::templates;

    #[test]
    fn every_resource_of_a_stage_knows_where_it_is_declared() {
        let repository = Repository::find().unwrap();
        let stage = templates::stage(&repository, "dev").unwrap();
        let synthesized = templates::synthesize(&stage).unwrap();
        let declarations = Declarations::of(&synthesized);
        for Synthesized { stack, text } in &synthesized {
            for entry in stack.template.resources() {
                let place = declarations.declared_at(&stack.stack_name, entry.id.as_str()).unwrap();
                assert!(place.starts_with("infra/systems/") && place.contains(".rs:"), "{place}");
            }
            assert_eq!(declarations.declared_at(&stack.stack_name, "Nothing"), None);
            assert_eq!(declarations.template(&stack.stack_name), Some(text.as_str()));
        }
    }
}
