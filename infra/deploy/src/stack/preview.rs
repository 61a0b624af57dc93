//! Assembles what an approver is shown of a stack. Changes nothing.

use super::change_set::Made;
use crate::plan::ResolvedStack;
use crate::protection::data_loss;
use crate::run::Context;
use crate::{Basis, ChangeSetKind, CloudFormation, Error, Preview, ProtectionChange, StackDescription};

/// Everything there is to know about a change set before it is executed.
pub(super) async fn preview<C: CloudFormation>(
    context: &Context<'_, C>,
    resolved: &ResolvedStack,
    kind: ChangeSetKind,
    live: Option<&StackDescription>,
    made: Option<&Made>,
    protection: Option<ProtectionChange>,
    foreign_change_sets: Vec<String>,
) -> Result<Preview, Error> {
    let live_template = match live {
        Some(live) => context
            .if_allowed(context.call(async || context.cloudformation.get_template(&live.stack_id).await).await)?,
        None => None,
    };
    let changes = made.map(|made| made.changes.clone()).unwrap_or_default();
    Ok(Preview {
        stack: resolved.name.clone(),
        stack_name: resolved.stack_name.clone(),
        kind,
        basis: match made {
            Some(made) => Basis::ChangeSet { id: made.id.clone(), values_incomplete: made.values_incomplete },
            None => Basis::NoChanges,
        },
        data_loss: data_loss(&resolved.name, &changes, context.options),
        changes,
        live_template,
        template: resolved.text.clone(),
        live_parameters: live.map(|live| live.parameters.clone()).unwrap_or_default(),
        parameters: resolved.parameters.clone(),
        unknown_parameters: resolved.unknown.clone(),
        live_tags: live.map(|live| live.tags.clone()).unwrap_or_default(),
        tags: resolved.tags.clone(),
        protection,
        foreign_change_sets,
    })
}
