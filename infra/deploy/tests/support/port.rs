//! CloudFormation's calls in memory.

use aws_access::{CallError, CallErrorKind};
use deploy::{
    ChangeAction, ChangeSetKind, ChangeSetPage, ChangeSetRequest, ChangeSetStatus, ChangeSetSummary, CloudFormation,
    EventsPage, PropertyDetail, ResourceChange, StackDescription, StackEvent, StackResource, TemplateLocation,
};

use super::cloud::{Made, MemoryCloudFormation, State};
use super::content::Content;
use super::fault::{error, invalid};
use super::operation::Stack;

const PAGE: usize = 3;
/// Changes on a page.
const CHANGES: usize = 2;

impl CloudFormation for MemoryCloudFormation {
    async fn describe_stack(&self, stack: &str) -> Result<Option<StackDescription>, CallError> {
        self.call("DescribeStacks", |state| {
            Ok(state.stack(stack).map(|stack| StackDescription {
                stack_id: stack.id.clone(),
                status: stack.status.clone(),
                status_reason: None,
                outputs: stack.content.as_ref().map(Content::outputs).unwrap_or_default(),
                parameters: stack.content.as_ref().map(|content| content.parameters.clone()).unwrap_or_default(),
                tags: stack.content.as_ref().map(|content| content.tags.clone()).unwrap_or_default(),
                termination_protection: stack.protected,
            }))
        })
        .await
    }

    async fn create_change_set(&self, request: &ChangeSetRequest) -> Result<(String, String), CallError> {
        self.call("CreateChangeSet", |state| {
            state.roles.push(("CreateChangeSet", request.role_arn.clone()));
            state.create_change_set(request)
        })
        .await
    }

    async fn describe_change_set(
        &self,
        stack: Option<&str>,
        change_set: &str,
        values: bool,
        next: Option<&str>,
    ) -> Result<ChangeSetPage, CallError> {
        self.call("DescribeChangeSet", |state| state.describe_change_set(stack, change_set, values, next)).await
    }

    async fn list_change_sets(&self, stack: &str) -> Result<Vec<ChangeSetSummary>, CallError> {
        self.call("ListChangeSets", |state| {
            let Some(id) = state.stack(stack).map(|stack| stack.id.clone()) else { return Ok(Vec::new()) };
            let of_stack = state.change_sets.iter().filter(|made| made.stack_id == id);
            let summary =
                |made: &Made| ChangeSetSummary { name: made.request.name.clone(), created_ms: made.created_ms };
            Ok(of_stack.map(summary).collect())
        })
        .await
    }

    async fn execute_change_set(&self, change_set_id: &str, token: &str) -> Result<(), CallError> {
        self.call("ExecuteChangeSet", |state| state.execute(change_set_id, token)).await
    }

