//! An Aurora PostgreSQL cluster with one writer. Owns encryption, TLS, backups, logs and the fate of the data;
//! plain-text connections, deletion without a snapshot and logs that nobody ever empties are impossible.

use cfn::aws_rds::{CfnDBCluster, CfnDBClusterParameterGroup, CfnDBInstance, CfnDBSubnetGroup, cfn_db_cluster};
use cfn::intrinsics::sub;
use cfn::{DeletionPolicy, Handle, ResourceOptions, UpdateReplacePolicy, Value, json};

use crate::log_group::log_group;
use crate::{Exceptions, Secret, SecurityGroup, Stack, Suppression};

const ENGINE: &str = "aurora-postgresql";
/// The major version alone. RDS installs minor versions by itself, and never goes back: a template with `17.11` would be wrong after the
/// first of them, and the next change to it would fail.
const ENGINE_VERSION: &str = "17";
/// The log that Aurora PostgreSQL exports.
const LOG: &str = "postgresql";
const PARAMETER_FAMILY: &str = "aurora-postgresql17";

/// Seconds without a connection after which a writer that may shrink to 0 pauses; the shortest that Aurora allows. Resuming takes about 15 s:
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html>
const UNTIL_AUTO_PAUSE: u32 = 300;
/// Milliseconds after which PostgreSQL closes a connection that nobody uses. A suspended function keeps its own for as long as Lambda keeps
/// the function, and the writer would not pause in that time.
const IDLE_SESSION_TIMEOUT: &str = "60000";

/// Instance classes of Aurora PostgreSQL, with their memory in GiB:
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.Summary.html>
const INSTANCE_CLASSES: [(&str, f64); 14] = [
    ("db.t3.medium", 4.0),
    ("db.t3.large", 8.0),
    ("db.t4g.medium", 4.0),
    ("db.t4g.large", 8.0),
    ("db.r6g.large", 16.0),
    ("db.r6g.xlarge", 32.0),
    ("db.r6g.2xlarge", 64.0),
    ("db.r7g.large", 16.0),
    ("db.r7g.xlarge", 32.0),
    ("db.r7g.2xlarge", 64.0),
    ("db.r8g.large", 16.0),
    ("db.r8g.xlarge", 32.0),
    ("db.r8g.2xlarge", 64.0),
    ("db.r8g.4xlarge", 128.0),
];

/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html>
const GIB_PER_ACU: f64 = 2.0;

/// The share of max_connections that functions may use; the rest is for people, for AWS and for the overlap during a deployment.
pub const CONNECTIONS_OF_FUNCTIONS: f64 = 0.8;

/// How large the writer is.
#[derive(Debug, Clone, PartialEq)]
pub enum DatabaseCapacity {
    /// `db.t3.medium` ..
    InstanceClass(String),
    /// Aurora capacity units, in steps of 0.5. With a minimum of 0 the writer pauses while nobody is connected.
    ServerlessV2 { min_acu: f64, max_acu: f64 },
}

impl DatabaseCapacity {
    /// The supported instance classes.
    pub fn instance_classes() -> impl Iterator<Item = &'static str> {
        INSTANCE_CLASSES.iter().map(|(class, _)| *class)
    }

    /// Aurora's default of max_connections, rounded down to be safe; `None` for an unknown class.
    ///
    /// `LEAST(memory / 9531392, 5000)`, and at most 2,000 where a serverless writer may shrink below 1 ACU:
    /// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Managing.html>
    pub fn max_connections(&self) -> Option<f64> {
        const BYTES_PER_CONNECTION: f64 = 9_531_392.0;
        // The operating system and Aurora itself use part of the memory before the formula is applied.
        const LEFT_FOR_THE_INSTANCE: f64 = 0.9;
        let most = match self {
            Self::ServerlessV2 { min_acu, .. } if *min_acu < 1.0 => 2000.0,
            Self::ServerlessV2 { .. } | Self::InstanceClass(_) => 5000.0,
        };
        let bytes = self.memory_gib()? * LEFT_FOR_THE_INSTANCE * 1024.0 * 1024.0 * 1024.0;
        Some((bytes / BYTES_PER_CONNECTION).floor().min(most))
    }

    /// GiB of memory at its largest; `None` for an unknown class.
    pub fn memory_gib(&self) -> Option<f64> {
        match self {
            Self::InstanceClass(class) => Some(INSTANCE_CLASSES.iter().find(|(known, _)| known == class)?.1),
            Self::ServerlessV2 { max_acu, .. } => Some(max_acu * GIB_PER_ACU),
        }
    }
}

#[derive(Debug, Clone)]
pub struct DatabaseClusterProps<'a> {
    pub database_name: &'static str,
    pub port: Value<i64>,
    pub capacity: DatabaseCapacity,
    /// User name and password of the owner.
    pub credentials: &'a Secret,
    /// In at least two availability zones.
    pub subnet_ids: Value<Vec<String>>,
    pub security_group: &'a SecurityGroup,
    pub publicly_accessible: Value<bool>,
    /// 1 to 35.
    pub backup_retention_days: u32,
    pub deletion_protection: bool,
    /// One of [`crate::RETENTION_DAYS`].
    pub log_retention_days: u32,
}

