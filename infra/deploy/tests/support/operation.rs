//! What a stack goes through, event by event.

use std::collections::{BTreeMap, VecDeque};

use deploy::{ChangeAction, Replacement, StackEvent};

use super::content::{Content, NESTED, denied};

#[derive(Clone, Default)]
pub(crate) struct Stack {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) content: Option<Content>,
    pub(crate) events: Vec<StackEvent>,
    pub(crate) to_come: VecDeque<Step>,
    pub(crate) tokens: Vec<String>,
    pub(crate) policy: Option<String>,
    pub(crate) protected: bool,
}

/// An event that is to come. It is about a resource, or about the stack itself, which bears its own name.
#[derive(Clone)]
pub(crate) struct Step {
    /// The nested stack that it happens to, when it does not happen to the stack itself.
    pub(crate) within: Option<String>,
    pub(crate) logical_id: String,
    pub(crate) physical_id: String,
    pub(crate) resource_type: String,
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) token: Option<String>,
    /// What the stack consists of from then on.
    pub(crate) content: Option<Content>,
}

pub(crate) fn step(id: &str, kind: &str, status: &str, reason: &str) -> Step {
    Step {
        within: None,
        logical_id: id.to_owned(),
        physical_id: format!("{id}-1"),
        resource_type: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        token: None,
        content: None,
    }
}

impl Stack {
    pub(crate) fn own(&self, status: &str, reason: &str) -> Step {
        Step { physical_id: self.id.clone(), ..step(&self.name, NESTED, status, reason) }
    }

    /// Its begin, with the token of the call.
    fn begin(&self, status: &str, token: &str) -> Step {
        Step { token: Some(token.to_owned()), ..self.own(status, "User Initiated") }
    }

    pub(crate) fn happen(&mut self, step: &Step, clock: i64) {
        if step.physical_id == self.id {
            self.status.clone_from(&step.status);
        }
        if let Some(content) = &step.content {
            self.content = Some(content.clone());
        }
        self.events.push(StackEvent {
            event_id: format!("{}-{}", self.id, self.events.len()),
            timestamp_ms: clock,
            logical_id: step.logical_id.clone(),
            physical_id: step.physical_id.clone(),
            resource_type: step.resource_type.clone(),
            status: step.status.clone(),
            reason: step.reason.clone(),
            token: step.token.clone(),
        });
    }

    /// A creation; `nested_id` makes the ids of nested stacks, which are answered with their names.
    pub(crate) fn create(
        &mut self,
        content: Content,
        token: &str,
        failing: &BTreeMap<String, String>,
        nested_id: &mut dyn FnMut(&str) -> String,
    ) -> Vec<Self> {
        let mut steps = vec![self.begin("CREATE_IN_PROGRESS", token)];
        let (made, nested) = creation(&content, failing, nested_id, &mut steps);
        match made {
            Ok(()) => steps.push(Step { content: Some(content), ..self.own("CREATE_COMPLETE", "") }),
            Err(id) => {
                steps.push(
                    self.own("ROLLBACK_IN_PROGRESS", &format!("The following resource(s) failed to create: [{id}].")),
                );
                let created = content.resources().into_iter().filter(|(other, _)| *other != id);
                steps.extend(created.map(|(id, kind)| step(&id, &kind, "DELETE_COMPLETE", "")));
                steps.push(self.own("ROLLBACK_COMPLETE", ""));
            }
        }
        self.to_come.extend(steps);
        nested
    }

    pub(crate) fn update(&mut self, content: Content, token: &str, failing: &BTreeMap<String, String>) {
        let changes = Content::changes(self.content.as_ref(), &content);
        let mut steps = vec![self.begin("UPDATE_IN_PROGRESS", token)];
        let takes_away = |change: &&deploy::ResourceChange| {
            change.action == ChangeAction::Remove || change.replacement != Replacement::No
        };
        let refused =
            changes.iter().filter(takes_away).find(|change| denied(self.policy.as_deref(), &change.logical_id));
        let refused = refused.map(|change| (change, "Action denied by stack policy".to_owned()));
        let broken = changes.iter().find_map(|change| failing.get(&change.logical_id).map(|why| (change, why.clone())));
        let mut done = Vec::new();
        if let Some((failed, reason)) = refused.or(broken) {
            for change in changes.iter().filter(|change| change.logical_id != failed.logical_id) {
                let (verb, undo) =
                    if change.action == ChangeAction::Add { ("CREATE", "DELETE") } else { ("UPDATE", "UPDATE") };
                steps.push(step(&change.logical_id, &change.resource_type, &format!("{verb}_COMPLETE"), ""));
                done.push(step(&change.logical_id, &change.resource_type, &format!("{undo}_COMPLETE"), ""));
            }
            steps.push(step(&failed.logical_id, &failed.resource_type, "UPDATE_FAILED", &reason));
            steps.push(self.own("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update."));
            steps.extend(done);
            steps.push(self.own("UPDATE_ROLLBACK_COMPLETE", ""));
            self.to_come.extend(steps);
            return;
        }
        for change in &changes {
            let verb = match change.action {
                ChangeAction::Add => "CREATE",
                ChangeAction::Remove => continue,
                _ => "UPDATE",
            };
            for state in ["IN_PROGRESS", "COMPLETE"] {
                steps.push(step(&change.logical_id, &change.resource_type, &format!("{verb}_{state}"), ""));
            }
        }
        steps.push(self.own("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", ""));
        for change in changes.iter().filter(takes_away) {
            steps.push(step(&change.logical_id, &change.resource_type, "DELETE_COMPLETE", ""));
        }
        steps.push(Step { content: Some(content), ..self.own("UPDATE_COMPLETE", "") });
        self.to_come.extend(steps);
    }

