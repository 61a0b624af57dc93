//! Which function is running: its name, its stage, and the logs and metrics that bear them.

use crate::log::Log;
use crate::metrics::Metrics;

/// The running function: its name in logs and metrics, the stage and the metrics' namespace.
#[derive(Debug, Clone)]
pub struct Function {
    name: &'static str,
    stage: String,
    namespace: &'static str,
    also_without_dimensions: bool,
}

impl Function {
    /// `name` without the stage, such as `FipePriceLoader`; `namespace` of its metrics, such as `Fipe`.
    pub fn new(name: &'static str, stage: impl Into<String>, namespace: &'static str) -> Self {
        Self { name, stage: stage.into(), namespace, also_without_dimensions: false }
    }

    /// Its metrics exist without dimensions too: see [`Metrics::also_without_dimensions`].
    #[must_use]
    pub fn also_without_dimensions(mut self) -> Self {
        self.also_without_dimensions = true;
        self
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn log(&self) -> Log {
        Log::new(self.name, self.stage.clone())
    }

    pub fn metrics(&self) -> Metrics {
        let metrics = Metrics::new(self.namespace, self.name, self.stage.clone());
        if self.also_without_dimensions { metrics.also_without_dimensions() } else { metrics }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_metrics_of_a_function_have_the_same_dimension_sets() {
        let function = Function::new("WorkerConsumerSqs", "dev", "Messages");
        assert_eq!(function.metrics(), Metrics::new("Messages", "WorkerConsumerSqs", "dev"));
        assert_eq!(
            function.also_without_dimensions().metrics(),
            Metrics::new("Messages", "WorkerConsumerSqs", "dev").also_without_dimensions()
        );
    }
}
