//! CloudFormation in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use deploy::{
    CallError, CallErrorKind, ChangeSet, ChangeSetKind, ChangeSetRequest, ChangeSetStatus, CloudFormation, EventsPage,
    StackDescription, StackEvent, TemplateLocation,
};

const PAGE: usize = 3;

#[derive(Default)]
pub(crate) struct MemoryCloudFormation {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    stacks: Vec<Stack>,
    change_sets: Vec<Made>,
    /// Logical id to the reason of its failure.
    failing: BTreeMap<String, String>,
    refused_change_set: Option<String>,
    /// Operation to the failures that its next calls meet.
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    calls: Vec<String>,
    next_id: usize,
}

#[derive(Clone, Copy)]
enum Fault {
    None,
    Throttled,
    AnswerLost,
    /// The answer is what was there before another deployer made the stack of this name.
    Overtaken(&'static str),
}

#[derive(Clone, Default)]
struct Stack {
    name: String,
    id: String,
    status: String,
    content: Option<Content>,
    events: Vec<StackEvent>,
    to_come: VecDeque<(String, String, String, String)>,
    tokens: Vec<String>,
}

#[derive(Clone, PartialEq, Debug)]
struct Content {
    template: serde_json::Value,
    parameters: Vec<(String, String)>,
    tags: Vec<(String, String)>,
}

struct Made {
    id: String,
    stack_id: String,
    request: ChangeSetRequest,
    content: Content,
    described: usize,
}

impl MemoryCloudFormation {
    /// From now on this resource cannot be made, changed or deleted.
    pub(crate) fn fail(&self, logical_id: &str, reason: &str) {
        self.state.borrow_mut().failing.insert(logical_id.to_owned(), reason.to_owned());
    }

    pub(crate) fn heal(&self) {
        self.state.borrow_mut().failing.clear();
    }

    /// The next change set ends in FAILED.
    pub(crate) fn refuse_change_set(&self, reason: &str) {
        self.state.borrow_mut().refused_change_set = Some(reason.to_owned());
    }

    /// The next `times` calls of an operation are throttled.
    pub(crate) fn throttle(&self, operation: &'static str, times: usize) {
        let mut state = self.state.borrow_mut();
        state.faults.entry(operation).or_default().extend(std::iter::repeat_n(Fault::Throttled, times));
    }

    /// The next call of an operation does its work, but its answer never arrives.
    pub(crate) fn lose_answer(&self, operation: &'static str) {
        self.state.borrow_mut().faults.entry(operation).or_default().push_back(Fault::AnswerLost);
    }

    /// Another deployer begins to make this stack right after the next look at it.
    pub(crate) fn overtake(&self, name: &'static str) {
        self.state.borrow_mut().faults.entry("DescribeStacks").or_default().push_back(Fault::Overtaken(name));
    }

    /// The next calls for events are answered, then one is lost.
    pub(crate) fn go_away_after_events(&self, calls: usize) {
        let mut state = self.state.borrow_mut();
        let faults = state.faults.entry("DescribeStackEvents").or_default();
        faults.extend(std::iter::repeat_n(Fault::None, calls));
        faults.push_back(Fault::AnswerLost);
    }

    /// Puts a stack there as another tool would have left it.
    pub(crate) fn put(&self, name: &str, status: &str) {
        let mut state = self.state.borrow_mut();
        let id = state.id("stack", name);
        let mut stack = Stack { name: name.to_owned(), id, ..Stack::default() };
        stack.content =
            Some(Content { template: serde_json::json!({"Resources": {}}), parameters: Vec::new(), tags: Vec::new() });
        stack.happen(&own(name, status, ""));
        state.stacks.push(stack);
    }

    /// What happens to a stack next, once its events are asked for.
    pub(crate) fn will_become(&self, name: &str, statuses: &[&str]) {
        let mut state = self.state.borrow_mut();
        let stack = state.stack(name).unwrap();
        stack.to_come.extend(statuses.iter().map(|status| own(name, status, "")));
    }

    pub(crate) fn status(&self, name: &str) -> Option<String> {
        self.state.borrow_mut().stack(name).map(|stack| stack.status.clone())
    }

