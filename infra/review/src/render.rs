//! A review as text for people: the terminal, a comment on a pull request, a page. Gives strings, prints nothing.

mod diff;
mod html;
mod markdown;
mod tables;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod view;

use crate::change::Review;
use crate::graph::Graph;

pub use html::{RenderError, html};
pub use markdown::{MARKDOWN_LIMIT, MARKER, markdown};
pub use terminal::{Style, terminal};

/// What is shown: a review, and what it is a review of.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub title: &'a str,
    /// The two sides, such as `main (1a2b3c4)` and `working tree`.
    pub before: &'a str,
    pub after: &'a str,
    pub review: &'a Review,
    /// The stages that were looked at, also those without changes; empty where there are none.
    pub stages: &'a [String],
    /// What to know besides the changes, such as a file of the base that could not be read.
    pub notes: &'a [String],
    /// For the page; see [`crate::graphs`].
    pub graphs: &'a [Graph],
}
