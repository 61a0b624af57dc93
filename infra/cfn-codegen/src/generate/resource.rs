//! One resource type: its builder, its nested types, its enumerations, its attributes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::facts::{Property, ResourceType, Schema};
use crate::names::{constant, identifier, pascal, snake};

const DOCS: &str = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference";

/// Names that the modules use for other purposes.
const TAKEN: [&str; 17] = [
    "Handle",
    "IntoValue",
    "IsSet",
    "Json",
    "Map",
    "Option",
    "PhantomData",
    "Properties",
    "Resource",
    "ResourceOptions",
    "ResourceParts",
    "Set",
    "String",
    "Tag",
    "Timestamp",
    "Value",
    "Vec",
];

/// Appends a type's module, and the names that are required in it.
pub(super) fn write(out: &mut String, name: &str, facts: &ResourceType, required: &mut BTreeSet<String>) -> Result<()> {
    let [_, service, short] = name.split("::").collect::<Vec<_>>()[..] else { bail!("{name} is no resource type") };
    let module = format!("cfn_{}", snake(short));
    let enumerations = Enumerations::of(facts);
    let context = Context { module: &module, enumerations: &enumerations };
    let page = format!("aws-resource-{}-{}", service.to_ascii_lowercase(), short.to_ascii_lowercase());
    let builder = Builder {
        doc: format!("[{name}]({DOCS}/{page}.html)"),
        name: format!("Cfn{short}"),
        anchors: format!("{DOCS}/{page}.html#cfn-{}-{}", service.to_ascii_lowercase(), short.to_ascii_lowercase()),
        owner: None,
        kind: Kind::Resource(name),
    };
    builder.write(out, &facts.properties, &context, required)?;
    attributes(out, short, facts)?;
    if facts.definitions.is_empty() && enumerations.values.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n/// Nested types and values of [`Cfn{short}`].\npub mod {module} {{\n    use super::*;")?;
    let inner_context = Context { module: "", enumerations: &enumerations };
    let mut inner = String::new();
    for (definition, properties) in &facts.definitions {
        let lower = format!("{service}-{short}-{definition}").to_ascii_lowercase();
        let page = format!("{DOCS}/aws-properties-{lower}.html");
        let builder = Builder {
            doc: format!("[{name}.{definition}]({page})"),
            name: format!("{}Property", pascal(definition)),
            anchors: format!("{page}#cfn-{lower}"),
            owner: Some(definition),
            kind: Kind::Nested,
        };
        builder.write(&mut inner, properties, &inner_context, required)?;
    }
    for (enumeration, values) in &enumerations.values {
        write_enumeration(&mut inner, enumeration, values)?;
    }
    for line in inner.lines() {
        writeln!(out, "{}{line}", if line.is_empty() { "" } else { "    " })?;
    }
    out.push_str("}\n");
    Ok(())
}