    async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), CallError> {
        self.call("DeleteChangeSet", |state| {
            let Some(stack_id) = state.stack(stack).map(|stack| stack.id.clone()) else { return Ok(()) };
            let is_named = |made: &&Made| made.stack_id == stack_id && made.request.name == name;
            let Some(id) = state.change_sets.iter().find(is_named).map(|made| made.id.clone()) else { return Ok(()) };
            state.drop_nested(&id);
            state.change_sets.retain(|made| made.id != id);
            Ok(())
        })
        .await
    }

    async fn delete_stack(&self, stack_id: &str, role_arn: Option<&str>, token: &str) -> Result<(), CallError> {
        self.state.borrow_mut().roles.push(("DeleteStack", role_arn.map(str::to_owned)));
        self.begin("DeleteStack", stack_id, token, |stack, state| {
            if stack.protected {
                return Err(invalid("DeleteStack", "cannot be deleted while TerminationProtection is enabled"));
            }
            state.change_sets.retain(|made| made.stack_id != stack.id);
            match stack.status.as_str() {
                "DELETE_IN_PROGRESS" | "DELETE_COMPLETE" => return Ok(false),
                "REVIEW_IN_PROGRESS" => {
                    let end = stack.own("DELETE_COMPLETE", "");
                    stack.happen(&end, state.clock);
                }
                _ => stack.delete(token, &state.failing),
            }
            Ok(true)
        })
        .await
    }

    async fn cancel_update_stack(&self, stack_id: &str, token: &str) -> Result<(), CallError> {
        self.begin("CancelUpdateStack", stack_id, token, |stack, state| {
            require(stack, "CancelUpdateStack", &["UPDATE_IN_PROGRESS"])?;
            stack.roll_back("UPDATE_ROLLBACK", token, &state.failing, &[]);
            Ok(true)
        })
        .await
    }

    async fn rollback_stack(&self, stack_id: &str, role_arn: Option<&str>, token: &str) -> Result<(), CallError> {
        self.state.borrow_mut().roles.push(("RollbackStack", role_arn.map(str::to_owned)));
        self.begin("RollbackStack", stack_id, token, |stack, state| {
            require(stack, "RollbackStack", &["CREATE_FAILED", "UPDATE_FAILED"])?;
            let verb = if stack.status == "CREATE_FAILED" { "ROLLBACK" } else { "UPDATE_ROLLBACK" };
            stack.roll_back(verb, token, &state.failing, &[]);
            Ok(true)
        })
        .await
    }

    async fn continue_update_rollback(
        &self,
        stack_id: &str,
        skip: &[String],
        role_arn: Option<&str>,
        token: &str,
    ) -> Result<(), CallError> {
        self.state.borrow_mut().roles.push(("ContinueUpdateRollback", role_arn.map(str::to_owned)));
        self.begin("ContinueUpdateRollback", stack_id, token, |stack, state| {
            require(stack, "ContinueUpdateRollback", &["UPDATE_ROLLBACK_FAILED"])?;
            stack.roll_back("UPDATE_ROLLBACK", token, &state.failing, skip);
            Ok(true)
        })
        .await
    }

    async fn describe_stack_events(&self, stack_id: &str, next: Option<&str>) -> Result<EventsPage, CallError> {
        self.call("DescribeStackEvents", |state| {
            if next.is_none() {
                state.go_on(stack_id);
            }
            let asked = state.calls.len();
            let (late, stutters) = (state.late.clone(), state.stutters);
            let missing = || invalid("DescribeStackEvents", "Stack does not exist");
            let stack = state.stack(stack_id).ok_or_else(missing)?;
            let is_told =
                |event: &&StackEvent| late.as_ref().is_none_or(|(id, after)| event.logical_id != *id || asked > *after);
            let times = if stutters { 2 } else { 1 };
            let events = stack.events.iter().rev().filter(is_told);
            let events: Vec<StackEvent> = events.flat_map(|event| std::iter::repeat_n(event.clone(), times)).collect();
            let skip: usize = next.map_or(0, |next| next.parse().unwrap());
            let page: Vec<StackEvent> = events.iter().skip(skip).take(PAGE).cloned().collect();
            let next = (skip + page.len() < events.len()).then(|| (skip + page.len()).to_string());
            Ok(EventsPage { events: page, next })
        })
        .await
    }

    async fn list_stack_resources(&self, stack: &str) -> Result<Vec<StackResource>, CallError> {
        self.call("ListStackResources", |state| {
            let stack = state.stack(stack).ok_or_else(|| invalid("ListStackResources", "Stack does not exist"))?;
            let resource = |(id, kind): (String, String)| StackResource {
                physical_id: format!("{id}-1").to_lowercase(),
                logical_id: id,
                resource_type: kind,
                status: "CREATE_COMPLETE".to_owned(),
                reason: String::new(),
            };
            Ok(stack.content.clone().unwrap_or_default().resources().into_iter().map(resource).collect())
        })
        .await
    }

    async fn get_template(&self, stack: &str) -> Result<String, CallError> {
        self.call("GetTemplate", |state| {
            let stack = state.stack(stack).ok_or_else(|| invalid("GetTemplate", "Stack does not exist"))?;
            Ok(stack.content.clone().unwrap_or_default().body)
        })
        .await
    }

    async fn get_stack_policy(&self, stack: &str) -> Result<Option<String>, CallError> {
        self.call("GetStackPolicy", |state| {
            let stack = state.stack(stack).ok_or_else(|| invalid("GetStackPolicy", "Stack does not exist"))?;
            Ok(stack.policy.clone())
        })
        .await
    }

    async fn set_stack_policy(&self, stack: &str, policy: &str) -> Result<(), CallError> {
        self.call("SetStackPolicy", |state| {
            let stack = state.stack(stack).ok_or_else(|| invalid("SetStackPolicy", "Stack does not exist"))?;
            stack.policy = Some(policy.to_owned());
            Ok(())
        })
        .await
    }

    async fn update_termination_protection(&self, stack: &str, enabled: bool) -> Result<(), CallError> {
        self.call("UpdateTerminationProtection", |state| {
            let missing = || invalid("UpdateTerminationProtection", "Stack does not exist");
            state.stack(stack).ok_or_else(missing)?.protected = enabled;
            Ok(())
        })
        .await
    }
}

