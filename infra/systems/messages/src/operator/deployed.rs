//! The messages of a stage as an operator sees them: what the stack says where they are, and the login function, which has the users.

use aws_access::CallErrorKind;
use messages_contract::{LOGIN, Request};
use operate::aws::AwsCloud;
use operate::{Inventory, InvokeError, inventory, invoke};
use serde::de::DeserializeOwned;
use serde_json::json;
use system::{Failed, How, Site};

use crate::stack;

/// The `errorType` with which a function says that the request is what has to change.
const REFUSED: &str = "refused";

/// The stack of a stage, with its outputs.
pub(super) struct Deployed {
    pub(super) cloud: AwsCloud,
    pub(super) inventory: Inventory,
    stack_name: String,
    /// How to see why an output is missing.
    look: String,
}

impl Deployed {
    /// Finds the stack.
    pub(super) async fn find(site: &Site<'_>) -> Result<Self, Failed> {
        let stack_name = stack_name(site);
        let cloud = AwsCloud::new(site.config);
        let inventory = inventory(&cloud, std::slice::from_ref(&stack_name)).await?;
        if inventory.is_empty() {
            return Err(site.not_deployed(&stack_name));
        }
        Ok(Self {
            cloud,
            inventory,
            stack_name,
            look: format!("`infra status --stage {}` tells its state", site.stage),
        })
    }

    /// An output of the stack.
    pub(super) fn output(&self, name: &str) -> Result<&str, Failed> {
        let outputs = self.inventory.stacks.iter().filter_map(|(_, state)| state.as_ref());
        let mut outputs = outputs.flat_map(|state| &state.outputs);
        let found = outputs.find_map(|(output, value)| (output == name).then_some(value.as_str()));
        found.ok_or_else(|| {
            let Self { stack_name, look, .. } = self;
            Failed::usage(format!("{stack_name} has no output {name}, so its deployment is not complete; {look}"))
        })
    }

    /// The address of the API, without a slash at its end.
    pub(super) fn url(&self) -> Result<String, Failed> {
        Ok(self.output("ApiUrl")?.trim_end_matches('/').to_owned())
    }
}

fn stack_name(site: &Site<'_>) -> String {
    format!("{}-{}", stack::NAME, site.stage)
}

/// What the login function responds to a request.
pub(super) async fn ask<T: DeserializeOwned>(site: &Site<'_>, request: &Request) -> Result<T, Failed> {
    let login = LOGIN.on_stage(site.stage.as_str());
    let answer = invoke(&AwsCloud::new(site.config), &login, &json!(request)).await;
    answer.map_err(|error| match error {
        InvokeError::Call(error) if error.kind == CallErrorKind::NotFound => site.not_deployed(&stack_name(site)),
        error => failed(error),
    })
}

/// What follows from the function's error.
fn failed(error: InvokeError) -> Failed {
    match error {
        InvokeError::Function { kind, message, .. } if kind == REFUSED => Failed::usage(message),
        error if error.is_retryable() => Failed::new(How::Retryable, error),
        error => Failed::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_functions_words_alone() {
        let of = |kind: &str| {
            let [function, kind, message] =
                ["MessagesLogin-dev", kind, "there is no user a@b.example"].map(str::to_owned);
            let failed = failed(InvokeError::Function { function, kind, message });
            (failed.how, failed.to_string())
        };
        assert_eq!(of(REFUSED), (How::Usage, "there is no user a@b.example".to_owned()));
        let told = |kind: &str| format!("MessagesLogin-dev failed: {kind}: there is no user a@b.example");
        assert_eq!(of("transient"), (How::Retryable, told("transient")));
        assert_eq!(of("unhandled"), (How::Failed, told("unhandled")));
    }
}
