//! **The analytics**: CSV files in a bucket become the answers of an HTTP API. Their stacks, and the settings of a stage.

mod data;
mod migrations;
mod monitoring;
mod operator;
mod settings;
mod stack;

use cfn::Diagnostic;
use constructs::SynthesizedStack;
use system::{Configured, Example, Operator, Section, Stage, System};

pub use settings::Settings;

/// The name of the system.
const NAME: &str = "analytics";
/// What people type to work with it.
const EXAMPLES: &[Example] = &[
    Example::new("invoke analytics", "demo files through the analytics"),
    Example::new("upload analytics march.csv", "a file, and what is wrong with it"),
    Example::new("upload analytics march.csv --dry-run", "what it would change"),
    Example::new("status analytics --stage dev", "the latest uploads and what counts"),
    Example::new("revert analytics 6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11", "take an upload back"),
    Example::new("logs analytics --stage dev --follow", "what becomes of the uploaded files"),
    Example::new("redrive CsvProcessingQueue --stage dev", "try the files again that failed"),
];

/// The entry of the list of systems.
pub struct Analytics;

impl System for Analytics {
    fn name(&self) -> &'static str {
        NAME
    }

    fn configure(&self, stage: &Stage, settings: Section<'_>) -> Box<dyn Configured> {
        Box::new(Settings::read(settings, stage))
    }

    fn migrated_by(&self) -> Option<&'static str> {
        Some(analytics_contract::DB_INIT.asset)
    }

    fn documented_by(&self) -> Option<&'static str> {
        Some(analytics_contract::ANALYTICS_API.asset)
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
        Ok(vec![data::analytics_data(stage, self), stack::analytics(stage, self)])
    }

    /// The importer, the API, and db-init.
    fn concurrency(&self) -> u32 {
        self.csv_importer.max_concurrency + self.analytics_api.max_concurrency + 1
    }
}
