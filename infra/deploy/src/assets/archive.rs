//! Assets as zip archives, keyed by their bytes: the same files have the same key on every machine.
//! Contains no timestamps, no local paths and no file modes beyond "executable".

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::PathBuf;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::digest::Sha256;

/// One file of an archive.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Path inside the archive, `/` between folders.
    pub path: String,
    /// Content.
    pub content: Content,
    /// Mode 0755 instead of 0644.
    pub executable: bool,
}

/// The content of a file in an archive. A function's executable stays on disk and is read in chunks.
#[derive(Debug, Clone)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The content of this file, which must not change before the archive is uploaded.
    File(PathBuf),
}

impl Content {
    /// Passes the content on in chunks.
    fn copy_to(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => to.write_all(bytes),
            Self::File(path) => io::copy(&mut File::open(path)?, to).map(|_| ()),
        }
    }
}

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Uncompressed: fastest to create, for a cloud on this machine.
    Stored,
    /// Deflated: smallest to upload and to load.
    Deflated,
}

/// An asset: files that are uploaded together as one zip archive.
#[derive(Debug, Clone)]
pub struct Archive {
    name: String,
    files: Files,
    sha256: Sha256,
}

/// What an archive is made from, each time it is needed: none is kept in memory.
#[derive(Debug, Clone)]
enum Files {
    /// Packed here.
    Entries(Vec<Entry>, Compression),
    /// Packed before.
    Zip(PathBuf),
}

impl Archive {
    /// An asset named as the templates' parameters name it, for example `shop-order-loader`. Entries are sorted by
    /// path. The files must not change before the archive is uploaded: S3 refuses one with another SHA-256 than this.
    ///
    /// # Errors
    /// When a file cannot be read or packed, for example because it is larger than 4 GiB.
    pub fn new(name: impl Into<String>, mut entries: Vec<Entry>, compression: Compression) -> io::Result<Self> {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Self::of(name.into(), Files::Entries(entries, compression))
    }

    /// One that [`Self::write_zip`] wrote into this file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_zip(name: impl Into<String>, zip: impl Into<PathBuf>) -> io::Result<Self> {
        Self::of(name.into(), Files::Zip(zip.into()))
    }

    fn of(name: String, files: Files) -> io::Result<Self> {
        let sha256 = Sha256::of_written(|to| files.write_to(to))?;
        Ok(Self { name, files, sha256 })
    }

    /// The asset's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Of the archive's bytes.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Key in the assets bucket: `<stage>/<name>/<SHA-256 of the archive>.zip`. A stage's roles reach its own keys only.
    pub fn key(&self, stage: &str) -> String {
        format!("{stage}/{}/{}.zip", self.name, self.sha256.hex())
    }

    /// Writes the archive in chunks: every timestamp is 1980-01-01, every mode 0644 or 0755.
    ///
    /// # Errors
    /// When an entry cannot be packed, or `to` cannot be written.
    pub fn write_zip(&self, mut to: impl Write) -> io::Result<()> {
        self.files.write_to(&mut to)
    }

    /// The archive from its start, in a file without a name: however this program ends, nothing is left on disk.
    pub(crate) fn packed(&self) -> io::Result<File> {
        if let Files::Zip(path) = &self.files {
            return File::open(path);
        }
        let mut file = tempfile::tempfile()?;
        self.files.write_to(&mut file)?;
        file.rewind()?;
        Ok(file)
    }
}

