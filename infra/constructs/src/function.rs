//! A Rust function with its own role and its own log group. Owns runtime, logging and permissions to log;
//! managed policies and logs without retention are impossible.

use std::time::Duration;

use cfn::aws_lambda::{CfnEventInvokeConfig, CfnFunction, cfn_event_invoke_config, cfn_function};
use cfn::{Handle, IntoValue, LogicalId, Value};

use crate::log_group::log_group;
use crate::stack::seconds;
use crate::{Exceptions, Grantee, PolicyStatement, Queue, Role, Stack, Suppression, Topic};

/// Retention periods that CloudWatch Logs accepts, in days:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>
pub const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// What Lambda calls to put a function into a VPC. IAM cannot narrow these to a resource; the rule `permission-wildcard` lists
/// them with the reason. They are denied to the function's own code, as AWS recommends:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html>
const NETWORK_INTERFACES: &[&str] = &[
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
];

const NO_SECRETS: Suppression = Suppression::checkov(
    "CKV_AWS_173",
    "Lambda encrypts variables with its own key; the rule function-secret-in-environment keeps secrets out of them",
);
const NOT_RESERVED: Suppression = Suppression::checkov(
    "CKV_AWS_115",
    "a new account has too few instances to reserve any; the mapping's MaximumConcurrency is what limits a consumer",
);
const CANNOT_BE_NARROWED: Suppression = Suppression::checkov(
    "CKV_AWS_111",
    "IAM knows no resource for the network interfaces of functions in a VPC; the function's own code is denied them",
);

/// The processor architecture a function is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    Arm64,
    X86_64,
}

impl Architecture {
    /// Lambda's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }
}

/// An uploaded archive, by the name of its asset.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// `shop-order-loader`; bucket and key become parameters.
    pub asset: &'static str,
}

/// The placement of a function that needs something in a VPC.
#[derive(Debug, Clone)]
pub struct VpcPlacement {
    pub subnet_ids: Value<Vec<String>>,
    pub security_group_id: Value<String>,
}

#[derive(Debug, Clone)]
pub struct RustFunctionProps {
    pub function_name: String,
    pub description: &'static str,
    pub code: Code,
    pub architecture: Architecture,
    /// MB, 128 to 10,240.
    pub memory_mb: u32,
    /// 1 s to 900 s.
    pub timeout: Duration,
    /// The most instances at the same time, taken from the account's quota and kept for this function; as many as the account has if `None`.
    pub reserved_concurrent_executions: Option<u32>,
    /// One of [`RETENTION_DAYS`].
    pub log_retention_days: u32,
    pub environment: Vec<(&'static str, Value<String>)>,
    /// Outside a VPC if `None`.
    pub vpc: Option<VpcPlacement>,
    /// Layer versions by ARN.
    pub layers: Vec<Value<String>>,
}

/// A function in Rust on `provided.al2023`.
#[derive(Debug, Clone)]
pub struct RustFunction {
    handle: Handle<CfnFunction>,
    name: String,
    role: Role,
}

impl RustFunction {
    /// Creates `<id>LogGroup`, `<id>Role` and `<id>`, in this order.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, props: RustFunctionProps) -> Self {
        let (bucket, key) = stack.asset(props.code.asset);
        let log_name = format!("/aws/lambda/{}", props.function_name);
        let log_group = log_group(stack, format!("{id}LogGroup"), log_name, props.log_retention_days);
        let role = Role::new(stack, &format!("{id}Role"), "lambda.amazonaws.com", props.description);
        let actions = &["logs:CreateLogStream", "logs:PutLogEvents"];
        role.add_to_policy(stack, PolicyStatement { sid: "Log", actions, resources: vec![log_group.attr_arn()] });
        if props.vpc.is_some() {
            let resources = vec!["*".into_value()];
            role.add_to_policy(
                stack,
                PolicyStatement { sid: "NetworkInterfaces", actions: NETWORK_INTERFACES, resources },
            );
            stack.suppress(role.id(), CANNOT_BE_NARROWED);
            role.deny_to_function(stack, "NetworkInterfacesOfItsOwn", NETWORK_INTERFACES, &props.function_name);
        }
        let vpc_config = props.vpc.map(|vpc| {
            cfn_function::VpcConfigProperty::new()
                .subnet_ids(vpc.subnet_ids)
                .security_group_ids([vpc.security_group_id])
        });
        let logging = cfn_function::LoggingConfigProperty::new()
            .log_format(cfn_function::LogFormat::JSON)
            .log_group(log_group.r#ref());
        let function = CfnFunction::new()
            .function_name(&props.function_name)
            .description(props.description)
            .runtime(cfn_function::Runtime::PROVIDED_AL2023)
            .handler("bootstrap")
            .architectures([props.architecture.as_str()])
            .code(cfn_function::CodeProperty::new().s3_bucket(bucket).s3_key(key))
            .role(role.role_arn())
            .memory_size(props.memory_mb)
            .timeout(seconds(props.timeout))
            .reserved_concurrent_executions(props.reserved_concurrent_executions)
            .layers((!props.layers.is_empty()).then_some(props.layers))
            .vpc_config(vpc_config)
            .environment(cfn_function::EnvironmentProperty::new().variables(props.environment))
            .logging_config(logging)
            .suppress(NO_SECRETS);
        let function = match props.reserved_concurrent_executions {
            Some(_) => function,
            None => function.suppress(NOT_RESERVED),
        };
        Self { handle: stack.add(id, function), name: props.function_name, role }
    }

