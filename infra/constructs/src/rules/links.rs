//! What another stack takes by parameter. The deployer updates the stack that makes it first, and CloudFormation deletes what an update has
//! replaced at the end of that update: before the other stack has heard of the new one.

use cfn::UpdateReplacePolicy;
use facts::Replacement;

use super::read::resource;
use super::{Link, Rule, examples};

pub(super) const RETAINED: Rule = Rule {
    id: "linked-resource-retained",
    refuses: "a resource that another stack takes by parameter, that a change may replace, and that is deleted with its replacement",
    example: "a layer without UpdateReplacePolicy whose version is an output that a function of another stack uses",
    fix: "write DeletionPolicy Delete and UpdateReplacePolicy Retain; delete what stayed behind when nothing uses it any more",
    refused: examples::linked_resource,
    check: |stage, diagnostics| {
        for template in stage.templates {
            let is_linked =
                |id: &str| stage.links.iter().any(|link| *link == Link { stack_name: template.name(), output: id });
            for output in template.outputs().iter().filter(|output| is_linked(output.id().as_str())) {
                let Some(entry) = resource(template, output.value()) else { continue };
                let is_replaceable = facts::resource_type(&entry.parts.resource_type).is_none_or(|known| {
                    known.properties.iter().any(|property| property.replacement != Replacement::No)
                });
                // A cluster's replacement is a migration that a person plans, and a snapshot is what it starts from.
                let is_kept = matches!(
                    entry.parts.update_replace_policy,
                    Some(UpdateReplacePolicy::Retain | UpdateReplacePolicy::Snapshot)
                );
                if is_replaceable && !is_kept {
                    let what = match &entry.parts.update_replace_policy {
                        Some(_) => "Delete".to_owned(),
                        None => "nothing".to_owned(),
                    };
                    let what = format!("{what}, and the output {} is a parameter of another stack", output.id());
                    let allowed = "Retain, or Snapshot where the type knows it".to_owned();
                    diagnostics.push(RETAINED.at(template, entry, "UpdateReplacePolicy", what, allowed));
                }
            }
        }
    },
};
