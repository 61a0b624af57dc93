//! Everything that is wrong with a stage's settings, in one error.

use std::fmt;

/// Everything that is wrong with a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageError {
    /// The requested name.
    pub stage: String,
    pub faults: Vec<StageFault>,
}

/// One fault of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageFault {
    /// `stage.toml`, or empty where the fault is the stage's as a whole.
    pub file: String,
    /// Dotted key, or empty for the file as a whole.
    pub path: String,
    /// The value given, the values allowed.
    pub what: String,
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage {}:", self.stage)?;
        for fault in &self.faults {
            f.write_str("\n ")?;
            for part in [&fault.file, &fault.path, &fault.what].into_iter().filter(|part| !part.is_empty()) {
                write!(f, " {part}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for StageError {}
