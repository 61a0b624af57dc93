//! A template's sections and resources, in the order of the text. Checks their shape, not whether CloudFormation would accept them.

use crate::node::{Node, Value};
use crate::position::{Position, Refusal};

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
    "Globals",
];

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    name: String,
    /// Everything but the resources.
    root: Node,
    resources: Vec<Resource>,
}

/// One entry of `Resources`. `Fn::ForEach::..` and `Fn::Transform` are resources of that type with their whole argument as properties.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    pub logical_id: String,
    pub resource_type: String,
    /// The position of its logical id.
    pub at: Position,
    /// `Type`, `Properties`, `DeletionPolicy` and all other keys.
    pub node: Node,
    /// Its `Properties`, or an empty map.
    pub properties: Node,
}

impl Template {
    pub(crate) fn new(name: &str, mut root: Node) -> Result<Self, Refusal> {
        let at = root.at;
        let Value::Map(entries) = &mut root.value else {
            return Err(Refusal::new(
                at,
                match root.value {
                    Value::Null => "an empty text: a template needs `Resources`",
                    _ => "a template is a map with `Resources`",
                },
            ));
        };
        let is_expanded =
            entries.iter().any(|entry| entry.key == "Transform" || entry.key.starts_with("Fn::Transform"));
        for entry in entries.iter() {
            if !is_expanded && !SECTIONS.contains(&entry.key.as_str()) {
                let near = SECTIONS.iter().find(|known| {
                    known.eq_ignore_ascii_case(&entry.key)
                        || known.trim_end_matches('s').eq_ignore_ascii_case(&entry.key)
                });
                return Err(Refusal::new(
                    entry.at,
                    match near {
                        Some(near) => format!("unknown section `{}`: write `{near}`", entry.key),
                        None => format!("unknown section `{}`: a template has {}", entry.key, SECTIONS.join(", ")),
                    },
                ));
            }
            let is_map = matches!(entry.value.value, Value::Map(_));
            let must_be_map = matches!(
                entry.key.as_str(),
                "Parameters" | "Mappings" | "Conditions" | "Resources" | "Outputs" | "Metadata" | "Rules" | "Hooks"
            );
            if must_be_map && !is_map {
                return Err(Refusal::new(entry.value.at, format!("`{}` must be a map of names", entry.key)));
            }
        }
        let Some(place) = entries.iter().position(|entry| entry.key == "Resources") else {
            return if is_expanded {
                Ok(Self { name: name.to_owned(), root, resources: Vec::new() })
            } else {
                Err(Refusal::new(at, "no `Resources`: a template needs at least one"))
            };
        };
        let section = entries.remove(place);
        let Value::Map(entries) = section.value.value else {
            return Err(Refusal::new(section.value.at, "`Resources` must be a map of names"));
        };
        if entries.is_empty() && !is_expanded {
            return Err(Refusal::new(section.at, "`Resources` is empty: a template needs at least one"));
        }
        let resources = entries
            .into_iter()
            .map(|entry| Resource::new(entry.key, entry.at, entry.value))
            .collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), root, resources })
    }

    /// The caller's name for it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In the order of the text.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    pub fn resource(&self, logical_id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.logical_id == logical_id)
    }

    /// A section other than `Resources`, such as `Parameters`.
    pub fn section(&self, name: &str) -> Option<&Node> {
        self.root.get(name)
    }

    /// All but the resources.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The same template with other sections and resources.
    pub fn with(&self, root: Node, resources: Vec<Resource>) -> Self {
        Self { name: self.name.clone(), root, resources }
    }
}

impl Resource {
    fn new(logical_id: String, at: Position, node: Node) -> Result<Self, Refusal> {
        if logical_id.starts_with("Fn::") {
            let kind = logical_id.split("::").take(2).collect::<Vec<_>>().join("::");
            return Ok(Self {
                logical_id,
                resource_type: kind,
                at,
                properties: Node::single("Value", node.clone()),
                node,
            });
        }
        if !matches!(node.value, Value::Map(_)) {
            return Err(Refusal::new(node.at, format!("resource `{logical_id}` must be a map with a `Type`")));
        }
        let resource_type = match node.get("Type") {
            Some(found) => found.as_str().map(str::to_owned).ok_or_else(|| {
                Refusal::new(found.at, format!("the `Type` of `{logical_id}` must be text, such as AWS::SQS::Queue"))
            })?,
            // AWS::Include may provide the type.
            None if node.get("Fn::Transform").is_some() => "Fn::Transform".to_owned(),
            None => {
                return Err(Refusal::new(
                    at,
                    format!("resource `{logical_id}` has no `Type`, such as AWS::SQS::Queue"),
                ));
            }
        };
        let properties = match node.get("Properties") {
            None => Node::new(Value::Map(Vec::new()), node.at),
            Some(found) => match found.value {
                Value::Map(_) => found.clone(),
                Value::Null => Node::new(Value::Map(Vec::new()), found.at),
                _ => return Err(Refusal::new(found.at, format!("the `Properties` of `{logical_id}` must be a map"))),
            },
        };
        Ok(Self { logical_id, resource_type, at, node, properties })
    }

    /// The same resource with the contents of another tree; unchanged when that is not a resource.
    pub fn with(&self, node: Node) -> Self {
        Self::new(self.logical_id.clone(), self.at, node).unwrap_or_else(|_| self.clone())
    }

    /// A property at a path such as `VpcConfig.SubnetIds`; see [`Node::at_path`].
    pub fn property(&self, path: &str) -> Option<&Node> {
        self.properties.at_path(path)
    }

    /// An attribute next to `Properties`, such as `DeletionPolicy`.
    pub fn attribute(&self, name: &str) -> Option<&Node> {
        self.node.get(name)
    }
}
