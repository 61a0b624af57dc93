//! Assets: packed as archives, keyed by stage and content, uploaded once. Building them is the caller's.

mod archive;
mod asset;
mod digest;
mod upload;

pub use archive::{Archive, Compression, Content, Entry};
pub use asset::Asset;
pub use digest::Sha256;
pub(crate) use upload::{Assets, URL_LIMIT};
