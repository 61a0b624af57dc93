//! The handle to CloudFormation in memory: what a test prepares, and what it looks at afterwards.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use aws_access::CallError;
use deploy::{ChangeSetRequest, ResourceChange};

use super::content::Content;
use super::fault::Fault;
use super::operation::{Stack, Step, step};
use super::store::MemoryStore;

#[derive(Default)]
pub(crate) struct MemoryCloudFormation {
    pub(super) state: RefCell<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) stacks: Vec<Stack>,
    pub(super) change_sets: Vec<Made>,
    /// Logical id to the reason of its failure.
    pub(super) failing: BTreeMap<String, String>,
    pub(super) refused_change_set: Option<String>,
    /// Knows no tokens, as emulators do.
    pub(super) is_forgetful: bool,
    /// Leaves values out of answers that were asked with values, and says so.
    pub(super) drops_values: bool,
    /// Logical id whose events are told only after so many questions.
    pub(super) late: Option<(String, usize)>,
    /// Tells every event twice.
    pub(super) stutters: bool,
    /// What happens to the call of this number, from 0.
    pub(super) fault: Option<(usize, Fault)>,
    /// Operation to the faults that its next calls meet; `None` for a call that meets none.
    pub(super) faults: BTreeMap<&'static str, VecDeque<Option<Fault>>>,
    pub(super) calls: Vec<&'static str>,
    /// What took effect: operation, stack name, token.
    pub(super) effects: Vec<(&'static str, String, String)>,
    /// The bucket that templates are read from.
    pub(super) objects: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    /// Name and token of each change set that was made.
    pub(super) made: Vec<(String, String)>,
    /// The role of each call that may be given one.
    pub(super) roles: Vec<(&'static str, Option<String>)>,
    /// Physical names that are taken by resources outside of all stacks.
    pub(super) existing: Vec<String>,
    pub(super) next_id: usize,
    pub(super) clock: i64,
}

pub(super) struct Made {
    pub(super) id: String,
    pub(super) stack_id: String,
    pub(super) request: ChangeSetRequest,
    pub(super) content: Content,
    pub(super) changes: Vec<ResourceChange>,
    pub(super) described: usize,
    pub(super) is_executed: bool,
    pub(super) created_ms: i64,
    /// The change set that this one is nested in.
    pub(super) root: Option<String>,
}

/// Everything of a stack that a deployment is to bring about.
#[derive(Debug, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) status: String,
    pub(crate) content: Option<Content>,
    pub(crate) policy: Option<serde_json::Value>,
    pub(crate) protected: bool,
}

impl MemoryCloudFormation {
    pub(crate) fn forgetful(self, is_forgetful: bool) -> Self {
        self.state.borrow_mut().is_forgetful = is_forgetful;
        self
    }

    /// Templates are read from this bucket.
    pub(crate) fn reads(&self, store: &MemoryStore) {
        self.state.borrow_mut().objects = Rc::clone(&store.objects);
    }

    /// Name and token of each change set that was made, also of those that are gone.
    pub(crate) fn made(&self) -> Vec<(String, String)> {
        self.state.borrow().made.clone()
    }

