//! A CloudWatch metric: what an alarm watches and a dashboard draws.

use std::time::Duration;

use cfn::aws_cloudwatch::cfn_alarm::TreatMissingData;

use crate::{DeadLetterQueue, HttpApi, Queue, RustFunction, Table};

#[derive(Debug, Clone)]
pub struct Metric {
    pub namespace: &'static str,
    pub name: &'static str,
    /// A value may refer to a resource of the same stack as `${Api}`.
    pub dimensions: Vec<(&'static str, String)>,
    /// `Sum`, `Maximum`, `p99` ..
    pub statistic: &'static str,
    pub period: Duration,
    /// How an alarm treats a period without data.
    pub missing: TreatMissingData,
}

const FIVE_MINUTES: Duration = Duration::from_secs(300);

impl Metric {
    /// A count that functions report themselves, summed over five minutes.
    pub fn count(namespace: &'static str, name: &'static str, dimensions: Vec<(&'static str, String)>) -> Self {
        Self {
            namespace,
            name,
            dimensions,
            statistic: "Sum",
            period: FIVE_MINUTES,
            missing: TreatMissingData::NOT_BREACHING,
        }
    }
}

impl Queue {
    /// Messages that wait.
    pub fn metric_messages_visible(&self) -> Metric {
        of_queue(self.queue_name(), "ApproximateNumberOfMessagesVisible")
    }

    /// Seconds that the oldest message has waited.
    pub fn metric_age_of_oldest_message(&self) -> Metric {
        of_queue(self.queue_name(), "ApproximateAgeOfOldestMessage")
    }
}

impl DeadLetterQueue {
    /// Messages that wait for a person. SQS stops reporting metrics for a queue that was not accessed for six hours, even if it has messages, so
    /// an alarm keeps its state then:
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>
    pub fn metric_messages_visible(&self) -> Metric {
        let metric = of_queue(self.queue_name(), "ApproximateNumberOfMessagesVisible");
        Metric { missing: TreatMissingData::IGNORE, ..metric }
    }
}

impl RustFunction {
    pub fn metric_errors(&self) -> Metric {
        self.metric("Errors", "Sum")
    }

    pub fn metric_invocations(&self) -> Metric {
        self.metric("Invocations", "Sum")
    }

    /// Invocations that Lambda throttled.
    pub fn metric_throttles(&self) -> Metric {
        self.metric("Throttles", "Sum")
    }

    /// Milliseconds.
    pub fn metric_duration(&self) -> Metric {
        self.metric("Duration", "Maximum")
    }

    fn metric(&self, name: &'static str, statistic: &'static str) -> Metric {
        let dimensions = vec![("FunctionName", self.function_name().to_owned())];
        // A function that is not invoked has no errors.
        let missing = TreatMissingData::NOT_BREACHING;
        Metric { namespace: "AWS/Lambda", name, dimensions, statistic, period: FIVE_MINUTES, missing }
    }
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>
impl HttpApi {
    /// Requests.
    pub fn metric_count(&self) -> Metric {
        self.metric("Count", "Sum")
    }

    /// Responses with a status from 400 to 499.
    pub fn metric_client_error(&self) -> Metric {
        self.metric("4xx", "Sum")
    }

    /// Responses with a status from 500 to 599.
    pub fn metric_server_error(&self) -> Metric {
        self.metric("5xx", "Sum")
    }

    /// Milliseconds from request to response, 99th percentile.
    pub fn metric_latency(&self) -> Metric {
        self.metric("Latency", "p99")
    }

    fn metric(&self, name: &'static str, statistic: &'static str) -> Metric {
        let dimensions = vec![("ApiId", format!("${{{}}}", self.id()))];
        let missing = TreatMissingData::NOT_BREACHING;
        Metric { namespace: "AWS/ApiGateway", name, dimensions, statistic, period: FIVE_MINUTES, missing }
    }
}

/// What CloudWatch measures of an Aurora cluster by the minute; of several instances together.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterMetrics {
    cluster_identifier: String,
}

impl ClusterMetrics {
    /// Of the cluster whose identifier is the value of this parameter or the name of this cluster of the same stack.
    pub fn of(logical_id: &str) -> Self {
        Self { cluster_identifier: format!("${{{logical_id}}}") }
    }

    /// Percent, on average.
    pub fn cpu_utilization(&self) -> Metric {
        self.metric("CPUUtilization", "Average")
    }

    pub fn connections(&self) -> Metric {
        self.metric("DatabaseConnections", "Maximum")
    }

    /// Bytes that are left, at least.
    pub fn freeable_memory(&self) -> Metric {
        self.metric("FreeableMemory", "Minimum")
    }

    /// Bytes that are left of an instance's own storage, at least. Not measured of a serverless one.
    pub fn free_local_storage(&self) -> Metric {
        self.metric("FreeLocalStorage", "Minimum")
    }

    /// Percent of the most capacity that a serverless cluster may take, on average.
    pub fn acu_utilization(&self) -> Metric {
        self.metric("ACUUtilization", "Average")
    }

    /// A cluster that pauses has no data, and nothing is wrong with it.
    fn metric(&self, name: &'static str, statistic: &'static str) -> Metric {
        let dimensions = vec![("DBClusterIdentifier", self.cluster_identifier.clone())];
        let missing = TreatMissingData::NOT_BREACHING;
        Metric { namespace: "AWS/RDS", name, dimensions, statistic, period: FIVE_MINUTES, missing }
    }
}

impl Table {
    /// Reads that DynamoDB throttled: because of a hot key, or of growth faster than it scales.
    pub fn metric_read_throttles(&self) -> Metric {
        self.metric("ReadThrottleEvents")
    }

    /// Writes that DynamoDB throttled.
    pub fn metric_write_throttles(&self) -> Metric {
        self.metric("WriteThrottleEvents")
    }

    fn metric(&self, name: &'static str) -> Metric {
        let dimensions = vec![("TableName", self.table_name().to_owned())];
        let missing = TreatMissingData::NOT_BREACHING;
        Metric { namespace: "AWS/DynamoDB", name, dimensions, statistic: "Sum", period: FIVE_MINUTES, missing }
    }
}

fn of_queue(queue_name: &str, name: &'static str) -> Metric {
    let dimensions = vec![("QueueName", queue_name.to_owned())];
    let missing = TreatMissingData::NOT_BREACHING;
    Metric { namespace: "AWS/SQS", name, dimensions, statistic: "Maximum", period: FIVE_MINUTES, missing }
}
