//! **Network**: what the functions of all systems share in the VPC. One security group for functions that use a database, and the
//! endpoints through which they reach AWS: a VPC takes each endpoint with private DNS only once, so no system can own them.

mod stack;

use cfn::{Diagnostic, Parameter, Value};
use constructs::{Stack, SynthesizedStack};
use system::{Configured, Section, Stage, System};

pub use stack::{EndpointPlace, HTTPS, add_endpoints};

/// The name of the system.
const NAME: &str = "network";
/// The output with the functions' security group.
const FUNCTION_SECURITY_GROUP_ID: &str = "FunctionSecurityGroupId";

/// The entry of the list of systems.
pub struct Network;

/// `network.toml` of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The VPC endpoints that the stack creates.
    pub endpoints: Vec<Endpoint>,
}

/// A service that functions in the VPC reach through an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    SecretsManager,
    Sqs,
    Sns,
    S3,
}

/// The endpoints by their names in settings, which are the last parts of AWS's names of the services.
pub const ENDPOINTS: [(&str, Endpoint); 4] = [
    ("secretsmanager", Endpoint::SecretsManager),
    ("sqs", Endpoint::Sqs),
    ("sns", Endpoint::Sns),
    ("s3", Endpoint::S3),
];

/// The security group of functions that use a database, as a parameter of another system's stack.
pub fn function_security_group(stack: &mut Stack) -> Value<String> {
    let group = Parameter::security_group_id().description("Group of functions that use databases.");
    stack.link("FunctionSecurityGroupId", stack::NAME, FUNCTION_SECURITY_GROUP_ID, group)
}

impl System for Network {
    fn name(&self) -> &'static str {
        NAME
    }

    fn configure(&self, _: &Stage, mut section: Section<'_>) -> Box<dyn Configured> {
        let settings = Settings { endpoints: section.some_of("endpoints", &ENDPOINTS) };
        section.refuse_unknown_keys();
        Box::new(settings)
    }
}

impl Configured for Settings {
    fn stacks(&self, stage: &Stage, _: &[SynthesizedStack]) -> Result<Vec<SynthesizedStack>, Vec<Diagnostic>> {
        Ok(vec![stack::network(stage, self)])
    }
}
