//! Programs that have stopped are noticed.

use std::time::Duration;

use analytics_store::silent_groups;

use crate::support::{TestDatabase, audience};

async fn silent(test: &TestDatabase) -> u64 {
    silent_groups(&mut test.database.client().await.unwrap(), Duration::from_secs(5)).await.unwrap()
}

#[tokio::test]
async fn a_program_that_came_each_week_and_now_does_not_is_silent_until_it_comes_again() {
    let test = TestDatabase::create().await;
    assert_eq!(silent(&test).await, 0);
    let mondays = ["2021-03-01", "2021-03-08", "2021-03-15", "2021-03-22"].map(|day| (day, 1.0));
    test.import("mondays.csv", 1, &audience(&mondays)).await;
    assert_eq!(silent(&test).await, 0, "its signal has nothing later");
    // Another program on the same signal shows that there is a later week.
    let later = audience(&[("2021-03-29", 1.0)]).replace("NOVA", "SOLO");
    test.import("later.csv", 2, &later).await;
    assert_eq!(silent(&test).await, 1);
    test.import("again.csv", 3, &audience(&[("2021-03-29", 1.0)])).await;
    assert_eq!(silent(&test).await, 0);
}
