//! **AnalyticsData**: the database `analytics`, who may reach it, and its schema.

use analytics_contract::{DB_INIT, database as names};
use constructs::SynthesizedStack;
use system::Stage;
use system_database::{Access, DatabaseSettings, Definition, add_database, descriptions};

use crate::migrations::MIGRATIONS;
use crate::{NAME as APPLICATION, Settings};

pub(crate) const NAME: &str = "AnalyticsData";

const DATABASE: Definition = Definition {
    system: APPLICATION,
    name: names::NAME,
    owner: names::OWNER,
    application_role: names::APPLICATION_ROLE,
    db_init: DB_INIT,
    migrations: MIGRATIONS,
    schema_type: "Custom::AnalyticsSchema",
    descriptions: descriptions!("analytics"),
};

pub(crate) fn analytics_data(stage: &Stage, settings: &Settings) -> SynthesizedStack {
    let mut stack = stage
        .stack(NAME, APPLICATION)
        .description("Analytics database: Aurora PostgreSQL, its secrets, its schema, and who may reach it.");
    let access = Access::new(&mut stack, stage, &DATABASE);
    let size = DatabaseSettings { database: &settings.database, db_init: settings.db_init };
    add_database(&mut stack, stage, size, &DATABASE, access);
    stack.finish()
}
