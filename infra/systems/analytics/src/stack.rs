//! **Analytics**: CSV files in a bucket become the answers of an HTTP API.
//!
//! ```text
//!  analytics-api-bucket ─ ObjectCreated ─▶ csv-upload-topic ─▶ csv-processing-queue ─▶ CsvImporter ─▶ Aurora PostgreSQL (AnalyticsData)
//!           ▲                                   └─▶ others        ▲   └─▶ its dead-letter queue      │            ▲
//!           │                                                     └─ the rest of a long file ────────┘            │
//!           └─ signed address ── GET, POST /analytics/.. ──▶ AnalyticsApi ────────────────────────────────────────┘
//!
//!  what SNS cannot deliver ─▶ a dead-letter queue of the subscription; everything ─▶ alarms ─▶ topic
//! ```

use std::time::Duration;

use analytics_contract::{
    ANALYTICS_API, AnalyticsApiEnvironment, CSV_IMPORTER, CsvImporterEnvironment, DRY_RUN_DAYS, DRY_RUN_PREFIX,
    Operation, ROUTES, database,
};
use cfn::IntoValue;
use constructs::{
    Bucket, BucketName, BucketProps, CorsPreflight, CorsRule, HttpApi, HttpApiProps, OBJECT_CREATED, Queue, QueueProps,
    RustFunction, RustFunctionProps, Secret, SqsEventSource, SqsSubscription, SynthesizedStack, Topic,
};
use system::{ByAnyone, Routes, Stage};
use system_database::{Connection, RDS_CA_BUNDLE};

use crate::monitoring::{Monitored, add_monitoring};
use crate::{NAME as APPLICATION, Settings, data};

pub(crate) const NAME: &str = "Analytics";
const DAY: Duration = Duration::from_secs(24 * 3600);
const RETENTION: Duration = DAY.saturating_mul(4);
/// With the back-off of the runtime they last two and a half hours.
const MAX_RECEIVE_COUNT: u32 = 15;
/// One message is one file, and a file may take all the time that an invocation has.
const BATCH: u32 = 1;
const BATCHING_WINDOW: Duration = Duration::ZERO;
/// How long an overwritten or deleted file can be restored: as long as what it replaced can be brought back.
const OLD_FILES: Duration = DAY.saturating_mul(analytics_contract::REVERT_DAYS as u32);
/// Seconds for which a browser caches a preflight response.
const PREFLIGHT_MAX_AGE: u32 = 3600;
/// On stages whose settings ask for no authorization.
const BY_ANYONE: ByAnyone = ByAnyone {
    reading: "read by anyone, as the stage's settings say: audiences of broadcasts, nothing personal, throttled as a whole",
    writing: "written by anyone, as the settings of this stage say; protected stages refuse that, and an upload can be reverted",
};
/// The value of a setting that names nothing.
const NOTHING: &str = "none";

