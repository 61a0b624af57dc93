//! `MessagesLogin`: which event it is. The rules are in `messages-auth`, the adapters in `messages-auth-store`.

mod event;

pub use event::{Event, Response};