    pub(crate) fn parameters(&self, name: &str) -> Vec<(String, String)> {
        self.state.borrow_mut().stack(name).and_then(|stack| stack.content.clone()).map_or(Vec::new(), |c| c.parameters)
    }

    pub(crate) fn tags(&self, name: &str) -> Vec<(String, String)> {
        self.state.borrow_mut().stack(name).and_then(|stack| stack.content.clone()).map_or(Vec::new(), |c| c.tags)
    }

    /// Names of the calls that changed something, in order.
    pub(crate) fn mutations(&self) -> Vec<String> {
        self.state.borrow().calls.clone()
    }

    pub(crate) fn change_sets(&self) -> usize {
        self.state.borrow().change_sets.len()
    }

    fn call<T>(
        &self,
        operation: &'static str,
        mutates: bool,
        act: impl FnOnce(&mut State) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let mut state = self.state.borrow_mut();
        let fault = state.faults.get_mut(operation).and_then(VecDeque::pop_front);
        if let Some(Fault::Throttled) = fault {
            return Err(error(operation, "Throttling", "Rate exceeded", CallErrorKind::Throttled));
        }
        if mutates {
            state.calls.push(operation.to_owned());
        }
        let answer = act(&mut state)?;
        if let Some(Fault::Overtaken(name)) = fault {
            drop(state);
            self.put(name, "CREATE_IN_PROGRESS");
            self.will_become(name, &["CREATE_COMPLETE"]);
            return Ok(answer);
        }
        match fault {
            Some(Fault::AnswerLost) => Err(error(operation, "", "connection reset", CallErrorKind::Transient)),
            _ => Ok(answer),
        }
    }
}

impl CloudFormation for MemoryCloudFormation {
    async fn describe_stack(&self, stack: &str) -> Result<Option<StackDescription>, CallError> {
        self.call("DescribeStacks", false, |state| {
            Ok(state.stack(stack).map(|stack| StackDescription {
                stack_id: stack.id.clone(),
                status: stack.status.clone(),
                status_reason: None,
                outputs: stack.outputs(),
            }))
        })
    }

    async fn create_change_set(&self, request: &ChangeSetRequest) -> Result<(String, String), CallError> {
        self.call("CreateChangeSet", true, |state| {
            let same_token = |made: &&Made| made.request.token == request.token;
            if let Some(made) = state.change_sets.iter().find(same_token) {
                return Ok((made.id.clone(), made.stack_id.clone()));
            }
            let invalid =
                |message: &str| Err(error("CreateChangeSet", "ValidationError", message, CallErrorKind::Invalid));
            let TemplateLocation::Body(body) = &request.template else {
                let TemplateLocation::Url(url) = &request.template else { unreachable!() };
                assert!(url.starts_with("https://bucket/templates/"));
                return invalid("templates by address are not read here");
            };
            if body.len() > 51_200 {
                return invalid("Member must have length less than or equal to 51200");
            }
            let content = Content {
                template: serde_json::from_str(body).unwrap(),
                parameters: request.parameters.clone(),
                tags: request.tags.clone(),
            };
            let found = state.stack(&request.stack_name).map(|stack| (stack.id.clone(), stack.status.clone()));
            let stack_id = match (request.kind, found) {
                (ChangeSetKind::Create, Some((id, status))) if status == "REVIEW_IN_PROGRESS" => id,
                (ChangeSetKind::Create, Some(_)) => return invalid("Stack already exists and cannot be created again"),
                (ChangeSetKind::Create, None) => {
                    let id = state.id("stack", &request.stack_name);
                    let mut stack = Stack { name: request.stack_name.clone(), id: id.clone(), ..Stack::default() };
                    stack.happen(&own(&request.stack_name, "REVIEW_IN_PROGRESS", "User Initiated"));
                    state.stacks.push(stack);
                    id
                }
                (ChangeSetKind::Update, None) => return invalid("Stack does not exist"),
                (ChangeSetKind::Update, Some((id, status))) => {
                    let is_ready = status.ends_with("_COMPLETE") && status != "ROLLBACK_COMPLETE";
                    if !is_ready {
                        return invalid(&format!("Stack is in {status} state and can not be updated"));
                    }
                    id
                }
            };
            let id = state.id("changeSet", &request.name);
            let made =
                Made { id: id.clone(), stack_id: stack_id.clone(), request: request.clone(), content, described: 0 };
            state.change_sets.push(made);
            Ok((id, stack_id))
        })
    }

