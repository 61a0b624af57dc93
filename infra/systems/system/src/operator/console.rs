//! Where an operator's results go. The command line implements it; nothing else prints.

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
