//! Which stateful resources a change set deletes, and whether that was accepted by name. A possible loss counts
//! as a loss.

use serde::Serialize;

use crate::{ChangeAction, Options, Replacement, ResourceChange};

/// A stateful resource that a change deletes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataLoss {
    /// How it is accepted: `<stack within the stage>/<logical id>`, with the nested stacks between.
    pub name: String,
    /// For example `AWS::RDS::DBCluster`.
    pub resource_type: String,
    /// Physical id.
    pub physical_id: Option<String>,
    /// Removed, or replaced.
    pub action: ChangeAction,
    /// `No` for a removal.
    pub replacement: Replacement,
    /// Its loss was accepted by name.
    pub accepted: bool,
}

/// The losses among `changes`, below the path `stack` (`ShopData`, `ShopData/Nested`).
pub(crate) fn data_loss(stack: &str, changes: &[ResourceChange], options: &Options) -> Vec<DataLoss> {
    let mut losses = Vec::new();
    for change in changes {
        let name = format!("{stack}/{}", change.logical_id);
        // A nested stack that is deleted takes unlisted resources with it.
        let stateful =
            (options.is_stateful)(&change.resource_type) || change.resource_type == "AWS::CloudFormation::Stack";
        // For an update in place, a nested stack's losses are those of its resources, which are listed below it.
        let is_listed = !change.children.is_empty() && change.action == ChangeAction::Dynamic;
        if stateful && change.loses_old() && !is_listed {
            losses.push(DataLoss {
                accepted: options.accept_data_loss.contains(&name),
                name: name.clone(),
                resource_type: change.resource_type.clone(),
                physical_id: change.physical_id.clone(),
                action: change.action,
                replacement: change.replacement,
            });
        }
        losses.extend(data_loss(&name, &change.children, options));
    }
    losses
}
