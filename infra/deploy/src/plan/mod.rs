//! What is to be deployed, in which order, with which values: settled before anything is changed.
//! Cycles, unknown names and missing values are errors; one error names all missing values.

pub mod address;
mod dependency_order;
mod resolve;
mod stack;

use std::collections::BTreeMap;

use crate::{Error, MissingValue};

pub(crate) use dependency_order::run_in_order;
pub(crate) use resolve::{Outputs, ResolvedStack, check_outputs, live_outputs, resolve, resolve_tentatively};
pub use stack::{Parameter, Source, Stack};

/// The selected stacks of a stage in deployment order, with all given values.
#[derive(Debug, Clone)]
pub struct Plan {
    stacks: Vec<Stack>,
    stack_names: BTreeMap<String, String>,
    values: BTreeMap<String, String>,
}

impl Plan {
    /// Orders `stacks` by their links and checks `values` (parameter name to value). An empty `selection` means all stacks except those
    /// that have to be named;
    /// a selected stack may use outputs of one that is not selected, which then has to be deployed already.
    ///
    /// # Errors
    /// [`Error::Cycle`], [`Error::UnknownStack`], [`Error::UnknownParameter`] and, with all of them at once, [`Error::Missing`].
    pub fn new(stacks: Vec<Stack>, selection: &[String], values: BTreeMap<String, String>) -> Result<Self, Error> {
        let known: Vec<String> = stacks.iter().map(|stack| stack.name.clone()).collect();
        if let Some(name) = selection.iter().find(|name| !known.contains(name)) {
            return Err(Error::UnknownStack { name: name.clone(), known });
        }
        let stack_names = stacks.iter().map(|stack| (stack.name.clone(), stack.stack_name.clone())).collect();
        let mut stacks = in_order(stacks)?;
        stacks.retain(|stack| match selection {
            [] => !stack.only_when_named,
            names => names.contains(&stack.name),
        });
        check_values(&stacks, &values)?;
        Ok(Self { stacks, stack_names, values })
    }

    /// The selected stacks, each after those whose outputs it uses.
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// Names of the assets that the selected stacks need, sorted, each once.
    pub fn assets(&self) -> Vec<String> {
        let mut assets: Vec<String> = (self.stacks.iter().flat_map(|stack| &stack.parameters))
            .filter_map(|parameter| match &parameter.source {
                Source::AssetKey { asset } => Some(asset.clone()),
                _ => None,
            })
            .collect();
        assets.sort();
        assets.dedup();
        assets
    }

    /// The given value of a parameter.
    pub(crate) fn value(&self, parameter: &str) -> Option<&str> {
        self.values.get(parameter).map(String::as_str)
    }

    /// Physical names of the selected stacks.
    pub(crate) fn physical_names(&self) -> Vec<String> {
        self.stacks.iter().map(|stack| stack.stack_name.clone()).collect()
    }

    /// For each selected stack, the indexes of those whose outputs it uses.
    pub(crate) fn dependencies(&self) -> Vec<Vec<usize>> {
        let place = |name: &str| self.stacks.iter().position(|stack| stack.name == name);
        self.stacks.iter().map(|stack| links(stack).filter_map(place).collect()).collect()
    }

    /// Physical name of a stack of the stage, selected or not.
    pub(crate) fn stack_name(&self, name: &str) -> Option<&str> {
        self.stack_names.get(name).map(String::as_str)
    }
}

/// Each stack after those whose outputs it uses; otherwise in the given order.
fn in_order(mut waiting: Vec<Stack>) -> Result<Vec<Stack>, Error> {
    let known: Vec<String> = waiting.iter().map(|stack| stack.name.clone()).collect();
    for name in waiting.iter().flat_map(links) {
        if !known.iter().any(|known| known == name) {
            return Err(Error::UnknownStack { name: name.to_owned(), known });
        }
    }
    let mut ordered: Vec<Stack> = Vec::new();
    while !waiting.is_empty() {
        let is_ready = |stack: &Stack| links(stack).all(|name| ordered.iter().any(|done| done.name == name));
        match waiting.iter().position(is_ready) {
            Some(index) => ordered.push(waiting.remove(index)),
            None => return Err(Error::Cycle(circle(&waiting))),
        }
    }
    Ok(ordered)
}

/// Names of the stacks whose outputs a stack uses.
fn links(stack: &Stack) -> impl Iterator<Item = &str> {
    stack.parameters.iter().filter_map(|parameter| match &parameter.source {
        Source::Output { stack, .. } => Some(stack.as_str()),
        _ => None,
    })
}

/// One cycle among stacks that wait for each other: follow the links until a name repeats.
fn circle(waiting: &[Stack]) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut next = waiting.first();
    while let Some(stack) = next {
        let seen = path.iter().position(|name| *name == stack.name);
        path.push(stack.name.clone());
        if let Some(start) = seen {
            return path.split_off(start);
        }
        next = links(stack).find_map(|name| waiting.iter().find(|other| other.name == name));
    }
    path
}

