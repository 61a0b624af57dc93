//! The form of a type's facts: static tables, no start-up cost. Lookups take a path below `Properties`.

use crate::path::segments;

/// A resource type, such as `AWS::SQS::Queue`.
#[derive(Debug)]
pub struct ResourceType {
    pub name: &'static str,
    /// Why every change to it needs a security review, such as one to a bucket's policy.
    pub scrutiny: Option<Scrutiny>,
    /// Which property holds its tags, and in which shape. `None`: it has no tags.
    pub tags: Option<Tags>,
    /// Names for `Fn::GetAtt`, with dots where AWS has them, sorted.
    pub attributes: &'static [&'static str],
    /// What IAM has to allow whoever creates, changes, reads and deletes such a resource through CloudFormation. Sorted by action;
    /// empty for the few types without a public schema.
    pub permissions: &'static [Permission],
    /// Sorted by name.
    pub properties: &'static [Property],
}

/// An action that the handlers of a resource type call, whatever properties a resource has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `sqs:CreateQueue`
    pub action: &'static str,
    /// The first letters of the handlers: `c`reate, `r`ead, `u`pdate, `d`elete, `l`ist; and
    /// `t` for what gives it its tags.
    pub(crate) handlers: &'static str,
}

impl Permission {
    /// Whether it is called only to list all resources of the type, which no deployment does.
    pub fn only_lists(&self) -> bool {
        self.handlers == "l"
    }
}

/// Where tags go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tags {
    pub property: &'static str,
    pub shape: TagShape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagShape {
    /// `[{Key, Value}, ..]`
    List,
    /// `{key: value, ..}`
    Map,
}

/// A property of a resource or of a nested type.
#[derive(Debug)]
pub struct Property {
    pub name: &'static str,
    pub schema: Schema,
    pub required: bool,
    /// For the property itself; [`ResourceType::replacement`] also considers the properties around it.
    pub replacement: Replacement,
    /// AWS never returns the value, such as a password: it cannot be compared with what is deployed.
    pub write_only: bool,
    /// Why a change to it needs a security review; [`ResourceType::scrutiny`] also considers the properties around it.
    pub scrutiny: Option<Scrutiny>,
}

/// What a change may open: aws-cdk asks for confirmation before it deploys such a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scrutiny {
    /// What an identity may do.
    IdentityPolicy,
    /// The same, by the ARNs of policies.
    ManagedPolicies,
    /// Who may do something with a resource.
    ResourcePolicy,
    /// Who can reach something.
    IngressRules,
    /// What something can reach.
    EgressRules,
    /// Who may invoke a function.
    LambdaPermission,
}

/// Whether a change to a property creates a new resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replacement {
    No,
    /// Depending on what else is set or changed.
    Maybe,
    Yes,
}

/// A type and the rules for literal values of it.
#[derive(Debug)]
pub struct Schema {
    pub kind: Kind,
    pub rules: &'static [Rule],
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    String,
    Integer,
    Number,
    Boolean,
    /// Any JSON, also as text.
    Json,
    /// ISO 8601.
    Timestamp,
    Tag,
    List(&'static Schema),
    Map(&'static Schema),
    Object(&'static Definition),
}

/// A nested type. May contain itself.
pub struct Definition {
    pub name: &'static str,
    /// Sorted by name.
    pub properties: &'static [Property],
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A rule for literal values. Lengths are in characters; limits are inclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// A regular expression that must match within the text.
    Pattern(&'static str),
    MinLength(u64),
    MaxLength(u64),
    Minimum(f64),
    Maximum(f64),
    MinItems(u64),
    MaxItems(u64),
    /// The known values.
    Values(&'static [&'static str]),
    /// The known values, case-insensitive.
    ValuesInAnyCase(&'static [&'static str]),
}

impl ResourceType {
    /// The property at a path such as `VpcConfig.SubnetIds`; `/` separates as well, indexes and map keys are skipped.
    pub fn property(&self, path: &str) -> Option<&'static Property> {
        self.along(path).map(|found| found.property)
    }

    /// What a change at this path does: the strongest of the properties along it.
    pub fn replacement(&self, path: &str) -> Option<Replacement> {
        self.along(path).map(|found| found.replacement)
    }

    /// Whether the value at this path, or one around it, can never be read back.
    pub fn is_write_only(&self, path: &str) -> Option<bool> {
        self.along(path).map(|found| found.write_only)
    }

    /// Why a change at this path needs a security review, if it does: because of the property, one around it, or the type.
    pub fn scrutiny(&self, path: &str) -> Option<Scrutiny> {
        self.along(path).and_then(|found| found.scrutiny).or(self.scrutiny)
    }

    /// AWS's page about the type.
    pub fn documentation(&self) -> String {
        let page = self.name.trim_start_matches("AWS::").replace("::", "-").to_ascii_lowercase();
        format!("https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-{page}.html")
    }

    fn along(&self, path: &str) -> Option<Found> {
        let mut properties = Some(self.properties);
        let mut found: Option<Found> = None;
        let mut map_key = false;
        for name in segments(path) {
            if name.bytes().all(|byte| byte.is_ascii_digit()) || std::mem::take(&mut map_key) {
                continue;
            }
            let property = properties.and_then(|all| find(all, name))?;
            found = Some(Found {
                property,
                replacement: found.map_or(Replacement::No, |around| around.replacement).max(property.replacement),
                write_only: property.write_only || found.is_some_and(|around| around.write_only),
                scrutiny: property.scrutiny.or(found.and_then(|around| around.scrutiny)),
            });
            let mut schema = &property.schema;
            properties = loop {
                match schema.kind {
                    Kind::List(item) => schema = item,
                    Kind::Map(item) => {
                        map_key = true;
                        schema = item;
                    }
                    Kind::Object(definition) => break Some(definition.properties),
                    _ => break None,
                }
            };
        }
        found
    }
}

/// A property, and the combined facts of it and those around it.
#[derive(Clone, Copy)]
struct Found {
    property: &'static Property,
    replacement: Replacement,
    write_only: bool,
    scrutiny: Option<Scrutiny>,
}

/// The property of that name in a sorted table.
pub fn find(properties: &'static [Property], name: &str) -> Option<&'static Property> {
    properties.binary_search_by(|property| property.name.cmp(name)).ok().map(|place| &properties[place])
}
