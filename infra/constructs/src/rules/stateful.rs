//! The rule about resources that hold data.

use cfn::facts;

use super::{Rule, examples};

pub(super) const RETENTION_POLICY: Rule = Rule {
    id: "stateful-retention-policy",
    refuses: "a resource that holds data and does not say what becomes of it",
    example: "a cluster without DeletionPolicy and UpdateReplacePolicy",
    fix: "write both policies, Delete if the data may go",
    refused: examples::retention_policy,
    check: |stage, diagnostics| {
        for (template, entry) in stage.templates.iter().flat_map(|t| t.resources().iter().map(move |e| (*t, e))) {
            if !facts::is_stateful(&entry.parts.resource_type) {
                continue;
            }
            let missing = [
                ("DeletionPolicy", entry.parts.deletion_policy.is_none()),
                ("UpdateReplacePolicy", entry.parts.update_replace_policy.is_none()),
            ];
            for (policy, _) in missing.into_iter().filter(|(_, missing)| *missing) {
                let allowed = "Delete, Retain, or Snapshot where the type knows it".to_owned();
                diagnostics.push(RETENTION_POLICY.at(template, entry, policy, "nothing".to_owned(), allowed));
            }
        }
    },
};
