//! A review as text for people: the terminal, a comment on a pull request, a page. Returns strings, prints nothing.

mod diff;
mod folded;
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

/// What is rendered: a review, and what it is a review of.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub title: &'a str,
    /// The two sides, such as `main (1a2b3c4)` and `working tree`.
    pub before: &'a str,
    pub after: &'a str,
    pub review: &'a Review,
    /// The stages that were reviewed, including those without changes; empty if there are none.
    pub stages: &'a [String],
    /// Notes besides the changes, such as a file of the base that could not be parsed.
    pub notes: &'a [String],
    /// For the page; see [`crate::graphs`].
    pub graphs: &'a [Graph],
}
