//! Functions of a stage: what all of them share comes from `stage.toml`.

use cfn::Value;
use constructs::{Code, RustFunction, RustFunctionProps, Stack, Suppression, VpcPlacement};
use contract::FunctionNames;

use crate::{FunctionSize, Stage};

/// Where a function runs.
#[derive(Debug, Clone)]
pub enum Placement {
    /// In no VPC, and why that is right.
    Outside { why: &'static str },
    /// Where a database is, with the layer that has its certificate authorities.
    InVpc { vpc: VpcPlacement, rds_ca_layer: Value<String> },
}

impl Stage {
    /// Draws a function.
    #[track_caller]
    pub fn function(
        &self,
        stack: &mut Stack,
        (names, description): (FunctionNames, &'static str),
        size: FunctionSize,
        environment: Vec<(&'static str, Value<String>)>,
        placement: Placement,
    ) -> RustFunction {
        let why_outside = match &placement {
            Placement::Outside { why } => Some(*why),
            Placement::InVpc { .. } => None,
        };
        let props = self.function_props((names, description), size, environment, placement);
        let function = RustFunction::new(stack, names.name, props);
        if let Some(why) = why_outside {
            stack.suppress(function.id(), Suppression::checkov("CKV_AWS_117", why));
        }
        function
    }

    /// The same for a function that is drawn with more than that.
    pub fn function_props(
        &self,
        (names, description): (FunctionNames, &'static str),
        size: FunctionSize,
        environment: Vec<(&'static str, Value<String>)>,
        placement: Placement,
    ) -> RustFunctionProps {
        let (vpc, layers) = match placement {
            Placement::Outside { .. } => (None, Vec::new()),
            Placement::InVpc { vpc, rds_ca_layer } => (Some(vpc), vec![rds_ca_layer]),
        };
        RustFunctionProps {
            function_name: names.on_stage(self.name.as_str()),
            description,
            code: Code { asset: names.asset },
            architecture: self.functions.architecture,
            memory_mb: size.memory_mb,
            timeout: size.timeout,
            reserved_concurrent_executions: None,
            log_retention_days: self.functions.log_retention_days,
            environment,
            vpc,
            layers,
        }
    }
}