fn check_values(stacks: &[Stack], values: &BTreeMap<String, String>) -> Result<(), Error> {
    let mut known: Vec<String> = Vec::new();
    let mut missing: Vec<MissingValue> = Vec::new();
    for stack in stacks {
        for parameter in &stack.parameters {
            let Source::Given { optional, hint } = &parameter.source else { continue };
            if !known.contains(&parameter.name) {
                known.push(parameter.name.clone());
            }
            if *optional || values.contains_key(&parameter.name) {
                continue;
            }
            match missing.iter_mut().find(|value| value.parameter == parameter.name) {
                Some(value) => value.stacks.push(stack.stack_name.clone()),
                None => missing.push(MissingValue {
                    parameter: parameter.name.clone(),
                    stacks: vec![stack.stack_name.clone()],
                    hint: hint.clone(),
                }),
            }
        }
    }
    if let Some(name) = values.keys().find(|name| !known.contains(name)) {
        return Err(Error::UnknownParameter { name: name.clone(), known });
    }
    if missing.is_empty() { Ok(()) } else { Err(Error::Missing(missing)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Protection;

    fn stack(name: &str, parameters: &[(&str, Source)]) -> Stack {
        Stack {
            name: name.to_owned(),
            stack_name: format!("{name}-dev"),
            template: String::new(),
            parameters: (parameters.iter())
                .map(|(name, source)| Parameter { name: (*name).to_owned(), source: source.clone() })
                .collect(),
            tags: Vec::new(),
            protection: Protection::default(),
            only_when_named: false,
        }
    }

    fn output(stack: &str) -> Source {
        Source::Output { stack: stack.to_owned(), output: "Arn".to_owned() }
    }

    fn given(optional: bool) -> Source {
        Source::Given { optional, hint: "--vpc-id".to_owned() }
    }

    fn names(plan: &Plan) -> Vec<&str> {
        plan.stacks().iter().map(|stack| stack.name.as_str()).collect()
    }

    #[test]
    fn a_stack_comes_after_those_whose_outputs_it_takes() {
        let stacks =
            vec![stack("Api", &[("A", output("Data"))]), stack("Page", &[("A", output("Api"))]), stack("Data", &[])];
        let plan = Plan::new(stacks, &[], BTreeMap::new()).unwrap();
        assert_eq!(names(&plan), ["Data", "Api", "Page"]);
    }

    #[test]
    fn a_circle_is_named_without_the_stacks_that_only_lead_to_it() {
        let stacks = vec![
            stack("Page", &[("A", output("A"))]),
            stack("A", &[("B", output("B"))]),
            stack("B", &[("A", output("A"))]),
        ];
        let error = Plan::new(stacks, &[], BTreeMap::new()).unwrap_err();
        assert_eq!(error.to_string(), "stacks need each other's outputs in a circle: A -> B -> A");
    }

    #[test]
    fn everything_missing_is_listed_at_once_with_the_stacks_that_ask() {
        let stacks = vec![
            stack("Data", &[("VpcId", given(false)), ("SubnetIds", given(false)), ("AllowedIp", given(true))]),
            stack("Api", &[("VpcId", given(false))]),
        ];
        let error = Plan::new(stacks, &[], BTreeMap::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "values are missing, nothing was created:\n  VpcId for Data-dev, Api-dev: give --vpc-id\n  SubnetIds for Data-dev: give --vpc-id"
        );
    }

    #[test]
    fn a_value_nobody_asks_for_is_refused() {
        let stacks = vec![stack("Data", &[("VpcId", given(true))])];
        let values = BTreeMap::from([("VpcID".to_owned(), "vpc-1".to_owned())]);
        let error = Plan::new(stacks, &[], values).unwrap_err();
        assert_eq!(error.to_string(), r#"no selected stack has a parameter "VpcID" to be given; there are VpcId"#);
    }

    #[test]
    fn a_stack_that_has_to_be_named_is_left_alone_until_it_is() {
        let roles = Stack { only_when_named: true, ..stack("Roles", &[("Repository", given(false))]) };
        let stacks = vec![stack("Data", &[]), roles];
        assert_eq!(names(&Plan::new(stacks.clone(), &[], BTreeMap::new()).unwrap()), ["Data"]);
        let given = BTreeMap::from([("Repository".to_owned(), "a/b".to_owned())]);
        assert_eq!(names(&Plan::new(stacks, &["Roles".to_owned()], given).unwrap()), ["Roles"]);
    }

    #[test]
    fn a_selection_asks_only_for_its_own_values_and_assets() {
        let asset = |name: &str| Source::AssetKey { asset: name.to_owned() };
        let stacks = vec![
            stack("Data", &[("VpcId", given(false)), ("Key", asset("db-init"))]),
            stack("Api", &[("Host", output("Data")), ("Key", asset("loader")), ("Again", asset("loader"))]),
        ];
        let plan = Plan::new(stacks.clone(), &["Api".to_owned()], BTreeMap::new()).unwrap();
        assert_eq!(names(&plan), ["Api"]);
        assert_eq!(plan.assets(), ["loader"]);
        let error = Plan::new(stacks, &["Apy".to_owned()], BTreeMap::new()).unwrap_err();
        assert_eq!(error.to_string(), r#"the stage has no stack "Apy"; it has Data, Api"#);
    }
}
