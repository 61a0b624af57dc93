//! Cycles: resources that wait for one another.

use std::collections::HashMap;

use super::references::{Reference, visit};
use super::{Report, Subject};
use crate::Template;

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

pub(super) fn check(template: &Template, report: &mut Report<'_>) {
    let places: HashMap<&str, usize> =
        template.resources.iter().enumerate().map(|(place, entry)| (entry.id.as_str(), place)).collect();
    let edges: Vec<Vec<usize>> = template
        .resources
        .iter()
        .map(|entry| {
            let mut edges: Vec<usize> =
                entry.parts.depends_on.iter().filter_map(|id| places.get(id.as_str()).copied()).collect();
            for (_, value) in entry.parts.properties.iter() {
                visit(value, "", &mut |_, reference| {
                    if let Reference::Name(name) | Reference::Attribute(name, _) = reference {
                        edges.extend(places.get(name.as_ref()));
                    }
                });
            }
            edges.sort_unstable();
            edges.dedup();
            edges
        })
        .collect();

    let mut states = vec![State::New; edges.len()];
    for start in 0..edges.len() {
        let mut path = Vec::new();
        if let Some(cycle) = search(start, &edges, &mut states, &mut path) {
            let entry = &template.resources[cycle[0]];
            let names: Vec<&str> =
                cycle.iter().chain(&cycle[..1]).map(|place| template.resources[*place].id.as_str()).collect();
            let subject = Subject { id: Some(&entry.id), kind: &entry.parts.resource_type };
            let message = format!("resources wait for one another: {}", names.join(" -> "));
            report.add(
                "cycle",
                subject,
                "",
                message,
                "break one of the references, such as by a resource of its own for a policy",
            );
        }
    }
}

/// Depth-first; returns the first cycle found, as positions along it.
fn search(place: usize, edges: &[Vec<usize>], states: &mut [State], path: &mut Vec<usize>) -> Option<Vec<usize>> {
    match states[place] {
        State::Done => return None,
        State::Open => {
            let start = path.iter().position(|on_path| *on_path == place).unwrap_or_default();
            return Some(path[start..].to_vec());
        }
        State::New => {}
    }
    states[place] = State::Open;
    path.push(place);
    let cycle = edges[place].iter().find_map(|next| search(*next, edges, states, path));
    path.pop();
    states[place] = State::Done;
    cycle
}
