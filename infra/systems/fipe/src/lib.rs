//! **The FIPE chain**: four functions that load Brazil's vehicle price table into Aurora PostgreSQL. Its stacks, the settings of a
//! stage, and its pacing.

mod examples;
mod fipe_api;
mod fipe_data;
mod handover;
mod migrations;
mod operator;
mod pacing;
mod settings;

use cfn::Diagnostic;
use constructs::SynthesizedStack;
use constructs::rules::Budget;
use system::{Configured, Example, Operator, Section, Stage, System};

pub use handover::Handover;
pub use pacing::{Pace, Pacing, PacingError};
pub use settings::{MonthlySchedule, Settings};

/// The name of the system.
const NAME: &str = "fipe";

/// The entry of the list of systems.
pub struct Fipe;

impl System for Fipe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn configure(&self, stage: &Stage, settings: Section<'_>) -> Box<dyn Configured> {
        Box::new(Settings::read(settings, stage.name))
    }

    fn migrated_by(&self) -> Option<&'static str> {
        Some(fipe_contract::DB_INIT.asset)
    }

    fn operator(&self) -> Option<&dyn Operator> {
        Some(self)
    }

    fn examples(&self) -> &'static [Example] {
        examples::EXAMPLES
    }
}

impl Configured for Settings {
    fn stacks(&self, stage: &Stage, _: &[SynthesizedStack]) -> Result<Vec<SynthesizedStack>, Vec<Diagnostic>> {
        let pacing = Pacing::of(self).map_err(|error| vec![error.into_diagnostic(stage)])?;
        Ok(vec![fipe_data::fipe_data(stage, self), fipe_api::fipe_api(stage, self, &pacing)])
    }

    fn budgets(&self) -> Vec<Budget> {
        vec![Budget { variable: "FIPE_CALLS_PER_MINUTE", calls_per_minute: f64::from(self.calls_per_minute) }]
    }

    /// The consumers, the function that starts a crawl, and db-init.
    fn concurrency(&self) -> u32 {
        let consumers = [&self.model_loader, &self.price_loader, &self.soma_ingestor];
        consumers.iter().map(|consumer| consumer.max_concurrency).sum::<u32>() + 2
    }
}
