//! `AWS.md` names rules and tests that exist, where it says that they are.

use std::fs;
use std::path::Path;

#[test]
fn what_the_page_of_claims_names_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(folder.join("AWS.md")).expect("the page");
    let mut count = 0;
    // [`name`](path) or [text](path), and the addresses of AWS.
    for (before, after) in page.match_indices("](").map(|(at, _)| (&page[..at], &page[at + 2..])) {
        let text = &before[before.rfind('[').expect("a link begins") + 1..];
        let target = &after[..after.find(')').expect("a link ends")];
        if target.starts_with("https://") || target.starts_with('#') {
            continue;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let file = folder.join(path);
        assert!(file.exists(), "[{text}]({target}): there is no {path}");
        let Some(name) = text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) else { continue };
        if name.contains('/') {
            continue;
        }
        let words = fs::read_to_string(&file).unwrap_or_default();
        let is_there = match anchor.is_empty() {
            true => words.contains(name),
            false => anchor == name && words.contains(&format!("(#{name})")),
        };
        assert!(is_there, "[{text}]({target}): {path} does not have it");
        count += 1;
    }
    assert!(count > 60, "{count} names were looked up");
}