/// Draws the stack.
pub(crate) fn analytics(stage: &Stage, settings: &Settings) -> SynthesizedStack {
    let mut stack = stage
        .stack(NAME, APPLICATION)
        .description("CSV analytics: a bucket, a topic, a queue, an importer, an HTTP API, alarms, a dashboard.");

    // Parameters, given or from AnalyticsData
    let subnet_ids = system_database::subnet_ids(&mut stack).r#ref();
    let connection = Connection::of(&mut stack, data::NAME);

    // The API, which serves the page that sends files to the bucket
    let api = HttpApi::new(&mut stack, "Api", api_props(stage, settings));

    // From the bucket to the queue
    let bucket_name = BucketName::of_account(format!("analytics-api-bucket-{}", stage.name));
    let uploads =
        Topic::for_events_of(&mut stack, "CsvUploadTopic", format!("csv-upload-topic-{}", stage.name), &bucket_name);
    let bucket = Bucket::new(
        &mut stack,
        "UploadBucket",
        BucketProps {
            bucket_name: Some(bucket_name),
            noncurrent_version_expiration: OLD_FILES,
            removal_policy: stage.removal_policy(),
            why_no_access_log: "each upload is a row of the database with its times; a log of requests would need a \
                                bucket of its own that somebody reads",
        },
    );
    bucket.add_expiration(&mut stack, "DryRuns", DRY_RUN_PREFIX, DRY_RUN_DAYS.into());
    bucket.add_event_notification(&mut stack, OBJECT_CREATED, &uploads);
    bucket.add_cors_rule(&mut stack, upload_from_page(settings, &api));
    let queue = Queue::new(
        &mut stack,
        "CsvProcessingQueue",
        QueueProps {
            queue_name: format!("csv-processing-queue-{}", stage.name),
            dead_letter_queue_name: format!("csv-processing-dlq-{}", stage.name),
            visibility_timeout: Queue::visibility_timeout_for(settings.csv_importer.size.timeout, BATCHING_WINDOW),
            retention_period: RETENTION,
            max_receive_count: MAX_RECEIVE_COUNT,
            fifo: None,
        },
    );
    let subscription = SqsSubscription {
        queue: &queue,
        raw_message_delivery: true,
        dead_letter_queue_name: format!("csv-upload-dlq-{}", stage.name),
    };
    let undelivered = uploads.add_subscription(&mut stack, "CsvUploadSubscription", subscription);

    // Functions
    let tls = || settings.database.tls.as_str().into_value();
    let stage_name = || stage.name.as_str().into_value();
    let in_vpc = || connection.placement(subnet_ids.clone());
    let importer = stage.function(
        &mut stack,
        (CSV_IMPORTER, "Reads uploaded files into the database."),
        settings.csv_importer.size,
        CsvImporterEnvironment {
            sqs_input_url: queue.queue_url(),
            sqs_max_receive_count: queue.max_receive_count(),
            sqs_dead_letter_url: queue.dead_letter_queue().queue_url(),
            reject_above_percent: settings.reject_above_percent.to_string().into_value(),
            rds_host: connection.endpoint.clone(),
            rds_port: connection.port.clone(),
            rds_database: database::NAME.into_value(),
            rds_user: database::APPLICATION_ROLE.into_value(),
            rds_tls: tls(),
            function_timeout_seconds: settings.csv_importer.size.timeout.as_secs().to_string().into_value(),
            rds_ca_bundle: RDS_CA_BUNDLE.into_value(),
            db_secret_arn: connection.credentials.clone(),
            stage: stage_name(),
        }
        .into_variables(),
        in_vpc(),
    );
    let source = SqsEventSource {
        queue: &queue,
        batch_size: BATCH,
        max_batching_window: BATCHING_WINDOW,
        max_concurrency: settings.csv_importer.max_concurrency,
    };
    importer.add_event_source(&mut stack, source);
    // What is left of a long file, and what failed for good.
    importer.hand_on_to(&mut stack, &queue);
    queue.dead_letter_queue().grant_send_messages(&mut stack, &importer);
    bucket.grant_read(&mut stack, &importer);
    connection.grant_read_credentials(&mut stack, &importer);

    let token = settings.api.authorizations.need_token().then(|| {
        Secret::generated(
            &mut stack,
            "ApiToken",
            "bearer",
            "Bearer token of the analytics' API, in the field password.",
        )
    });
    let reader = stage.function_props(
        (ANALYTICS_API, "Answers questions and takes uploads."),
        settings.analytics_api.size,
        AnalyticsApiEnvironment {
            uploads_bucket: bucket.bucket_name(),
            authorization_writing: settings.api.authorizations.writing.as_str().into_value(),
            authorization_reading: settings.api.authorizations.reading.as_str().into_value(),
            token_secret_arn: token.as_ref().map_or_else(|| NOTHING.into_value(), Secret::secret_arn),
            rds_host: connection.endpoint.clone(),
            rds_port: connection.port.clone(),
            rds_database: database::NAME.into_value(),
            rds_user: database::APPLICATION_ROLE.into_value(),
            rds_tls: tls(),
            function_timeout_seconds: settings.analytics_api.size.timeout.as_secs().to_string().into_value(),
            rds_ca_bundle: RDS_CA_BUNDLE.into_value(),
            db_secret_arn: connection.credentials.clone(),
            stage: stage_name(),
        }
        .into_variables(),
        in_vpc(),
    );
    let reserved_concurrent_executions = Some(settings.analytics_api.max_concurrency);
    let reader = RustFunctionProps { reserved_concurrent_executions, ..reader };
    let reader = RustFunction::new(&mut stack, ANALYTICS_API.name, reader);
    // The addresses that it signs may do what its role may do.
    bucket.grant_put(&mut stack, &reader);
    connection.grant_read_credentials(&mut stack, &reader);
    if let Some(token) = &token {
        token.grant_read(&mut stack, &reader);
    }
    let authorizations = settings.api.authorizations;
    let routes = Routes { access: Operation::data_access, authorizations, by_anyone: BY_ANYONE };
    for route in ROUTES {
        routes.add(&mut stack, &api, route, &[&reader]);
    }

    // Monitoring
    let alarms = stage.alarm_topic(&mut stack, APPLICATION);
    let monitored =
        Monitored { api: &api, queue: &queue, undelivered: &undelivered, importer: &importer, reader: &reader };
    add_monitoring(&mut stack, stage, &settings.database, &monitored, &alarms);

    stack.output("FastApiUrl", settings.api.url(&api), "Address of the API, without a slash at its end.");
    stack.output("S3BucketName", bucket.bucket_name(), "Bucket that files are uploaded to.");
    stack.output("SnsTopicArn", uploads.topic_arn(), "Topic that hears of each uploaded file.");
    stack.output("SqsMainQueueUrl", queue.queue_url(), "Queue of uploaded files.");
    stack.output("SqsDLQUrl", queue.dead_letter_queue().queue_url(), "Its dead-letter queue.");
    stack.output(
        "SubscriptionDLQUrl",
        undelivered.queue_url(),
        "Events that the topic could not deliver to the queue.",
    );
    if let Some(token) = &token {
        stack.output("ApiTokenArn", token.secret_arn(), "Secret with the API's bearer token, in the field password.");
    }
    stack.output("AnalyticsAlarmTopicArn", alarms.topic_arn(), "Topic that hears of each alarm.");
    stack.finish()
}