    /// AWS's clock, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.state.borrow().clock
    }

    /// From now on this resource cannot be made, changed or deleted.
    pub(crate) fn fail(&self, logical_id: &str, reason: &str) {
        self.state.borrow_mut().failing.insert(logical_id.to_owned(), reason.to_owned());
    }

    pub(crate) fn heal(&self) {
        self.state.borrow_mut().failing.clear();
    }

    /// The next change sets end in FAILED.
    pub(crate) fn refuse_change_sets(&self, reason: &str) {
        self.state.borrow_mut().refused_change_set = Some(reason.to_owned());
    }

    pub(crate) fn drop_values(&self) {
        self.state.borrow_mut().drops_values = true;
    }

    pub(crate) fn tell_late(&self, logical_id: &str, questions: usize) {
        self.state.borrow_mut().late = Some((logical_id.to_owned(), questions));
    }

    pub(crate) fn stutter(&self) {
        self.state.borrow_mut().stutters = true;
    }

    /// The call of this number, counted from now, meets a fault.
    pub(crate) fn fault_at(&self, call: usize, fault: Fault) {
        let mut state = self.state.borrow_mut();
        state.fault = Some((state.calls.len() + call, fault));
    }

    /// The next calls of an operation meet these faults, one each.
    pub(crate) fn faults(&self, operation: &'static str, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state.borrow_mut().faults.entry(operation).or_default().extend(faults);
    }

    /// The role of each call that may be given one.
    pub(crate) fn roles(&self) -> Vec<(&'static str, Option<String>)> {
        self.state.borrow().roles.clone()
    }

    /// A resource of this name stays from an earlier stack.
    pub(crate) fn keep(&self, name: &str) {
        self.state.borrow_mut().existing.push(name.to_owned());
    }

    /// Puts a stack there as another tool would have left it.
    pub(crate) fn put(&self, name: &str, status: &str) {
        let mut state = self.state.borrow_mut();
        state.put(name, status);
    }

    /// Gives a stack resources, without any event.
    pub(crate) fn fill(&self, name: &str, body: &str) {
        self.state.borrow_mut().stack(name).unwrap().content = Some(Content::of(body));
    }

    /// Puts a change set on a stack as another tool would have left it.
    pub(crate) fn put_change_set(&self, stack: &str, name: &str, created_ms: i64) {
        let mut state = self.state.borrow_mut();
        let id = state.id("changeSet", name);
        let stack_id = state.stack(stack).unwrap().id.clone();
        let request = ChangeSetRequest {
            stack_name: stack.to_owned(),
            name: name.to_owned(),
            token: String::new(),
            kind: deploy::ChangeSetKind::Create,
            template: deploy::TemplateLocation::Body(String::new()),
            parameters: Vec::new(),
            tags: Vec::new(),
            nested: false,
            role_arn: None,
            import_existing: false,
        };
        state.change_sets.push(Made {
            id,
            stack_id,
            request,
            content: Content::default(),
            changes: Vec::new(),
            described: 1,
            is_executed: false,
            created_ms,
            root: None,
        });
    }

    /// What happens to a stack next, once its events are asked for.
    pub(crate) fn will_become(&self, name: &str, statuses: &[&str]) {
        let mut state = self.state.borrow_mut();
        let stack = state.stack(name).unwrap();
        let steps: Vec<Step> = statuses.iter().map(|status| stack.own(status, "")).collect();
        stack.to_come.extend(steps);
    }

    /// What happens to a resource of a stack next.
    pub(crate) fn will_tell(&self, name: &str, logical_id: &str, status: &str, reason: &str) {
        let mut state = self.state.borrow_mut();
        state.stack(name).unwrap().to_come.push_back(step(logical_id, "AWS::SQS::Queue", status, reason));
    }

    pub(crate) fn protect(&self, name: &str, policy: Option<&str>, termination: bool) {
        let mut state = self.state.borrow_mut();
        let stack = state.stack(name).unwrap();
        stack.policy = policy.map(str::to_owned);
        stack.protected = termination;
    }

    pub(crate) fn status(&self, name: &str) -> Option<String> {
        self.state.borrow_mut().stack(name).map(|stack| stack.status.clone())
    }

    pub(crate) fn snapshot(&self, name: &str) -> Option<Snapshot> {
        self.state.borrow_mut().stack(name).map(|stack| Snapshot {
            status: stack.status.clone(),
            content: stack.content.clone(),
            policy: stack.policy.as_deref().map(|policy| serde_json::from_str(policy).unwrap()),
            protected: stack.protected,
        })
    }

    pub(crate) fn parameters(&self, name: &str) -> Vec<(String, String)> {
        self.snapshot(name).and_then(|stack| stack.content).map_or(Vec::new(), |content| content.parameters)
    }

    pub(crate) fn tags(&self, name: &str) -> Vec<(String, String)> {
        self.snapshot(name).and_then(|stack| stack.content).map_or(Vec::new(), |content| content.tags)
    }

    /// How many calls were made, whatever came of them.
    pub(crate) fn calls(&self) -> usize {
        self.state.borrow().calls.len()
    }

    pub(crate) fn called(&self, operation: &str) -> usize {
        self.state.borrow().calls.iter().filter(|call| **call == operation).count()
    }

    /// What took effect, without repetitions that took none: `ExecuteChangeSet Data-dev`.
    pub(crate) fn effects(&self) -> Vec<String> {
        let state = self.state.borrow();
        state.effects.iter().map(|(operation, stack, _)| format!("{operation} {stack}")).collect()
    }

    /// Names of change sets that were not executed.
    pub(crate) fn change_sets(&self) -> Vec<String> {
        let state = self.state.borrow();
        let waiting = state.change_sets.iter().filter(|made| !made.is_executed);
        waiting.map(|made| made.request.name.clone()).collect()
    }

    /// Makes a call, with what happens to it.
    pub(super) async fn call<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&mut State) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        // What else runs goes on while a call is under way.
        tokio::task::yield_now().await;
        let mut state = self.state.borrow_mut();
        let number = state.calls.len();
        state.calls.push(operation);
        let planned = state.fault.filter(|(call, _)| *call == number).map(|(_, fault)| fault);
        let queued = state.faults.get_mut(operation).and_then(VecDeque::pop_front).flatten();
        let fault = planned.or(queued);
        if let Some(error) = fault.and_then(|fault| fault.before(operation)) {
            return Err(error);
        }
        let answer = act(&mut state)?;
        if let Some(Fault::Overtaken(name)) = fault {
            state.put(name, "CREATE_IN_PROGRESS");
            let stack = state.stack(name).unwrap();
            let end = stack.own("CREATE_COMPLETE", "");
            stack.to_come.push_back(end);
        }
        if let Some(Fault::Deleted(name)) = fault {
            let failing = state.failing.clone();
            match state.stack(name) {
                Some(stack) if stack.status == "REVIEW_IN_PROGRESS" => {
                    let (id, end) = (stack.id.clone(), stack.own("DELETE_COMPLETE", ""));
                    stack.happen(&end, 0);
                    state.change_sets.retain(|made| made.stack_id != id);
                }
                Some(stack) => stack.delete("theirs", &failing),
                None => {}
            }
        }
        match fault.and_then(|fault| fault.after(operation)) {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }
}

