//! Stacks as they are deployed, to find the resource that a call is about, and how the template of a role spells it.

use std::collections::BTreeMap;

use review::Template;

use crate::call::Resource;

/// The stacks of a stage by their names without it: `Catalog`.
#[derive(Clone, Debug, Default)]
pub struct Deployed {
    pub stacks: BTreeMap<String, DeployedStack>,
}

#[derive(Clone, Debug, Default)]
pub struct DeployedStack {
    pub resources: Vec<DeployedResource>,
    /// The values of its parameters.
    pub parameters: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub struct DeployedResource {
    pub logical_id: String,
    pub kind: String,
    pub physical_id: String,
}

impl Deployed {
    /// The stack and the logical id of what has this physical id; a queue's is an address that ends in its name.
    pub(crate) fn find(&self, kind: &str, name: &str) -> Option<(&str, &DeployedResource)> {
        let is_meant = |resource: &&DeployedResource| {
            let id = match kind {
                "AWS::SQS::Queue" => resource.physical_id.rsplit('/').next().unwrap_or_default(),
                _ => &resource.physical_id,
            };
            resource.kind == kind && id == name
        };
        let mut found = self.stacks.iter().filter_map(|(stack, deployed)| {
            deployed.resources.iter().find(is_meant).map(|resource| (stack.as_str(), resource))
        });
        found.next()
    }

    /// How policies of a stack's template may spell what a call is about: the ARN by its logical id, or by the parameter that carries it from another stack.
    pub(crate) fn spellings(&self, stack: &str, template: &Template, called: &Resource) -> Vec<String> {
        let Some((owner, resource)) = self.find(called.kind, &called.name) else { return Vec::new() };
        let below = &called.below;
        if owner == stack {
            let is_same =
                template.resource(&resource.logical_id).is_some_and(|there| there.resource_type == called.kind);
            let arn = match called.kind {
                "AWS::SecretsManager::Secret" | "AWS::SNS::Topic" => "",
                _ => ".Arn",
            };
            return is_same.then(|| format!("${{{}{arn}}}{below}", resource.logical_id)).into_iter().collect();
        }
        let parameters = self.stacks.get(stack).into_iter().flat_map(|stack| &stack.parameters);
        let is_declared = |name: &str| template.section("Parameters").is_some_and(|all| all.get(name).is_some());
        parameters
            .filter(|(name, value)| **value == resource.physical_id && is_declared(name))
            .map(|(name, _)| format!("${{{name}}}{below}"))
            .collect()
    }
}
