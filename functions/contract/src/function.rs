//! What a function is called, in a stack, in logs and metrics, and as a binary.

/// The names of one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionNames {
    /// Its logical id, and its name in logs, metrics and dead letters, such as `FipePriceLoader`.
    pub name: &'static str,
    /// Its binary and its asset, such as `fipe-price-loader`.
    pub asset: &'static str,
}

impl FunctionNames {
    /// Its name on a stage, such as `FipePriceLoader-dev`.
    pub fn on_stage(&self, stage: &str) -> String {
        format!("{}-{stage}", self.name)
    }
}
