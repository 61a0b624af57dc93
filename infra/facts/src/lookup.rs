//! Facts by the name of a type. Services that are not compiled in are unknown here; which types hold data is known for all.

use crate::generated::{OUTLINES, SERVICES, STATEFUL};
use crate::model::ResourceType;
use crate::outline::Outline;

/// How much is known of a type.
#[derive(Clone, Copy, Debug)]
pub enum Knowledge {
    /// Everything: its service has tables.
    Full(&'static ResourceType),
    /// What a change to its properties does.
    Outline(&'static Outline),
    /// Nothing: newer than the specification, third-party, or invented.
    Nothing,
}

/// What is known of a type.
pub fn of(name: &str) -> Knowledge {
    let outline = || OUTLINES.binary_search_by(|each| each.name.cmp(name)).ok().map(|place| &OUTLINES[place]);
    match resource_type(name) {
        Some(facts) => Knowledge::Full(facts),
        None => outline().map_or(Knowledge::Nothing, Knowledge::Outline),
    }
}

/// Whether anything is known about a type.
pub fn is_known(name: &str) -> bool {
    !matches!(of(name), Knowledge::Nothing)
}

/// The facts of a type whose service is compiled in.
pub fn resource_type(name: &str) -> Option<&'static ResourceType> {
    let service = name.split("::").nth(1)?;
    let (_, types) = SERVICES.iter().find(|(known, _)| *known == service)?;
    types.binary_search_by(|each| each.name.cmp(name)).ok().map(|place| types[place])
}

/// All types of the services that are compiled in.
pub fn resource_types() -> impl Iterator<Item = &'static ResourceType> {
    SERVICES.iter().flat_map(|(_, types)| types.iter().copied())
}

/// Whether losing such a resource loses data. Knows the types of all services.
pub fn is_stateful(name: &str) -> bool {
    STATEFUL.binary_search(&name).is_ok()
}