    pub fn id(&self) -> &LogicalId {
        self.handle.id()
    }

    pub fn function_name(&self) -> &str {
        &self.name
    }

    pub fn function_ref(&self) -> Value<String> {
        self.handle.r#ref()
    }

    pub fn function_arn(&self) -> Value<String> {
        self.handle.attr_arn()
    }

    /// How asynchronous invocations are retried, and the topic that is notified of one that failed for good.
    #[track_caller]
    pub fn configure_async_invoke(
        &self,
        stack: &mut Stack,
        max_event_age: Duration,
        retry_attempts: u32,
        on_failure: &Topic,
    ) {
        on_failure.grant_publish(stack, self);
        let reason = "what fails for good is told to a topic: DestinationConfig of its EventInvokeConfig";
        stack.suppress(self.id(), Suppression::checkov("CKV_AWS_116", reason));
        let destination = cfn_event_invoke_config::OnFailureProperty::new().destination(on_failure.topic_arn());
        let destinations = cfn_event_invoke_config::DestinationConfigProperty::new().on_failure(destination);
        self.add_event_invoke_config(stack, max_event_age, retry_attempts, Some(destinations));
    }

    /// An asynchronous invocation is never retried: the next one does what was left to do. `why` says so to whoever asks what becomes of a
    /// failed one.
    #[track_caller]
    pub fn never_retry(&self, stack: &mut Stack, max_event_age: Duration, why: &'static str) {
        stack.suppress(self.id(), Suppression::checkov("CKV_AWS_116", why));
        self.add_event_invoke_config(stack, max_event_age, 0, None);
    }

    #[track_caller]
    fn add_event_invoke_config(
        &self,
        stack: &mut Stack,
        max_event_age: Duration,
        retry_attempts: u32,
        destinations: Option<cfn_event_invoke_config::DestinationConfigProperty>,
    ) {
        let config = CfnEventInvokeConfig::new()
            .function_name(self.function_ref())
            .qualifier("$LATEST")
            .maximum_event_age_in_seconds(seconds(max_event_age))
            .maximum_retry_attempts(retry_attempts)
            .destination_config(destinations);
        stack.add(format!("{}AsyncInvoke", self.id()), config);
    }

    /// Lets the function send what it has no time for back to the queue that invokes it. Lambda stops a function that has done so about 16 times in a row,
    /// unless `RecursiveLoop` is `Allow`: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>. Its messages carry a limit of their own
    /// instead: `function_runtime::HAND_ONS`.
    pub fn hand_on_to(&self, stack: &mut Stack, queue: &Queue) {
        queue.grant_send_messages(stack, self);
        let allowed = cfn_function::RecursiveLoop::ALLOW;
        stack.template_mut().update(&self.handle, |function| function.recursive_loop(allowed));
    }

    pub fn grant_invoke(&self, stack: &mut Stack, grantee: &impl Grantee) {
        let resources = vec![self.function_arn()];
        grantee.grant(stack, PolicyStatement { sid: "Invoke", actions: &["lambda:InvokeFunction"], resources });
    }
}

impl Grantee for RustFunction {
    fn role(&self) -> &Role {
        &self.role
    }
}
