//! Keys of objects. The file of a dry run has one of its own, so that the bucket's current version of a key is never one that was only checked; the bucket's
//! lifecycle removes it.

/// Before every key of a dry run: `dry-run/<UUID>/<key>`.
pub const DRY_RUN_PREFIX: &str = "dry-run/";
/// Days after which S3 removes the files of dry runs.
pub const DRY_RUN_DAYS: u16 = 1;
/// The most bytes of a key in UTF-8: S3's limit, less what a dry run puts in front of it.
pub const KEY_BYTES: usize = 1_024 - (DRY_RUN_PREFIX.len() + 36 + 1);
/// The most characters of a key.
pub const KEY_CHARACTERS: usize = 512;

/// Where the file of a dry run goes that is about `key`. `id` is a UUID, another one for each run.
pub fn dry_run_key(id: &str, key: &str) -> String {
    format!("{DRY_RUN_PREFIX}{id}/{key}")
}

/// The key that a dry run is about; `None` for an object that is none of a dry run.
pub fn key_of_dry_run(object_key: &str) -> Option<&str> {
    let rest = object_key.strip_prefix(DRY_RUN_PREFIX)?;
    let key = rest.split_once('/').map_or(rest, |(_, key)| key);
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_dry_run_leads_back_to_the_key_that_it_is_about() {
        let id = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11";
        let object = dry_run_key(id, "2026/march.csv");
        assert_eq!(object, format!("dry-run/{id}/2026/march.csv"));
        assert_eq!(key_of_dry_run(&object), Some("2026/march.csv"));
        assert_eq!(dry_run_key(id, &"x".repeat(KEY_BYTES)).len(), 1_024);
        assert_eq!(key_of_dry_run("dry-run/march.csv"), Some("march.csv"), "put there by hand");
        for other in ["march.csv", "2026/dry-run/march.csv", "dry-run", "dry-run/", "dry-run/x/"] {
            assert_eq!(key_of_dry_run(other), None, "{other}");
        }
    }
}
