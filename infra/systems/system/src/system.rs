//! What a system implements. The list in `systems` has one entry per system; everything that concerns all systems iterates over that list.

use cfn::{Diagnostic, Value};
use constructs::SynthesizedStack;
use constructs::rules::Budget;

use crate::{Example, Operator, Section, Stage};

/// A system: stacks that belong together, with their own settings.
pub trait System: Sync {
    /// As in `environments/<stage>/<name>.toml`, `sql/<name>`, `infra logs <name>` and the tag `Application`.
    fn name(&self) -> &'static str;

    /// Reads the system's settings of a stage; faults go to the section.
    fn configure(&self, stage: &Stage, settings: Section<'_>) -> Box<dyn Configured>;

    /// The asset of the function that applies `sql/<name>`, and whose archive contains it, if the system has a database.
    fn migrated_by(&self) -> Option<&'static str> {
        None
    }

    /// The asset of the function that serves `/docs`, and whose archive contains Swagger UI, if the system has an API that describes itself.
    fn documented_by(&self) -> Option<&'static str> {
        None
    }

    /// The operator side, if the system has one.
    fn operator(&self) -> Option<&dyn Operator> {
        None
    }

    /// Examples for the help of the command line. The first of `invoke` and the first of `logs` are in `infra --help` too.
    fn examples(&self) -> &'static [Example] {
        &[]
    }

    /// Whether a stage may omit the system: then its settings file may be missing.
    fn is_optional(&self) -> bool {
        false
    }
}

/// A system with the settings of one stage.
pub trait Configured {
    /// Draws its stacks, in deployment order. `before` are the stacks of the systems before it in the list.
    ///
    /// # Errors
    /// Errors of the system itself; the caller validates the templates and checks the rules.
    fn stacks(&self, stage: &Stage, before: &[SynthesizedStack]) -> Result<Vec<SynthesizedStack>, Vec<Diagnostic>>;

    /// The policy that bounds what the roles of the stage's stacks may do, if this system owns one.
    fn permissions_boundary(&self, _stage: &Stage) -> Option<Value<String>> {
        None
    }

    /// How often its functions may call services outside AWS.
    fn budgets(&self) -> Vec<Budget> {
        Vec::new()
    }

    /// Instances of its functions that may run at the same time, in total.
    fn concurrency(&self) -> u32 {
        0
    }
}
