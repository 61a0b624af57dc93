//! A stack in `REVIEW_IN_PROGRESS`, which exists only to hold change sets: whose they are, and who goes first. Does not delete it.

use super::change_set_name::{PREFIX, abandoned};
use crate::run::Context;
use crate::{CloudFormation, Error, Event, StackDescription};

/// Polls of a stack that waits on another deployer's change set, before ours is added: half a minute at AWS.
pub(super) const PATIENCE: u32 = 15;

/// What is known of a stack that exists only to hold change sets.
pub(super) struct ReviewStack {
    /// We created it, or are about to, and it may be deleted with our change set.
    pub(super) with_stack: bool,
    /// Names of other deployers' change sets on it.
    pub(super) foreign: Vec<String>,
}

/// Checks who else is preparing a stack that does not exist yet. Another deployer is given time to go first; `None` when it
/// did something in that time.
pub(super) async fn look<C: CloudFormation>(
    context: &Context<'_, C>,
    stack: &str,
    found: Option<&StackDescription>,
    patience: &mut u32,
) -> Result<Option<ReviewStack>, Error> {
    let Some(found) = found.filter(|found| found.status == "REVIEW_IN_PROGRESS") else {
        return Ok(Some(ReviewStack { with_stack: found.is_none(), foreign: Vec::new() }));
    };
    let own = format!("{PREFIX}{}-", context.options.run_id);
    let mut is_told = false;
    loop {
        let listed = context.call(async || context.cloudformation.list_change_sets(stack).await).await?;
        let is_ours = |name: &str| name.starts_with(PREFIX);
        let abandoned = abandoned(&listed);
        let is_waiting = |name: &String| is_ours(name) && !name.starts_with(&own) && !abandoned.contains(name);
        let names = listed.iter().map(|listed| listed.name.clone());
        let waiting: Vec<String> = names.filter(is_waiting).collect();
        if waiting.is_empty() || *patience == 0 {
            let with_stack = !listed.is_empty() && listed.iter().all(|listed| is_ours(&listed.name));
            let foreign = listed.into_iter().map(|listed| listed.name).filter(|name| !name.starts_with(&own));
            return Ok(Some(ReviewStack { with_stack, foreign: foreign.collect() }));
        }
        if !std::mem::replace(&mut is_told, true) {
            let seconds = (context.options.pace.most * *patience).as_secs();
            context.notify(Event::Yielding { stack: stack.to_owned(), change_sets: waiting, seconds });
        }
        *patience -= 1;
        tokio::time::sleep(context.options.pace.most).await;
        let now = context.describe_stack(stack).await?;
        if now.is_none_or(|now| now.stack_id != found.stack_id || now.status != found.status) {
            return Ok(None);
        }
    }
}
