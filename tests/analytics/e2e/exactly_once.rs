//! Whatever happens to messages and files, each row counts once.

use analytics_tests::truth::{Truth, compare};
use analytics_tests::{Analytics, Object, SOON, files};
use anyhow::ensure;

/// The answers about the programs of a prefix are the truth, and as many rows count.
fn is_true(analytics: &Analytics, what: &str, prefix: &str, truth: &Truth) -> anyhow::Result<()> {
    let rows = analytics.rows(prefix)?;
    ensure!(rows == truth.rows(), "{what}: {rows:?} rows count, not {:?}", truth.rows());
    for nth in 0..6 {
        let code = format!("{prefix}{nth}");
        compare(what, &analytics.program(&code)?, &code, &truth.all(&code))?;
    }
    Ok(())
}

/// The same files again, under the same keys and under others; and their events again.
pub(crate) fn again(analytics: &mut Analytics) -> anyhow::Result<()> {
    let prefix = "ONCE";
    let (exhibitions, slots) = (files::exhibitions(21, prefix, 6), files::slots(21, prefix, 500));
    let (audience, availability) = (files::audience(&exhibitions), files::availability(&slots));
    let mut truth = Truth::default();
    truth.exhibitions(&exhibitions).slots(&slots);
    let mut objects = Vec::new();
    for (what, folder) in [("once", "once"), ("twice", "once"), ("elsewhere", "else"), ("first again", "once")] {
        for (name, text) in [("audience", &audience), ("slots", &availability)] {
            let object = analytics.wait(analytics.bucket.put(&format!("{folder}/{name}.csv"), text.clone()))?;
            analytics.applied(&object)?;
            objects.push(object);
        }
        is_true(analytics, what, prefix, &truth)?;
    }
    let repeated = analytics.find(&objects[4])?.map(|found| found.id).unwrap_or_default();
    let report = analytics.get(&format!("/analytics/uploads/{repeated}"))?.json()?;
    analytics.until("the overlap to be counted", SOON, || {
        let report = analytics.get(&format!("/analytics/uploads/{repeated}"))?.json()?;
        Ok(report["rows_repeated"] == exhibitions.len())
    })?;
    ensure!(report["rows_taken"] == exhibitions.len(), "{report}");

    let version = |analytics: &Analytics| {
        anyhow::Ok(analytics.get("/analytics/program?program_code=ONCE0")?.header("etag").to_owned())
    };
    let before = version(analytics)?;
    for round in 0..3 {
        for object in objects.iter().rev().cycle().skip(round).take(objects.len()) {
            analytics.deliver(&Analytics::event(&analytics.bucket.name, &[object]))?;
        }
    }
    analytics.until_taken()?;
    is_true(analytics, "events again", prefix, &truth)?;
    ensure!(version(analytics)? == before, "something counts anew");
    let uploads = analytics.count("upload WHERE object_key LIKE 'once/%' OR object_key LIKE 'else/%'", &[])?;
    ensure!(uploads == 8, "{uploads} uploads of 8 versions");
    analytics.no_dead_letters()
}

