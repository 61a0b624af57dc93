//! The files to upload and the keys that they get, checked before anything is sent: all that is wrong is told at once.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use analytics_contract::{DRY_RUN_PREFIX, KEY_BYTES, KEY_CHARACTERS};
use system::{Failed, nearest};

/// What is sent, under which key.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) key: String,
    pub(super) bytes: u64,
    pub(super) content: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    File {
        path: PathBuf,
        /// When it was last written, if its file system says so.
        modified: Option<SystemTime>,
    },
    Text(String),
}

impl Outgoing {
    pub(super) fn text(key: &str, text: String) -> Self {
        Self { key: key.to_owned(), bytes: text.len() as u64, content: Content::Text(text) }
    }

    /// What messages call it: the file as it was given, else the key.
    pub(super) fn name(&self) -> String {
        match &self.content {
            Content::File { path, .. } => path.display().to_string(),
            Content::Text(_) => self.key.clone(),
        }
    }

    /// Whether somebody has written to the file since it was looked at.
    pub(super) fn has_changed(&self) -> bool {
        match &self.content {
            Content::File { path, modified } => {
                fs::metadata(path).map_or(true, |now| now.len() != self.bytes || now.modified().ok() != *modified)
            }
            Content::Text(_) => false,
        }
    }
}

/// The files with their keys: the name of each behind the prefix, or the one that is given.
pub(super) fn outgoing(paths: &[PathBuf], key: Option<&str>, prefix: &str) -> Result<Vec<Outgoing>, Failed> {
    if let (Some(key), [_, _, ..]) = (key, paths) {
        let text = format!("--key {key:?} is of one file, and {} are given; give --prefix instead", paths.len());
        return Err(Failed::usage(text));
    }
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    let mut by_key: BTreeMap<String, &Path> = BTreeMap::new();
    for path in paths {
        match one(path, key, prefix) {
            Ok(file) => {
                if let Some(other) = by_key.insert(file.key.clone(), path) {
                    let (one, two, key) = (shown(other), shown(path), &file.key);
                    let fix = "upload them one by one, with --key or --prefix";
                    wrong.push(format!("{one:?} and {two:?} both become {key:?}; {fix}"));
                }
                found.push(file);
            }
            Err(what) => wrong.push(what),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(Failed::usage(format!("{}; nothing was sent", wrong.join("; ")))) }
}

fn one(path: &Path, key: Option<&str>, prefix: &str) -> Result<Outgoing, String> {
    let shown = shown(path);
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("{shown:?} does not exist{}", meant(path)),
        _ => format!("cannot read {shown:?}: {error}"),
    })?;
    if metadata.is_dir() {
        return Err(format!(
            "{shown:?} is a directory; name the files in it, for example {}",
            path.join("*.csv").display()
        ));
    }
    if !metadata.is_file() {
        return Err(format!("{shown:?} is no regular file, so its size is unknown; write it to a file first"));
    }
    File::open(path).map_err(|error| format!("cannot read {shown:?}: {error}; `ls -l` shows who may"))?;
    if metadata.len() == 0 {
        return Err(format!("{shown:?} is empty; even a file without rows has a header"));
    }
    let name = || path.file_name().and_then(|name| name.to_str());
    let key = match key {
        Some(key) => format!("{prefix}{key}"),
        None => format!("{prefix}{}", name().ok_or_else(|| format!("the name of {shown:?} is no UTF-8; give --key"))?),
    };
    check(&key)?;
    let content = Content::File { path: path.to_owned(), modified: metadata.modified().ok() };
    Ok(Outgoing { key, bytes: metadata.len(), content })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A file beside the missing one that is called almost like it.
fn meant(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(folder) else {
        return format!(", nor does its folder {:?}", shown(folder));
    };
    let names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let near = nearest(name, names.iter().map(String::as_str));
    near.map(|near| format!("; did you mean {:?}?", shown(&path.with_file_name(near)))).unwrap_or_default()
}