    async fn describe_change_set(&self, change_set_id: &str) -> Result<ChangeSet, CallError> {
        self.call("DescribeChangeSet", false, |state| {
            let refused = state.refused_change_set.clone();
            let made = state.change_sets.iter_mut().find(|made| made.id == change_set_id).unwrap();
            made.described += 1;
            if made.described == 1 {
                return Ok(ChangeSet { status: ChangeSetStatus::of("CREATE_IN_PROGRESS", ""), changes: 0 });
            }
            let (stack_id, content) = (made.stack_id.clone(), made.content.clone());
            let stack = state.stack(&stack_id).unwrap();
            let (status, reason) = match refused {
                Some(reason) => ("FAILED", reason),
                None if stack.content.as_ref() == Some(&content) => {
                    ("FAILED", "The submitted information didn't contain changes. Submit different ..".to_owned())
                }
                None => ("CREATE_COMPLETE", String::new()),
            };
            Ok(ChangeSet { status: ChangeSetStatus::of(status, &reason), changes: content.resources().len() })
        })
    }

    async fn execute_change_set(&self, change_set_id: &str, token: &str) -> Result<(), CallError> {
        self.call("ExecuteChangeSet", true, |state| {
            let failing = state.failing.clone();
            let made = state.change_sets.iter().find(|made| made.id == change_set_id).unwrap();
            let (stack_id, content, kind) = (made.stack_id.clone(), made.content.clone(), made.request.kind);
            let stack = state.stack(&stack_id).unwrap();
            if stack.tokens.iter().any(|known| known == token) {
                return Ok(());
            }
            assert!(stack.to_come.is_empty(), "an operation is under way");
            stack.tokens.push(token.to_owned());
            match kind {
                ChangeSetKind::Create => stack.run("CREATE", "ROLLBACK", content, &failing),
                ChangeSetKind::Update => stack.run("UPDATE", "UPDATE_ROLLBACK", content, &failing),
            }
            Ok(())
        })
    }

    async fn delete_change_set(&self, change_set_id: &str) -> Result<(), CallError> {
        self.call("DeleteChangeSet", true, |state| {
            state.change_sets.retain(|made| made.id != change_set_id);
            Ok(())
        })
    }

    async fn delete_stack(&self, stack_id: &str, token: &str) -> Result<(), CallError> {
        self.call("DeleteStack", true, |state| {
            let failing = state.failing.clone();
            let Some(stack) = state.stack(stack_id) else { return Ok(()) };
            if stack.tokens.iter().any(|known| known == token) {
                return Ok(());
            }
            stack.tokens.push(token.to_owned());
            if stack.status == "REVIEW_IN_PROGRESS" {
                stack.happen(&own(&stack.name.clone(), "DELETE_COMPLETE", ""));
                return Ok(());
            }
            stack.delete(&failing);
            Ok(())
        })
    }

    async fn describe_stack_events(&self, stack_id: &str, next: Option<&str>) -> Result<EventsPage, CallError> {
        self.call("DescribeStackEvents", false, |state| {
            let stack = state.stacks.iter_mut().find(|stack| stack.id == stack_id).unwrap();
            if next.is_none()
                && let Some(event) = stack.to_come.pop_front()
            {
                stack.happen(&event);
            }
            let skip: usize = next.map_or(0, |next| next.parse().unwrap());
            let events: Vec<StackEvent> = stack.events.iter().rev().skip(skip).take(PAGE).cloned().collect();
            let next = (skip + events.len() < stack.events.len()).then(|| (skip + events.len()).to_string());
            Ok(EventsPage { events, next })
        })
    }
}

impl State {
    /// By name a stack that is not deleted, by id any.
    fn stack(&mut self, name_or_id: &str) -> Option<&mut Stack> {
        let matches = |stack: &&mut Stack| {
            stack.id == name_or_id || stack.name == name_or_id && stack.status != "DELETE_COMPLETE"
        };
        self.stacks.iter_mut().find(matches)
    }

