//! What has to hold in the end.

use std::collections::{BTreeMap, BTreeSet};

use messages_core::{Envelope, Happened, Record, Status};

use crate::world::{NEVER, UNSETTLED, World};

/// # Errors
/// Everything that does not hold.
pub(crate) fn of(world: &World) -> Result<(), String> {
    let mut wrong = world.wrong.borrow().clone();
    let records: BTreeMap<String, Record> =
        world.table.records().into_iter().map(|record| (record.id.clone(), record)).collect();
    let mut known = BTreeSet::new();
    for asked in &world.asked {
        let Some(envelope) = &asked.answered else {
            wrong.push("a client has no answer".to_owned());
            continue;
        };
        let id = envelope.message_id.to_string();
        known.insert(id.clone());
        let Some(record) = records.get(&id) else {
            wrong.push(format!("{id} was accepted and is not in the table"));
            continue;
        };
        let expected = if asked.currency == NEVER { Status::Parked } else { Status::Saved };
        if record.status != expected {
            wrong.push(format!("{id} in {} is {}, not {expected}: {:?}", asked.currency, record.status, record.events));
        }
        wrong.extend(timeline(record));
    }
    wrong.extend(records.keys().filter(|id| !known.contains(*id)).map(|id| format!("{id} was never answered")));
    let saved = world.table.saved();
    let distinct: BTreeSet<&String> = saved.iter().collect();
    if distinct.len() != saved.len() {
        wrong.push(format!("saved twice: {saved:?}"));
    }
    wrong.extend(order(world, &records, &saved));
    for (queue, bodies) in [("main", world.main.bodies()), ("dead-letter", world.dead_letters.bodies())] {
        if !bodies.is_empty() {
            wrong.push(format!("the {queue} queue is not empty: {bodies:?}"));
        }
    }
    wrong.extend(poison(world));
    if world.main.lost_to_retention() + world.dead_letters.lost_to_retention() > 0 {
        wrong.push("a queue has dropped a message that was too old".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n  ")) }
}

/// Accepted first, queued at some time, and what it is told last. What happened is told, whatever failed on the way.
fn timeline(record: &Record) -> Vec<String> {
    let has = |is: fn(&Happened) -> bool| record.events.iter().any(|event| is(&event.happened));
    let mut missing = Vec::new();
    if !has(|happened| matches!(happened, Happened::Accepted { .. })) {
        missing.push("accepted");
    }
    match record.status {
        Status::Saved if !has(|happened| matches!(happened, Happened::Saved)) => missing.push("saved"),
        Status::Saved if !has(|happened| matches!(happened, Happened::Received { .. })) => missing.push("received"),
        Status::Parked if !has(|happened| matches!(happened, Happened::Parked { .. })) => missing.push("parked"),
        Status::Parked if !has(|happened| matches!(happened, Happened::Dead { .. })) => missing.push("dead"),
        _ => {}
    }
    missing
        .into_iter()
        .map(|event| format!("{} was never told to be {event}: {:?}", record.id, record.events))
        .collect()
}

/// Messages of a payer that were never dead are saved in the order in which the queue took them.
fn order(world: &World, records: &BTreeMap<String, Record>, saved: &[String]) -> Vec<String> {
    let mut last: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for id in saved {
        let record = &records[id];
        if record.events.iter().any(|event| matches!(event.happened, Happened::Dead { .. })) {
            continue;
        }
        let Some(place) = world.main.place(id) else { continue };
        if let Some((before, other)) = last.insert(&record.group, (place, id))
            && before > place
        {
            wrong.push(format!("{}: {id} was queued before {other} and saved after it", record.group));
        }
    }
    wrong
}

/// While nothing had been reprocessed, the dead-letter queue held the poison, each once or more, and nothing else.
fn poison(world: &World) -> Vec<String> {
    let is_poison = |currency: &str| [UNSETTLED, NEVER].contains(&currency);
    let in_queue: BTreeSet<String> = world
        .poison
        .iter()
        .filter_map(|body| Envelope::read(body).ok())
        .map(|envelope| envelope.message_id.to_string())
        .collect();
    let asked = world.asked.iter().filter(|asked| is_poison(asked.currency));
    let poison: BTreeSet<String> =
        asked.filter_map(|asked| asked.answered.as_ref()).map(|envelope| envelope.message_id.to_string()).collect();
    let missing = poison.difference(&in_queue).map(|id| format!("the poison {id} was not in the dead-letter queue"));
    let innocent = in_queue.difference(&poison).map(|id| format!("{id} was in the dead-letter queue and is no poison"));
    missing.chain(innocent).collect()
}
