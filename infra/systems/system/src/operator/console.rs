//! Where an operator's results go and its answers come from. The command line implements it; nothing else prints or reads.

use std::io;

use futures_util::future::LocalBoxFuture;

/// Results and notes as lines, progress as bars.
pub trait Console {
    /// A line of the result.
    fn data(&self, line: &str);

    /// A line about progress.
    fn note(&self, line: &str);

    /// Whether a person is watching: then bars are drawn, and progress lines are unnecessary.
    fn is_interactive(&self) -> bool;

    /// Bars with these names and a line below them; `None` without a terminal. They disappear when they are dropped.
    fn bars(&self, names: &[&str]) -> Option<Box<dyn Bars>>;
}

/// Bars that are being drawn.
pub trait Bars {
    /// Sets the bar of this index.
    fn set(&self, bar: usize, position: u64, length: u64, message: String);

    /// Sets the line below.
    fn line(&self, message: String);
}

/// Whoever answers questions: a person at a terminal, or a script through stdin.
pub trait Answers {
    /// Whether there is a person.
    fn is_person(&self) -> bool;

    /// Asks a person; `None` where there is none.
    fn ask<'a>(&'a self, question: &'a str) -> LocalBoxFuture<'a, io::Result<Option<String>>>;

    /// Asks a person and does not show what is typed; where there is none, the next line of stdin is the answer. Without the end of its line.
    fn secret<'a>(&'a self, question: &'a str) -> LocalBoxFuture<'a, io::Result<String>>;
}
