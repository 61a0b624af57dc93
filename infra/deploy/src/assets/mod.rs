//! Assets: packed as archives, named by what they contain, uploaded once. Refuses to build them.

mod archive;
mod asset;
mod digest;
mod upload;

pub use archive::{Archive, Compression, Content, Entry};
pub use asset::Asset;
pub(crate) use digest::sha256;
pub(crate) use upload::{Assets, URL_LIMIT};