fn api_props(stage: &Stage, settings: &Settings) -> HttpApiProps {
    HttpApiProps {
        api_name: format!("analytics-{}", stage.name),
        description: "Predictions from uploaded CSV files.",
        throttling: settings.api.throttling(),
        cors: CorsPreflight {
            allow_origins: settings.api.allowed_origins.clone(),
            allow_methods: &["GET", "HEAD", "POST"],
            allow_headers: &["authorization", "content-type", "if-none-match"],
            expose_headers: &["etag", "link", "location", "rejected-rows", "retry-after"],
            max_age: PREFLIGHT_MAX_AGE,
        },
        access_log_retention_days: stage.access_log_retention_days,
    }
}

/// Pages send a file to a signed address of the bucket: the API's own page, and those that may call the API.
fn upload_from_page(settings: &Settings, api: &HttpApi) -> CorsRule {
    let others = settings.api.allowed_origins.iter().map(|origin| origin.into_value());
    CorsRule {
        allowed_origins: std::iter::once(settings.api.origin(api)).chain(others).collect(),
        allowed_methods: &["PUT"],
        allowed_headers: &["content-type", "if-none-match", "x-amz-*"],
        exposed_headers: &["etag", "x-amz-version-id"],
        max_age: PREFLIGHT_MAX_AGE,
    }
}
