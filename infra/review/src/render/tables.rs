//! What is newly allowed, and no longer allowed: permissions and ingress as rows. Knows no markup.

use super::Report;
use super::folded::{Folded, fold, without_stage};
use crate::change::{Action, Category, IngressChange, PermissionChange};

/// Rows under heads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) category: Category,
    pub(crate) heads: Vec<&'static str>,
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) stages: Vec<String>,
    pub(crate) stack: String,
    /// The statement or rule is new; otherwise it was removed.
    pub(crate) is_added: bool,
    /// Someone may do or reach more because of it.
    pub(crate) broadens: bool,
    /// One text for each head.
    pub(crate) cells: Vec<String>,
}

/// The tables that have rows, broadening ones first.
pub(crate) fn tables(report: &Report<'_>) -> Vec<Table> {
    let permissions = fold(
        report,
        &report.review.permissions,
        |one| one.stage.as_deref(),
        |one, stage| {
            let mut one = PermissionChange { stage: None, ..one.clone() };
            let own =
                [&mut one.principal, &mut one.condition].into_iter().chain(&mut one.actions).chain(&mut one.resources);
            own.for_each(|text| *text = without_stage(text, stage));
            one
        },
    );
    let ingress = fold(
        report,
        &report.review.ingress,
        |one| one.stage.as_deref(),
        |one, stage| {
            let mut one = IngressChange { stage: None, ..one.clone() };
            [&mut one.group, &mut one.peer].into_iter().for_each(|text| *text = without_stage(text, stage));
            one
        },
    );
    let tables = [
        Table {
            title: "IAM changes",
            category: Category::Permissions,
            heads: vec!["effect", "who", "actions", "resources", "condition"],
            rows: permissions.into_iter().map(permission).collect(),
        },
        Table {
            title: "Security group changes",
            category: Category::Exposure,
            heads: vec!["group", "direction", "protocol", "ports", "peer"],
            rows: ingress.into_iter().map(rule).collect(),
        },
    ];
    let sorted = tables.into_iter().filter(|table| !table.rows.is_empty()).map(|mut table| {
        table.rows.sort_by_key(|row| !row.broadens);
        table
    });
    sorted.collect()
}

fn permission(folded: Folded<PermissionChange>) -> Row {
    let one = folded.is;
    let is_added = one.action == Action::Add;
    let condition = if one.condition.is_empty() { "always".to_owned() } else { one.condition };
    let cells = vec![one.effect.to_owned(), one.principal, one.actions.join(", "), one.resources.join(", "), condition];
    Row { stages: folded.stages, stack: one.stack, is_added, broadens: one.broadens, cells }
}

fn rule(folded: Folded<IngressChange>) -> Row {
    let one = folded.is;
    let is_added = one.action == Action::Add;
    let cells = vec![one.group, one.direction.to_owned(), one.protocol, one.ports, one.peer];
    Row { stages: folded.stages, stack: one.stack, is_added, broadens: is_added && one.direction == "ingress", cells }
}
