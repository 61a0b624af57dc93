//! What `infra status fipe` reads.

use fipe_contract::Progress;
use fipe_core::message::Crawl;
use fipe_store::{Which, status, write};

use crate::support::{Database, brands, crawl, model, models, prices};

#[tokio::test]
async fn no_crawl_has_no_status() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    assert_eq!(status(&mut client, Which::Newest).await.unwrap(), None);
    assert_eq!(status(&mut client, Which::Crawl(crawl(1).id)).await.unwrap(), None);
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

    let counted = status(&mut client, Which::Newest).await.unwrap().unwrap();
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

    let first = status(&mut client, Which::Crawl(crawl(1).id)).await.unwrap().unwrap();
    assert_eq!((first.crawl_id, first.by_vehicle_type.len()), (crawl(1).id, 1));
}

#[tokio::test]
async fn a_month_is_asked_for_by_its_name_or_as_the_newest() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    // The tests' table ends with September 2026.
    let of = |id, reference_code, month: &str| Crawl { reference_code, month: month.parse().unwrap(), ..crawl(id) };
    for crawl in [of(1, 335, "2026-07"), of(2, 335, "2026-07"), of(3, 337, "2026-09"), of(4, 336, "2026-08")] {
        write(&mut client, &[&brands(&crawl, 1, &[("25", "Hyundai")])]).await.unwrap();
    }
    let mut found = async |which| status(&mut client, which).await.unwrap().map(|status| status.crawl_id.as_u128());
    assert_eq!(found(Which::Newest).await, Some(4));
    assert_eq!(found(Which::OfMonth("2026-07".parse().unwrap())).await, Some(2));
    assert_eq!(found(Which::OfMonth("2024-01".parse().unwrap())).await, None);
    assert_eq!(found(Which::OfNewestMonth).await, Some(3));
}
