//! Who may reach a database: functions in the security group of Network, and on stages with public access one address that is given at
//! deployment.

use cfn::intrinsics::{if_, sub};
use cfn::{Condition, IntoValue, Parameter, ParameterHandle, Value};
use constructs::{Asked, IngressRule, Peer, SecurityGroup, Stack, Suppression};
use system::Stage;

use crate::Definition;

/// Empty, or four numbers from 0 to 255.
const ALLOWED_IP_PATTERN: &str = concat!(
    r"^$|^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}",
    r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$"
);

/// Where a database stands, and whom it admits.
#[derive(Debug, Clone)]
pub struct Access {
    pub vpc_id: ParameterHandle<String>,
    pub subnet_ids: ParameterHandle<Vec<String>>,
    pub port: Value<i64>,
    /// Group of the functions that use databases.
    pub functions: Value<String>,
    /// Group of the database.
    pub database: SecurityGroup,
    /// Whether the writer has a public address.
    pub(crate) publicly_accessible: Value<bool>,
}

impl Access {
    /// Creates the parameters `VpcId`, `SubnetIds`, `DatabasePort`, `FunctionSecurityGroupId` and, on stages with public access, `AllowedIp`,
    /// and the `DatabaseSecurityGroup`.
    pub fn new(stack: &mut Stack, stage: &Stage, definition: &Definition) -> Self {
        let vpc_id = Parameter::vpc_id().description("VPC of the database and its functions.");
        let vpc_id = stack.asked(Asked::VpcId, vpc_id);
        let subnet_ids = subnet_ids(stack);
        // The ports that Aurora allows.
        let port = Parameter::number().description("Port of the database.").default(5432).min_value(1150.0);
        let port: Value<i64> = stack.asked(Asked::DatabasePort, port.max_value(65535.0)).r#ref().cast();
        let functions = system_network::function_security_group(stack);
        let descriptions = &definition.descriptions;
        let database = SecurityGroup::new(stack, "DatabaseSecurityGroup", descriptions.database, &vpc_id, &[]);
        let from_functions = IngressRule {
            from: Peer::SecurityGroup(functions.clone()),
            port: port.clone(),
            description: descriptions.clients,
            condition: None,
        };
        database.add_ingress_rule(stack, from_functions);
        let publicly_accessible = admit_allowed_ip(stack, stage, &database, &port);
        Self { vpc_id, subnet_ids, port, functions, database, publicly_accessible }
    }
}

/// The parameter `SubnetIds`: where a database and the functions that use it are.
pub fn subnet_ids(stack: &mut Stack) -> ParameterHandle<Vec<String>> {
    let subnets = Parameter::list_of_subnet_ids().description("Subnets of the VPC in two or more availability zones.");
    stack.asked(Asked::SubnetIds, subnets)
}

/// Admits one address, if it is given and the stage has public access; only then is the writer public.
fn admit_allowed_ip(stack: &mut Stack, stage: &Stage, database: &SecurityGroup, port: &Value<i64>) -> Value<bool> {
    if !stage.public_access {
        return false.into_value();
    }
    let allowed_ip = Parameter::string()
        .description("IPv4 address outside the VPC that may connect to the database; empty admits nobody.")
        .default("")
        .allowed_pattern(ALLOWED_IP_PATTERN)
        .constraint_description("an IPv4 address such as 203.0.113.7, or nothing");
    let allowed_ip = stack.asked(Asked::AllowedIp, allowed_ip);
    let given = Condition::not(Condition::equals(&allowed_ip, ""));
    let given = stack.template_mut().condition("AdmitsAllowedIp", given);
    let rule = IngressRule {
        from: Peer::Ipv4(sub("${AllowedIp}/32")),
        port: port.clone(),
        description: "The address given at deployment.",
        condition: Some(given.clone()),
    };
    database.add_ingress_rule(stack, rule);
    let reason = "every rule has a description; the check does not look into Fn::If";
    stack.suppress(database.id(), Suppression::checkov("CKV_AWS_23", reason));
    if_(&given, true, false)
}
