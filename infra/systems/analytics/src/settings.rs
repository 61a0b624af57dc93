//! `analytics.toml` of a stage: when a file is rejected as a whole, who may use the API, the database, and the size of the functions.

use analytics_contract::Authorisation;
use system::{Api, ConsumerSize, Database, FunctionSize, Section, Stage, StageName};

/// What differs between two stages of the analytics.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// A file with more rejected rows than this share is rejected as a whole, in percent, 1 to 100.
    pub reject_above_percent: u32,
    pub api: Api,
    /// Who may announce and revert uploads.
    pub authorise_writing: Authorisation,
    /// Who may read.
    pub authorise_reading: Authorisation,
    pub database: Database,
    pub db_init: FunctionSize,
    pub csv_importer: ConsumerSize,
    /// Its concurrency is reserved: the database has a limited number of connections.
    pub analytics_api: ConsumerSize,
}

impl Settings {
    /// Reads `analytics.toml`.
    pub fn read(mut section: Section<'_>, stage: &Stage) -> Self {
        let (api, authorise_writing, authorise_reading) = read_api(section.section("api"), stage);
        let settings = Self {
            reject_above_percent: section.whole("reject_above_percent", 1..=100, "percent"),
            api,
            authorise_writing,
            authorise_reading,
            database: Database::read(section.section("database"), stage.name),
            db_init: FunctionSize::read(section.section("db-init")),
            csv_importer: ConsumerSize::read(section.section("csv-importer")),
            analytics_api: ConsumerSize::read(section.section("analytics-api")),
        };
        section.refuse_unknown_keys();
        settings
    }

    /// Whether any request is authorised by the token, so that there has to be one.
    pub fn needs_token(&self) -> bool {
        [self.authorise_writing, self.authorise_reading].contains(&Authorisation::Token)
    }
}

fn read_api(mut section: Section<'_>, stage: &Stage) -> (Api, Authorisation, Authorisation) {
    let api = Api::of(&mut section, stage.name);
    let [writing, reading] = ["authorise_writing", "authorise_reading"].map(|key| {
        let authorisation = section.one_of(key, &Authorisation::ALL);
        if authorisation == Authorisation::Iam && stage.name == StageName::Local {
            section.fault(key, "\"iam\" is not checked by the emulator; write \"token\" or \"none\"");
        }
        authorisation
    });
    if writing == Authorisation::None && stage.protection.termination {
        let what = "\"none\" lets anyone upload files to a protected stage; write \"token\" or \"iam\"";
        section.fault("authorise_writing", what);
    }
    section.refuse_unknown_keys();
    (api, writing, reading)
}
