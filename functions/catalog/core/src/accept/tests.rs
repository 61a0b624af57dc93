//! One product per idempotency key, whatever fails and whoever else calls at the same time.

use super::*;
use crate::fakes::{Fate, World, all_fates, alone, draft, interleave, now};
use crate::product::Record;

fn offer(key: Option<&str>, id: u128, name: &str) -> Offer {
    let key = key.map(|key| IdempotencyKey::read(key).unwrap());
    Offer { draft: draft(name), principal: Principal::Anyone, key, id: Uuid::from_u128(id), now: now() }
}

fn sent(world: &World) -> Vec<(u128, String)> {
    world.messages.borrow().iter().map(|product| (product.id.as_u128(), product.draft.name.clone())).collect()
}

#[test]
fn without_a_key_every_offer_is_a_product_of_its_own() {
    let world = World::default();
    for id in [1, 2] {
        let accepted = alone(accept(&world, &world, offer(None, id, "cup"))).unwrap();
        assert_eq!(accepted, Accepted { id: Uuid::from_u128(id), is_repeated: false });
    }
    assert_eq!(sent(&world), [(1, "cup".to_owned()), (2, "cup".to_owned())]);
    assert!(world.claims.borrow().is_empty());
}

#[test]
fn the_same_key_and_product_have_the_same_answer() {
    let world = World::default();
    let first = alone(accept(&world, &world, offer(Some("k"), 1, "cup"))).unwrap();
    let again = Offer { now: now() + SignedDuration::from_secs(5), ..offer(Some("k"), 2, "cup") };
    let second = alone(accept(&world, &world, again)).unwrap();
    assert_eq!((first.id, second.id, second.is_repeated), (Uuid::from_u128(1), Uuid::from_u128(1), true));
    let messages = world.messages.borrow();
    assert!(messages.iter().all(|message| *message == messages[0]), "the first acceptance counts: {messages:?}");
}

#[test]
fn the_same_key_for_another_product_is_refused_and_changes_nothing() {
    let world = World::default();
    alone(accept(&world, &world, offer(Some("k"), 1, "cup"))).unwrap();
    let other = alone(accept(&world, &world, offer(Some("k"), 2, "plate")));
    assert!(matches!(other, Err(AcceptError::OtherProduct)));
    assert_eq!(sent(&world), [(1, "cup".to_owned())]);
    assert_eq!(world.records.borrow().len(), 1);
}

#[test]
fn a_key_of_somebody_else_is_another_key() {
    let world = World::default();
    let of =
        |principal: Principal, id| Offer { principal, ..offer(Some("k"), id, if id == 1 { "cup" } else { "plate" }) };
    let [one, other] = ["AIDA1", "AIDA2"].map(|id| Principal::Iam(id.to_owned()));
    assert_eq!(alone(accept(&world, &world, of(one.clone(), 1))).unwrap().id, Uuid::from_u128(1));
    let accepted = alone(accept(&world, &world, of(other, 2))).unwrap();
    assert_eq!(accepted, Accepted { id: Uuid::from_u128(2), is_repeated: false });
    let again = Offer { id: Uuid::from_u128(3), ..of(one, 1) };
    assert_eq!(alone(accept(&world, &world, again)).unwrap().id, Uuid::from_u128(1));
}

#[test]
fn a_key_is_free_again_after_a_day() {
    let world = World::default();
    alone(accept(&world, &world, offer(Some("k"), 1, "cup"))).unwrap();
    let at = |seconds| Offer { now: now() + SignedDuration::from_secs(seconds), ..offer(Some("k"), 2, "plate") };
    assert!(alone(accept(&world, &world, at(86_400))).is_err());
    assert_eq!(alone(accept(&world, &world, at(86_401))).unwrap().id, Uuid::from_u128(2));
}

#[test]
fn a_product_that_is_saved_is_not_sent_again() {
    let world = World::default();
    alone(accept(&world, &world, offer(Some("k"), 1, "cup"))).unwrap();
    let saved = world.messages.borrow_mut().remove(0);
    world.records.borrow_mut().insert(saved.id, (Record { product: saved, status: Status::Saved }, None));
    assert_eq!(alone(accept(&world, &world, offer(Some("k"), 2, "cup"))).unwrap().id, Uuid::from_u128(1));
    assert!(sent(&world).is_empty());
}

#[test]
fn whatever_call_fails_a_retry_with_the_key_ends_with_one_product_that_was_sent() {
    for fates in all_fates(6) {
        let world = World::with_fates(&fates);
        let mut promised = None;
        // Six faulty calls keep at most six tries from ending.
        for id in 1..=7 {
            if let Ok(accepted) = alone(accept(&world, &world, offer(Some("k"), id, "cup"))) {
                let on_queue = world.messages.borrow().iter().any(|message| message.id == accepted.id);
                assert!(on_queue, "{fates:?}: accepted means sent");
                assert_eq!(*promised.get_or_insert(accepted.id), accepted.id, "{fates:?}");
            }
        }
        let promised = promised.expect("the last tries meet no fault");
        let messages = world.messages.borrow();
        assert!(messages.iter().all(|message| *message == messages[0]), "{fates:?}: {messages:?}");
        let records: Vec<Uuid> = world.records.borrow().keys().copied().collect();
        assert_eq!(records, [promised], "{fates:?}");
    }
}

#[test]
fn two_clients_with_one_key_get_one_product_in_every_order() {
    for schedule in 0..1 << 8 {
        let world = World::default();
        let ends = interleave(schedule, [1, 2].map(|id| accept(&world, &world, offer(Some("k"), id, "cup"))));
        let ids = ends.map(|end| end.unwrap().id);
        assert_eq!(ids[0], ids[1], "{schedule:08b}");
        assert_eq!(world.records.borrow().len(), 1, "{schedule:08b}");
        assert!(world.messages.borrow().iter().all(|message| message.id == ids[0]), "{schedule:08b}");
    }
}

#[test]
fn of_two_products_with_one_key_one_is_refused_in_every_order() {
    for schedule in 0..1 << 8 {
        let world = World::default();
        let ends = interleave(
            schedule,
            [(1, "cup"), (2, "plate")].map(|(id, name)| accept(&world, &world, offer(Some("k"), id, name))),
        );
        assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1, "{schedule:08b}");
        assert_eq!(sent(&world).len(), 1, "{schedule:08b}");
    }
}

#[test]
fn nothing_is_promised_when_the_queue_does_not_take_it() {
    let world = World::with_fates(&[Fate::Done, Fate::Refused]);
    assert!(matches!(alone(accept(&world, &world, offer(None, 1, "cup"))), Err(AcceptError::Fault(_))));
    let (record, expires) = world.records.borrow()[&Uuid::from_u128(1)].clone();
    assert_eq!(record.status, Status::Accepted);
    assert_eq!(expires, Some(now() + SignedDuration::from_hours(18 * 24)), "what is left behind expires");
}
