//! What a stack and `db-init` agree on: its settings, and how its archive is laid out.

use crate::settings;

/// The binary that every system's db-init asset contains.
pub const BINARY: &str = "db-init";
/// The folder in the archive with the migrations, one folder per system: `sql/<system>/NNNN_what_it_does.sql`.
pub const MIGRATIONS: &str = "sql";

settings! {
    /// `db-init`: the custom resource that applies the migrations in its archive as the database owner.
    DbInit / DbInitEnvironment {
        /// Host of the cluster's writer endpoint.
        rds_host: String = "RDS_HOST",
        /// Port of the cluster.
        rds_port: u16 = "RDS_PORT",
        /// Database name.
        rds_database: String = "RDS_DATABASE",
        /// TLS of the connection: `verify-full` or, on the stage local only, `disable`.
        rds_tls: String = "RDS_TLS",
        /// PEM file of the certificate authorities to trust, read with `verify-full`.
        rds_ca_bundle: String = "RDS_CA_BUNDLE",
        /// Secret with the owner's user name and password.
        db_owner_secret_arn: String = "DB_OWNER_SECRET_ARN",
        /// Secret with the application role's user name and password, which db-init sets.
        db_app_secret_arn: String = "DB_APP_SECRET_ARN",
        /// Deployment stage.
        stage: String = "STAGE",
    }
}
