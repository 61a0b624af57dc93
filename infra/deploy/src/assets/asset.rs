//! What an asset is made of: a function's binary, additional files, or files only. Does not know where binaries are built.

use std::io;
use std::path::{Path, PathBuf};

use super::archive::{Archive, Compression, Content, Entry};

/// Files that a template's parameters refer to by one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// As the parameters name it, for example `shop-order-loader`.
    pub name: String,
    /// The binary that becomes `bootstrap`, which is what the `provided` runtimes start. Several assets may have the same.
    pub binary: Option<String>,
    /// Path inside the archive, `/` between folders, and the file on disk.
    pub files: Vec<(String, PathBuf)>,
}

impl Asset {
    /// A function: only a binary.
    pub fn of_binary(name: impl Into<String>, binary: impl Into<String>) -> Self {
        Self { name: name.into(), binary: Some(binary.into()), files: Vec::new() }
    }

    /// Files without a binary, such as those of a layer.
    pub fn of_files(name: impl Into<String>) -> Self {
        Self { name: name.into(), binary: None, files: Vec::new() }
    }

    /// The same with another file.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<String>, source: impl Into<PathBuf>) -> Self {
        self.files.push((path.into(), source.into()));
        self
    }

    /// The same with the files of a folder that have this extension, below `prefix`; folders in it are left out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn with_folder(mut self, prefix: &str, folder: &Path, extension: &str) -> io::Result<Self> {
        for entry in std::fs::read_dir(folder)? {
            let source = entry?.path();
            if source.is_file() && source.extension().is_some_and(|found| found == extension) {
                let name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.files.push((format!("{prefix}/{name}"), source));
            }
        }
        self.files.sort();
        Ok(self)
    }

    /// Its archive; `executable` says where a binary was built.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn archive(&self, executable: impl Fn(&str) -> PathBuf, compression: Compression) -> io::Result<Archive> {
        let bootstrap = self.binary.iter().map(|binary| Entry {
            path: "bootstrap".to_owned(),
            content: Content::File(executable(binary)),
            executable: true,
        });
        let files = self.files.iter().map(|(path, source)| Entry {
            path: path.clone(),
            content: Content::File(source.clone()),
            executable: false,
        });
        Archive::new(&self.name, bootstrap.chain(files).collect(), compression)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_binary_and_the_files_beside_it_make_one_archive_whatever_else_is_in_their_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("db-init"), "binary").unwrap();
        fs::create_dir_all(root.join("sql/one/old.sql")).unwrap();
        fs::write(root.join("sql/one/0002_more.sql"), "SELECT 2").unwrap();
        fs::write(root.join("sql/one/0001_first.sql"), "SELECT 1").unwrap();
        fs::write(root.join("sql/one/notes.md"), "#").unwrap();
        let asset = Asset::of_binary("one-db-init", "db-init");
        let asset = asset.with_folder("sql/one", &root.join("sql/one"), "sql").unwrap();
        let archive = |asset: &Asset| asset.archive(|binary| root.join(binary), Compression::Deflated).unwrap();

        let made = archive(&asset);
        assert!(made.key("dev").starts_with("dev/one-db-init/"), "{}", made.key("dev"));
        let mut bytes = Vec::new();
        made.write_zip(&mut bytes).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let entries: Vec<_> = (0..zip.len())
            .map(|index| {
                let file = zip.by_index(index).unwrap();
                (file.name().unwrap().into_owned(), file.unix_mode().map(|mode| mode & 0o777))
            })
            .collect();
        let expected = [("bootstrap", 0o755), ("sql/one/0001_first.sql", 0o644), ("sql/one/0002_more.sql", 0o644)];
        assert_eq!(entries, expected.map(|(path, mode)| (path.to_owned(), Some(mode))));

        assert_eq!(archive(&asset).key("dev"), made.key("dev"));
        fs::write(root.join("sql/one/0002_more.sql"), "SELECT 3").unwrap();
        assert_ne!(archive(&asset).key("dev"), made.key("dev"), "a changed migration is another key");
    }
}
