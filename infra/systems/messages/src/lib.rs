//! **The messages**: accepted over HTTP, saved once and in the order of their payer. Their stack and the settings of a stage.

mod monitoring;
mod operator;
mod routes;
mod settings;
mod stack;

use cfn::Diagnostic;
use constructs::SynthesizedStack;
use system::{Configured, Example, Operator, Section, Stage, System};

pub use settings::Settings;
pub use stack::messages;

/// The name of the system.
const NAME: &str = "messages";
/// What people type to work with it.
const EXAMPLES: &[Example] = &[
    Example::new("invoke messages", "three messages through the API, until they are saved"),
    Example::new("status messages --stage dev", "what is waiting, dead and parked"),
    Example::new("user add someone@example.com --stage dev", "a user who may log in"),
    Example::new("keys rotate messages --stage dev", "another signing key, without logging anybody out"),
    Example::new("dead messages --stage dev", "dead letters and their reasons"),
];

/// The entry of the list of systems.
pub struct Messages;

impl System for Messages {
    fn name(&self) -> &'static str {
        NAME
    }

    fn configure(&self, stage: &Stage, settings: Section<'_>) -> Box<dyn Configured> {
        Box::new(Settings::read(settings, stage))
    }

    fn documented_by(&self) -> Option<&'static str> {
        Some(messages_contract::STATUS.asset)
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
        Ok(vec![messages(stage, self)])
    }

    /// Each request in progress takes up an instance, and so does the sweeper.
    fn concurrency(&self) -> u32 {
        self.worker.max_concurrency + self.api.burst_requests + 1
    }
}
