//! **Catalog**: products over HTTP, saved behind a queue.
//!
//! ```text
//!  POST /products ─▶ CreateProductProcessor ─▶ product-queue ─▶ ProductSaverWorker ─▶ reports bucket
//!                          │ accepted, idempotency keys               │ saved             (a report a product)
//!                          ▼                                          ▼
//!                    ProductTable ◀───────────────────────────────────┘
//!                          ▲
//!  GET /products/{id} ─▶ GetProduct ◀─ GET /docs, /docs/{file}, /openapi.json
//!
//!  product-queue ─▶ its dead-letter queue; everything ─▶ alarms ─▶ topic
//! ```

use std::time::Duration;

use catalog_contract::{
    CREATE_PRODUCT_PROCESSOR, CreateProductEnvironment, GET_PRODUCT, GetProductEnvironment, Operation,
    PRODUCT_SAVER_WORKER, ProductSaverEnvironment, ROUTES, metric, table as attributes,
};
use cfn::IntoValue;
use constructs::{
    Alarm, Bucket, BucketProps, CorsPreflight, Dashboard, HttpApi, HttpApiProps, Metric, Queue, QueueProps,
    RustFunction, Secret, SqsEventSource, Stack, SynthesizedStack, Table, TableProps, Topic, Widget,
};
use contract::Authorization;
use system::{ByAnyone, Placement, Routes, Stage};

use crate::{NAME as APPLICATION, Settings};

pub(crate) const NAME: &str = "Catalog";
const DAY: Duration = Duration::from_secs(24 * 3600);
const RETENTION: Duration = DAY.saturating_mul(4);
/// With the back-off of the runtime they last two and a half hours.
const MAX_RECEIVE_COUNT: u32 = 15;
/// SQS's largest batch without a batching window. A client is waiting for its product, so there is no window.
const BATCH: u32 = 10;
const BATCHING_WINDOW: Duration = Duration::ZERO;
/// How long an overwritten report can be restored.
const OLD_REPORTS: Duration = DAY.saturating_mul(30);
const OUTSIDE_VPC: Placement = Placement::Outside {
    why: "uses SQS, DynamoDB and S3, which IAM guards, and nothing private: a VPC would keep nobody out",
};
/// On stages whose settings ask for no authorization.
const BY_ANYONE: ByAnyone = ByAnyone {
    reading: "read by anyone, as the stage's settings say: products hold nothing personal, and the API is throttled as a whole",
    writing: "written by anyone, as the settings of this stage say; protected stages refuse that",
};
/// Outputs: `none`, `token` or `iam`.
pub(crate) const WRITING_AUTHORIZATION: &str = "WritingAuthorization";
pub(crate) const READING_AUTHORIZATION: &str = "ReadingAuthorization";
/// The value of a setting that names nothing.
const NOTHING: &str = "none";
/// Seconds for which a browser caches a preflight response.
const PREFLIGHT_MAX_AGE: u32 = 3600;
/// Seconds after which an accepted product should have been saved.
const OLDEST_MESSAGE: u32 = 15 * 60;
/// Milliseconds. The first call to a new instance takes a few hundred.
const SLOW: u32 = 1000;

