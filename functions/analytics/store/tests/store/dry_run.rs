//! A dry run reports what would change, and changes nothing.

use analytics_contract::{Effect, State};
use analytics_core::Store;
use analytics_store::Ended;

use crate::support::{TestDatabase, audience, availability, object};

#[tokio::test]
async fn a_dry_run_counts_what_would_change_and_changes_nothing() {
    let test = TestDatabase::create().await;
    test.import("slots.csv", 1, &availability(&[("05/04/2021", 30)])).await;
    test.import("a.csv", 2, &audience(&[("2021-03-01", 100.0), ("2021-03-08", 300.0), ("2021-03-15", 200.0)])).await;
    let version = test.database.version().await.unwrap();
    let mut dry = object("a.csv", 3);
    dry.dry_run = true;
    let file = audience(&[("2021-03-01", 150.0), ("2021-03-08", 300.0), ("2021-03-22", 1.0), ("2021-03-29", 1.0)]);
    assert_eq!(test.import_object(&dry, &file).await, Ended::Checked);
    let upload = &test.database.uploads(None, 1).await.unwrap()[0];
    assert_eq!(upload.state, State::Checked);
    // Predictions were 100, 200, 200 and would be 150, 225 for the two days that stay.
    let effect =
        Effect { new: 2, changed: 1, unchanged: 1, gone: 1, predictions_moved: 2, largest_move_percent: Some(50.0) };
    assert_eq!(upload.effect, Some(effect));
    assert_eq!((upload.rows_overwritten, &upload.replaced), (Some(0), &None));
    assert_eq!(test.prediction("NOVA").await, Some(500.0 / 3.0));
    assert_eq!(test.database.version().await.unwrap(), version);
    assert_eq!(test.count("SELECT count(*) FROM exhibition").await, 3);
}
