//! `analytics.toml` of a stage: when a file is rejected as a whole, who may use the API, the database, and the size of the functions.

use contract::Authorization;
use system::{Api, ConsumerSize, Database, FunctionSize, Section, Stage};

/// What differs between two stages of the analytics.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// A file with more rejected rows than this share is rejected as a whole, in percent, 1 to 100.
    pub reject_above_percent: u32,
    pub api: Api,
    pub database: Database,
    pub db_init: FunctionSize,
    pub csv_importer: ConsumerSize,
    /// Its concurrency is reserved: the database has a limited number of connections.
    pub analytics_api: ConsumerSize,
}

impl Settings {
    /// Reads `analytics.toml`.
    pub fn read(mut section: Section<'_>, stage: &Stage) -> Self {
        let settings = Self {
            reject_above_percent: section.whole("reject_above_percent", 1..=100, "percent"),
            api: read_api(section.section("api"), stage),
            database: Database::read(section.section("database"), stage.name),
            db_init: FunctionSize::read(section.section("db-init")),
            csv_importer: ConsumerSize::read(section.section("csv-importer")),
            analytics_api: ConsumerSize::read(section.section("analytics-api")),
        };
        section.refuse_unknown_keys();
        settings
    }
}

fn read_api(mut section: Section<'_>, stage: &Stage) -> Api {
    let api = Api::of(&mut section, stage, &[Authorization::None, Authorization::Iam, Authorization::Token]);
    section.refuse_unknown_keys();
    api
}