/// Draws the stack.
pub fn catalog(stage: &Stage, settings: &Settings) -> SynthesizedStack {
    let mut stack = stage
        .stack(NAME, APPLICATION)
        .description("Product catalog: an HTTP API, three functions, a queue, a table, a bucket, alarms, a dashboard.");
    let stage_name = || stage.name.as_str().into_value();
    let removal_policy = stage.removal_policy();

    // Storage
    let queue = Queue::new(
        &mut stack,
        "ProductQueue",
        QueueProps {
            queue_name: format!("product-queue-{}", stage.name),
            dead_letter_queue_name: format!("product-dlq-{}", stage.name),
            visibility_timeout: Queue::visibility_timeout_for(
                settings.product_saver_worker.size.timeout,
                BATCHING_WINDOW,
            ),
            retention_period: RETENTION,
            max_receive_count: MAX_RECEIVE_COUNT,
            fifo: None,
        },
    );
    let table = Table::new(
        &mut stack,
        "ProductTable",
        TableProps {
            table_name: format!("ProductTable-{}", stage.name),
            partition_key: attributes::KEY,
            time_to_live_attribute: Some(attributes::TIME_TO_LIVE),
            global_secondary_indexes: Vec::new(),
            deletion_protection: settings.deletion_protection,
            removal_policy,
        },
    );
    let reports = BucketProps {
        bucket_name: None,
        noncurrent_version_expiration: OLD_REPORTS,
        removal_policy,
        why_no_access_log: "one function writes and nobody else may; a log of requests would need a bucket of its own that somebody reads",
    };
    let reports = Bucket::new(&mut stack, "ReportsBucket", reports);
    let alarms = stage.alarm_topic(&mut stack, APPLICATION);

    // Who may use the API
    let authorizations = settings.api.authorizations;
    let token = authorizations.need_token().then(|| {
        let description = "Bearer token of the catalog's API, in the field password.";
        Secret::generated(&mut stack, "ApiToken", "bearer", description)
    });
    let token_of = |authorization| token.as_ref().filter(|_| authorization == Authorization::Token);
    let arn_of = |authorization| token_of(authorization).map_or_else(|| NOTHING.into_value(), Secret::secret_arn);

    // Functions
    let create = stage.function(
        &mut stack,
        (CREATE_PRODUCT_PROCESSOR, "Accepts products and queues them."),
        settings.create_product_processor,
        CreateProductEnvironment {
            sqs_output_url: queue.queue_url(),
            product_table: table.table_ref(),
            authorization: authorizations.writing.as_str().into_value(),
            token_secret_arn: arn_of(authorizations.writing),
            stage: stage_name(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    if let Some(token) = token_of(authorizations.writing) {
        token.grant_read(&mut stack, &create);
    }
    queue.grant_send_messages(&mut stack, &create);
    table.grant_write_data(&mut stack, &create);

    let worker = stage.function(
        &mut stack,
        (PRODUCT_SAVER_WORKER, "Saves accepted products and their reports."),
        settings.product_saver_worker.size,
        ProductSaverEnvironment {
            sqs_input_url: queue.queue_url(),
            sqs_max_receive_count: queue.max_receive_count(),
            sqs_dead_letter_url: queue.dead_letter_queue().queue_url(),
            product_table: table.table_ref(),
            reports_bucket: reports.bucket_name(),
            stage: stage_name(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    let source = SqsEventSource {
        queue: &queue,
        batch_size: BATCH,
        max_batching_window: BATCHING_WINDOW,
        max_concurrency: settings.product_saver_worker.max_concurrency,
    };
    worker.add_event_source(&mut stack, source);
    queue.dead_letter_queue().grant_send_messages(&mut stack, &worker);
    table.grant_read_data(&mut stack, &worker);
    table.grant_write_data(&mut stack, &worker);
    reports.grant_put(&mut stack, &worker);

    let get = stage.function(
        &mut stack,
        (GET_PRODUCT, "Answers what became of a product, and describes the API."),
        settings.get_product,
        GetProductEnvironment {
            product_table: table.table_ref(),
            authorization: authorizations.reading.as_str().into_value(),
            token_secret_arn: arn_of(authorizations.reading),
            stage: stage_name(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    if let Some(token) = token_of(authorizations.reading) {
        token.grant_read(&mut stack, &get);
    }
    table.grant_read_data(&mut stack, &get);

    // The API
    let api = HttpApi::new(
        &mut stack,
        "Api",
        HttpApiProps {
            api_name: format!("catalog-{}", stage.name),
            description: "Product catalog.",
            throttling: settings.api.throttling(),
            cors: CorsPreflight {
                allow_origins: settings.api.allowed_origins.clone(),
                allow_methods: &["GET", "POST"],
                allow_headers: &["authorization", "content-type", "idempotency-key", "if-none-match"],
                expose_headers: &["etag", "idempotent-replayed", "location", "retry-after", "www-authenticate"],
                max_age: PREFLIGHT_MAX_AGE,
            },
            access_log_retention_days: stage.access_log_retention_days,
        },
    );
    let functions = [&create, &worker, &get];
    let routes = Routes { access: Operation::data_access, authorizations, by_anyone: BY_ANYONE };
    for route in ROUTES {
        routes.add(&mut stack, &api, route, &functions);
    }

    // Monitoring
    add_alarms(&mut stack, &api, &queue, &table, &functions, &alarms);
    add_dashboard(&mut stack, stage, &api, &queue, &table, &functions);

    stack.output("ApiUrl", settings.api.url(&api), "Address of the API, without a slash at its end.");
    stack.output("ProductQueueUrl", queue.queue_url(), "Queue of accepted products.");
    stack.output("ProductDLQUrl", queue.dead_letter_queue().queue_url(), "Its dead-letter queue.");
    stack.output("ProductTableName", table.table_ref(), "Table of products.");
    stack.output("ReportsBucketName", reports.bucket_name(), "Bucket with a report a product.");
    stack.output(WRITING_AUTHORIZATION, authorizations.writing.as_str().into_value(), "What who writes has to show.");
    stack.output(READING_AUTHORIZATION, authorizations.reading.as_str().into_value(), "What who reads has to show.");
    if let Some(token) = &token {
        stack.output("ApiTokenArn", token.secret_arn(), "Secret with the API's bearer token, in the field password.");
    }
    stack.output("CatalogAlarmTopicArn", alarms.topic_arn(), "Topic that hears of each alarm.");
    stack.finish()
}

fn add_alarms(
    stack: &mut Stack,
    api: &HttpApi,
    queue: &Queue,
    table: &Table,
    functions: &[&RustFunction],
    topic: &Topic,
) {
    let mut alarm = |id: &str, metric: Metric, threshold, text: &str| {
        Alarm::new(stack, &format!("{id}Alarm"), &metric, threshold, text, topic);
    };
    alarm("ServerErrors", api.metric_server_error(), 0, "The API answers with 5xx.");
    alarm("Latency", api.metric_latency(), SLOW, "One in a hundred calls takes longer than a second.");
    let text = format!("{} has messages: read their reason.", queue.dead_letter_queue().queue_name());
    alarm("DeadLetters", queue.dead_letter_queue().metric_messages_visible(), 0, &text);
    let text = format!("A product has waited in {} for a quarter of an hour.", queue.queue_name());
    alarm("OldestMessage", queue.metric_age_of_oldest_message(), OLDEST_MESSAGE, &text);
    alarm("TableReadThrottles", table.metric_read_throttles(), 0, "DynamoDB turns reads of the table away.");
    alarm("TableWriteThrottles", table.metric_write_throttles(), 0, "DynamoDB turns writes to the table away.");
    Alarm::of_functions(stack, functions, topic);
}

fn add_dashboard(
    stack: &mut Stack,
    stage: &Stage,
    api: &HttpApi,
    queue: &Queue,
    table: &Table,
    functions: &[&RustFunction; 3],
) {
    let dead_letters = queue.dead_letter_queue().metric_messages_visible();
    let [create, worker, _] = functions;
    let own = |function: &RustFunction, name| stage.metric(metric::NAMESPACE, function, name);
    let products = vec![
        own(create, contract::metric::REQUESTS),
        own(create, contract::metric::CLIENT_ERRORS),
        own(worker, metric::PRODUCTS_SAVED),
    ];
    let widgets = [
        Widget { title: "Products: offered, refused, saved", metrics: products },
        Widget { title: "Products given up", metrics: vec![own(worker, contract::metric::PERMANENT_FAILURES)] },
        Widget { title: "Requests", metrics: vec![api.metric_count()] },
        Widget {
            title: "Refused (4xx), failed (5xx)",
            metrics: vec![api.metric_client_error(), api.metric_server_error()],
        },
        Widget { title: "Slowest in a hundred (ms)", metrics: vec![api.metric_latency()] },
        Widget { title: "Messages: waiting, dead", metrics: vec![queue.metric_messages_visible(), dead_letters] },
        Widget { title: "Oldest message (s)", metrics: vec![queue.metric_age_of_oldest_message()] },
        Widget {
            title: "Table: turned away",
            metrics: vec![table.metric_read_throttles(), table.metric_write_throttles()],
        },
    ];
    let widgets = [widgets.as_slice(), &Widget::of_functions(functions)].concat();
    Dashboard::new(stack, "Dashboard", format!("catalog-{}", stage.name), &widgets);
}