#[derive(Debug, Clone)]
pub struct DatabaseCluster {
    handle: Handle<CfnDBCluster>,
    writer: Handle<CfnDBInstance>,
}

impl DatabaseCluster {
    /// Creates `<id>SubnetGroup`, `<id>ParameterGroup`, `<id>`, `<id>LogGroup`, `<id>Writer`, and attaches the owner's secret.
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, props: DatabaseClusterProps<'_>) -> Self {
        let subnets = CfnDBSubnetGroup::new()
            .db_subnet_group_description("Subnets of the database.")
            .subnet_ids(props.subnet_ids);
        let subnets = stack.add(format!("{id}SubnetGroup"), subnets);
        let pauses = matches!(props.capacity, DatabaseCapacity::ServerlessV2 { min_acu, .. } if min_acu == 0.0);
        let idle_session_timeout = pauses.then_some(IDLE_SESSION_TIMEOUT);
        let parameters = CfnDBClusterParameterGroup::new()
            .description("No connection without TLS.")
            .family(PARAMETER_FAMILY)
            .parameters(json!({ "rds.force_ssl": "1", "idle_session_timeout": idle_session_timeout }));
        let parameters = stack.add(format!("{id}ParameterGroup"), parameters);
        let (class, scaling) = match &props.capacity {
            DatabaseCapacity::InstanceClass(class) => (class.as_str(), None),
            DatabaseCapacity::ServerlessV2 { min_acu, max_acu } => {
                let scaling = cfn_db_cluster::ServerlessV2ScalingConfigurationProperty::new()
                    .min_capacity(*min_acu)
                    .max_capacity(*max_acu)
                    .seconds_until_auto_pause(pauses.then_some(UNTIL_AUTO_PAUSE));
                ("db.serverless", Some(scaling))
            }
        };
        let cluster = CfnDBCluster::new()
            .engine(ENGINE)
            .engine_version(ENGINE_VERSION)
            .database_name(props.database_name)
            .port(props.port)
            .master_username(props.credentials.secret_value_from_json("username"))
            .master_user_password(props.credentials.secret_value_from_json("password"))
            .serverless_v2_scaling_configuration(scaling)
            .db_subnet_group_name(subnets.r#ref())
            .db_cluster_parameter_group_name(parameters.r#ref())
            .vpc_security_group_ids([props.security_group.security_group_id()])
            .storage_encrypted(true)
            .enable_iam_database_authentication(true)
            .enable_cloudwatch_logs_exports([LOG])
            .backup_retention_period(props.backup_retention_days)
            .copy_tags_to_snapshot(true)
            .deletion_protection(props.deletion_protection)
            .deletion_policy(DeletionPolicy::Snapshot)
            .update_replace_policy(UpdateReplacePolicy::Snapshot);
        let cluster = stack.add(id, cluster);
        // An instance writes the log, into a log group that RDS makes without a retention, unless there is one of its name.
        let log_name = sub(format!("/aws/rds/cluster/${{{id}}}/{LOG}"));
        let log_group = log_group(stack, format!("{id}LogGroup"), log_name, props.log_retention_days);
        // The data belongs to the cluster; an instance only provides compute.
        let writer = CfnDBInstance::new()
            .engine(ENGINE)
            .db_cluster_identifier(cluster.r#ref())
            .db_instance_class(class)
            .publicly_accessible(props.publicly_accessible)
            .depends_on(&log_group)
            .deletion_policy(DeletionPolicy::Delete)
            .update_replace_policy(UpdateReplacePolicy::Delete)
            .suppress(Suppression::checkov(
                "CKV_AWS_118",
                "its metrics by the second cost by the hour; those of CloudWatch by the minute do for a load of a few batches at once",
            ));
        let writer = stack.add(format!("{id}Writer"), writer);
        props.credentials.attach(stack, &cluster);
        Self { handle: cluster, writer }
    }

    pub fn handle(&self) -> &Handle<CfnDBCluster> {
        &self.handle
    }

    /// The same resource, created after the writer: a cluster without one accepts no connection.
    pub fn needed_by<R: ResourceOptions>(&self, resource: R) -> R {
        resource.depends_on(&self.writer)
    }

    pub fn writer(&self) -> &Handle<CfnDBInstance> {
        &self.writer
    }

    pub fn cluster_identifier(&self) -> Value<String> {
        self.handle.r#ref()
    }

    /// Host name of the writer.
    pub fn cluster_endpoint(&self) -> Value<String> {
        self.handle.attr_endpoint_address()
    }

    pub fn cluster_port(&self) -> Value<String> {
        self.handle.attr_endpoint_port()
    }
}
