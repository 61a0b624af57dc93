//! Alarms and graphs of a database, in the stack whose functions use it: there is a topic, and a graph stands beside those of the functions.
//!
//! No alarm on a replica's lag, since there is one writer and no reader, nor on the volume, which grows by itself.

use std::time::Duration;

use constructs::{Alarm, CONNECTIONS_OF_FUNCTIONS, ClusterMetrics, DatabaseCapacity, Metric, Stack, Topic, Widget};
use system::Database;

use crate::connection::DB_CLUSTER_ID;

/// Percent; what AWS recommends for `CPUUtilization`:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html>
const BUSY: u32 = 90;
/// A batch may keep it busy for minutes; a quarter of an hour is more than a batch.
const BUSY_FOR: Duration = Duration::from_secs(15 * 60);
/// The share of an instance's memory that should be free for the operating system: below it Aurora restarts sooner or later. A serverless writer
/// takes more capacity instead, which the alarm on the capacity tells.
const FREE_MEMORY: f64 = 0.1;

/// Bytes of local storage, in which PostgreSQL sorts and builds indexes; without it such a statement fails. The smallest classes have 7.5 GiB:
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Managing.html>
const FREE_LOCAL_STORAGE: f64 = 1024.0 * 1024.0 * 1024.0;

/// Creates `DatabaseCpuAlarm`, `DatabaseConnectionsAlarm` and, of an instance class, `DatabaseMemoryAlarm` and `DatabaseStorageAlarm`, of a
/// serverless writer, whose local storage RDS does not measure, `DatabaseCapacityAlarm`.
pub fn add_alarms(stack: &mut Stack, database: &Database, topic: &Topic) {
    let metrics = ClusterMetrics::of(DB_CLUSTER_ID);
    let busy = Metric { period: BUSY_FOR, ..metrics.cpu_utilization() };
    Alarm::new(stack, "DatabaseCpuAlarm", &busy, BUSY, "The database has been busy for a quarter of an hour.", topic);
    // More than the rule database-connections leaves to functions: somebody else has them.
    if let Some(most) = database.capacity.max_connections() {
        let threshold = (most * CONNECTIONS_OF_FUNCTIONS) as u32;
        let text = format!("The database has more than {threshold} connections, and admits {most:.0}.");
        Alarm::new(stack, "DatabaseConnectionsAlarm", &metrics.connections(), threshold, &text, topic);
    }
    match &database.capacity {
        DatabaseCapacity::InstanceClass(_) => {
            if let Some(gib) = database.capacity.memory_gib() {
                let bytes = (gib * FREE_MEMORY * 1024.0 * 1024.0 * 1024.0).round();
                let text = "Less than a tenth of the database's memory is left: take a larger instance.";
                Alarm::below(stack, "DatabaseMemoryAlarm", &metrics.freeable_memory(), bytes, text, topic);
            }
            let text =
                "Less than 1 GiB of the database's local storage is left: large sorts and indexes fail without it.";
            Alarm::below(stack, "DatabaseStorageAlarm", &metrics.free_local_storage(), FREE_LOCAL_STORAGE, text, topic);
        }
        DatabaseCapacity::ServerlessV2 { max_acu, .. } => {
            let full = Metric { period: BUSY_FOR, ..metrics.acu_utilization() };
            let text = format!("The database has been near its {max_acu} ACU for a quarter of an hour: raise max_acu.");
            Alarm::new(stack, "DatabaseCapacityAlarm", &full, BUSY, &text, topic);
        }
    }
}

/// Graphs of the same metrics.
pub fn widgets(database: &Database) -> [Widget; 3] {
    let metrics = ClusterMetrics::of(DB_CLUSTER_ID);
    let last = match database.capacity {
        DatabaseCapacity::InstanceClass(_) => {
            Widget { title: "Database: free memory (bytes)", metrics: vec![metrics.freeable_memory()] }
        }
        DatabaseCapacity::ServerlessV2 { .. } => {
            Widget { title: "Database: share of its ACU (%)", metrics: vec![metrics.acu_utilization()] }
        }
    };
    [
        Widget { title: "Database: CPU (%)", metrics: vec![metrics.cpu_utilization()] },
        Widget { title: "Database: connections", metrics: vec![metrics.connections()] },
        last,
    ]
}