/// Two files that have rows in common: in both orders the same when the rows are, else the later one's.
pub(crate) fn overlapping(analytics: &mut Analytics) -> anyhow::Result<()> {
    let all = |prefix: &str| (files::exhibitions(22, prefix, 6), files::slots(22, prefix, 400));
    for (prefix, order, is_same) in
        [("ABSAME", [0, 1], true), ("BASAME", [1, 0], true), ("ABDIFF", [0, 1], false), ("BADIFF", [1, 0], false)]
    {
        let (exhibitions, slots) = all(prefix);
        let third = exhibitions.len() / 3;
        let mut later = exhibitions[third..].to_vec();
        if !is_same {
            later[..third].iter_mut().for_each(|row| row.audience += 1_000.5);
        }
        let parts = [exhibitions[..2 * third].to_vec(), later];
        let mut truth = Truth::default();
        truth.slots(&slots);
        analytics.apply(&format!("{prefix}/slots.csv"), files::availability(&slots))?;
        for part in order {
            truth.exhibitions(&parts[part]);
            let found = analytics.apply(&format!("{prefix}/{part}.csv"), files::audience(&parts[part]))?;
            ensure!(found.taken == parts[part].len() as i64, "{found:?}");
            is_true(analytics, prefix, prefix, &truth)?;
        }
        // A smaller file in the place of the second gives the first its rows back.
        let (of_first, of_second) = (&parts[order[0]], &parts[order[1]][third..]);
        analytics.apply(&format!("{prefix}/{}.csv", order[1]), files::audience(of_second))?;
        let mut truth = Truth::default();
        truth.slots(&slots).exhibitions(of_first).exhibitions(of_second);
        is_true(analytics, "a smaller file in its place", prefix, &truth)?;
    }
    analytics.no_dead_letters()
}

/// Two files in twenty pieces each, all at once.
pub(crate) fn in_pieces(analytics: &mut Analytics) -> anyhow::Result<()> {
    let prefix = "PIECE";
    let (exhibitions, mut slots) = (files::exhibitions(23, prefix, 8), files::slots(23, prefix, 600));
    // Slots of one day are told apart by their order, so pieces of a file have whole days.
    slots.sort_by_key(|slot| slot.day);
    let mut truth = Truth::default();
    truth.exhibitions(&exhibitions).slots(&slots);
    let mut texts: Vec<String> = exhibitions.chunks(exhibitions.len().div_ceil(20)).map(files::audience).collect();
    let days: Vec<&[_]> = slots.chunk_by(|one, other| one.day == other.day).collect();
    texts.extend(days.chunks(days.len().div_ceil(20)).map(|days| files::availability(&days.concat())));
    let bucket = analytics.bucket.clone();
    let objects: Vec<Object> = analytics.wait(async {
        let mut objects = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            objects.push(bucket.put(&format!("pieces/{index}.csv"), text.clone()).await?);
        }
        anyhow::Ok(objects)
    })?;
    ensure!(objects.len() >= 35, "{} pieces", objects.len());
    for object in &objects {
        analytics.applied(object)?;
    }
    is_true(analytics, "in pieces", prefix, &truth)?;
    analytics.no_dead_letters()
}

/// Versions of one key that arrive at once and in any order: the newest counts, and no other.
pub(crate) fn racing_versions(analytics: &mut Analytics) -> anyhow::Result<()> {
    for round in 0..3 {
        let prefix = format!("RACE{round}_");
        let key = format!("race/{round}.csv");
        analytics.let_importer_have_messages(false)?;
        let mut objects = Vec::new();
        for version in 0..4 {
            let slots = files::slots(30 + version, &prefix, 200 + 300 * version as usize % 700);
            objects.push((analytics.wait(analytics.bucket.put(&key, files::availability(&slots)))?, slots));
        }
        analytics.let_importer_have_messages(true)?;
        analytics.until("all versions to be read", SOON, || {
            let is_done = |(object, _): &(Object, _)| {
                anyhow::Ok(analytics.find(object)?.is_some_and(|found| found.state != "reading"))
            };
            objects.iter().try_fold(true, |all, object| Ok(all && is_done(object)?))
        })?;
        analytics.until_taken()?;
        let states =
            objects.iter().map(|(object, _)| Ok(analytics.find(object)?.map(|found| found.state).unwrap_or_default()));
        let states: Vec<String> = states.collect::<anyhow::Result<_>>()?;
        ensure!(states == ["superseded", "superseded", "superseded", "applied"], "{states:?}");
        let mut truth = Truth::default();
        truth.slots(&objects[3].1);
        is_true(analytics, "the newest version", &prefix, &truth)?;
    }
    analytics.no_dead_letters()
}
