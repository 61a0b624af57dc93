//! Creates a change set and reads all its pages. Never leaves one behind that cannot be executed.

use aws_access::{CallError, CallErrorKind};

use super::change_set_name::PREFIX;
use super::{cleanup, replacement};
use crate::plan::ResolvedStack;
use crate::ports::NESTED_STACK;
use crate::run::{Context, Temporary};
use crate::{ChangeSetKind, ChangeSetPage, ChangeSetRequest, ChangeSetStatus, CloudFormation, Error, ResourceChange};

/// Levels of nested stacks that are read.
const NESTING: usize = 8;

/// A change set that can be executed.
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) stack_id: String,
    pub(crate) temporary: Temporary,
    pub(crate) changes: Vec<ResourceChange>,
    pub(crate) values_incomplete: bool,
}

/// Creates a change set and waits for it; `None` when it contains no change, and is deleted again. `with_stack`: the stack was created,
/// or left over, only to hold change sets of ours.
pub(crate) async fn make<C: CloudFormation>(
    context: &Context<'_, C>,
    resolved: &ResolvedStack,
    kind: ChangeSetKind,
    with_stack: bool,
) -> Result<Option<Made>, Error> {
    let stack = &resolved.stack_name;
    let name = format!("{PREFIX}{}-{}", context.options.run_id, context.number());
    let nested = resolved.text.contains(NESTED_STACK);
    let sent = ChangeSetRequest {
        token: context.token("change", stack),
        name: name.clone(),
        kind,
        stack_name: stack.clone(),
        template: resolved.template.clone(),
        parameters: resolved.parameters.clone(),
        tags: resolved.tags.clone(),
        nested,
        role_arn: context.options.execution_role.clone(),
        import_existing: context.options.import_existing,
    };
    // Recorded before it is requested: a response may get lost, and this run may be dropped while it waits for one.
    let temporary = Temporary::ChangeSet { stack: stack.clone(), name: name.clone(), with_stack, nested };
    context.add_temporary(temporary.clone());
    let (id, stack_id) = match context.call(async || context.cloudformation.create_change_set(&sent).await).await {
        Ok(made) => made,
        // A response got lost, and this cloud does not recognize the token of the retry.
        Err(error) if matches!(error.code.as_deref(), Some("AlreadyExistsException" | "AlreadyExists")) => {
            let describe = async || context.cloudformation.describe_change_set(Some(stack), &name, false, None).await;
            match context.call(describe).await {
                Ok(page) => (page.id, page.stack_id),
                // The stack exists, but no change set: another deployer was faster.
                Err(_) => {
                    context.forget_temporary(&temporary);
                    return Err(error.into());
                }
            }
        }
        Err(error) => {
            if error.kind == CallErrorKind::Invalid {
                context.forget_temporary(&temporary);
            }
            return Err(error.into());
        }
    };
    let page = match ready(context, &id).await {
        Ok(page) => page,
        Err(error) => {
            cleanup::remove(context, &temporary).await?;
            return Err(error.into());
        }
    };
    if kind == ChangeSetKind::Update {
        cleanup::remove_abandoned(context, stack).await;
    }
    let failure = match &page.status {
        ChangeSetStatus::Pending | ChangeSetStatus::Ready => {
            let is_warned = !page.reason.is_empty();
            return match changes(context, page).await {
                Ok(changes) => Ok(Some(Made { id, stack_id, temporary, changes, values_incomplete: is_warned })),
                Err(error) => {
                    cleanup::remove(context, &temporary).await?;
                    Err(error.into())
                }
            };
        }
        ChangeSetStatus::Empty => None,
        ChangeSetStatus::Failed(reason) => Some(innermost(context, reason.clone()).await),
    };
    cleanup::remove(context, &temporary).await?;
    match failure {
        None => Ok(None),
        Some(reason) => Err(Error::ChangeSetFailed { stack: stack.clone(), reason }),
    }
}

/// Why a change set failed; if that is because a nested one did, why that one did: "Nested change set arn:.. was not
/// successfully created: Currently in FAILED."
async fn innermost<C: CloudFormation>(context: &Context<'_, C>, mut reason: String) -> String {
    let mut path: Vec<String> = Vec::new();
    while let Some(id) = reason.split_once("Nested change set ").and_then(|(_, rest)| rest.split_whitespace().next()) {
        let id = id.to_owned();
        match ready(context, &id).await.map(|page| page.status) {
            Ok(ChangeSetStatus::Failed(inner)) if path.len() < NESTING => {
                path.push(id);
                reason = inner;
            }
            _ => break,
        }
    }
    match path.last() {
        Some(id) => format!("{reason} (nested change set {id})"),
        None => reason,
    }
}

/// The first page, once the change set is created or rejected.
async fn ready<C: CloudFormation>(context: &Context<'_, C>, id: &str) -> Result<ChangeSetPage, CallError> {
    let mut pauses = context.options.pace.start();
    loop {
        let page =
            context.call(async || context.cloudformation.describe_change_set(None, id, true, None).await).await?;
        if page.status != ChangeSetStatus::Pending {
            return Ok(page);
        }
        pauses.pause().await;
    }
}

/// All changes, with their values as far as AWS returns them, nested stacks' change sets below their stacks.
async fn changes<C: CloudFormation>(
    context: &Context<'_, C>,
    first: ChangeSetPage,
) -> Result<Vec<ResourceChange>, CallError> {
    let (id, is_warned) = (first.id.clone(), !first.reason.is_empty());
    let mut changes = rest(context, &id, true, first).await?;
    if is_warned {
        // With values, AWS omits what would make its response too large. Without them, the list is complete.
        let page =
            context.call(async || context.cloudformation.describe_change_set(None, &id, false, None).await).await?;
        changes = merged(changes, rest(context, &id, false, page).await?);
    }
    replacement::rule_out(&mut changes);
    for change in &mut changes {
        if let Some(nested) = change.nested.clone() {
            let page = ready(context, &nested).await?;
            change.children = Box::pin(self::changes(context, page)).await?;
        }
    }
    Ok(changes)
}

async fn rest<C: CloudFormation>(
    context: &Context<'_, C>,
    id: &str,
    values: bool,
    first: ChangeSetPage,
) -> Result<Vec<ResourceChange>, CallError> {
    let ChangeSetPage { mut changes, mut next, .. } = first;
    while let Some(token) = next {
        let describe = async || context.cloudformation.describe_change_set(None, id, values, Some(&token)).await;
        let page = context.call(describe).await?;
        changes.extend(page.changes);
        next = page.next;
    }
    Ok(changes)
}

/// The complete list in its order, with the values of the other where that has them.
fn merged(with_values: Vec<ResourceChange>, whole: Vec<ResourceChange>) -> Vec<ResourceChange> {
    let merge = |mut change: ResourceChange| {
        let same = with_values.iter().find(|other| other.logical_id == change.logical_id);
        let mut details = same.map(|other| other.details.clone()).unwrap_or_default();
        for detail in change.details {
            let is_known = details.iter().any(|known| {
                known.attribute == detail.attribute
                    && known.causing_entity == detail.causing_entity
                    && (known.path == detail.path || detail.path.is_none() || begins_with(&known.path, &detail.path))
            });
            if !is_known {
                details.push(detail);
            }
        }
        change.details = details;
        change
    };
    whole.into_iter().map(merge).collect()
}

/// Without values, AWS names the property and not the path below it.
fn begins_with(path: &Option<String>, property: &Option<String>) -> bool {
    match (path, property) {
        (Some(path), Some(property)) => path.strip_prefix(property.as_str()).is_some_and(|rest| rest.starts_with('.')),
        _ => false,
    }
}
