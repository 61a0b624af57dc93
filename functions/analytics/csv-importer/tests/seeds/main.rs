//! Seeded faults: messages twice and in any order, invocations that are killed at any point or have no time, versions that race, a database
//! that breaks connections, S3 that fails or has lost an object. Whatever happens, the rows are those of a model, and the dead letters are
//! the poison.
//!
//! `ANALYTICS_SEEDS` is the number of seeds (50), `ANALYTICS_SEED` the first one (0); a seed that fails prints itself.

#![expect(clippy::unwrap_used, reason = "what a test needs for itself may panic")]

mod database;
mod dry_runs;
mod files;
mod model;
mod random;
mod world;

use crate::database::TestDatabase;
use crate::files::Files;
use crate::random::Random;
use crate::world::World;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn whatever_fails_the_rows_are_the_models_and_the_dead_letters_are_the_poison() {
    let database = TestDatabase::create().await;
    let first = number("ANALYTICS_SEED", 0);
    let (mut kills, mut hops, mut poison) = (0, 0, 0);
    for seed in first..first + number("ANALYTICS_SEEDS", 50) {
        database.clear().await;
        let mut random = Random::new(seed);
        let files = Files::some(&mut random);
        let mut world = World::new(&files, &mut random);
        // Once more when all have ended: a rejected file is told again, whose first invocation may have been killed before it told.
        for round in ["first", "repeated"] {
            world.deliver(&files, &mut random);
            let ran = world.run(&database, &mut random).await;
            ran.unwrap_or_else(|fault| panic!("ANALYTICS_SEED={seed}, {round}: {fault}"));
            let fault = model::difference(&files, &database, &world.dead()).await;
            assert!(fault.is_none(), "ANALYTICS_SEED={seed}, {round}: {}", fault.unwrap_or_default());
        }
        (kills, hops, poison) = (kills + world.kills(), hops + world.hops(), poison + world.dead().len());
    }
    // A test in which nothing happens shows nothing.
    assert!(kills > 0 && hops > 0 && poison > 0, "{kills} kills, {hops} hops, {poison} dead letters");
}