impl MemoryCloudFormation {
    /// A call that begins an operation: takes effect once a token, and is written down when it does.
    async fn begin(
        &self,
        operation: &'static str,
        stack_id: &str,
        token: &str,
        act: impl FnOnce(&mut Stack, &mut State) -> Result<bool, CallError>,
    ) -> Result<(), CallError> {
        self.call(operation, |state| {
            let Some(stack) = state.stack(stack_id) else { return Ok(()) };
            let mut stack = stack.clone();
            if !state.is_forgetful && stack.tokens.iter().any(|known| known == token) {
                return Ok(());
            }
            let takes_effect = act(&mut stack, state)?;
            if takes_effect {
                stack.tokens.push(token.to_owned());
                state.effects.push((operation, stack.name.clone(), token.to_owned()));
            }
            let id = stack.id.clone();
            *state.stack(stack_id).unwrap() = stack;
            if takes_effect {
                state.go_on(&id);
            }
            Ok(())
        })
        .await
    }
}

impl State {
    fn create_change_set(&mut self, request: &ChangeSetRequest) -> Result<(String, String), CallError> {
        const CALL: &str = "CreateChangeSet";
        let found = self.stack(&request.stack_name).map(|stack| (stack.id.clone(), stack.status.clone()));
        let same = |made: &&Made| {
            made.request.name == request.name && found.as_ref().is_some_and(|(id, _)| *id == made.stack_id)
        };
        if let Some(made) = self.change_sets.iter().find(same) {
            if made.request.token == request.token && !self.is_forgetful {
                return Ok((made.id.clone(), made.stack_id.clone()));
            }
            return Err(error(CALL, "AlreadyExistsException", "ChangeSet already exists", CallErrorKind::Invalid));
        }
        let body = match &request.template {
            TemplateLocation::Body(body) if body.len() > 51_200 => {
                return Err(invalid(CALL, "Member must have length less than or equal to 51200"));
            }
            TemplateLocation::Body(body) => body.clone(),
            TemplateLocation::Url(url) => {
                let object =
                    url.strip_prefix("https://bucket/").and_then(|key| self.objects.borrow().get(key).cloned());
                let object = object.ok_or_else(|| invalid(CALL, "S3 error: Access Denied"))?;
                String::from_utf8(object).unwrap()
            }
        };
        let content =
            Content { parameters: request.parameters.clone(), tags: request.tags.clone(), ..Content::of(&body) };
        let stack_id = match (request.kind, found) {
            (ChangeSetKind::Create, Some((id, status))) if status == "REVIEW_IN_PROGRESS" => id,
            (ChangeSetKind::Create, Some(_)) => {
                return Err(invalid(CALL, "Stack already exists and cannot be created again"));
            }
            (ChangeSetKind::Create, None) => {
                self.put(&request.stack_name, "REVIEW_IN_PROGRESS");
                self.stack(&request.stack_name).unwrap().id.clone()
            }
            (ChangeSetKind::Update, None) => return Err(invalid(CALL, "Stack does not exist")),
            (ChangeSetKind::Update, Some((id, status))) => {
                if !status.ends_with("_COMPLETE") || status == "ROLLBACK_COMPLETE" {
                    return Err(invalid(CALL, &format!("Stack is in {status} state and can not be updated")));
                }
                id
            }
        };
        let live = self.stack(&stack_id).unwrap().content.clone();
        let mut changes = Content::changes(live.as_ref(), &content);
        if request.import_existing {
            for change in changes.iter_mut().filter(|change| change.action == ChangeAction::Add) {
                if let Some(name) = content.name(&change.logical_id).filter(|name| self.existing.contains(name)) {
                    (change.action, change.physical_id) = (ChangeAction::Import, Some(name));
                }
            }
        }
        let id = self.id("changeSet", &request.name);
        if request.nested {
            self.nested_change_sets(&id, request, &content, &mut changes);
        }
        let (request, is_executed, created_ms) = (request.clone(), false, self.clock);
        let made = Made {
            id: id.clone(),
            stack_id: stack_id.clone(),
            request,
            content,
            changes,
            described: 0,
            is_executed,
            created_ms,
            root: None,
        };
        self.made.push((made.request.name.clone(), made.request.token.clone()));
        self.change_sets.push(made);
        Ok((id, stack_id))
    }