    pub(crate) fn delete(&mut self, token: &str, failing: &BTreeMap<String, String>) {
        self.to_come.clear();
        let mut steps = vec![self.begin("DELETE_IN_PROGRESS", token)];
        let content = self.content.clone().unwrap_or_default();
        let mut end = "DELETE_COMPLETE";
        for (id, kind) in content.resources() {
            match failing.get(&id) {
                Some(reason) => {
                    end = "DELETE_FAILED";
                    steps.push(step(&id, &kind, "DELETE_FAILED", reason));
                }
                None if content.keeps(&id) => steps.push(step(&id, &kind, "DELETE_SKIPPED", "")),
                None => steps.push(step(&id, &kind, "DELETE_COMPLETE", "")),
            }
        }
        steps.push(self.own(end, ""));
        self.to_come.extend(steps);
    }

    /// From one status back to rest, whatever it was; a resource that fails and is not skipped keeps it from resting.
    pub(crate) fn roll_back(&mut self, verb: &str, token: &str, failing: &BTreeMap<String, String>, skip: &[String]) {
        self.to_come.clear();
        let mut steps = vec![self.begin(&format!("{verb}_IN_PROGRESS"), token)];
        let mut end = "COMPLETE";
        for (id, kind) in self.content.clone().unwrap_or_default().resources() {
            match failing.get(&id).filter(|_| !skip.contains(&id)) {
                Some(reason) => {
                    end = "FAILED";
                    steps.push(step(&id, &kind, "UPDATE_FAILED", reason));
                }
                None => steps.push(step(&id, &kind, "UPDATE_COMPLETE", "")),
            }
        }
        steps.push(self.own(&format!("{verb}_{end}"), ""));
        self.to_come.extend(steps);
    }
}

/// The steps of making a content's resources; the first that fails.
fn creation(
    content: &Content,
    failing: &BTreeMap<String, String>,
    nested_id: &mut dyn FnMut(&str) -> String,
    steps: &mut Vec<Step>,
) -> (Result<(), String>, Vec<Stack>) {
    let resources = content.resources();
    let mut nested = Vec::new();
    let broken = resources.iter().find(|(id, _)| failing.contains_key(id));
    for (id, kind) in &resources {
        let Some(inner) = content.nested(id) else {
            steps.push(step(id, kind, "CREATE_IN_PROGRESS", ""));
            continue;
        };
        let mut stack = Stack { name: format!("nested-{id}"), id: nested_id(id), ..Stack::default() };
        let within = |step: Step, stack: &Stack| Step { within: Some(stack.id.clone()), ..step };
        let outer = |status: &str, reason: &str, stack: &Stack| Step {
            physical_id: stack.id.clone(),
            ..step(id, kind, status, reason)
        };
        steps.push(outer("CREATE_IN_PROGRESS", "Resource creation Initiated", &stack));
        let mut inside = Vec::new();
        stack.create(inner, "nested", failing, nested_id);
        inside.extend(std::mem::take(&mut stack.to_come));
        let failed = inside.iter().any(|step| step.status.ends_with("_FAILED"));
        // The outer stack is told of the failure before the inner one tells why.
        let late = if failed { inside.split_off(2) } else { Vec::new() };
        steps.extend(inside.into_iter().map(|step| within(step, &stack)));
        if failed {
            let reason = format!("Embedded stack {} was not successfully created", stack.id);
            steps.extend(late.into_iter().map(|step| within(step, &stack)));
            steps.push(outer("CREATE_FAILED", &reason, &stack));
            nested.push(stack);
            return (Err(id.clone()), nested);
        }
        steps.push(outer("CREATE_COMPLETE", "", &stack));
        nested.push(stack);
    }
    if let Some((id, kind)) = broken {
        // AWS often tells the resources that were given up first.
        for (other, kind) in resources.iter().filter(|(other, _)| other != id) {
            steps.push(step(other, kind, "CREATE_FAILED", "Resource creation cancelled"));
        }
        steps.push(step(id, kind, "CREATE_FAILED", &failing[id]));
        return (Err(id.clone()), nested);
    }
    let plain = resources.iter().filter(|(_, kind)| kind != NESTED);
    steps.extend(plain.map(|(id, kind)| step(id, kind, "CREATE_COMPLETE", "")));
    (Ok(()), nested)
}
