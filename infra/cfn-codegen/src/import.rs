//! Facts out of the two packages: the specification first, cfn-lint's knowledge over it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::facts::Service;
use crate::{lint_schemas, service_spec};

/// The facts of these services.
pub fn import(
    service_spec: &[u8],
    cfn_lint: Vec<u8>,
    services: &BTreeSet<String>,
) -> Result<BTreeMap<String, Service>> {
    let mut schemas = lint_schemas::Schemas::open(cfn_lint)?;
    let mut out: BTreeMap<String, Service> = BTreeMap::new();
    for (name, mut resource) in service_spec::read(service_spec, services)? {
        if let Some(schema) = schemas.get(&name)? {
            lint_schemas::overlay(&mut resource, &schema);
        }
        let service = name.split("::").nth(1).unwrap_or_default().to_owned();
        out.entry(service).or_default().types.insert(name, resource);
    }
    Ok(out)
}