    fn id(&mut self, kind: &str, name: &str) -> String {
        self.next_id += 1;
        format!("arn:aws:cloudformation:sa-east-1:123456789012:{kind}/{name}/{}", self.next_id)
    }
}

impl Stack {
    fn outputs(&self) -> Vec<(String, String)> {
        let outputs = self.content.as_ref().and_then(|content| content.template["Outputs"].as_object());
        outputs.into_iter().flatten().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    }

    fn happen(&mut self, (logical_id, resource_type, status, reason): &(String, String, String, String)) {
        let own = *logical_id == self.name;
        if own {
            self.status.clone_from(status);
        }
        self.events.push(StackEvent {
            event_id: format!("{}-{}", self.id, self.events.len()),
            timestamp: 1_790_000_000 + self.events.len() as i64,
            logical_id: logical_id.clone(),
            physical_id: if own { self.id.clone() } else { format!("{logical_id}-1") },
            resource_type: resource_type.clone(),
            status: status.clone(),
            reason: reason.clone(),
        });
    }

    fn run(&mut self, verb: &str, rollback: &str, content: Content, failing: &BTreeMap<String, String>) {
        let name = self.name.clone();
        let mut to_come = vec![own(&name, &format!("{verb}_IN_PROGRESS"), "User Initiated")];
        let resources = content.resources();
        let failed = resources.iter().find(|(id, _)| failing.contains_key(id));
        for (id, kind) in &resources {
            to_come.push((id.clone(), kind.clone(), format!("{verb}_IN_PROGRESS"), String::new()));
        }
        if let Some((id, kind)) = failed {
            // AWS often tells the resources that were given up first.
            for (other, kind) in resources.iter().filter(|(other, _)| other != id) {
                let reason = "Resource creation cancelled".to_owned();
                to_come.push((other.clone(), kind.clone(), format!("{verb}_FAILED"), reason));
            }
            to_come.push((id.clone(), kind.clone(), format!("{verb}_FAILED"), failing[id].clone()));
            let reason = format!("The following resource(s) failed: [{id}].");
            to_come.push(own(&name, &format!("{rollback}_IN_PROGRESS"), &reason));
            to_come.push(own(&name, &format!("{rollback}_COMPLETE"), ""));
        } else {
            for (id, kind) in &resources {
                to_come.push((id.clone(), kind.clone(), format!("{verb}_COMPLETE"), String::new()));
            }
            if verb == "UPDATE" {
                to_come.push(own(&name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", ""));
            }
            to_come.push(own(&name, &format!("{verb}_COMPLETE"), ""));
            self.content = Some(content);
        }
        self.to_come.extend(to_come);
    }

    fn delete(&mut self, failing: &BTreeMap<String, String>) {
        let name = self.name.clone();
        self.to_come.push_back(own(&name, "DELETE_IN_PROGRESS", "User Initiated"));
        let mut end = "DELETE_COMPLETE";
        for (id, kind) in self.content.as_ref().map(Content::resources).unwrap_or_default() {
            let (status, reason) = match failing.get(&id) {
                Some(reason) => ("DELETE_FAILED", reason.clone()),
                None => ("DELETE_COMPLETE", String::new()),
            };
            if status == "DELETE_FAILED" {
                end = status;
            }
            self.to_come.push_back((id, kind, status.to_owned(), reason));
        }
        self.to_come.push_back(own(&name, end, ""));
    }
}

impl Content {
    fn resources(&self) -> Vec<(String, String)> {
        let resources = self.template["Resources"].as_object();
        resources.into_iter().flatten().map(|(id, kind)| (id.clone(), kind.as_str().unwrap().to_owned())).collect()
    }
}

fn own(name: &str, status: &str, reason: &str) -> (String, String, String, String) {
    (name.to_owned(), "AWS::CloudFormation::Stack".to_owned(), status.to_owned(), reason.to_owned())
}

fn error(operation: &'static str, code: &str, message: &str, kind: CallErrorKind) -> CallError {
    let code = (!code.is_empty()).then(|| code.to_owned());
    CallError { operation, code, message: message.to_owned(), kind, source: None }
}
