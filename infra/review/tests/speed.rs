//! All committed templates of all stages, read and compared.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use review::{Options, Pair, parse, review};

fn templates() -> Vec<(String, String, String)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../environments");
    let mut found = Vec::new();
    for stage in std::fs::read_dir(root).expect("environments").flatten() {
        let Ok(files) = std::fs::read_dir(stage.path().join("templates")) else { continue };
        for file in files.flatten() {
            let text = std::fs::read_to_string(file.path()).expect("a template");
            found.push((stage.file_name().to_string_lossy().into_owned(), file.path().display().to_string(), text));
        }
    }
    found.sort();
    found
}

const RETENTION: &str = "MessageRetentionPeriod: 345600";

fn pairs(texts: &[(String, String, String)]) -> Vec<Pair> {
    let pair = |(stage, path, text): &(String, String, String)| {
        let edited = text.replace(RETENTION, "MessageRetentionPeriod: 60");
        Pair {
            stage: Some(stage.clone()),
            stack: path.rsplit('/').next().unwrap_or_default().to_owned(),
            before: Some(parse(path, text).expect("ours")),
            after: Some(parse(path, &edited).expect("ours")),
        }
    };
    texts.iter().map(pair).collect()
}

#[test]
fn all_stages_are_read_and_reviewed_in_a_tenth_of_a_second() {
    let texts = templates();
    assert!(texts.len() >= 8, "{}", texts.len());
    let mut best = Duration::MAX;
    let edits: usize = texts.iter().map(|(_, _, text)| text.matches(RETENTION).count()).sum();
    assert!(edits >= 3 * 4, "the three queues of each of four stages");
    // Other programs run on the machine as well: one quick run of fifty shows what the work itself takes.
    for _ in 0..50 {
        let start = Instant::now();
        // A thread a stage, as the command does it: reading takes nine tenths of the time.
        let pairs: Vec<Pair> = std::thread::scope(|scope| {
            let stages: Vec<_> =
                texts.chunk_by(|one, two| one.0 == two.0).map(|stage| scope.spawn(|| pairs(stage))).collect();
            stages.into_iter().flat_map(|stage| stage.join().expect("templates")).collect()
        });
        let review = review(&pairs, &Options::default());
        best = best.min(start.elapsed());
        assert_eq!(review.changes.len(), edits);
        if best < Duration::from_millis(100) {
            break;
        }
    }
    let size: usize = texts.iter().map(|(_, _, text)| text.len()).sum();
    println!("{} templates, {size} bytes, twice each: {best:?}", texts.len());
    assert!(best < Duration::from_millis(100), "{best:?}");
}
