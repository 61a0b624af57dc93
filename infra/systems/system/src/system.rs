//! What a system gives. The list in `systems` has one of each; everything that goes over all systems goes over that list.

use cfn::Diagnostic;
use constructs::SynthesizedStack;
use constructs::rules::Budget;

use crate::{Example, Operator, Section, Stage};

/// A system: stacks that belong together, with settings of their own.
pub trait System: Sync {
    /// As in `environments/<stage>/<name>.toml`, `sql/<name>`, `infra logs <name>` and the tag `Application`.
    fn name(&self) -> &'static str;

    /// Reads the system's settings of a stage; faults go to the section.
    fn configure(&self, stage: &Stage, settings: Section<'_>) -> Box<dyn Configured>;

    /// The asset whose function applies `sql/<name>`, which its archive carries, where the system has a database.
    fn migrated_by(&self) -> Option<&'static str> {
        None
    }

    /// The side that people work with, where the system has one.
    fn operator(&self) -> Option<&dyn Operator> {
        None
    }

    /// Examples for the help of the command line. The first of `invoke` and the first of `logs` stand in `infra --help` too.
    fn examples(&self) -> &'static [Example] {
        &[]
    }

    /// Whether a stage may go without: then its settings file may be missing.
    fn is_optional(&self) -> bool {
        false
    }
}

/// A system with the settings of one stage.
pub trait Configured {
    /// Draws its stacks, in the order in which they can be deployed. `before` are those of the systems before it in the list.
    ///
    /// # Errors
    /// What the system itself refuses; templates are validated and the rules checked by the caller.
    fn stacks(&self, stage: &Stage, before: &[SynthesizedStack]) -> Result<Vec<SynthesizedStack>, Vec<Diagnostic>>;

    /// How often its functions may call services outside AWS.
    fn budgets(&self) -> Vec<Budget> {
        Vec::new()
    }

    /// Instances of its functions that may run at the same time, all functions together.
    fn concurrency(&self) -> u32 {
        0
    }
}
