//! Which stacks of which stage a command inspects, and how to reach them. Names that the stage does not have are errors.

use aws_access::Connection;

use crate::args::selection::Selection;
use crate::exit::Failure;
use crate::project::repository::Repository;
use crate::project::templates;
use crate::run::connection;

/// A stack of the stage, as far as it is known without a call.
pub(crate) struct Stack {
    /// Name within the stage, for example `ShopData`.
    pub(crate) name: String,
    /// Physical name, for example `ShopData-dev`.
    pub(crate) stack_name: String,
    /// Its tag `Application`: the system it belongs to.
    pub(crate) system: String,
    /// Inspected only when it is named.
    only_when_named: bool,
}

impl Selection {
    /// The stacks of the stage except those that have to be named, or the named ones.
    pub(crate) fn stacks(&self, repository: &Repository, names: &[String]) -> Result<Vec<Stack>, Failure> {
        let stage = templates::stage(repository, self.stage.as_str())?;
        let all: Vec<Stack> = (templates::synthesize(&stage)?.into_iter())
            .map(|synthesized| Stack {
                only_when_named: synthesized.stack.only_when_named,
                name: synthesized.stack.name.to_owned(),
                stack_name: synthesized.stack.stack_name,
                system: (synthesized.stack.tags.into_iter())
                    .find_map(|(key, value)| (key == "Application").then_some(value))
                    .unwrap_or_default(),
            })
            .collect();
        if let Some(unknown) = names.iter().find(|name| !all.iter().any(|stack| stack.is(name))) {
            let known: Vec<&str> = all.iter().map(|stack| stack.name.as_str()).collect();
            let text = format!("the stage {} has no stack {unknown:?}; it has {}", self.stage, known.join(", "));
            return Err(Failure::usage(text));
        }
        let is_meant = |stack: &Stack| match names {
            [] => !stack.only_when_named,
            names => names.iter().any(|name| stack.is(name)),
        };
        Ok(all.into_iter().filter(is_meant).collect())
    }

    /// The stacks of one system.
    pub(crate) fn stacks_of(&self, repository: &Repository, system: &str) -> Result<Vec<Stack>, Failure> {
        let mut stacks = self.stacks(repository, &[])?;
        let mut systems: Vec<String> = stacks.iter().map(|stack| stack.system.clone()).collect();
        systems.sort();
        systems.dedup();
        stacks.retain(|stack| stack.system == system);
        match stacks.is_empty() {
            true => Err(Failure::usage(format!("there is no system {system:?}; there is {}", systems.join(", ")))),
            false => Ok(stacks),
        }
    }

    /// Connects to the account of the stage.
    pub(crate) async fn connect(&self, repository: &Repository) -> Result<Connection, Failure> {
        connection::connect(repository, self.stage, &self.account).await
    }

    /// The failure when a stack does not exist.
    pub(crate) fn not_deployed(&self, stack: &Stack) -> Failure {
        let named = if stack.only_when_named { format!(" {}", stack.name) } else { String::new() };
        Failure::usage(format!(
            "{} is not deployed; run `infra deploy --stage {}{named}` first",
            stack.stack_name, self.stage
        ))
    }
}

impl Stack {
    fn is(&self, name: &str) -> bool {
        self.name == name || self.stack_name == name
    }
}

/// Physical names.
pub(crate) fn stack_names(stacks: &[Stack]) -> Vec<String> {
    stacks.iter().map(|stack| stack.stack_name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use system::StageName;

    use super::*;
    use crate::args::account::Account;

    #[test]
    fn a_stack_that_only_goes_when_named_is_named_in_what_deploys_it() {
        let selection = Selection { stage: StageName::Dev, account: Account { profile: None, region: None } };
        let repository = Repository::find().unwrap();
        let made = templates::synthesize(&templates::stage(&repository, "dev").unwrap()).unwrap();
        for only_when_named in [false, true] {
            let stack = &made.iter().find(|made| made.stack.only_when_named == only_when_named).unwrap().stack;
            let named = if only_when_named { format!(" {}", stack.name) } else { String::new() };
            for name in [stack.name, &stack.stack_name] {
                let stacks = selection.stacks(&repository, &[name.to_owned()]).unwrap();
                assert_eq!(
                    selection.not_deployed(&stacks[0]).to_string(),
                    format!("{}-dev is not deployed; run `infra deploy --stage dev{named}` first", stack.name)
                );
            }
        }
    }
}
