//! A stage: what differs between local, dev, stg and prd. Owns the shape of `environments/<stage>/stage.toml`;
//! refuses unknown keys and values out of range, all faults at once. Reads text, never files.

mod catalog;
mod reader;

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

pub use catalog::{ApiAddress, Catalog};
use constructs::{Architecture, DatabaseCapacity, RETENTION_DAYS};
use reader::Section;
use toml::{Table, Value};

/// Everything that differs between two stages.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    pub name: StageName,
    pub protection: Safeguards,
    pub network: Network,
    pub database: Database,
    pub fipe: Fipe,
    pub functions: Functions,
    pub catalog: Catalog,
    /// Who deploys it beside people; never on the stage local.
    pub delivery: Option<Delivery>,
    /// Tags beside `Stage` and `Application`, in key order.
    pub tags: Vec<(String, String)>,
}

/// The stages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageName {
    Local,
    Dev,
    Stg,
    Prd,
}

impl StageName {
    pub const ALL: [StageName; 4] = [Self::Local, Self::Dev, Self::Stg, Self::Prd];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Dev => "dev",
            Self::Stg => "stg",
            Self::Prd => "prd",
        }
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What keeps the deployed stacks from accidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Safeguards {
    /// CloudFormation refuses to delete the stacks.
    pub termination: bool,
    /// Updates may neither replace nor delete what holds data.
    pub stack_policy: bool,
}

/// Who reaches the database, and how functions in the VPC reach AWS.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Whether one client outside the VPC may be admitted (parameter `AllowedIp`).
    pub public_access: bool,
    /// The VPC endpoints that the stack makes.
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

/// Size and safety of the Aurora cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    pub capacity: DatabaseCapacity,
    /// Days that automatic backups are kept, 1 to 35.
    pub backup_days: u32,
    pub deletion_protection: bool,
    pub tls: Tls,
}

/// How functions connect to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Certificate and host name are checked against the RDS certificate bundle.
    VerifyFull,
    /// Plain text; on the stage local alone.
    Disable,
}

impl Tls {
    /// The value of `RDS_TLS`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyFull => "verify-full",
            Self::Disable => "disable",
        }
    }
}

/// How fast and when FIPE is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Fipe {
    /// Calls a minute of all loaders together.
    pub calls_per_minute: u32,
    pub schedule: MonthlySchedule,
}

/// When a crawl of the newest month starts by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthlySchedule {
    /// An expression of EventBridge Scheduler: `cron(..)` or `rate(..)`.
    pub expression: String,
    /// An IANA time zone.
    pub timezone: String,
    pub enabled: bool,
}

/// The pipeline that deploys the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The repository on GitHub whose workflows may deploy, `owner/name`, or [`Delivery::PLACEHOLDER`].
    pub repository: String,
}

impl Delivery {
    /// No repository: GitHub has no name with these characters, so a role that trusts it trusts nobody.
    pub const PLACEHOLDER: &str = "<owner>/<repository>";
}

/// What all functions share, and each one's size.
#[derive(Debug, Clone, PartialEq)]
pub struct Functions {
    pub architecture: Architecture,
    pub log_retention_days: u32,
    /// How long a batch is gathered, 0 s to 300 s.
    pub batching_window: Duration,
    pub db_init: FunctionSize,
    pub manufacturer_loader: FunctionSize,
    pub model_loader: ConsumerSize,
    pub price_loader: ConsumerSize,
    pub soma_ingestor: ConsumerSize,
}

/// Memory and time of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionSize {
    /// MB, 128 to 10,240.
    pub memory_mb: u32,
    /// 1 s to 900 s.
    pub timeout: Duration,
}

/// A function that a queue feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerSize {
    pub size: FunctionSize,
    /// Instances that the queue's mapping starts at most, 2 to 1,000 (SQS's limits).
    pub max_concurrency: u32,
}

/// Everything that is wrong with a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageError {
    /// The name that was asked for.
    pub stage: String,
    pub faults: Vec<StageFault>,
}

