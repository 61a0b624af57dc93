//! What people and programs see: the terminal, and what is drawn on it.

pub(crate) mod one_line;
pub(crate) mod paint;
pub(crate) mod progress;
pub(crate) mod quantity;
pub(crate) mod reporter;
pub(crate) mod terminal;
pub(crate) mod text_box;