fn attributes(out: &mut String, short: &str, facts: &ResourceType) -> Result<()> {
    if facts.attributes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nimpl Handle<Cfn{short}> {{")?;
    let context = Context { module: "", enumerations: &Enumerations::default() };
    for (name, schema) in &facts.attributes {
        let schema = Schema { values: Vec::new(), ..schema.clone() };
        let kind = context.rust_type(&schema, None, "")?;
        writeln!(out, "    /// `!GetAtt` {name}")?;
        writeln!(
            out,
            "    pub fn attr_{}(&self) -> Value<{kind}> {{\n        self.get_att(\"{name}\")\n    }}",
            snake(name)
        )?;
    }
    out.push_str("}\n");
    Ok(())
}

fn write_enumeration(out: &mut String, name: &str, values: &[String]) -> Result<()> {
    writeln!(out, "\nenumeration! {{\n    {name} {{")?;
    let mut used = BTreeSet::new();
    for value in values {
        let base = constant(value);
        let mut constant = base.clone();
        let mut count = 1;
        while !used.insert(constant.clone()) {
            count += 1;
            constant = format!("{base}_{count}");
        }
        writeln!(out, "        {constant} = {value:?},")?;
    }
    out.push_str("    }\n}\n");
    Ok(())
}

/// Which enumeration belongs to which property, and their names.
#[derive(Default)]
struct Enumerations {
    /// Owner (nothing for the resource itself) and property, to the name.
    names: BTreeMap<(Option<String>, String), String>,
    values: BTreeMap<String, Vec<String>>,
}

/// Who has a property of that name, and the values it knows.
type Use = (Option<String>, Vec<String>);

impl Enumerations {
    fn of(facts: &ResourceType) -> Self {
        let mut all: BTreeMap<String, Vec<Use>> = BTreeMap::new();
        let top = std::iter::once((None, &facts.properties));
        let nested = facts.definitions.iter().map(|(name, properties)| (Some(name.clone()), properties));
        for (owner, properties) in top.chain(nested) {
            for (name, property) in properties {
                if let Some(values) = values(&property.schema) {
                    all.entry(name.clone()).or_default().push((owner.clone(), values.to_vec()));
                }
            }
        }
        let mut out = Self::default();
        for (property, uses) in all {
            let shared = uses.iter().all(|(_, values)| *values == uses[0].1);
            for (owner, values) in uses {
                let simple = pascal(&property);
                let clashes = TAKEN.contains(&simple.as_str());
                let name = match &owner {
                    Some(owner) if !shared || clashes => format!("{}{simple}", pascal(owner)),
                    None if clashes => format!("Resource{simple}"),
                    _ => simple,
                };
                out.names.insert((owner, property.clone()), name.clone());
                out.values.insert(name, values);
            }
        }
        out
    }
}

fn values(schema: &Schema) -> Option<&[String]> {
    match &schema.items {
        Some(item) => values(item),
        None => (schema.kind == "string" && !schema.values.is_empty()).then_some(schema.values.as_slice()),
    }
}

struct Context<'a> {
    /// The module of nested types, seen from where the text stands.
    module: &'a str,
    enumerations: &'a Enumerations,
}

impl Context<'_> {
    fn rust_type(&self, schema: &Schema, owner: Option<&str>, property: &str) -> Result<String> {
        let item = |schema: &Schema| match &schema.items {
            Some(item) => self.rust_type(item, owner, property),
            None => Ok("Json".to_owned()),
        };
        if let Some(definition) = schema.definition() {
            return Ok(self.nested(&format!("{}Property", pascal(definition))));
        }
        Ok(match schema.kind.as_str() {
            "string" if !schema.values.is_empty() => {
                let key = (owner.map(ToOwned::to_owned), property.to_owned());
                let Some(name) = self.enumerations.names.get(&key) else { bail!("no enumeration for {property}") };
                self.nested(name)
            }
            "string" => "String".to_owned(),
            "integer" | "integer|string" => "i64".to_owned(),
            "number" | "number|string" => "f64".to_owned(),
            "boolean" | "boolean|string" => "bool".to_owned(),
            "timestamp" => "Timestamp".to_owned(),
            "tag" => "Tag".to_owned(),
            "json" | "json|string" => "Json".to_owned(),
            "list" => format!("Vec<{}>", item(schema)?),
            "map" => format!("Map<{}>", item(schema)?),
            other => bail!("no Rust type for {other}"),
        })
    }

    fn nested(&self, name: &str) -> String {
        if self.module.is_empty() { name.to_owned() } else { format!("{}::{name}", self.module) }
    }
}

enum Kind<'a> {
    Resource(&'a str),
    Nested,
}

struct Builder<'a> {
    doc: String,
    name: String,
    anchors: String,
    owner: Option<&'a str>,
    kind: Kind<'a>,
}