/// One fault of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageFault {
    /// Dotted key, or empty for the file as a whole.
    pub path: String,
    /// The value given, the values allowed.
    pub what: String,
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage {}:", self.stage)?;
        for fault in &self.faults {
            let blank = if fault.path.is_empty() { "" } else { " " };
            write!(f, "\n  {}{blank}{}", fault.path, fault.what)?;
        }
        Ok(())
    }
}

impl std::error::Error for StageError {}

impl Stage {
    /// Reads the text of `environments/<name>/stage.toml`.
    ///
    /// # Errors
    /// Names every fault at once: an unknown stage, malformed TOML, missing and unknown keys, values out of range.
    pub fn parse(name: &str, toml: &str) -> Result<Self, StageError> {
        let refuse = |what: String| StageError {
            stage: name.to_owned(),
            faults: vec![StageFault { path: String::new(), what }],
        };
        let Some(stage_name) = StageName::ALL.into_iter().find(|known| known.as_str() == name) else {
            let allowed = StageName::ALL.map(StageName::as_str).join(", ");
            return Err(refuse(format!("is not a stage; the stages are {allowed}")));
        };
        let table: Table = toml.parse().map_err(|error| refuse(format!("is not TOML: {error}")))?;
        let faults = RefCell::new(Vec::new());
        let mut root = Section::root(&table, &faults);
        let stage = Self {
            name: stage_name,
            protection: read_protection(root.section("protection")),
            network: read_network(root.section("network")),
            database: read_database(root.section("database"), stage_name),
            fipe: read_fipe(root.section("fipe")),
            functions: read_functions(root.section("functions")),
            catalog: catalog::read_catalog(root.section("catalog"), stage_name),
            delivery: root.optional_section("delivery").map(read_delivery),
            tags: read_tags(root.section("tags")),
        };
        if stage_name == StageName::Local && stage.delivery.is_some() {
            root.fault("delivery", "is for stages on AWS; leave it out");
        }
        root.refuse_unknown_keys();
        match faults.into_inner() {
            faults if faults.is_empty() => Ok(stage),
            faults => Err(StageError { stage: name.to_owned(), faults }),
        }
    }
}

fn read_protection(mut section: Section<'_>) -> Safeguards {
    let safeguards =
        Safeguards { termination: section.flag("termination"), stack_policy: section.flag("stack_policy") };
    section.refuse_unknown_keys();
    safeguards
}

fn read_network(mut section: Section<'_>) -> Network {
    let endpoints = [
        ("secretsmanager", Endpoint::SecretsManager),
        ("sqs", Endpoint::Sqs),
        ("sns", Endpoint::Sns),
        ("s3", Endpoint::S3),
    ];
    let network =
        Network { public_access: section.flag("public_access"), endpoints: section.some_of("endpoints", &endpoints) };
    section.refuse_unknown_keys();
    network
}

fn read_database(mut section: Section<'_>, stage: StageName) -> Database {
    let tls = section.one_of("tls", &[("verify-full", Tls::VerifyFull), ("disable", Tls::Disable)]);
    if tls == Tls::Disable && stage != StageName::Local {
        section.fault("tls", "\"disable\" is allowed on the stage local alone; write \"verify-full\"");
    }
    let database = Database {
        capacity: read_capacity(section.section("capacity")),
        backup_days: section.whole("backup_days", 1..=35, "days"),
        deletion_protection: section.flag("deletion_protection"),
        tls,
    };
    section.refuse_unknown_keys();
    database
}

fn read_capacity(mut section: Section<'_>) -> DatabaseCapacity {
    let serverless = section.has("min_acu") || section.has("max_acu");
    let capacity = if serverless {
        let (min_acu, max_acu) =
            (section.number("min_acu", 0.0..=256.0, 0.5), section.number("max_acu", 1.0..=256.0, 0.5));
        if min_acu > max_acu {
            section.fault("min_acu", format!("{min_acu} is above max_acu {max_acu}"));
        }
        DatabaseCapacity::ServerlessV2 { min_acu, max_acu }
    } else {
        let known = DatabaseCapacity::instance_classes().collect::<Vec<_>>();
        let allowed = format!("one of {}; or write min_acu and max_acu", known.join(", "));
        DatabaseCapacity::InstanceClass(section.text("instance_class", &allowed, |class| known.contains(&class)))
    };
    section.refuse_unknown_keys();
    capacity
}

