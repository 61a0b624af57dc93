//! Calls against roles, and roles against calls.

use std::collections::{BTreeMap, BTreeSet};

use review::{Access, Judgement, ParseError, Template, parse};

use crate::call::{Call, Caller};
use crate::deployed::Deployed;
use crate::unused::{Needed, Unused, is_lambdas};

/// A template that cannot be judged by.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("{stack} cannot be read")]
    Parse { stack: String, source: ParseError },
    #[error("{stack} is deployed and has no template on the stage that it is judged by")]
    Missing { stack: String },
}

/// The stacks that calls are made in, and the templates with the roles that they are judged by.
#[derive(Debug)]
pub struct Judge {
    deployed: Deployed,
    reviewed: BTreeMap<String, Reviewed>,
}

#[derive(Debug)]
struct Reviewed {
    template: Template,
    access: Access,
}

/// A function of a template and its role.
#[derive(Clone, Copy)]
struct Function<'a> {
    stack: &'a str,
    reviewed: &'a Reviewed,
    logical_id: &'a str,
    role: &'a str,
    /// Its physical name on the stage of the template.
    name: &'a str,
}

impl Judge {
    /// Of stacks on one stage and the texts of the templates of another, both by the stacks' names without a stage.
    ///
    /// # Errors
    /// A template is missing or unreadable.
    pub fn new(deployed: Deployed, templates: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut reviewed = BTreeMap::new();
        for stack in deployed.stacks.keys() {
            let text = templates.get(stack).ok_or_else(|| TemplateError::Missing { stack: stack.clone() })?;
            let template =
                parse(stack, text).map_err(|source| TemplateError::Parse { stack: stack.clone(), source })?;
            let access = Access::of(&template);
            reviewed.insert(stack.clone(), Reviewed { template, access });
        }
        Ok(Self { deployed, reviewed })
    }

    /// Why a call would be refused; nothing if its role allows it.
    pub fn refusal(&self, call: &Call) -> Option<String> {
        let callers: Vec<Function<'_>> = match &call.caller {
            Caller::Address => self.functions().collect(),
            Caller::Function(name) => self.function(name).into_iter().collect(),
            Caller::Account(_) => Vec::new(),
        };
        let mut refusals = Vec::new();
        for function in &callers {
            match function.reviewed.access.judge(function.role, &self.as_iam_sees(*function, call)) {
                Judgement::Allowed => return None,
                Judgement::Denied(path) => refusals.push(format!("{} denies it at {path}", function.role)),
                Judgement::NotGranted => refusals.push(format!("{} does not allow it", function.role)),
            }
        }
        let why = match (&call.caller, refusals.pop()) {
            (Caller::Function(_) | Caller::Account(_), None) => "no template has this function".to_owned(),
            (Caller::Function(_) | Caller::Account(_), Some(why)) => why,
            (Caller::Address, _) => "no function's role allows it".to_owned(),
        };
        Some(format!("{call}: {why}"))
    }

    /// What functions of these stacks are granted and do not use, and exceptions that except nothing.
    pub fn unused(&self, stacks: &[&str], calls: &BTreeSet<Call>, excepted: &[Unused]) -> Vec<String> {
        let mut found = Vec::new();
        let mut needed: Vec<&Unused> = Vec::new();
        for function in self.functions().filter(|function| stacks.contains(&function.stack)) {
            let own = calls.iter().filter(|call| match &call.caller {
                Caller::Address => true,
                Caller::Function(name) => self.function(name).is_some_and(|by| by.logical_id == function.logical_id),
                Caller::Account(_) => false,
            });
            let own: Vec<review::Call> = own.map(|call| self.as_iam_sees(function, call)).collect();
            for granted in function.reviewed.access.granted(function.role) {
                let is_used = own.iter().any(|call| granted.covers(call))
                    || is_lambdas(&function.reviewed.template, function.logical_id, &granted);
                match excepted.iter().find(|one| one.is_about(function.logical_id, &granted)) {
                    Some(exception) if !is_used || exception.needed == Needed::Sometimes => needed.push(exception),
                    _ if is_used => {}
                    _ => found.push(format!(
                        "{} of {} may {} on {}, and {} never does: take the grant away, test what needs it, or except it with a reason",
                        function.role, function.stack, granted.action, granted.resource, function.logical_id,
                    )),
                }
            }
        }
        let idle = excepted.iter().filter(|one| !needed.contains(one));
        found.extend(idle.map(|Unused { function, action, resource, .. }| {
            format!("{function} uses {action} on {resource}, or is not granted it: take the exception away")
        }));
        found
    }

    fn as_iam_sees(&self, function: Function<'_>, call: &Call) -> review::Call {
        let name = function.name;
        let arn = format!("arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{name}");
        review::Call {
            action: call.action.clone(),
            resources: self.deployed.spellings(function.stack, &function.reviewed.template, &call.resource),
            // Lambda adds the first to every call that is made with a function's credentials.
            context: [("lambda:SourceFunctionArn".to_owned(), arn)].into_iter().chain(call.context.clone()).collect(),
        }
    }

    /// The function of the templates that is deployed under this name.
    fn function(&self, name: &str) -> Option<Function<'_>> {
        let (stack, resource) = self.deployed.find("AWS::Lambda::Function", name)?;
        self.functions().find(|function| function.stack == stack && function.logical_id == resource.logical_id)
    }

    fn functions(&self) -> impl Iterator<Item = Function<'_>> {
        self.reviewed.iter().flat_map(|(stack, reviewed)| {
            let functions = reviewed.template.resources().iter();
            functions.filter(|each| each.resource_type == "AWS::Lambda::Function").filter_map(move |each| {
                let (role, _) = each.property("Role")?.as_get_att()?;
                let name = each.property("FunctionName")?.as_str()?;
                Some(Function { stack, reviewed, logical_id: &each.logical_id, role, name })
            })
        })
    }
}

#[cfg(test)]
mod tests;