impl Files {
    /// From its start to its end and never back, so that it can be hashed without being stored.
    fn write_to(&self, to: &mut dyn Write) -> io::Result<()> {
        let (entries, compression) = match self {
            Self::Zip(path) => return io::copy(&mut File::open(path)?, to).map(|_| ()),
            Self::Entries(entries, compression) => (entries, compression),
        };
        let method = match compression {
            Compression::Stored => CompressionMethod::Stored,
            Compression::Deflated => CompressionMethod::Deflated,
        };
        let level = (method == CompressionMethod::Deflated).then_some(9);
        let mut zip = ZipWriter::new_stream(to);
        for entry in entries {
            let options = SimpleFileOptions::default()
                .compression_method(method)
                .compression_level(level)
                .last_modified_time(DateTime::DEFAULT)
                .unix_permissions(if entry.executable { 0o755 } else { 0o644 });
            zip.start_file(entry.path.as_str(), options)?;
            entry.content.copy_to(&mut zip)?;
        }
        zip.finish()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    fn of_function(name: &str, executable: Content, compression: Compression) -> io::Result<Archive> {
        let entry = Entry { path: "bootstrap".to_owned(), content: executable, executable: true };
        Archive::new(name, vec![entry], compression)
    }

    fn zipped(archive: &Archive) -> Vec<u8> {
        let mut bytes = Vec::new();
        archive.write_zip(&mut bytes).unwrap();
        bytes
    }

    fn entry(path: &str, text: &str, executable: bool) -> Entry {
        Entry { path: path.to_owned(), content: Content::Bytes(text.as_bytes().to_vec()), executable }
    }

    #[test]
    fn the_same_files_make_the_same_archive_in_whatever_order_they_come() {
        let one = Archive::new("a", vec![entry("x", "1", false), entry("bootstrap", "2", true)], Compression::Deflated)
            .unwrap();
        let two = Archive::new("a", vec![entry("bootstrap", "2", true), entry("x", "1", false)], Compression::Deflated)
            .unwrap();
        assert_eq!(one.key("dev"), two.key("dev"));
        assert_eq!(zipped(&one), zipped(&two));
    }

    #[test]
    fn a_changed_byte_path_or_mode_is_another_key() {
        let key = |path, text, executable| {
            Archive::new("a", vec![entry(path, text, executable)], Compression::Stored).unwrap().key("dev")
        };
        let keys = [key("x", "1", false), key("x", "2", false), key("y", "1", false), key("x", "1", true)];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{key} comes twice");
        }
    }

    #[test]
    fn a_key_has_the_stage_first_and_the_hash_of_the_very_bytes() {
        let archive = of_function("f", Content::Bytes(b"binary".to_vec()), Compression::Deflated).unwrap();
        assert_eq!(archive.sha256(), Sha256::of(&zipped(&archive)));
        assert_eq!(archive.key("dev"), format!("dev/f/{}.zip", Sha256::of(&zipped(&archive)).hex()));
        assert_eq!(Sha256::of(b"").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(Sha256::of(b"").base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn an_archive_that_was_packed_before_is_the_same_asset() {
        let folder = tempfile::tempdir().unwrap();
        let archive = of_function("f", Content::Bytes(b"binary".to_vec()), Compression::Deflated).unwrap();
        let path = folder.path().join("f.zip");
        archive.write_zip(File::create(&path).unwrap()).unwrap();
        let again = Archive::of_zip("f", &path).unwrap();
        assert_eq!(again.key("dev"), archive.key("dev"));
        assert_eq!(zipped(&again), zipped(&archive));
        assert!(Archive::of_zip("f", folder.path().join("other.zip")).is_err());
    }

    #[test]
    fn a_function_archive_holds_an_executable_bootstrap_without_a_time() {
        let archive = of_function("f", Content::Bytes(b"#!/bin/sh\n".to_vec()), Compression::Deflated).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(zipped(&archive))).unwrap();
        assert_eq!(zip.len(), 1);
        let mut file = zip.by_index(0).unwrap();
        assert_eq!(file.name().unwrap(), "bootstrap");
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        assert_eq!(file.last_modified(), Some(DateTime::DEFAULT));
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "#!/bin/sh\n");
    }

    #[test]
    fn a_packed_archive_is_a_file_with_the_same_bytes() {
        let archive = of_function("f", Content::Bytes(b"binary".to_vec()), Compression::Stored).unwrap();
        let mut packed = archive.packed().unwrap();
        let mut bytes = Vec::new();
        packed.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, zipped(&archive));
    }
}
