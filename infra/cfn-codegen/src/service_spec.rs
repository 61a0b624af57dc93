//! Reads AWS's service specification, the database behind aws-cdk-lib. Its prose is skipped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::facts::{Property, Replacement, ResourceType, Schema, Scrutiny, TagShape, Tags};

/// The member of the npm package that contains everything.
const DATA_BASE: &str = "package/db.json.gz";

#[derive(Deserialize)]
struct DataBase {
    schema: Tables,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tables {
    resource: Entities<Resource>,
    type_definition: Entities<Definition>,
}

#[derive(Deserialize)]
struct Entities<T> {
    entities: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    cloud_formation_type: String,
    properties: BTreeMap<String, SpecProperty>,
    attributes: BTreeMap<String, Attribute>,
    tag_information: Option<TagInformation>,
    #[serde(default)]
    is_stateful: bool,
    scrutinizable: Option<String>,
}

#[derive(Deserialize)]
struct Definition {
    #[serde(rename = "$id")]
    id: String,
    name: String,
    properties: BTreeMap<String, SpecProperty>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpecProperty {
    #[serde(rename = "type")]
    kind: SpecType,
    #[serde(default)]
    required: bool,
    causes_replacement: Option<Replacement>,
    scrutinizable: Option<String>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "type")]
    kind: SpecType,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagInformation {
    tag_property_name: String,
    variant: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum SpecType {
    #[serde(rename_all = "camelCase")]
    String {
        #[serde(default)]
        allowed_values: Vec<serde_json::Value>,
    },
    Integer,
    Number,
    Boolean,
    Json,
    DateTime,
    Tag,
    Null,
    Array {
        element: Box<SpecType>,
    },
    Map {
        element: Box<SpecType>,
    },
    Ref {
        reference: Reference,
    },
    Union {
        types: Vec<SpecType>,
    },
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "$ref")]
    id: String,
}

/// What the specification provides.
pub struct Specification {
    /// For the requested services.
    pub types: BTreeMap<String, ResourceType>,
    /// For all other services.
    pub others: BTreeMap<String, ResourceType>,
    /// For all services: the types that hold data.
    pub stateful: BTreeSet<String>,
}

/// The types of these services (`SQS`, `Lambda` ..) from the npm package.
pub fn read(package: &[u8], services: &BTreeSet<String>) -> Result<Specification> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(package));
    let mut text = Vec::new();
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.path()?.to_str() == Some(DATA_BASE) {
            flate2::read::GzDecoder::new(entry).read_to_end(&mut text)?;
        }
    }
    if text.is_empty() {
        bail!("the service specification has no {DATA_BASE}");
    }
    let data_base: DataBase = serde_json::from_slice(&text).context("the service specification has a new form")?;
    let definitions = data_base.schema.type_definition.entities;
    let definitions: HashMap<&str, &Definition> = definitions.iter().map(|each| (each.id.as_str(), each)).collect();
    let (mut types, mut others) = (BTreeMap::new(), BTreeMap::new());
    let mut stateful = BTreeSet::new();
    for resource in &data_base.schema.resource.entities {
        if resource.is_stateful {
            stateful.insert(resource.cloud_formation_type.clone());
        }
        let service = resource.cloud_formation_type.split("::").nth(1).unwrap_or_default();
        let kind = if services.contains(service) { &mut types } else { &mut others };
        kind.insert(resource.cloud_formation_type.clone(), resource_type(resource, &definitions)?);
    }
    Ok(Specification { types, others, stateful })
}

fn resource_type(resource: &Resource, all: &HashMap<&str, &Definition>) -> Result<ResourceType> {
    let mut reader = Reader { all, reached: BTreeMap::new(), open: Vec::new() };
    let properties = reader.properties(&resource.properties)?;
    while let Some(id) = reader.open.pop() {
        let Some(definition) = all.get(id.as_str()) else { bail!("no definition {id}") };
        let properties = reader.properties(&definition.properties)?;
        reader.reached.insert(definition.name.clone(), properties);
    }
    let mut attributes = BTreeMap::new();
    for (name, attribute) in &resource.attributes {
        // Whole structures cannot be read with GetAtt; their leaves have names of their own, with dots.
        if let Some(schema) = Reader::plain(&attribute.kind) {
            attributes.insert(name.clone(), schema);
        }
    }
    let tags = resource.tag_information.as_ref().and_then(|tags| {
        let shape = match tags.variant.as_str() {
            "standard" => TagShape::List,
            "map" => TagShape::Map,
            _ => return None,
        };
        Some(Tags { property: tags.tag_property_name.clone(), shape })
    });
    let scrutiny = scrutiny(resource.scrutinizable.as_deref())?;
    Ok(ResourceType {
        scrutiny,
        tags,
        attributes,
        properties,
        definitions: reader.reached,
        permissions: BTreeMap::new(),
    })
}

