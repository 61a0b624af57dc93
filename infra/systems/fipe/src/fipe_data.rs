//! **FipeData**: the database, who may reach it, and its schema.
//!
//! ```text
//!  AllowedIp ─(if given, and the stage has public access)─┐
//!                                                         ▼
//!  functions' security group (Network) ─────▶ Aurora PostgreSQL "fipedata" (cluster, writer; TLS forced)
//!            ▲                                       ▲
//!            └─ FipeDbInit ── applies sql/fipe as ───┘ fipe_owner, makes the role fipe_app
//! ```

use std::time::Duration;

use cfn::intrinsics::{if_, sub};
use cfn::{Condition, IntoValue, Parameter, RawResource, Value, json};
use constructs::{
    Acknowledgement, Asked, Code, DatabaseCluster, DatabaseClusterProps, IngressRule, LayerVersion, Peer, RustFunction,
    RustFunctionProps, Secret, SecurityGroup, Stack, Suppression, SynthesizedStack, VpcPlacement,
};
use contract::db_init::DbInitEnvironment;
use fipe_contract::{DB_INIT, database as names};
use system::Stage;

use crate::handover;
use crate::migrations::MIGRATIONS;
use crate::{NAME as APPLICATION, RDS_CA_BUNDLE, Settings};

pub(crate) const NAME: &str = "FipeData";
pub(crate) const DB_ENDPOINT: &str = "DBEndpoint";
pub(crate) const DB_PORT: &str = "DBPort";
pub(crate) const DB_APP_SECRET_ARN: &str = "DBAppSecretArn";
pub(crate) const RDS_CA_LAYER_ARN: &str = "RdsCaLayerArn";

/// Empty, or four numbers from 0 to 255.
const ALLOWED_IP_PATTERN: &str = concat!(
    r"^$|^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}",
    r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$"
);
/// Until this day developers' databases may have a public address; then the need has to be confirmed again.
const PUBLIC_ACCESS_IS_LOOKED_AT: &str = "2027-05-31";
/// How much longer than the function's timeout CloudFormation waits for its response.
const ANSWER_MARGIN: Duration = Duration::from_secs(60);