impl State {
    /// By name a stack that is not deleted, by id any.
    pub(super) fn stack(&mut self, name_or_id: &str) -> Option<&mut Stack> {
        let matches = |stack: &&mut Stack| {
            stack.id == name_or_id || stack.name == name_or_id && stack.status != "DELETE_COMPLETE"
        };
        self.stacks.iter_mut().find(matches)
    }

    pub(super) fn id(&mut self, kind: &str, name: &str) -> String {
        self.next_id += 1;
        format!("arn:aws:cloudformation:sa-east-1:123456789012:{kind}/{name}/{}", self.next_id)
    }

    pub(super) fn put(&mut self, name: &str, status: &str) {
        let id = self.id("stack", name);
        let mut stack = Stack { name: name.to_owned(), id, ..Stack::default() };
        if status != "REVIEW_IN_PROGRESS" {
            stack.content = Some(Content::of(r#"{"Resources": {}}"#));
        }
        self.clock += 1000;
        let begin = stack.own(status, "");
        stack.happen(&begin, self.clock);
        self.stacks.push(stack);
    }

    /// Lets the next event of a stack happen, to itself or to a nested one.
    pub(super) fn go_on(&mut self, stack_id: &str) {
        self.clock += 1000;
        let clock = self.clock;
        let Some(step) = self.stack(stack_id).and_then(|stack| stack.to_come.pop_front()) else { return };
        let target = step.within.clone().unwrap_or_else(|| stack_id.to_owned());
        if let Some(stack) = self.stack(&target) {
            stack.happen(&step, clock);
        }
    }
}
