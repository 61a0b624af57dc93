//! The database itself, its secrets and its schema.
//!
//! ```text
//!  AllowedIp ─(if given, and the stage has public access)─┐
//!                                                         ▼
//!  functions' security group (Network) ─────────▶ Aurora PostgreSQL (cluster, writer; TLS forced)
//!            ▲                                       ▲
//!            └─ db-init ── applies sql/<system> as ──┘ the owner, makes the functions' role
//! ```

use std::time::Duration;

use cfn::{IntoValue, RawResource, json};
use constructs::{
    Acknowledgement, DatabaseCluster, DatabaseClusterProps, LayerVersion, Secret, Stack, Suppression, VpcPlacement,
};
use contract::db_init::DbInitEnvironment;
use system::{Database, FunctionSize, Placement, Stage};

use crate::{Access, Definition};

pub(crate) const DB_ENDPOINT: &str = "DBEndpoint";
pub(crate) const DB_PORT: &str = "DBPort";
pub(crate) const DB_CLUSTER_IDENTIFIER: &str = "DBClusterIdentifier";
pub(crate) const DB_APP_SECRET_ARN: &str = "DBAppSecretArn";
pub(crate) const RDS_CA_LAYER_ARN: &str = "RdsCaLayerArn";

/// Where the layer rds-ca puts the certificate authorities.
pub const RDS_CA_BUNDLE: &str = "/opt/rds-ca-bundle.pem";
/// Until this day developers' databases may have a public address; then the need has to be confirmed again.
const PUBLIC_ACCESS_IS_LOOKED_AT: &str = "2027-05-31";
/// How much longer than the function's timeout CloudFormation waits for its response.
const ANSWER_MARGIN: Duration = Duration::from_secs(60);

/// What a stage says of a database.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseSettings<'a> {
    pub database: &'a Database,
    pub db_init: FunctionSize,
}

/// Creates the secrets, the cluster, the layer and the schema, and the outputs with which [`crate::Connection`] connects.
pub fn add_database(
    stack: &mut Stack,
    stage: &Stage,
    settings: DatabaseSettings<'_>,
    definition: &Definition,
    access: Access,
) {
    let Definition { descriptions, .. } = definition;

    // The database, its owner, and the role of the functions
    let owner = Secret::generated(stack, "OwnerSecret", definition.owner, descriptions.owner);
    let application = Secret::generated(stack, "AppSecret", definition.application_role, descriptions.functions);
    let cluster = DatabaseCluster::new(
        stack,
        "Cluster",
        DatabaseClusterProps {
            database_name: definition.name,
            port: access.port,
            capacity: settings.database.capacity.clone(),
            credentials: &owner,
            subnet_ids: access.subnet_ids.r#ref(),
            security_group: &access.database,
            publicly_accessible: access.publicly_accessible,
            backup_retention_days: settings.database.backup_days,
            deletion_protection: settings.database.deletion_protection,
            log_retention_days: stage.functions.log_retention_days,
        },
    );
    application.attach(stack, cluster.handle());
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
        stack,
        "RdsCaLayer",
        format!("{}-rds-ca-{}", definition.system, stage.name),
        "Certificate authorities of RDS.",
        "rds-ca",
    );
    let db_init = stage.function(
        stack,
        (definition.db_init, descriptions.db_init),
        settings.db_init,
        DbInitEnvironment {
            rds_host: cluster.cluster_endpoint(),
            rds_port: cluster.cluster_port(),
            rds_database: definition.name.into_value(),
            rds_tls: settings.database.tls.as_str().into_value(),
            rds_ca_bundle: RDS_CA_BUNDLE.into_value(),
            db_owner_secret_arn: owner.secret_arn(),
            db_app_secret_arn: application.secret_arn(),
            stage: stage.name.as_str().into_value(),
        }
        .into_variables(),
        Placement::InVpc {
            vpc: VpcPlacement { subnet_ids: access.subnet_ids.r#ref(), security_group_id: access.functions },
            rds_ca_layer: layer.layer_version_arn(),
        },
    );
    let reason =
        "CloudFormation waits for its answer: a failure fails the deployment, and a message kept would be of no use";
    stack.suppress(db_init.id(), Suppression::checkov("CKV_AWS_116", reason));
    owner.grant_read(stack, &db_init);
    application.grant_read(stack, &db_init);
    let answer = settings.db_init.timeout + ANSWER_MARGIN;
    let schema = RawResource::new(definition.schema_type)
        .property("ServiceToken", db_init.function_arn())
        .property("ServiceTimeout", answer.as_secs().to_string())
        .property("Migrations", json!(definition.migrations.to_vec()))
        // CloudFormation runs it again when one of these changes: a new cluster is empty, a new secret has a new password.
        .property("DBClusterIdentifier", cluster.cluster_identifier())
        .property("AppSecretArn", application.secret_arn());
    // A cluster without its writer accepts no connection.
    stack.add("Schema", cluster.needed_by(schema));

    stack.output(DB_ENDPOINT, cluster.cluster_endpoint(), "Host name of the database's writer.");
    stack.output(DB_PORT, cluster.cluster_port(), "Port of the database.");
    stack.output(
        DB_CLUSTER_IDENTIFIER,
        cluster.cluster_identifier(),
        "Name of the cluster, by which CloudWatch measures it.",
    );
    stack.output("DBSecretArn", owner.secret_arn(), "Secret of the database's owner, for people and tools.");
    stack.output(DB_APP_SECRET_ARN, application.secret_arn(), "Secret of the functions' role in the database.");
    stack.output(RDS_CA_LAYER_ARN, layer.layer_version_arn(), "Layer with the certificate authorities of RDS.");
}
