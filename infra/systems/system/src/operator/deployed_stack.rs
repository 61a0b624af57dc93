//! A stack of a stage as an operator sees it: what its outputs say.

use operate::aws::AwsCloud;
use operate::{Inventory, inventory};

use super::{Failed, Site};
use crate::StageName;

/// A stack that is deployed.
pub struct DeployedStack {
    pub stage: StageName,
    pub cloud: AwsCloud,
    pub inventory: Inventory,
    stack_name: String,
}

impl DeployedStack {
    /// Finds the stack `<name>-<stage>`.
    ///
    /// # Errors
    /// There is none, or AWS cannot be asked.
    pub async fn find(site: &Site<'_>, name: &str) -> Result<Self, Failed> {
        let stack_name = format!("{name}-{}", site.stage);
        let cloud = AwsCloud::new(site.config);
        let inventory = inventory(&cloud, std::slice::from_ref(&stack_name)).await?;
        if inventory.is_empty() {
            return Err(site.not_deployed(&stack_name));
        }
        Ok(Self { stage: site.stage, cloud, inventory, stack_name })
    }

    /// An output that the stack has on some stages.
    pub fn optional_output(&self, name: &str) -> Option<&str> {
        let outputs = &self.inventory.stacks.iter().find_map(|(_, state)| state.as_ref())?.outputs;
        outputs.iter().find_map(|(output, value)| (output == name).then_some(value.as_str()))
    }

    /// An output of the stack.
    ///
    /// # Errors
    /// It is missing.
    pub fn output(&self, name: &str) -> Result<&str, Failed> {
        self.optional_output(name).ok_or_else(|| {
            let look = format!("`infra status --stage {}` tells its state", self.stage);
            let Self { stack_name, .. } = self;
            Failed::usage(format!("{stack_name} has no output {name}, so its deployment is not complete; {look}"))
        })
    }

    /// An output that is the address of an API, without a slash at its end.
    ///
    /// # Errors
    /// It is missing.
    pub fn address(&self, output: &str) -> Result<String, Failed> {
        Ok(self.output(output)?.trim_end_matches('/').to_owned())
    }
}
