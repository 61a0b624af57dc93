//! Assets as zip archives, keyed by their content: the same files have the same key on every machine.
//! Contains no timestamps, no local paths and no file modes beyond "executable".

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::digest::hex;

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
    /// Length in bytes.
    fn len(&self) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::File(path) => Ok(std::fs::metadata(path)?.len()),
        }
    }

    /// Passes the content on in chunks.
    fn copy_to(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => to.write_all(bytes),
            Self::File(path) => io::copy(&mut File::open(path)?, to).map(|_| ()),
        }
    }
}

/// How an archive is packed. The key does not depend on it.
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
    entries: Vec<Entry>,
    compression: Compression,
    sha256: String,
}

impl Archive {
    /// An asset named as the templates' parameters name it, for example `shop-order-loader`. Entries are sorted by
    /// path.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn new(name: impl Into<String>, mut entries: Vec<Entry>, compression: Compression) -> io::Result<Self> {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let sha256 = content_hash(&entries)?;
        Ok(Self { name: name.into(), entries, compression, sha256 })
    }

    /// The asset's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Key in the assets bucket: `<name>/<sha256 of paths, modes and contents>.zip`.
    pub fn key(&self) -> String {
        format!("{}/{}.zip", self.name, self.sha256)
    }

    /// Writes the archive in chunks: every timestamp is 1980-01-01, every mode 0644 or 0755.
    ///
    /// # Errors
    /// When an entry cannot be packed, for example because it is larger than 4 GiB, or when `to` cannot be written.
    pub fn write_zip(&self, to: impl Write + Seek) -> io::Result<()> {
        let method = match self.compression {
            Compression::Stored => CompressionMethod::Stored,
            Compression::Deflated => CompressionMethod::Deflated,
        };
        let level = (method == CompressionMethod::Deflated).then_some(9);
        let mut zip = ZipWriter::new(to);
        for entry in &self.entries {
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

    /// Packs the archive into an unnamed file: however this program ends, nothing is left on disk.
    pub(crate) fn packed(&self) -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        self.write_zip(&mut file)?;
        Ok(file)
    }
}

/// Hashes the contents and not the archive, so that another compressor does not change the key.
fn content_hash(entries: &[Entry]) -> io::Result<String> {
    let mut hash = Sha256::new();
    for entry in entries {
        hash.update((entry.path.len() as u64).to_be_bytes());
        hash.update(entry.path.as_bytes());
        hash.update([u8::from(entry.executable)]);
        hash.update(entry.content.len()?.to_be_bytes());
        entry.content.copy_to(&mut Hashing(&mut hash))?;
    }
    Ok(hex(&hash.finalize()))
}

/// Hashes everything written to it.
struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
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
        let mut bytes = Cursor::new(Vec::new());
        archive.write_zip(&mut bytes).unwrap();
        bytes.into_inner()
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
        assert_eq!(one.key(), two.key());
        assert_eq!(zipped(&one), zipped(&two));
    }

    #[test]
    fn a_changed_byte_path_or_mode_is_another_key() {
        let key = |path, text, executable| {
            Archive::new("a", vec![entry(path, text, executable)], Compression::Stored).unwrap().key()
        };
        let keys = [key("x", "1", false), key("x", "2", false), key("y", "1", false), key("x", "1", true)];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{key} comes twice");
        }
    }

    #[test]
    fn packing_does_not_change_the_key() {
        let stored = of_function("f", Content::Bytes(b"binary".to_vec()), Compression::Stored).unwrap();
        let deflated = of_function("f", Content::Bytes(b"binary".to_vec()), Compression::Deflated).unwrap();
        assert_eq!(stored.key(), deflated.key());
        assert!(stored.key().starts_with("f/") && stored.key().ends_with(".zip") && stored.key().len() == 2 + 64 + 4);
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
        packed.rewind().unwrap();
        let mut bytes = Vec::new();
        packed.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, zipped(&archive));
    }
}