    /// A change set of its own for each new nested stack, which is there from then on, in REVIEW_IN_PROGRESS.
    fn nested_change_sets(
        &mut self,
        root: &str,
        request: &ChangeSetRequest,
        content: &Content,
        changes: &mut [ResourceChange],
    ) {
        for change in changes.iter_mut().filter(|change| change.action == ChangeAction::Add) {
            let Some(inner) = content.nested(&change.logical_id) else { continue };
            let name = format!("{}-{}", request.stack_name, change.logical_id);
            self.put(&name, "REVIEW_IN_PROGRESS");
            let (stack_id, id) = (self.stack(&name).unwrap().id.clone(), self.id("changeSet", &request.name));
            change.nested = Some(id.clone());
            self.change_sets.push(Made {
                id,
                stack_id,
                request: ChangeSetRequest { stack_name: name, ..request.clone() },
                changes: Content::changes(None, &inner),
                content: inner,
                described: 0,
                is_executed: false,
                created_ms: self.clock,
                root: Some(root.to_owned()),
            });
        }
    }

    /// Nested change sets go with their root, and the nested stacks that only hold them.
    fn drop_nested(&mut self, root: &str) {
        let is_nested = |made: &Made| made.root.as_deref() == Some(root);
        let stacks: Vec<String> =
            self.change_sets.iter().filter(|made| is_nested(made)).map(|made| made.stack_id.clone()).collect();
        self.change_sets.retain(|made| !is_nested(made));
        self.stacks.retain(|stack| !(stacks.contains(&stack.id) && stack.status == "REVIEW_IN_PROGRESS"));
    }

    fn describe_change_set(
        &mut self,
        stack: Option<&str>,
        change_set: &str,
        values: bool,
        next: Option<&str>,
    ) -> Result<ChangeSetPage, CallError> {
        let (refused, drops) = (self.refused_change_set.clone(), self.drops_values);
        let of_stack = stack.map(|stack| self.stack(stack).map(|stack| stack.id.clone()).unwrap_or_default());
        let is_asked = |made: &&mut Made| {
            made.id == change_set || of_stack.as_deref() == Some(&made.stack_id) && made.request.name == change_set
        };
        let missing = || error("DescribeChangeSet", "ChangeSetNotFound", "it does not exist", CallErrorKind::NotFound);
        let made = self.change_sets.iter_mut().find(is_asked).ok_or_else(missing)?;
        made.described += 1;
        let (id, stack_id, content) = (made.id.clone(), made.stack_id.clone(), made.content.clone());
        let page = ChangeSetPage {
            id,
            stack_id: stack_id.clone(),
            status: ChangeSetStatus::Pending,
            is_executable: !made.is_executed,
            reason: String::new(),
            changes: Vec::new(),
            next: None,
        };
        if made.described == 1 {
            return Ok(page);
        }
        let mut changes: Vec<ResourceChange> = made.changes.clone();
        if !values {
            let blank = |detail: &mut PropertyDetail| (detail.before, detail.after) = (None, None);
            changes.iter_mut().flat_map(|change| &mut change.details).for_each(blank);
        }
        let is_dropping = drops && values;
        if is_dropping {
            changes.truncate(1);
        }
        let is_same = self.stack(&stack_id).unwrap().content.as_ref() == Some(&content);
        let nested = self.change_sets.iter().find(|made| made.root.as_deref() == Some(change_set));
        let (status, reason) = match refused {
            Some(_) if nested.is_some() => {
                let id = &nested.unwrap().id;
                ("FAILED", format!("Nested change set {id} was not successfully created: Currently in FAILED."))
            }
            Some(reason) => ("FAILED", reason),
            None if is_same => {
                ("FAILED", "The submitted information didn't contain changes. Submit different ..".to_owned())
            }
            None if is_dropping => ("CREATE_COMPLETE", "Some property values were left out".to_owned()),
            None => ("CREATE_COMPLETE", String::new()),
        };
        let skip: usize = next.map_or(0, |next| next.parse().unwrap());
        let rest = changes.len().saturating_sub(skip + CHANGES);
        let next = (rest > 0).then(|| (skip + CHANGES).to_string());
        let changes = changes.into_iter().skip(skip).take(CHANGES).collect();
        Ok(ChangeSetPage { status: ChangeSetStatus::of(status, &reason), reason, changes, next, ..page })
    }

