//! One self-contained page: no network, no frameworks; readable without JavaScript. Every text is escaped by tera except our own style
//! and script, and the page's policy allows nothing but those to run.

use std::fmt::Write;

use base64::Engine;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tera::{Context, Tera};

use super::diff::{Line, diff};
use super::folded::{self, Folded};
use super::text::{line, sentence, visible};
use super::view::{self, CATEGORIES, Found, KINDS, Kind, Place, Row};
use super::{Report, tables};
use crate::change::{Category, Change, Finding, Replacement, SectionChange};
use crate::graph::{Edge, Graph, cut, kind};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The template does not match its data: a defect of this crate.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot be rendered")]
pub struct RenderError(#[from] tera::Error);

/// The page.
///
/// # Errors
/// Only when template and data do not match.
pub fn html(report: &Report<'_>) -> Result<String, RenderError> {
    let mut tera = Tera::default();
    tera.add_raw_template("page.html", include_str!("page.html"))?;
    let mut context = Context::from_serialize(&page(report))?;
    context.insert("style", STYLE);
    context.insert("script", SCRIPT);
    Ok(tera.render("page.html", &context)?)
}

fn page(report: &Report<'_>) -> Value {
    let changes = folded::changes(report);
    let sections = folded::sections(report);
    let verdict = view::overall(report, &changes, &sections);
    let rows = view::rows(report);
    let has_stages = rows.iter().any(|row| row.stage.is_some());
    let chips = |used: &dyn Fn(&Folded<Change>) -> bool| changes.iter().any(used);
    let beside =
        |category| sections.iter().any(|section| section.is.findings.iter().any(|one| one.category == category));
    let has = |category: &Category| beside(*category) || chips(&|change| change.is.categories().contains(category));
    let categories = CATEGORIES.iter().filter(|category| has(category));
    let kinds = KINDS.iter().filter(|kind| chips(&|change| Kind::of(&change.is) == **kind));
    json!({
        "policy": format!("default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'", digest(STYLE), digest(SCRIPT)),
        "title": line(report.title),
        "before": line(report.before),
        "after": line(report.after),
        "verdict": { "word": verdict.word, "lines": verdict.lines },
        "dangerous": report.review.is_dangerous(),
        "notes": report.notes.iter().map(|note| line(note)).collect::<Vec<_>>(),
        "stage_word": if has_stages { "stage" } else { "" },
        "columns": columns(),
        "categories": CATEGORIES.map(view::category_label),
        "stages": rows.iter().map(matrix_row).collect::<Vec<_>>(),
        "stage_chips": rows.iter().filter(|row| row.stage.is_some()).map(|row| json!({ "id": stage_id(row.label()), "label": line(row.label()) })).collect::<Vec<_>>(),
        "category_chips": categories.map(|category| json!({ "id": view::category_id(*category), "label": view::category_label(*category) })).collect::<Vec<_>>(),
        "action_chips": kinds.map(|kind| json!({ "id": kind.id(), "label": kind.label() })).collect::<Vec<_>>(),
        "dangers": view::dangers(&changes, &sections).iter().map(|found| found_view(found)).collect::<Vec<_>>(),
        "accepted": view::accepted(&changes, &sections).iter().map(|found| found_view(found)).collect::<Vec<_>>(),
        "tables": tables::tables(report).iter().map(table).collect::<Vec<_>>(),
        "graphs": report.graphs.iter().enumerate().map(|(at, graph)| graph_view(at, graph, &changes)).collect::<Vec<_>>(),
        "change_count": changes.len(),
        "stacks": stacks(&changes),
        "sections": sections.iter().enumerate().map(|(at, folded)| section(at, folded)).collect::<Vec<_>>(),
        "skew": report.review.skew.iter().map(view::skewed).collect::<Vec<_>>(),
    })
}

/// A source in the page's policy: what has this digest may run.
fn digest(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// A stage's name, where names are separated by spaces.
fn stage_id(stage: &str) -> String {
    stage.chars().map(|letter| if letter.is_alphanumeric() || letter == '-' { letter } else { '_' }).collect()
}

fn stage_ids(stages: &[String]) -> String {
    match stages {
        [] => stage_id("all"),
        some => some.iter().map(|stage| stage_id(stage)).collect::<Vec<_>>().join(" "),
    }
}

fn anchor(at: usize) -> String {
    format!("change-{}", at + 1)
}

fn section_anchor(at: usize) -> String {
    format!("beside-{}", at + 1)
}

fn columns() -> Vec<Value> {
    let kinds = KINDS.map(|kind| json!({ "label": kind.label(), "is_first_danger": false }));
    let dangers = CATEGORIES.map(
        |category| json!({ "label": view::category_label(category), "is_first_danger": category == CATEGORIES[0] }),
    );
    kinds.into_iter().chain(dangers).collect()
}

fn matrix_row(row: &Row) -> Value {
    let kinds = KINDS.iter().zip(row.kinds).map(|(kind, count)| json!({ "count": count, "sign": kind.sign(), "class": kind.id(), "kind": "action", "value": kind.id(), "is_first_danger": false }));
    let dangers = CATEGORIES.iter().zip(row.categories).map(|(category, count)| json!({ "count": count, "sign": "", "class": "bad", "kind": "category", "value": view::category_id(*category), "is_first_danger": *category == CATEGORIES[0] }));
    json!({ "id": stage_id(row.label()), "label": line(row.label()), "cells": kinds.chain(dangers).collect::<Vec<_>>() })
}

fn category_ids(change: &Change) -> String {
    change.categories().into_iter().map(view::category_id).collect::<Vec<_>>().join(" ")
}

/// The text that the filter searches.
fn search_text(change: &Change, more: &[&str]) -> String {
    let mut text = format!(
        "{} {} {} {} {}",
        change.logical_id,
        change.resource_type,
        kind(&change.resource_type),
        change.stack,
        view::verdict(change)
    );
    for property in &change.properties {
        _ = write!(text, " {}", property.path);
    }
    for finding in &change.findings {
        _ = write!(text, " {} {} {}", finding.rule, finding.reason, finding.path);
    }
    more.iter().for_each(|more| _ = write!(text, " {more}"));
    line(&text)
}

fn found_view(found: &Found<'_>) -> Value {
    let Found { at, stages, stack, name, resource_type, kind, finding } = found;
    json!({
        "anchor": match at {
            Place::Resource(at) => anchor(*at),
            Place::Section(at) => section_anchor(*at),
        },
        "stages": stages.iter().map(|stage| line(stage)).collect::<Vec<_>>(),
        "stage_ids": stage_ids(stages),
        "category": view::category_id(finding.category),
        "label": sentence(view::category_label(finding.category)),
        "action": kind.id(),
        "logical_id": line(name),
        "stack": line(stack),
        "path": line(&finding.path),
        "reason": sentence(&line(&finding.reason)),
        "accepted": view::acceptance(finding).map(|text| sentence(&text)),
        "text": line(&format!("{name} {resource_type} {stack} {} {}", finding.reason, finding.path)),
    })
}

fn table(table: &tables::Table) -> Value {
    let rows = table.rows.iter().map(|row| {
        let class = if row.broadens { "danger" } else { "notice" };
        let sign = if row.is_added { "+ new" } else { "− gone" };
        let stages = row.stages.iter().map(|stage| line(stage)).collect::<Vec<_>>();
        json!({
            "stage_ids": stage_ids(&row.stages),
            "categories": view::category_id(table.category),
            "action": "",
            "class": class,
            "sign": sign,
            "stages": stages,
            "cells": row.cells.iter().map(|cell| line(cell)).collect::<Vec<_>>(),
            "text": line(&row.cells.join(" ")),
        })
    });
    json!({ "title": table.title, "heads": table.heads, "rows": rows.collect::<Vec<_>>() })
}

/// Changes below their stacks, both in the order of the review.
fn stacks(changes: &[Folded<Change>]) -> Vec<Value> {
    let mut stacks: Vec<(&str, Vec<Value>)> = Vec::new();
    for (at, folded) in changes.iter().enumerate() {
        let shown = change(at, folded);
        match stacks.iter_mut().find(|(name, _)| *name == folded.is.stack) {
            Some((_, changes)) => changes.push(shown),
            None => stacks.push((&folded.is.stack, vec![shown])),
        }
    }
    stacks.into_iter().map(|(name, changes)| json!({ "name": line(name), "changes": changes })).collect()
}

fn change(at: usize, folded: &Folded<Change>) -> Value {
    let Folded { stages, is: change } = folded;
    let categories = change.categories().into_iter().map(|category| {
        let is_danger = change.findings.iter().any(|finding| finding.category == category && finding.is_dangerous());
        json!({ "label": view::category_label(category), "class": if is_danger { "danger" } else { "notice" } })
    });
    let kind_of = Kind::of(change);
    json!({
        "anchor": anchor(at),
        "is_open": change.is_dangerous(),
        "class": kind_of.id(),
        "sign": kind_of.sign(),
        "verdict": view::verdict(change),
        "logical_id": line(&change.logical_id),
        "kind": line(&kind(&change.resource_type)),
        "stages": stages.iter().map(|stage| line(stage)).collect::<Vec<_>>(),
        "stage_ids": stage_ids(stages),
        "category_ids": category_ids(change),
        "categories": categories.collect::<Vec<_>>(),
        "text": search_text(change, &stages.iter().map(String::as_str).collect::<Vec<_>>()),
        "lines": view::explained(change),
        "findings": change.findings.iter().map(finding).collect::<Vec<_>>(),
        "properties": change.properties.iter().map(|property| {
            let (note, note_class) = match property.replacement {
                Replacement::Yes => (Some("replaces"), "replace"),
                Replacement::Maybe => (Some("may replace"), "replace"),
                Replacement::No => (None, ""),
            };
            let mut shown = values(&property.before, &property.after);
            shown["same"] = view::same_text(property).map(|(because, text)| json!({ "text": text, "because": because })).into();
            shown["path"] = line(&property.path).into();
            shown["note"] = note.into();
            shown["note_class"] = note_class.into();
            shown["because"] = property.because.as_deref().filter(|_| property.before != property.after).map(line).into();
            shown
        }).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "class": if finding.is_dangerous() { "danger" } else { "notice" },
        "word": view::introduced(finding),
        "reason": line(&finding.reason),
        "rule": finding.rule,
        "path": line(&finding.path),
        "accepted": view::acceptance(finding),
    })
}

fn section(at: usize, folded: &Folded<SectionChange>) -> Value {
    let section = &folded.is;
    let mut shown = values(&section.before, &section.after);
    let path = view::section_path(section);
    let class = match section.action {
        crate::change::Action::Add => "add",
        crate::change::Action::Modify => "modify",
        crate::change::Action::Remove => "remove",
    };
    let mut categories: Vec<&str> = section.findings.iter().map(|one| view::category_id(one.category)).collect();
    categories.dedup();
    shown["anchor"] = section_anchor(at).into();
    shown["category_ids"] = categories.join(" ").into();
    shown["findings"] = section.findings.iter().map(finding).collect::<Vec<_>>().into();
    shown["class"] = class.into();
    shown["text"] = format!("{path} {}", line(&section.stack)).into();
    shown["path"] = path.into();
    shown["stack"] = line(&section.stack).into();
    shown["stages"] = folded.stages.iter().map(|stage| line(stage)).collect::<Vec<_>>().into();
    shown["stage_ids"] = stage_ids(&folded.stages).into();
    shown
}

fn values(before: &Option<String>, after: &Option<String>) -> Value {
    let lines: Vec<Value> = match (before, after) {
        (Some(old), Some(new)) if view::is_long(before, after) => diff(old, new)
            .into_iter()
            .map(|line| match line {
                Line::Same(text) => json!({ "class": "", "text": format!("  {}", visible(text)) }),
                Line::Gone(text) => json!({ "class": "minus", "text": format!("- {}", visible(text)) }),
                Line::New(text) => json!({ "class": "plus", "text": format!("+ {}", visible(text)) }),
                Line::Skipped(count) => json!({ "class": "quiet", "text": format!("  … {count} more") }),
            })
            .collect(),
        _ => Vec::new(),
    };
    let shown =
        |value: &Option<String>| view::value(value).map(|text| if text.is_empty() { "\"\"".to_owned() } else { text });
    json!({ "lines": lines, "has_before": before.is_some(), "has_after": after.is_some(), "before": shown(before), "after": shown(after) })
}

fn graph_view(at: usize, graph: &Graph, changes: &[Folded<Change>]) -> Value {
    let key = |node: usize| format!("n{at}-{node}");
    let label = graph.stage.as_deref().unwrap_or("all");
    let changed: Vec<Option<(usize, &Change)>> = graph
        .nodes
        .iter()
        .map(|node| {
            let is_here = |folded: &Folded<Change>| {
                folded.is.logical_id == node.logical_id
                    && folded.is.stack == node.stack
                    && graph.stage.as_ref().is_none_or(|stage| folded.stages.contains(stage))
            };
            changes.iter().position(is_here).map(|at| (at, &changes[at].is))
        })
        .collect();
    let nodes = graph.nodes.iter().zip(&changed).enumerate().map(|(index, (node, change))| {
        let kind_of = change.map(|(_, change)| Kind::of(change));
        let is_dangerous = change.is_some_and(|(_, change)| change.is_dangerous());
        let verdict = match change {
            Some((_, change)) if is_dangerous => format!("{}, dangerous", view::verdict(change)),
            Some((_, change)) => view::verdict(change).to_owned(),
            None => "unchanged".to_owned(),
        };
        let kind = kind(&node.resource_type);
        json!({
            "key": key(index),
            "anchor": change.map(|(at, _)| anchor(at)),
            "class": kind_of.map_or("same", Kind::id),
            "sign": kind_of.map(Kind::sign),
            "indent": if kind_of.is_some() { 28 } else { 13 },
            "dangerous": is_dangerous,
            "categories": change.map(|(_, change)| category_ids(change)).unwrap_or_default(),
            "name": line(&node.name),
            "full_name": line(&node.logical_id),
            "resource_type": line(&node.resource_type),
            "kind": line(&cut(&kind)),
            "stack": line(&node.stack),
            "says": line(&format!("{}, {kind}: {verdict}", node.logical_id)),
            "text": change.map_or_else(|| line(&format!("{} {} {kind}", node.logical_id, node.resource_type)), |(_, change)| search_text(change, &[])),
            "x": node.place.x, "y": node.place.y, "width": node.place.width, "height": node.place.height,
        })
    });
    // A change propagates from what is referred to, against the arrow.
    let flows = |edge: &Edge| {
        let (Some((_, from)), Some((_, to))) = (changed[edge.from], changed[edge.to]) else { return false };
        Kind::of(to) == Kind::Replace
            && from.replaced_by.iter().any(|cause| cause.logical_id.as_ref() == Some(&to.logical_id))
    };
    let edges = graph.edges.iter().map(|edge| {
        let class = match (edge.leaves_stack, flows(edge)) {
            (true, _) => "far",
            (false, true) => "flow",
            (false, false) => "",
        };
        json!({ "from": key(edge.from), "to": key(edge.to), "class": class, "line": curve(&edge.points), "tip": tip(&edge.points) })
    });
    let left_out = match graph.left_out {
        0 => String::new(),
        number => format!("; {number} unchanged ones are not drawn"),
    };
    let stage = graph.stage.as_ref().map(|stage| format!("{}: ", line(stage))).unwrap_or_default();
    let number = graph.nodes.len() + graph.left_out;
    json!({
        "stage_id": stage_id(label),
        "label": line(label),
        "caption": format!("{stage}{number} resources, {} change{left_out}", changed.iter().flatten().count()),
        // Room for the marks at the corners.
        "width": graph.width + 12.0,
        "height": graph.height + 4.0,
        "groups": graph.stacks.iter().map(|(name, place)| json!({ "name": line(name), "x": place.x + 1.0, "y": place.y + 1.0, "width": place.width, "height": place.height })).collect::<Vec<_>>(),
        "nodes": nodes.collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
    })
}

/// Straight lines within columns, curves between them.
fn curve(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let Some((left, above)) = at.checked_sub(1).and_then(|at| points.get(at)) else {
            _ = write!(path, "M{x} {y}");
            continue;
        };
        // Every second segment crosses a column.
        if at % 2 == 0 && above == y {
            _ = write!(path, "H{x}");
        } else {
            let middle = (left + x) / 2.0;
            _ = write!(path, "C{middle} {above} {middle} {y} {x} {y}");
        }
    }
    path
}

/// The arrowhead at the last point.
fn tip(points: &[(f64, f64)]) -> Option<String> {
    let [.., (before, _), (x, y)] = points else { return None };
    let back = if before <= x { -6.0 } else { 6.0 };
    Some(format!("M{x} {y}l{back} -3.5v7z"))
}
