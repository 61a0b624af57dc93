//! Random faults over the real rules and the real batch harness, on a model of SQS's FIFO queues and of the table in virtual time: clients that repeat,
//! workers, sweepers and reprocesses killed between any two calls, calls that fail before or after their effect, redelivery, duplicates after SQS's five
//! minutes. In the end every accepted message has been saved once and in its payer's order, or is parked, and nothing is anywhere else.
//!
//! `MESSAGES_SEEDS` says how many seeds are run, 64 without it; `MESSAGES_SEED` runs a single one, or that many from there on if both are set.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod checks;
mod fault;
mod queue;
mod table;
mod world;

use world::{Mutation, World};

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, many) = (number("MESSAGES_SEED"), number("MESSAGES_SEEDS"));
    let start = first.unwrap_or(0);
    start..start + many.unwrap_or(if first.is_some() { 1 } else { 64 })
}

/// What a seed ends with: nothing, or everything that is wrong.
fn run(seed: u64, mutation: Mutation) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(seed, mutation);
        world.run().await;
        checks::of(&world)
    })
}

#[test]
fn whatever_fails_every_message_is_saved_once_and_in_order_or_parked() {
    for seed in seeds() {
        if let Err(wrong) = run(seed, Mutation::None) {
            panic!("MESSAGES_SEED={seed}: {wrong}");
        }
    }
}

/// Each mutation is a mistake that the rules avoid; a model that does not notice it proves nothing.
#[test]
fn each_mistake_is_noticed() {
    for mutation in [
        Mutation::ReplayUnderTheFirstId,
        Mutation::DeletedBeforeSent,
        Mutation::GroupsNotHeldBack,
        Mutation::RunsWithoutBeginning,
    ] {
        let red = (0..100).filter(|seed| run(*seed, mutation).is_err()).count();
        assert!(red > 0, "{mutation:?} turns no seed red");
        println!("{mutation:?}: {red} of 100 seeds are red");
    }
}
