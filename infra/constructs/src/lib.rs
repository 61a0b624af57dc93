//! Reusable building blocks: queues with dead-letter queues, functions, HTTP APIs, tables, buckets, database clusters, alarms,
//! grants and synth rules.
//!
//! Pure: no I/O, no clock, no environment. Names and methods are those of aws-cdk-lib's L2 constructs.
//! A construct writes into a [`Stack`]; a grant adds a least-privilege statement to the role of its grantee.

mod alarm;
mod bucket;
mod bucket_name;
mod dashboard;
mod database;
mod event_source;
mod exception;
mod function;
mod http_api;
mod iam;
mod layer;
mod log_group;
mod metric;
mod network;
mod parameter;
mod protection;
mod queue;
mod removal;
pub mod rules;
mod schedule;
mod secret;
mod stack;
mod table;
mod topic;

pub use alarm::Alarm;
pub use bucket::{Bucket, BucketProps, CorsRule, OBJECT_CREATED};
pub use bucket_name::BucketName;
pub use dashboard::{Dashboard, Widget};
pub use database::{CONNECTIONS_OF_FUNCTIONS, DatabaseCapacity, DatabaseCluster, DatabaseClusterProps};
pub use event_source::SqsEventSource;
pub use exception::{Acknowledgement, Exceptions, Suppression};
pub use function::{Architecture, Code, RETENTION_DAYS, RustFunction, RustFunctionProps, VpcPlacement};
pub use http_api::{CorsPreflight, HttpApi, HttpApiProps, LONGEST_ADDRESS_RETENTION, RouteAuthorization, Throttling};
pub use iam::{Grantee, PolicyStatement, Role};
pub use layer::LayerVersion;
pub use metric::{ClusterMetrics, Metric};
pub use network::{GatewayVpcEndpoint, IngressRule, InterfaceVpcEndpoint, Peer, SecurityGroup};
pub use parameter::{Asked, ParameterSource};
pub use protection::Protection;
pub use queue::{DeadLetterQueue, Fifo, Queue, QueueProps};
pub use removal::RemovalPolicy;
pub use schedule::{Schedule, ScheduleProps};
pub use secret::Secret;
pub use stack::{Stack, SynthesizedStack};
pub use table::{GlobalSecondaryIndex, Projection, Table, TableProps};
pub use topic::{SqsSubscription, Topic};
