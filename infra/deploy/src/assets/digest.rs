//! SHA-256 digests, in the two notations that are needed: keys have hexadecimal digits, S3 has Base64.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::Digest;

/// The SHA-256 of an object of the assets bucket. Its key has it, and S3 computes and stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Of what `write` writes.
    pub(super) fn of_written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Self> {
        let mut hash = Hash(sha2::Sha256::new());
        write(&mut hash)?;
        Ok(Self(hash.0.finalize().into()))
    }

    /// 64 lowercase hexadecimal digits, as keys have it.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// 44 characters of Base64, as S3 has it in `x-amz-checksum-sha256`.
    pub fn base64(&self) -> String {
        BASE64_STANDARD.encode(self.0)
    }
}

/// Hashes everything written to it.
struct Hash(sha2::Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
