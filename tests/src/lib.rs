//! What the end-to-end tests share: a local cloud of their own.
