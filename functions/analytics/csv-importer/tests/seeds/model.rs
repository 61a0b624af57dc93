//! What has to come out: of each key the newest version that can be read, and of equal rows that of the later version.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::TestDatabase;
use crate::files::{Files, Key, Version};

/// The rows that count, by kind.
fn expected(files: &Files, is_audience: bool) -> BTreeMap<Key, i64> {
    let mut newest: BTreeMap<&str, &Version> = BTreeMap::new();
    // In the order in which they were made.
    for version in files.0.iter().filter(|version| version.poison.is_none()) {
        newest.insert(&version.object.key, version);
    }
    let mut counting: Vec<_> = newest.into_values().filter(|version| version.is_audience == is_audience).collect();
    counting.sort_by_key(|version| version.object.event_time);
    counting.into_iter().flat_map(|version| version.rows.iter().cloned()).collect()
}

/// Where the database or the dead letters differ from the model.
pub(crate) async fn difference(files: &Files, database: &TestDatabase, dead: &[(String, String)]) -> Option<String> {
    for (is_audience, query) in [
        (
            true,
            "SELECT program_code, signal, exhibition_date::text, 0, average_audience::bigint FROM current_exhibition",
        ),
        (false, "SELECT program_code, signal, day::text, (nth - 1)::integer, available_time::bigint FROM current_slot"),
    ] {
        let rows = database.owner().await.query(query, &[]).await.unwrap();
        let found: BTreeMap<Key, i64> = rows
            .iter()
            .map(|row| {
                let nth = u8::try_from(row.get::<_, i32>(3)).unwrap_or_default();
                ((row.get(0), row.get(1), row.get(2), nth), row.get(4))
            })
            .collect();
        let expected = expected(files, is_audience);
        if found != expected {
            return Some(format!("found {found:?}, expected {expected:?}"));
        }
    }
    let twice = "
        SELECT count(*) FROM (
            SELECT upload_number, record FROM exhibition UNION ALL SELECT upload_number, record FROM slot
        ) AS all_rows GROUP BY upload_number, record HAVING count(*) > 1";
    if !database.owner().await.query(twice, &[]).await.unwrap().is_empty() {
        return Some("a row was written twice".to_owned());
    }
    let reading = database.owner().await.query("SELECT FROM upload WHERE state = 'reading'", &[]).await.unwrap();
    if !reading.is_empty() {
        return Some(format!("{} uploads were never finished", reading.len()));
    }
    let poison = files.0.iter().filter_map(|version| Some((version.object.version_id.clone()?, version.poison?)));
    let poison: BTreeSet<String> = poison.map(|(id, _)| id).collect();
    let found: BTreeSet<String> = dead.iter().map(|(id, _)| id.clone()).collect();
    if !found.is_subset(&poison) || !poison.is_subset(&found) {
        return Some(format!("dead letters {dead:?}, poison {poison:?}"));
    }
    let without_kind = |(id, reason): &&(String, String)| {
        let version = files.0.iter().find(|version| version.object.version_id.as_ref() == Some(id));
        let kind = version.and_then(|version| version.poison).unwrap_or_default();
        !reason.contains(kind)
    };
    dead.iter().find(without_kind).map(|letter| format!("no reason: {letter:?}"))
}
