//! What CloudFormation would reject, found before deployment: names, references, cycles, limits and literal values.
//! Values that contain an intrinsic are only known at deployment and are skipped.

mod graph;
mod names;
mod references;
mod values;

use crate::{Diagnostic, LogicalId, Template};

impl Template {
    /// Every error, in the order of the template. Empty: CloudFormation has nothing to reject that can be known here.
    pub fn validate(&self) -> Vec<Diagnostic> {
        let mut report = Report { stack: &self.name, found: Vec::new() };
        names::check(self, &mut report);
        references::check(self, &mut report);
        values::check(self, &mut report);
        graph::check(self, &mut report);
        report.found
    }
}

struct Report<'a> {
    stack: &'a str,
    found: Vec<Diagnostic>,
}

/// Where a diagnostic belongs.
#[derive(Clone, Copy)]
struct Subject<'a> {
    id: Option<&'a LogicalId>,
    kind: &'a str,
}

impl Subject<'_> {
    const TEMPLATE: Subject<'static> = Subject { id: None, kind: "" };
}

impl Report<'_> {
    fn add(
        &mut self,
        rule: &'static str,
        subject: Subject<'_>,
        path: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.found.push(Diagnostic {
            rule,
            stack: self.stack.to_owned(),
            logical_id: subject.id.map(LogicalId::to_string).unwrap_or_default(),
            kind: subject.kind.to_owned(),
            path: path.to_owned(),
            message: message.into(),
            fix: fix.into(),
        });
    }
}

/// The name that was probably meant.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_ascii_lowercase();
    let distance = |known: &&str| strsim::damerau_levenshtein(&lower, &known.to_ascii_lowercase());
    let best = known.into_iter().min_by_key(distance)?;
    (distance(&best) <= 2.max(name.len() / 3)).then_some(best)
}
