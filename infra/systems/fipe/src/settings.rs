//! `fipe.toml` of a stage: how fast and when FIPE is called, the database, and the size of the functions.

use std::time::Duration;

use system::{ConsumerSize, Database, FunctionSize, Section, StageName, seconds};

use crate::handover::Handover;

/// What differs between two stages of the FIPE chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Calls per minute of all loaders together.
    pub calls_per_minute: u32,
    pub schedule: MonthlySchedule,
    /// How long messages are gathered into a batch, 0 s to 300 s.
    pub batching_window: Duration,
    pub database: Database,
    pub db_init: FunctionSize,
    pub manufacturer_loader: FunctionSize,
    pub model_loader: ConsumerSize,
    pub price_loader: ConsumerSize,
    pub soma_ingestor: ConsumerSize,
    /// Only while a stage moves its network to the stack Network.
    pub handover: Option<Handover>,
}

/// When a crawl of the newest month starts automatically.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthlySchedule {
    /// An expression of EventBridge Scheduler: `cron(..)` or `rate(..)`.
    pub expression: String,
    /// An IANA time zone.
    pub timezone: String,
    pub enabled: bool,
}

impl Settings {
    /// Reads `fipe.toml`.
    pub fn read(mut section: Section<'_>, stage: StageName) -> Self {
        let settings = Self {
            calls_per_minute: section.whole("calls_per_minute", 1..=10_000_000, "calls"),
            schedule: read_schedule(section.section("schedule")),
            batching_window: seconds(section.whole("batching_window_seconds", 0..=300, "seconds")),
            database: Database::read(section.section("database"), stage),
            db_init: FunctionSize::read(section.section("db-init")),
            manufacturer_loader: FunctionSize::read(section.section("manufacturer-loader")),
            model_loader: ConsumerSize::read(section.section("model-loader")),
            price_loader: ConsumerSize::read(section.section("price-loader")),
            soma_ingestor: ConsumerSize::read(section.section("soma-ingestor")),
            handover: section.optional_section("handover").map(Handover::read),
        };
        section.refuse_unknown_keys();
        settings
    }
}

fn read_schedule(mut section: Section<'_>) -> MonthlySchedule {
    let is_expression = |text: &str| (text.starts_with("cron(") || text.starts_with("rate(")) && text.ends_with(')');
    let schedule = MonthlySchedule {
        expression: section.text("expression", "\"cron(..)\" or \"rate(..)\"", is_expression),
        timezone: section.text("timezone", "a time zone such as \"America/Sao_Paulo\" or \"UTC\"", |text| {
            text == "UTC" || text.split_once('/').is_some_and(|(area, city)| !area.is_empty() && !city.is_empty())
        }),
        enabled: section.flag("enabled"),
    };
    section.refuse_unknown_keys();
    schedule
}