impl Builder<'_> {
    fn write(
        &self,
        out: &mut String,
        properties: &BTreeMap<String, Property>,
        context: &Context<'_>,
        required: &mut BTreeSet<String>,
    ) -> Result<()> {
        let needed: Vec<&str> =
            properties.iter().filter(|(_, property)| property.required).map(|(name, _)| name.as_str()).collect();
        required.extend(needed.iter().map(|name| pascal(name)));
        let states: Vec<String> = (0..needed.len()).map(|index| format!("S{index}")).collect();
        let generics = |wrap: fn(&String) -> String| match states.is_empty() {
            true => String::new(),
            false => format!("<{}>", states.iter().map(wrap).collect::<Vec<_>>().join(", ")),
        };
        let (plain, defaults, bounds) =
            (generics(Clone::clone), generics(|s| format!("{s} = Set")), generics(|s| format!("{s}: IsSet")));
        let (field, field_type) = match self.kind {
            Kind::Resource(_) => ("parts", "ResourceParts"),
            Kind::Nested => ("properties", "Properties"),
        };
        let path = match self.kind {
            Kind::Resource(_) => "self.parts.properties",
            Kind::Nested => "self.properties",
        };
        let state = if states.is_empty() { "" } else { ", state: PhantomData" };
        let name = &self.name;

        writeln!(out, "\n/// {}\npub struct {name}{defaults} {{\n    {field}: {field_type},", self.doc)?;
        if !states.is_empty() {
            writeln!(out, "    state: PhantomData<({},)>,", states.join(", "))?;
        }
        let missing = match needed.is_empty() {
            true => String::new(),
            false => {
                let markers: Vec<_> = needed.iter().map(|name| format!("required::{}", pascal(name))).collect();
                format!("<{}>", markers.join(", "))
            }
        };
        let start = match self.kind {
            Kind::Resource(resource_type) => format!("parts: ResourceParts::new(\"{resource_type}\")"),
            Kind::Nested => "properties: Properties::new()".to_owned(),
        };
        writeln!(
            out,
            "}}\n\nimpl {name} {{\n    pub fn new() -> {name}{missing} {{\n        {name} {{ {start}{state} }}\n    }}\n}}"
        )?;

        if !properties.is_empty() {
            writeln!(out, "\nimpl{plain} {name}{plain} {{")?;
        }
        let mut used = BTreeSet::from(["new".to_owned()]);
        for (property_name, property) in properties {
            let mut method = snake(property_name);
            while !used.insert(method.clone()) {
                method.push('_');
            }
            let method = identifier(&method);
            let kind = context.rust_type(&property.schema, self.owner, property_name)?;
            writeln!(out, "    /// [{property_name}]({}-{})", self.anchors, property_name.to_ascii_lowercase())?;
            let value = "value.into_value().into_json()";
            match needed.iter().position(|needed| needed == property_name) {
                None => writeln!(
                    out,
                    "    pub fn {method}(mut self, value: impl IntoValue<{kind}>) -> Self {{\n        {path}.put(\"{property_name}\", {value});\n        self\n    }}"
                )?,
                Some(place) => {
                    let mut after = states.clone();
                    after[place] = "Set".to_owned();
                    writeln!(
                        out,
                        "    pub fn {method}(mut self, value: impl IntoValue<{kind}>) -> {name}<{}> {{\n        {path}.put(\"{property_name}\", {value});\n        {name} {{ {field}: self.{field}, state: PhantomData }}\n    }}",
                        after.join(", ")
                    )?;
                }
            }
        }
        if !properties.is_empty() {
            out.push_str("}\n");
        }

        match self.kind {
            Kind::Nested => writeln!(
                out,
                "\nimpl{bounds} IntoValue<{name}> for {name}{plain} {{\n    fn into_value(self) -> Value<{name}> {{\n        Value::from_json(self.properties)\n    }}\n}}"
            )?,
            Kind::Resource(_) => writeln!(
                out,
                "\nimpl{plain} ResourceOptions for {name}{plain} {{\n    fn parts_mut(&mut self) -> &mut ResourceParts {{\n        &mut self.parts\n    }}\n}}\n\n\
                 impl{bounds} Resource for {name}{plain} {{\n    fn into_parts(self) -> ResourceParts {{\n        self.parts\n    }}\n\n    \
                 fn from_parts(parts: ResourceParts) -> Self {{\n        {name} {{ parts{state} }}\n    }}\n}}"
            )?,
        }
        Ok(())
    }
}
