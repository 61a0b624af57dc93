//! Which function is running: its name, its stage, and the logs and metrics that bear them.

use crate::log::Log;
use crate::metrics::Metrics;

/// The running function: its name in logs and metrics, the stage and the metrics' namespace.
#[derive(Debug, Clone)]
pub struct Function {
    name: &'static str,
    stage: String,
    namespace: &'static str,
}

impl Function {
    /// `name` without the stage, such as `FipePriceLoader`; `namespace` of its metrics, such as `Fipe`.
    pub fn new(name: &'static str, stage: impl Into<String>, namespace: &'static str) -> Self {
        Self { name, stage: stage.into(), namespace }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn log(&self) -> Log {
        Log::new(self.name, self.stage.clone())
    }

    pub fn metrics(&self) -> Metrics {
        Metrics::new(self.namespace, self.name, self.stage.clone())
    }
}
