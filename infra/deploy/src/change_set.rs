//! Makes a change set and reads it to its last page. Refuses to leave one behind that cannot be executed.

use crate::run::{Leaving, Run};
use crate::{
    CallError, CallErrorKind, ChangeSetKind, ChangeSetPage, ChangeSetRequest, ChangeSetStatus, CloudFormation, Error,
    ResourceChange, TemplateLocation,
};
use crate::{certainty, leavings};

/// A change set's name begins with this, so that ours are known from others'.
pub(crate) const NAME_PREFIX: &str = "infra-";

/// Levels of nested stacks that are looked into.
const NESTING: usize = 8;

/// A stack with every value settled.
#[derive(Clone)]
pub(crate) struct Request {
    /// Name within the stage.
    pub(crate) name: String,
    pub(crate) stack_name: String,
    pub(crate) text: String,
    pub(crate) template: TemplateLocation,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) unknown: Vec<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) protection: crate::Protection,
}

/// A change set that can be executed.
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) stack_id: String,
    pub(crate) leaving: Leaving,
    pub(crate) changes: Vec<ResourceChange>,
    pub(crate) values_incomplete: bool,
}

/// Makes a change set and waits for it; `None` when it holds no change, and is gone again. `with_stack`: the stack was made,
/// or is left over, only to hold change sets of ours.
pub(crate) async fn make<C: CloudFormation>(
    run: &Run<'_, C>,
    request: &Request,
    kind: ChangeSetKind,
    with_stack: bool,
) -> Result<Option<Made>, Error> {
    let stack = &request.stack_name;
    let name = format!("{NAME_PREFIX}{}-{}", run.options.run_id, run.number());
    let nested = request.text.contains("AWS::CloudFormation::Stack");
    let sent = ChangeSetRequest {
        token: run.token("change", stack),
        name: name.clone(),
        kind,
        stack_name: stack.clone(),
        template: request.template.clone(),
        parameters: request.parameters.clone(),
        tags: request.tags.clone(),
        nested,
        role_arn: run.options.execution_role.clone(),
        import_existing: run.options.import_existing,
    };
    // Written down before it is asked for: an answer may get lost, and this run may be dropped while it waits for one.
    let leaving = Leaving::ChangeSet { stack: stack.clone(), name: name.clone(), with_stack, nested };
    run.leave(leaving.clone());
    let (id, stack_id) = match run.call(async || run.cloudformation.create_change_set(&sent).await).await {
        Ok(made) => made,
        // An answer got lost, and this cloud does not know the token of the repetition.
        Err(error) if error.code.as_deref().is_some_and(|code| code.starts_with("AlreadyExists")) => {
            let describe = async || run.cloudformation.describe_change_set(Some(stack), &name, false, None).await;
            match run.call(describe).await {
                Ok(page) => (page.id, page.stack_id),
                // It is the stack that exists, and no change set: others were quicker.
                Err(_) => {
                    run.put_away(&leaving);
                    return Err(error.into());
                }
            }
        }
        Err(error) => {
            if error.kind == CallErrorKind::Invalid {
                run.put_away(&leaving);
            }
            return Err(error.into());
        }
    };
    let page = match ready(run, &id).await {
        Ok(page) => page,
        Err(error) => {
            leavings::discard(run, &leaving).await?;
            return Err(error.into());
        }
    };
    if kind == ChangeSetKind::Update {
        leavings::sweep(run, stack).await;
    }
    let failure = match &page.status {
        ChangeSetStatus::Pending | ChangeSetStatus::Ready => {
            let is_warned = !page.reason.is_empty();
            return match changes(run, page).await {
                Ok(changes) => Ok(Some(Made { id, stack_id, leaving, changes, values_incomplete: is_warned })),
                Err(error) => {
                    leavings::discard(run, &leaving).await?;
                    Err(error.into())
                }
            };
        }
        ChangeSetStatus::Empty => None,
        ChangeSetStatus::Failed(reason) => Some(innermost(run, reason.clone()).await),
    };
    leavings::discard(run, &leaving).await?;
    match failure {
        None => Ok(None),
        Some(reason) => Err(Error::ChangeSetFailed { stack: stack.clone(), reason }),
    }
}

/// Why a change set failed; when that is because a nested one did, why that did: "Nested change set arn:.. was not
/// successfully created: Currently in FAILED."
async fn innermost<C: CloudFormation>(run: &Run<'_, C>, mut reason: String) -> String {
    let mut path: Vec<String> = Vec::new();
    while let Some(id) = reason.split_once("Nested change set ").and_then(|(_, rest)| rest.split_whitespace().next()) {
        let id = id.to_owned();
        match ready(run, &id).await.map(|page| page.status) {
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

/// The first page, once the change set is made or refused.
async fn ready<C: CloudFormation>(run: &Run<'_, C>, id: &str) -> Result<ChangeSetPage, CallError> {
    let mut pauses = run.options.pace.start();
    loop {
        let page = run.call(async || run.cloudformation.describe_change_set(None, id, true, None).await).await?;
        if page.status != ChangeSetStatus::Pending {
            return Ok(page);
        }
        pauses.pause().await;
    }
}

/// All changes, with their values as far as AWS tells them, nested stacks' change sets below their stacks.
async fn changes<C: CloudFormation>(run: &Run<'_, C>, first: ChangeSetPage) -> Result<Vec<ResourceChange>, CallError> {
    let (id, is_warned) = (first.id.clone(), !first.reason.is_empty());
    let mut changes = rest(run, &id, true, first).await?;
    if is_warned {
        // With values, AWS leaves out what would make its answer too large. Without them, the list is whole.
        let page = run.call(async || run.cloudformation.describe_change_set(None, &id, false, None).await).await?;
        changes = merged(changes, rest(run, &id, false, page).await?);
    }
    certainty::settle(&mut changes);
    for change in &mut changes {
        if let Some(nested) = change.nested.clone() {
            let page = ready(run, &nested).await?;
            change.children = Box::pin(self::changes(run, page)).await?;
        }
    }
    Ok(changes)
}

async fn rest<C: CloudFormation>(
    run: &Run<'_, C>,
    id: &str,
    values: bool,
    first: ChangeSetPage,
) -> Result<Vec<ResourceChange>, CallError> {
    let ChangeSetPage { mut changes, mut next, .. } = first;
    while let Some(token) = next {
        let describe = async || run.cloudformation.describe_change_set(None, id, values, Some(&token)).await;
        let page = run.call(describe).await?;
        changes.extend(page.changes);
        next = page.next;
    }
    Ok(changes)
}

/// The whole list in its order, with the values of the other where that has them.
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