    fn execute(&mut self, change_set_id: &str, token: &str) -> Result<(), CallError> {
        const CALL: &str = "ExecuteChangeSet";
        let (mut failing, is_forgetful) = (self.failing.clone(), self.is_forgetful);
        let existing = self.existing.clone();
        let missing = || error(CALL, "ChangeSetNotFound", "it does not exist", CallErrorKind::NotFound);
        let made = self.change_sets.iter_mut().find(|made| made.id == change_set_id).ok_or_else(missing)?;
        let (stack_id, content, kind, done) =
            (made.stack_id.clone(), made.content.clone(), made.request.kind, made.is_executed);
        let is_added = |change: &&ResourceChange| change.action == ChangeAction::Add;
        for change in made.changes.iter().filter(is_added) {
            if let Some(name) = content.name(&change.logical_id).filter(|name| existing.contains(name)) {
                failing.insert(change.logical_id.clone(), format!("{name} already exists"));
            }
        }
        let Some(stack) = self.stack(&stack_id) else { return Err(invalid(CALL, "Stack does not exist")) };
        if !is_forgetful && stack.tokens.iter().any(|known| known == token) {
            return Ok(());
        }
        if done {
            return Err(error(CALL, "InvalidChangeSetStatus", "it was executed", CallErrorKind::Invalid));
        }
        let is_ready = match kind {
            ChangeSetKind::Create => stack.status == "REVIEW_IN_PROGRESS",
            ChangeSetKind::Update => stack.status.ends_with("_COMPLETE"),
        };
        if !is_ready || !stack.to_come.is_empty() {
            return Err(error(CALL, "InvalidChangeSetStatus", "the stack has changed", CallErrorKind::Invalid));
        }
        let mut stack = stack.clone();
        stack.tokens.push(token.to_owned());
        let mut nested_id = |name: &str| self.id("stack", name);
        let nested = match kind {
            ChangeSetKind::Create => stack.create(content, token, &failing, &mut nested_id),
            ChangeSetKind::Update => {
                stack.update(content, token, &failing);
                Vec::new()
            }
        };
        self.effects.push((CALL, stack.name.clone(), token.to_owned()));
        self.drop_nested(change_set_id);
        *self.stack(&stack_id).unwrap() = stack;
        self.stacks.extend(nested);
        self.go_on(&stack_id);
        self.change_sets.retain(|made| made.stack_id != stack_id || made.id == change_set_id);
        self.change_sets.iter_mut().filter(|made| made.id == change_set_id).for_each(|made| made.is_executed = true);
        Ok(())
    }
}

fn require(stack: &Stack, call: &'static str, statuses: &[&str]) -> Result<(), CallError> {
    match statuses.contains(&stack.status.as_str()) {
        true => Ok(()),
        false => Err(invalid(call, &format!("{call} cannot be called from current stack status"))),
    }
}
