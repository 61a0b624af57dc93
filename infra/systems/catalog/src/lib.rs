//! **The catalog**: products over HTTP, saved behind a queue. Its stack and the settings of a stage.

mod operator;
mod settings;
mod stack;

use cfn::Diagnostic;
use constructs::SynthesizedStack;
use system::{Configured, Example, Operator, Section, Stage, System};

pub use settings::Settings;
pub use stack::catalog;

/// The name of the system.
const NAME: &str = "catalog";
/// What people type to work with it.
const EXAMPLES: &[Example] = &[Example::new("invoke catalog", "one product through the catalog")];

/// The entry of the list of systems.
pub struct Catalog;

impl System for Catalog {
    fn name(&self) -> &'static str {
        NAME
    }

    fn configure(&self, stage: &Stage, settings: Section<'_>) -> Box<dyn Configured> {
        Box::new(Settings::read(settings, stage))
    }

    fn documented_by(&self) -> Option<&'static str> {
        Some(catalog_contract::GET_PRODUCT.asset)
    }

    fn operator(&self) -> Option<&dyn Operator> {
        Some(self)
    }

    fn examples(&self) -> &'static [Example] {
        EXAMPLES
    }
}

impl Configured for Settings {
    fn stacks(&self, stage: &Stage, _: &[SynthesizedStack]) -> Result<Vec<SynthesizedStack>, Vec<Diagnostic>> {
        Ok(vec![catalog(stage, self)])
    }

    /// Each request in progress takes up an instance.
    fn concurrency(&self) -> u32 {
        self.product_saver_worker.max_concurrency + self.api.burst_requests
    }
}
