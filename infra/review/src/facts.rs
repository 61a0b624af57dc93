//! What a change of a property does: the cfn crate's facts, and a table of one line a type for all services that have none there.

use cfn::facts::{ResourceType, resource_type};

use crate::change::Replacement;
use crate::node::segments;

/// Written by `cfn-codegen import`: `AWS::EFS::FileSystem PerformanceMode! Tags.Value? Secret~`. Sorted.
const OTHERS: &str = include_str!("../facts/replacement.txt");

/// What is known of a type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Facts {
    Full(&'static ResourceType),
    /// The properties of its line: `!` replaces, `?` may replace, `~` write-only; all others change in place.
    Line(&'static str),
    Unknown,
}

impl Facts {
    pub(crate) fn of(name: &str) -> Self {
        if let Some(facts) = resource_type(name) {
            return Self::Full(facts);
        }
        line(name).map_or(Self::Unknown, Self::Line)
    }

    pub(crate) fn are_known(self) -> bool {
        !matches!(self, Self::Unknown)
    }
}

/// The rest of a type's line.
fn line(name: &str) -> Option<&'static str> {
    let starts = OTHERS.match_indices(name).find(|(place, _)| {
        let follows = OTHERS.as_bytes().get(place + name.len());
        (*place == 0 || OTHERS.as_bytes()[place - 1] == b'\n') && matches!(follows, Some(b' ' | b'\n'))
    });
    OTHERS[starts?.0 + name.len()..].lines().next()
}

/// What a line says of a path: the strongest word of the properties along it, and whether it is write-only.
pub(crate) fn of_line(line: &str, path: &str) -> (Replacement, bool) {
    let path = names(path);
    let mut found = (Replacement::No, false);
    for word in line.split(' ') {
        let property = word.trim_end_matches(['!', '?', '~']);
        let is_on_the_way = path
            .strip_prefix(property)
            .is_some_and(|rest| !property.is_empty() && (rest.is_empty() || rest.starts_with('.')));
        // A whole value that has such a property inside may come or go with it.
        let is_inside = property.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.'));
        let marks = &word[property.len()..];
        let says = match (marks.contains('!'), marks.contains('?')) {
            (true, _) if is_on_the_way => Replacement::Yes,
            (true, _) | (_, true) if is_on_the_way || is_inside => Replacement::Maybe,
            _ => Replacement::No,
        };
        found = (found.0.max(says), found.1 || is_on_the_way && marks.contains('~'));
    }
    found
}

/// Whether a property below this path is write-only.
pub(crate) fn secret_inside(line: &str, path: &str) -> bool {
    let start = names(path) + ".";
    line.split(' ').any(|word| word.ends_with('~') && word.starts_with(&start))
}

/// A path without indexes.
fn names(path: &str) -> String {
    let names = segments(path).into_iter().filter(|segment| !segment.bytes().all(|byte| byte.is_ascii_digit()));
    names.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_services_without_sources_are_known_too() {
        let Facts::Line(line) = Facts::of("AWS::EFS::FileSystem") else { panic!("no line") };
        assert_eq!(of_line(line, "PerformanceMode"), (Replacement::Yes, false));
        assert_eq!(of_line(line, "LifecyclePolicies[0].TransitionToIA"), (Replacement::No, false));
        assert_eq!(of_line(line, "ReplicationConfiguration.Destinations[0].KmsKeyId"), (Replacement::No, true));
    }

    #[test]
    fn a_type_that_nobody_knows_is_unknown() {
        for name in ["Custom::Migration", "AWS::EFS::FileSyste", "AWS::EFS", "FileSystem", ""] {
            assert!(!Facts::of(name).are_known(), "{name}");
        }
    }
}