fn read_fipe(mut section: Section<'_>) -> Fipe {
    let fipe = Fipe {
        calls_per_minute: section.whole("calls_per_minute", 1..=10_000_000, "calls"),
        schedule: read_schedule(section.section("schedule")),
    };
    section.refuse_unknown_keys();
    fipe
}

fn read_schedule(mut section: Section<'_>) -> MonthlySchedule {
    let is_expression = |text: &str| (text.starts_with("cron(") || text.starts_with("rate(")) && text.ends_with(')');
    let schedule = MonthlySchedule {
        expression: section.text("expression", "\"cron(..)\" or \"rate(..)\"", is_expression),
        timezone: section.text("timezone", "a time zone such as \"America/Sao_Paulo\" or \"UTC\"", |text| {
            text == "UTC" || text.split_once('/').is_some_and(|(area, city)| !area.is_empty() && !city.is_empty())
        }),
        enabled: section.flag("enabled"),
    };
    section.refuse_unknown_keys();
    schedule
}

fn read_functions(mut section: Section<'_>) -> Functions {
    let architectures = [("arm64", Architecture::Arm64), ("x86_64", Architecture::X86_64)];
    let log_retention_days = section.whole("log_retention_days", 1..=3653, "days");
    if !RETENTION_DAYS.contains(&log_retention_days) {
        section.fault(
            "log_retention_days",
            format!("{log_retention_days} is not what CloudWatch Logs knows: one of {RETENTION_DAYS:?}"),
        );
    }
    let functions = Functions {
        architecture: section.one_of("architecture", &architectures),
        log_retention_days,
        batching_window: seconds(section.whole("batching_window_seconds", 0..=300, "seconds")),
        db_init: read_size(section.section("db-init")),
        manufacturer_loader: read_size(section.section("manufacturer-loader")),
        model_loader: read_consumer(section.section("model-loader")),
        price_loader: read_consumer(section.section("price-loader")),
        soma_ingestor: read_consumer(section.section("soma-ingestor")),
    };
    section.refuse_unknown_keys();
    functions
}

fn read_size(mut section: Section<'_>) -> FunctionSize {
    let size = function_size(&mut section);
    section.refuse_unknown_keys();
    size
}

fn read_consumer(mut section: Section<'_>) -> ConsumerSize {
    let size = function_size(&mut section);
    let consumer = ConsumerSize { size, max_concurrency: section.whole("max_concurrency", 2..=1000, "instances") };
    section.refuse_unknown_keys();
    consumer
}

fn function_size(section: &mut Section<'_>) -> FunctionSize {
    FunctionSize {
        memory_mb: section.whole("memory_mb", 128..=10_240, "MB"),
        timeout: seconds(section.whole("timeout_seconds", 1..=900, "seconds")),
    }
}

/// Names: <https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication>
fn read_delivery(mut section: Section<'_>) -> Delivery {
    let is_repository = |text: &str| {
        let of = |text: &str, others: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.as_bytes().contains(&byte))
        };
        text == Delivery::PLACEHOLDER
            || text.split_once('/').is_some_and(|(owner, name)| of(owner, "-_") && of(name, "-_."))
    };
    let repository = section.text("repository", "a repository on GitHub such as \"owner/name\"", is_repository);
    section.refuse_unknown_keys();
    Delivery { repository }
}

/// Limits: <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
fn read_tags(section: Section<'_>) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    for (key, value) in section.entries() {
        match value {
            _ if key == "Stage" || key == "Application" => section.fault(key, "is set by the stacks; leave it out"),
            _ if key.starts_with("aws:") || key.is_empty() || key.len() > 128 => {
                section.fault(key, "is not a tag key: 1 to 128 characters that do not start with \"aws:\"");
            }
            Value::String(text) if !text.is_empty() && text.len() <= 256 => tags.push((key.clone(), text.clone())),
            other => section.fault(key, format!("{other} is not a text of 1 to 256 characters")),
        }
    }
    tags
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(u64::from(number))
}

#[cfg(test)]
#[path = "stage/tests.rs"]
mod tests;