pub(crate) fn fipe_data(stage: &Stage, settings: &Settings) -> SynthesizedStack {
    let mut stack = stage
        .stack(NAME, APPLICATION)
        .description("FIPE database: Aurora PostgreSQL, its secrets, its schema, and who may reach it.");

    // Parameters
    let vpc_id = stack.asked(Asked::VpcId, Parameter::vpc_id().description("VPC of the database and its functions."));
    let subnet_ids =
        Parameter::list_of_subnet_ids().description("Subnets of the VPC in two or more availability zones.");
    let subnet_ids = stack.asked(Asked::SubnetIds, subnet_ids);
    // The ports that Aurora allows.
    let port = Parameter::number().description("Port of the database.").default(5432).min_value(1150.0);
    let port: Value<i64> = stack.asked(Asked::DatabasePort, port.max_value(65535.0)).r#ref().cast();

    // Network access
    let functions = system_network::function_security_group(&mut stack);
    let database = SecurityGroup::new(&mut stack, "DatabaseSecurityGroup", "The FIPE database.", &vpc_id, &[]);
    let from_functions = IngressRule {
        from: Peer::SecurityGroup(functions.clone()),
        port: port.clone(),
        description: "Functions that use the FIPE database.",
        condition: None,
    };
    database.add_ingress_rule(&mut stack, from_functions);
    let publicly_accessible = admit_allowed_ip(&mut stack, stage, &database, &port);
    if let Some(handover) = &settings.handover {
        handover::keep_network(&mut stack, handover, &database, &port, &vpc_id.r#ref(), &subnet_ids.r#ref());
    }

    // The database, its owner, and the role of the functions
    let owner = Secret::generated(&mut stack, "OwnerSecret", names::OWNER, "Owner of the FIPE database.");
    let application =
        Secret::generated(&mut stack, "AppSecret", names::APPLICATION_ROLE, "Functions of the FIPE database.");
    let cluster = DatabaseCluster::new(
        &mut stack,
        "Cluster",
        DatabaseClusterProps {
            database_name: names::NAME,
            port,
            capacity: settings.database.capacity.clone(),
            credentials: &owner,
            subnet_ids: subnet_ids.r#ref(),
            security_group: &database,
            publicly_accessible,
            backup_retention_days: settings.database.backup_days,
            deletion_protection: settings.database.deletion_protection,
        },
    );
    application.attach(&mut stack, cluster.handle());
    if stage.public_access {
        let reason =
            "has a public address only while an AllowedIp is given, and its security group admits that one alone";
        stack.suppress(cluster.writer().id(), Suppression::checkov("CKV_AWS_17", reason));
        stack.suppress(cluster.writer().id(), Suppression::guard("DATABASE_NOT_PUBLIC", reason));
        // So that recreating the stack, or giving the address, needs no further approval.
        let acknowledgement =
            Acknowledgement { rule: "exposure/publicly-accessible", reason, until: PUBLIC_ACCESS_IS_LOOKED_AT };
        stack.acknowledge(cluster.writer().id(), acknowledgement);
    }

    // The schema
    let layer = LayerVersion::new(
        &mut stack,
        "RdsCaLayer",
        format!("fipe-rds-ca-{}", stage.name),
        "Certificate authorities of RDS.",
        "rds-ca",
    );
    let db_init = RustFunction::new(
        &mut stack,
        DB_INIT.name,
        RustFunctionProps {
            function_name: DB_INIT.on_stage(stage.name.as_str()),
            description: "Applies the migrations of the FIPE database.",
            code: Code { asset: DB_INIT.asset },
            architecture: stage.functions.architecture,
            memory_mb: settings.db_init.memory_mb,
            timeout: settings.db_init.timeout,
            log_retention_days: stage.functions.log_retention_days,
            environment: DbInitEnvironment {
                rds_host: cluster.cluster_endpoint(),
                rds_port: cluster.cluster_port(),
                rds_database: names::NAME.into_value(),
                rds_tls: settings.database.tls.as_str().into_value(),
                rds_ca_bundle: RDS_CA_BUNDLE.into_value(),
                db_owner_secret_arn: owner.secret_arn(),
                db_app_secret_arn: application.secret_arn(),
                stage: stage.name.as_str().into_value(),
            }
            .into_variables(),
            vpc: Some(VpcPlacement { subnet_ids: subnet_ids.r#ref(), security_group_id: functions }),
            layers: vec![layer.layer_version_arn()],
        },
    );
    let reason =
        "CloudFormation waits for its answer: a failure fails the deployment, and a message kept would be of no use";
    stack.suppress(db_init.id(), Suppression::checkov("CKV_AWS_116", reason));
    owner.grant_read(&mut stack, &db_init);
    application.grant_read(&mut stack, &db_init);
    let answer = settings.db_init.timeout + ANSWER_MARGIN;
    let schema = RawResource::new("Custom::FipeSchema")
        .property("ServiceToken", db_init.function_arn())
        .property("ServiceTimeout", answer.as_secs().to_string())
        .property("Migrations", json!(MIGRATIONS.to_vec()))
        // CloudFormation runs it again when one of these changes: a new cluster is empty, a new secret has a new password.
        .property("DBClusterIdentifier", cluster.cluster_identifier())
        .property("AppSecretArn", application.secret_arn());
    // A cluster without its writer accepts no connection.
    stack.add("Schema", cluster.needed_by(schema));

    stack.output(DB_ENDPOINT, cluster.cluster_endpoint(), "Host name of the database's writer.");
    stack.output(DB_PORT, cluster.cluster_port(), "Port of the database.");
    stack.output("DBSecretArn", owner.secret_arn(), "Secret of the database's owner, for people and tools.");
    stack.output(DB_APP_SECRET_ARN, application.secret_arn(), "Secret of the functions' role in the database.");
    stack.output(RDS_CA_LAYER_ARN, layer.layer_version_arn(), "Layer with the certificate authorities of RDS.");
    stack.finish()
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