/// The rules of the API for a key.
fn check(key: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("the key {key:?} {what}; give another with --key or --prefix"));
    match key {
        "" => wrong("is empty"),
        _ if key.starts_with('/') => wrong("begins with a slash"),
        _ if key.starts_with(DRY_RUN_PREFIX) => wrong("begins with dry-run/, where the files of dry runs are"),
        _ if key.ends_with('/') => wrong("ends with a slash, so S3 shows it as a folder"),
        _ if key.chars().any(char::is_control) => wrong("contains a control character"),
        _ if key.split('/').any(|segment| matches!(segment, "." | "..")) => wrong("has a segment . or .."),
        _ if key.chars().count() > KEY_CHARACTERS => wrong("is longer than 512 characters"),
        _ if key.len() > KEY_BYTES => wrong("is longer than 979 bytes"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["march.csv", "april.csv", "inner/march.csv"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "signal\n").unwrap();
        }
        fs::write(folder.path().join("nothing.csv"), "").unwrap();
        folder
    }

    fn keys(names: &[&str], key: Option<&str>, prefix: &str) -> Result<Vec<String>, String> {
        let folder = folder();
        let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        let of = outgoing(&paths, key, prefix);
        let shown = format!("{}/", folder.path().display());
        of.map(|files| files.into_iter().map(|file| file.key).collect())
            .map_err(|error| error.to_string().replace(&shown, ""))
    }

    #[test]
    fn a_key_is_the_name_of_the_file_behind_the_prefix_or_the_one_given() {
        assert_eq!(keys(&["march.csv", "april.csv"], None, "").unwrap(), ["march.csv", "april.csv"]);
        assert_eq!(keys(&["inner/march.csv"], None, "2026/").unwrap(), ["2026/march.csv"]);
        assert_eq!(keys(&["march.csv"], Some("rádio tv.csv"), "").unwrap(), ["rádio tv.csv"]);
        assert_eq!(keys(&["march.csv"], Some("m.csv"), "2026/").unwrap(), ["2026/m.csv"]);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_with_what_to_do() {
        let told = keys(&["marhc.csv", "inner", "nothing.csv", "march.csv"], None, "").unwrap_err();
        assert_eq!(
            told,
            r#""marhc.csv" does not exist; did you mean "march.csv"?; "inner" is a directory; name the files in it, for example inner/*.csv; "nothing.csv" is empty; even a file without rows has a header; nothing was sent"#
        );
        let told = keys(&["else/march.csv"], None, "").unwrap_err();
        assert_eq!(told, r#""else/march.csv" does not exist, nor does its folder "else"; nothing was sent"#);
    }

    #[test]
    fn two_files_do_not_become_one_object() {
        let told = keys(&["march.csv", "inner/march.csv"], None, "x/").unwrap_err();
        assert!(told.starts_with(r#""march.csv" and "inner/march.csv" both become "x/march.csv"; upload"#), "{told}");
        let told = keys(&["march.csv", "april.csv"], Some("a.csv"), "").unwrap_err();
        assert_eq!(told, r#"--key "a.csv" is of one file, and 2 are given; give --prefix instead"#);
    }

    #[test]
    fn a_key_that_the_api_would_refuse_is_refused() {
        for key in
            ["", "/a.csv", "a/", "a\nb", "../a.csv", "a/./b", "dry-run/a.csv", &"é".repeat(513), &"茶".repeat(400)]
        {
            let told = keys(&["march.csv"], Some(key), "").unwrap_err();
            assert!(told.starts_with(&format!("the key {key:?} ")) && told.contains("--prefix"), "{told}");
        }
    }

    #[test]
    fn a_file_that_is_written_to_meanwhile_has_changed() {
        let folder = folder();
        let path = folder.path().join("march.csv");
        let file = outgoing(std::slice::from_ref(&path), None, "").unwrap().remove(0);
        assert!(!file.has_changed());
        fs::write(&path, "signal\nmore\n").unwrap();
        assert!(file.has_changed());
        fs::remove_file(&path).unwrap();
        assert!(file.has_changed());
    }
}
