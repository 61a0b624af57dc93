//! A product and its report exactly once, whatever fails and whoever else saves it.

use super::*;
use crate::fakes::{Fate, World, all_fates, alone, interleave, now, product};
use crate::look::{Looked, look};
use crate::product::Record;

/// A world in which the product was accepted.
fn accepted(fates: &[Fate]) -> World {
    let world = World::with_fates(fates);
    let record = Record { product: product(1, "cup"), status: Status::Accepted };
    world.records.borrow_mut().insert(record.product.id, (record, None));
    world
}

fn assert_saved_once(world: &World, case: &str) {
    assert_eq!(world.saves.get(), 1, "{case}");
    assert_eq!(*world.reports.borrow(), [(product(1, "cup").id, report(&product(1, "cup")))], "{case}");
    let looked = alone(look(world, product(1, "cup").id, now())).unwrap();
    assert_eq!(looked, Looked::Saved(product(1, "cup")), "{case}");
}

#[test]
fn a_redelivered_product_changes_nothing() {
    let world = accepted(&[]);
    assert_eq!(alone(save(&world, &world, &product(1, "cup"), now())).unwrap(), Placed::Now);
    assert_eq!(alone(save(&world, &world, &product(1, "cup"), now())).unwrap(), Placed::Before(()));
    assert_saved_once(&world, "redelivered");
}

#[test]
fn a_message_that_outlived_its_record_is_saved_all_the_same() {
    let world = World::default();
    assert_eq!(alone(save(&world, &world, &product(1, "cup"), now())).unwrap(), Placed::Now);
    assert_saved_once(&world, "no record");
}

#[test]
fn whatever_call_fails_a_redelivery_ends_with_one_product_and_one_report() {
    for fates in all_fates(6) {
        let world = accepted(&fates);
        for _ in 0..7 {
            let _ = alone(save(&world, &world, &product(1, "cup"), now()));
            let is_shown = matches!(world.records.borrow()[&product(1, "cup").id].0.status, Status::Saved);
            assert!(!is_shown || world.reports.borrow().len() == 1, "{fates:?}: shown without its report");
        }
        assert_saved_once(&world, &format!("{fates:?}"));
    }
}

#[test]
fn two_workers_with_one_message_save_it_once_in_every_order_with_a_fault_anywhere() {
    for fates in all_fates(4) {
        for schedule in 0..1 << 8 {
            let world = accepted(&fates);
            let cup = product(1, "cup");
            let ends = interleave(schedule, [(); 2].map(|()| save(&world, &world, &cup, now())));
            if ends.iter().any(Result::is_err) {
                world.fates.borrow_mut().clear();
                alone(save(&world, &world, &cup, now())).unwrap();
            }
            assert_saved_once(&world, &format!("{fates:?} {schedule:08b}"));
        }
    }
}

#[test]
fn another_content_under_the_same_id_is_poison_and_touches_nothing() {
    for status in [Status::Accepted, Status::Saved] {
        let world = accepted(&[]);
        world.records.borrow_mut().get_mut(&product(1, "cup").id).unwrap().0.status = status;
        let error = alone(save(&world, &world, &product(1, "plate"), now())).unwrap_err();
        assert!(!error.is_transient());
        assert_eq!(
            error.to_string(),
            "the id 00000000-0000-0000-0000-000000000001 belongs to a product with another content"
        );
        assert!(world.reports.borrow().is_empty());
        assert_eq!(world.saves.get(), 0);
    }
}
