//! A metric of CloudWatch: what an alarm watches and a dashboard draws.

use std::time::Duration;

use cfn::aws_cloudwatch::cfn_alarm::TreatMissingData;

use crate::{DeadLetterQueue, Queue, RustFunction};

#[derive(Debug, Clone)]
pub struct Metric {
    pub namespace: &'static str,
    pub name: &'static str,
    pub dimensions: Vec<(&'static str, String)>,
    /// `Sum`, `Maximum` ..
    pub statistic: &'static str,
    pub period: Duration,
    /// What a period without data means to an alarm.
    pub missing: TreatMissingData,
}

const FIVE_MINUTES: Duration = Duration::from_secs(300);

impl Metric {
    /// A count that functions write themselves, summed over five minutes.
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
    /// Messages that wait for a person. SQS stops counting a queue that nobody has touched for six hours, messages or not, so
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

    /// Milliseconds.
    pub fn metric_duration(&self) -> Metric {
        self.metric("Duration", "Maximum")
    }

    fn metric(&self, name: &'static str, statistic: &'static str) -> Metric {
        let dimensions = vec![("FunctionName", self.function_name().to_owned())];
        // A function that is not invoked makes no errors.
        let missing = TreatMissingData::NOT_BREACHING;
        Metric { namespace: "AWS/Lambda", name, dimensions, statistic, period: FIVE_MINUTES, missing }
    }
}

fn of_queue(queue_name: &str, name: &'static str) -> Metric {
    let dimensions = vec![("QueueName", queue_name.to_owned())];
    let missing = TreatMissingData::NOT_BREACHING;
    Metric { namespace: "AWS/SQS", name, dimensions, statistic: "Maximum", period: FIVE_MINUTES, missing }
}
