//! What `infra status fipe` reads.

use fipe_contract::Progress;
use fipe_store::{status, write};

use crate::support::{Database, brands, crawl, model, models, prices};

#[tokio::test]
async fn no_crawl_has_no_status() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    assert_eq!(status(&mut client, None).await.unwrap(), None);
    assert_eq!(status(&mut client, Some(crawl(1).id)).await.unwrap(), None);
}

#[tokio::test]
async fn the_newest_crawl_is_counted_by_vehicle_type() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    write(&mut client, &[&brands(&crawl(1), 1, &[("25", "Hyundai")])]).await.unwrap();
    let newest = crawl(2);
    let loads = [
        brands(&newest, 1, &[("25", "Hyundai"), ("3", "Agrale")]),
        brands(&newest, 2, &[("80", "Honda")]),
        models(&newest, 1, "25", "Hyundai", &[(7, "HB20"), (8, "i30")]),
        prices(&newest, vec![model(7, Some(&["2014-1", "2013-1", "2012-1"]), &[("2014-1", "1")], &["2013-1"])]),
        // Its first part is still on the way, so nothing of it counts but the calls.
        prices(&newest, vec![model(8, None, &[("2014-1", "1")], &[])]),
    ];
    write(&mut client, &loads.iter().collect::<Vec<_>>()).await.unwrap();

    let counted = status(&mut client, None).await.unwrap().unwrap();
    assert_eq!(counted.crawl_id, newest.id);
    assert_eq!((counted.reference_code, counted.reference_month.as_str()), (336, "2026-08"));
    assert_eq!(counted.completed_at, None);
    assert_eq!((counted.calls, counted.retries), (1 + 1 + 2 + 3 + 3, 1 + 1 + 1));
    let cars = Progress {
        vehicle_type: 1,
        brands_expected: 2,
        brands_loaded: 1,
        models_expected: 2,
        models_loaded: 1,
        prices_expected: 3,
        prices_loaded: 1,
        prices_absent: 1,
    };
    let motorcycles = Progress {
        vehicle_type: 2,
        brands_expected: 1,
        brands_loaded: 0,
        models_expected: 0,
        models_loaded: 0,
        prices_expected: 0,
        prices_loaded: 0,
        prices_absent: 0,
    };
    assert_eq!(counted.by_vehicle_type, [cars, motorcycles]);

    let first = status(&mut client, Some(crawl(1).id)).await.unwrap().unwrap();
    assert_eq!((first.crawl_id, first.by_vehicle_type.len()), (crawl(1).id, 1));
}
