//! **The messages**: accepted over HTTP, saved once and in the order of their payer. Their stack and the settings of a stage.

mod monitoring;
mod routes;
mod settings;
mod stack;

use cfn::Diagnostic;
use constructs::SynthesizedStack;
use system::{Configured, Section, Stage, System};

pub use settings::Settings;
pub use stack::messages;

/// The name of the system.
const NAME: &str = "messages";

/// The entry of the list of systems.
pub struct Messages;

impl System for Messages {
    fn name(&self) -> &'static str {
        NAME
    }

    fn configure(&self, stage: &Stage, settings: Section<'_>) -> Box<dyn Configured> {
        Box::new(Settings::read(settings, stage.name))
    }
}

impl Configured for Settings {
    fn stacks(&self, stage: &Stage, _: &[SynthesizedStack]) -> Result<Vec<SynthesizedStack>, Vec<Diagnostic>> {
        Ok(vec![messages(stage, self)])
    }

    /// Each request in progress takes up an instance, and so does the sweeper.
    fn concurrency(&self) -> u32 {
        self.worker.max_concurrency + self.api.burst_requests + 1
    }
}
