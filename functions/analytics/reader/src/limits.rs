//! How long a record may be.

/// Bytes of a record without its line end; a longer one is rejected.
pub const RECORD_BYTES: usize = 64 * 1024;