/// The specification distinguishes a property of this kind from a type that is entirely of it.
fn scrutiny(mark: Option<&str>) -> Result<Option<Scrutiny>> {
    Ok(match mark {
        None | Some("None") => None,
        Some(
            "InlineIdentityPolicies"
            | "IdentityPolicyResource"
            | "SsoAssignmentResource"
            | "SsoInstanceACAConfigResource"
            | "SsoPermissionSet",
        ) => Some(Scrutiny::IdentityPolicy),
        Some("InlineResourcePolicy" | "ResourcePolicyResource") => Some(Scrutiny::ResourcePolicy),
        Some("ManagedPolicies") => Some(Scrutiny::ManagedPolicies),
        Some("IngressRules" | "IngressRuleResource") => Some(Scrutiny::IngressRules),
        Some("EgressRules" | "EgressRuleResource") => Some(Scrutiny::EgressRules),
        Some("LambdaPermission") => Some(Scrutiny::LambdaPermission),
        Some(other) => bail!("the mark {other:?} of what needs a security look is new"),
    })
}

struct Reader<'a> {
    all: &'a HashMap<&'a str, &'a Definition>,
    reached: BTreeMap<String, BTreeMap<String, Property>>,
    open: Vec<String>,
}

impl Reader<'_> {
    fn properties(&mut self, properties: &BTreeMap<String, SpecProperty>) -> Result<BTreeMap<String, Property>> {
        let mut out = BTreeMap::new();
        for (name, property) in properties {
            let schema = self.schema(&property.kind)?;
            let replacement = property.causes_replacement.unwrap_or_default();
            let scrutiny = scrutiny(property.scrutinizable.as_deref())?;
            let property = Property { schema, required: property.required, replacement, write_only: false, scrutiny };
            out.insert(name.clone(), property);
        }
        Ok(out)
    }

    fn schema(&mut self, kind: &SpecType) -> Result<Schema> {
        Ok(match kind {
            SpecType::Array { element } => {
                Schema { items: Some(Box::new(self.schema(element)?)), ..Schema::of("list") }
            }
            SpecType::Map { element } => Schema { items: Some(Box::new(self.schema(element)?)), ..Schema::of("map") },
            SpecType::Ref { reference } => {
                let Some(definition) = self.all.get(reference.id.as_str()) else {
                    bail!("no definition {}", reference.id)
                };
                if !self.reached.contains_key(&definition.name) {
                    self.reached.insert(definition.name.clone(), BTreeMap::new());
                    self.open.push(reference.id.clone());
                }
                Schema::of(&definition.name)
            }
            SpecType::Union { types } => self.union(types)?,
            plain => Self::plain(plain).unwrap_or_else(|| Schema::of("json")),
        })
    }

    /// The form that people write; the others stay possible as JSON where there is no such form.
    fn union(&mut self, types: &[SpecType]) -> Result<Schema> {
        let has = |wanted: fn(&SpecType) -> bool| types.iter().any(wanted);
        let json = has(|kind| matches!(kind, SpecType::Json));
        let string = has(|kind| matches!(kind, SpecType::String { .. }));
        let complex: Vec<_> =
            types.iter().filter(|kind| matches!(kind, SpecType::Ref { .. } | SpecType::Array { .. })).collect();
        match (complex.as_slice(), json, string) {
            ([one], true, _) => self.schema(one),
            ([], true, true) => Ok(Schema::of("json|string")),
            ([], false, true) if has(|kind| matches!(kind, SpecType::Integer)) => Ok(Schema::of("integer|string")),
            ([], false, true) if has(|kind| matches!(kind, SpecType::Boolean)) => Ok(Schema::of("boolean|string")),
            ([], false, true) if has(|kind| matches!(kind, SpecType::Number)) => Ok(Schema::of("number|string")),
            _ => Ok(Schema::of("json")),
        }
    }

    fn plain(kind: &SpecType) -> Option<Schema> {
        Some(match kind {
            SpecType::String { allowed_values } => {
                let mut values: Vec<_> =
                    allowed_values.iter().filter_map(|value| value.as_str().map(ToOwned::to_owned)).collect();
                values.sort();
                values.dedup();
                Schema { values, ..Schema::of("string") }
            }
            SpecType::Integer => Schema::of("integer"),
            SpecType::Number => Schema::of("number"),
            SpecType::Boolean => Schema::of("boolean"),
            SpecType::Json => Schema::of("json"),
            SpecType::DateTime => Schema::of("timestamp"),
            SpecType::Tag => Schema::of("tag"),
            SpecType::Array { element } => {
                Schema { items: Some(Box::new(Self::plain(element)?)), ..Schema::of("list") }
            }
            SpecType::Map { element } => Schema { items: Some(Box::new(Self::plain(element)?)), ..Schema::of("map") },
            SpecType::Null | SpecType::Ref { .. } | SpecType::Union { .. } => return None,
        })
    }
}
