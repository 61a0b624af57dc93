//! The outline of a type whose service has no tables: which of its properties replace it, and which cannot be read back.

use crate::model::Replacement;
use crate::path::names;

/// Only deviations from "changes in place and can be read back".
#[derive(Debug)]
pub struct Outline {
    pub name: &'static str,
    pub(crate) properties: &'static [Outlined],
}

/// A property with stronger facts than those around it.
#[derive(Debug)]
pub(crate) struct Outlined {
    /// Names with dots between them, no indexes and map keys.
    pub(crate) path: &'static str,
    pub(crate) replacement: Replacement,
    pub(crate) write_only: bool,
}

impl Outline {
    /// What a change at this path does: the strongest of the properties along it. A whole value that contains such a property
    /// may appear or disappear with it.
    pub fn replacement(&self, path: &str) -> Replacement {
        let path = names(path);
        let says = self.properties.iter().map(|property| match property.replacement {
            Replacement::Yes if is_within(property.path, &path) => Replacement::Yes,
            Replacement::No => Replacement::No,
            _ if is_within(property.path, &path) || is_below(property.path, &path) => Replacement::Maybe,
            _ => Replacement::No,
        });
        says.max().unwrap_or(Replacement::No)
    }

    /// Whether the value at this path, or one around it, can never be read back.
    pub fn is_write_only(&self, path: &str) -> bool {
        let path = names(path);
        self.properties.iter().any(|property| property.write_only && is_within(property.path, &path))
    }

    /// Whether a value below this path can never be read back.
    pub fn has_write_only_below(&self, path: &str) -> bool {
        let path = names(path);
        self.properties.iter().any(|property| property.write_only && is_below(property.path, &path))
    }
}

/// `path` is the property, or inside of it.
fn is_within(property: &str, path: &str) -> bool {
    path.strip_prefix(property).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The property is inside of what is at `path`.
fn is_below(property: &str, path: &str) -> bool {
    property.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn outlined(path: &'static str, replacement: Replacement, write_only: bool) -> Outlined {
        Outlined { path, replacement, write_only }
    }

    const ZOO: Outline = Outline {
        name: "AWS::Zoo::Animal",
        properties: &[
            outlined("Home.Address", Replacement::Yes, false),
            outlined("Keys", Replacement::No, true),
            outlined("Name", Replacement::Yes, false),
            outlined("Tags.Secret", Replacement::No, true),
            outlined("Weight", Replacement::Maybe, false),
        ],
    };

    #[test]
    fn a_change_replaces_by_the_properties_on_its_way() {
        let cases = [
            ("Name", Replacement::Yes),
            ("Name.Inner[0]", Replacement::Yes),
            ("Names", Replacement::No),
            ("Nam", Replacement::No),
            ("Weight", Replacement::Maybe),
            ("Home[0].Address", Replacement::Yes),
            ("Home", Replacement::Maybe),
            ("Home.Size", Replacement::No),
            ("Other", Replacement::No),
        ];
        for (path, wanted) in cases {
            assert_eq!(ZOO.replacement(path), wanted, "{path}");
        }
    }

    #[test]
    fn what_cannot_be_read_back_is_known_at_it_within_it_and_around_it() {
        assert!(ZOO.is_write_only("Keys") && ZOO.is_write_only("Keys[1].Value") && ZOO.is_write_only("Tags[3].Secret"));
        assert!(!ZOO.is_write_only("Tags") && !ZOO.is_write_only("KeysOther"));
        assert!(ZOO.has_write_only_below("Tags[3]") && !ZOO.has_write_only_below("Keys"));
    }
}
