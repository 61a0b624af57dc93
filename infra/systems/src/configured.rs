//! A stage with all its systems: settings texts in, stacks out. Pure.

use std::cell::RefCell;
use std::fmt;

use cfn::{Diagnostic, Template};
use constructs::rules::Link;
use constructs::{ParameterSource, SynthesizedStack, rules};
use system::{Configured, Section, Stage, StageError, StageFault, StageName, System, nearest};
use toml::Table;

use crate::files::Files;
use crate::list::SYSTEMS;

/// A stage, and every system with its settings of that stage.
pub struct ConfiguredStage {
    pub stage: Stage,
    systems: Vec<(&'static dyn System, Box<dyn Configured>)>,
}

/// Every error in a stage's stacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynthError {
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for SynthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SynthError {}

impl ConfiguredStage {
    /// Reads the settings of a stage: `stage.toml`, and `<name>.toml` of each system.
    ///
    /// # Errors
    /// Reports every fault: an unknown stage, malformed TOML, missing and unknown files and keys, values out of range.
    pub fn parse(name: &str, files: &Files) -> Result<Self, StageError> {
        let fault = |file: &str, what: String| StageFault { file: file.to_owned(), path: String::new(), what };
        let Some(stage_name) = StageName::parse(name) else {
            let allowed = StageName::ALL.map(StageName::as_str).join(", ");
            let what = format!("is not a stage; the stages are {allowed}");
            return Err(StageError { stage: name.to_owned(), faults: vec![fault("", what)] });
        };
        let faults = RefCell::new(unknown_files(files));
        let table = |file: &str| match files.get(file)?.parse::<Table>() {
            Ok(table) => Some(table),
            Err(error) => {
                faults.borrow_mut().push(fault(file, format!("is not TOML: {error}")));
                None
            }
        };
        let missing = |file: &str| {
            if !files.contains_key(file) {
                faults.borrow_mut().push(fault(file, "is missing".to_owned()));
            }
        };
        missing(Stage::FILE);
        let shared = table(Stage::FILE);
        // The tables have to outlive their readers.
        let tables: Vec<(&'static dyn System, String, Option<Table>)> = SYSTEMS
            .iter()
            .map(|system| {
                let file = format!("{}.toml", system.name());
                let table = table(&file);
                (*system, file, table)
            })
            .collect();
        let stage = shared.as_ref().map(|table| Stage::read(stage_name, Section::root(Stage::FILE, table, &faults)));
        let mut systems: Vec<(&'static dyn System, Box<dyn Configured>)> = Vec::new();
        for (system, file, table) in &tables {
            match (&stage, table) {
                (Some(stage), Some(table)) => {
                    systems.push((*system, system.configure(stage, Section::root(file, table, &faults))));
                }
                (_, None) if !system.is_optional() => missing(file),
                _ => {}
            }
        }
        match (stage, faults.into_inner()) {
            (Some(mut stage), faults) if faults.is_empty() => {
                stage.permissions_boundary = systems.iter().find_map(|(_, system)| system.permissions_boundary(&stage));
                Ok(Self { stage, systems })
            }
            (_, faults) => Err(StageError { stage: name.to_owned(), faults }),
        }
    }

    /// Draws all stacks of the stage, in deployment order.
    ///
    /// # Errors
    /// Contains every finding of the templates' validation and of the rules, and the errors of the systems themselves.
    pub fn synth(&self) -> Result<Vec<SynthesizedStack>, SynthError> {
        let (mut stacks, mut diagnostics, mut systems) = (Vec::new(), Vec::new(), Vec::new());
        for (_, system) in &self.systems {
            let drawn = match system.stacks(&self.stage, &stacks) {
                Ok(drawn) => drawn,
                Err(refused) => {
                    diagnostics.extend(refused);
                    continue;
                }
            };
            systems.push((system, stacks.len()..stacks.len() + drawn.len()));
            stacks.extend(drawn);
        }
        let links = links(&stacks);
        for (system, own) in systems {
            let templates: Vec<&Template> = stacks[own].iter().map(|stack| &stack.template).collect();
            diagnostics.extend(templates.iter().flat_map(|template| template.validate()));
            diagnostics.extend(rules::check(&rules::Stage {
                templates: &templates,
                links: &links,
                budgets: &system.budgets(),
                protected: self.stage.protection.termination,
            }));
        }
        if diagnostics.is_empty() { Ok(stacks) } else { Err(SynthError { diagnostics }) }
    }

    /// Function instances of all systems that may run at the same time.
    pub fn concurrency(&self) -> u64 {
        self.systems.iter().map(|(_, system)| u64::from(system.concurrency())).sum()
    }
}

/// The outputs that other stacks take as parameters.
fn links(stacks: &[SynthesizedStack]) -> Vec<Link<'_>> {
    let taken = stacks.iter().flat_map(|stack| &stack.parameters).filter_map(|(_, source)| match source {
        ParameterSource::Output { stack, output } => Some((*stack, output.as_str())),
        _ => None,
    });
    let link = |(name, output)| {
        let maker = stacks.iter().find(|stack| stack.name == name)?;
        Some(Link { stack_name: maker.stack_name.as_str(), output })
    };
    taken.filter_map(link).collect()
}

/// A settings file that belongs to no system, with the nearest one that does.
fn unknown_files(files: &Files) -> Vec<StageFault> {
    let known: Vec<String> = SYSTEMS.iter().map(|system| format!("{}.toml", system.name())).collect();
    let known: Vec<&str> = std::iter::once(Stage::FILE).chain(known.iter().map(String::as_str)).collect();
    let unknown = files.keys().filter(|file| !known.contains(&file.as_str()));
    let fault = |file: &String| {
        let what = match nearest(file, known.iter().copied()) {
            Some(known) => format!("belongs to no system; did you mean {known}?"),
            None => format!("belongs to no system; known here: {}", known.join(", ")),
        };
        StageFault { file: file.clone(), path: String::new(), what }
    };
    unknown.map(fault).collect()
}
