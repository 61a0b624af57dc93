//! The history of a price over the months: what it shows, and how PostgreSQL finds it.

use crate::support::{Database, brands, crawl, model, models, prices};
use fipe_core::message::{Crawl, Load};
use fipe_store::write;

const HISTORY: &str = "SELECT model_year, fuel_code, reference_month, price FROM fipe_price_history
    WHERE fipe_code = '000007-1' ORDER BY model_year, fuel_code, reference_month";

#[tokio::test]
async fn a_history_is_of_one_code_year_and_fuel_in_the_order_of_the_months() {
    let database = Database::create().await;
    let mut client = database.connect().await;
    // Reference 3 is of January 2003 and 2 of January 2002; a code and year with two fuels has two prices.
    for (reference_code, month, petrol, diesel) in [(3, "2003-01", "30", "33"), (2, "2002-01", "20", "22")] {
        let crawl = Crawl { reference_code, month: month.parse().unwrap(), ..crawl(reference_code as u128) };
        let pairs = ["2001-1", "2001-3"];
        let loads: [Load; 3] = [
            brands(&crawl, 1, &[("25", "Hyundai")]),
            models(&crawl, 1, "25", "Hyundai", &[(7, "HB20")]),
            prices(&crawl, vec![model(7, Some(&pairs), &[(pairs[0], petrol), (pairs[1], diesel)], &[])]),
        ];
        write(&mut client, &loads.iter().collect::<Vec<_>>()).await.unwrap();
    }
    let sql = "SELECT concat_ws(' ', fipe_code, model_year, fuel_code, reference_month, price) FROM fipe_price_history
        ORDER BY model_year, fuel_code, reference_month";
    let rows: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(
        rows,
        [
            "015069-0 2001 1 2002-01-01 20.00",
            "015069-0 2001 1 2003-01-01 30.00",
            "015069-0 2001 3 2002-01-01 22.00",
            "015069-0 2001 3 2003-01-01 33.00",
        ]
    );
}

/// 24 months of 2,000 vehicles, after the vacuum that makes an index-only scan worth it.
#[tokio::test]
async fn a_history_is_read_from_the_index_alone() {
    let database = Database::create().await;
    let owner = database.owner().await;
    owner
        .batch_execute(
            "INSERT INTO fipe_vehicle_model_value (reference_code, model_code, model_year, fuel_code, fipe_code, price)
             SELECT month, model, 2000, 1, lpad(model::text, 6, '0') || '-1', 1000 + model
             FROM generate_series(0, 23) AS month CROSS JOIN generate_series(1, 2000) AS model",
        )
        .await
        .unwrap();
    owner.batch_execute("VACUUM (ANALYZE) fipe_vehicle_model_value").await.unwrap();
    for role in ["fipe_reader", "fipe_app"] {
        owner.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        let rows = owner.query(HISTORY, &[]).await.unwrap();
        assert_eq!(rows.len(), 24, "a month each");
        let explain = format!("EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) {HISTORY}");
        let plan = owner.query(&explain, &[]).await.unwrap();
        let plan = plan.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n");
        let scan = "Index Only Scan using fipe_vehicle_model_value_history";
        assert!(plan.contains(scan) && plan.contains("Heap Fetches: 0"), "{plan}");
        owner.batch_execute("RESET ROLE").await.unwrap();
    }
}
