//! **Messages**: a message over HTTP, saved once and in the order of its payer.
//!
//! ```text
//!  POST /users/login ─▶ MessagesLogin ─▶ users, refresh tokens          SigningKeys ◀─ whoever issues or verifies a token
//!
//!  POST /messages/send ─▶ ApiProducerSqs ─▶ main_queue.fifo ─▶ WorkerConsumerSqs
//!                              │ accepted        │   ▲                │ saved
//!                              ▼                 │   │                ▼
//!                        MessagesTable ◀─────────┼───┼────────────────┘
//!                              ▲                 ▼   │ replayed
//!  GET /messages/.. ─▶ MessagesStatus ◀───── dlq_queue.fifo ◀─ what failed for good, with its reason
//!  each minute ──────▶ MessagesSweeper ─── what was accepted and never queued; replays that take longer
//!
//!  everything ─▶ alarms ─▶ topic
//! ```

use std::time::Duration;

use cfn::IntoValue;
use constructs::{
    CorsPreflight, Fifo, GlobalSecondaryIndex, HttpApi, HttpApiProps, Projection, Queue, QueueProps, RustFunction,
    Schedule, ScheduleProps, Secret, SqsEventSource, Stack, SynthesizedStack, Table, TableProps,
};
use messages_contract::{
    DEAD_LETTER_QUEUE, LOGIN, LoginEnvironment, MAIN_QUEUE, PRODUCER, ProducerEnvironment, QUEUE_DAYS, STATUS, SWEEPER,
    SigningKeys, StatusEnvironment, SweeperEnvironment, WORKER, WorkerEnvironment, queue_on_stage, table as attributes,
};
use system::{Placement, Stage};

use crate::monitoring::{Monitored, add_monitoring};
use crate::routes::add_routes;
use crate::{NAME as APPLICATION, Settings};

pub(crate) const NAME: &str = "Messages";
const RETENTION: Duration = Duration::from_secs(QUEUE_DAYS as u64 * 24 * 3600);
/// Messages behind one that fails are received with it and not tried, so a count of a few would move innocent ones. Poison goes to the dead-letter queue by our
/// own hand, and a panic by its third.
const MAX_RECEIVE_COUNT: u32 = 50;
/// SQS's largest batch of a FIFO queue, which has no batching window.
const BATCH: u32 = 10;
const BATCHING_WINDOW: Duration = Duration::ZERO;
/// How long Scheduler and Lambda try to start the sweeper: until the next minute, which is also the shortest time that both take.
const UNTIL_NEXT_SWEEP: Duration = Duration::from_secs(60);
const OUTSIDE_VPC: Placement = Placement::Outside {
    why: "uses SQS, DynamoDB and Secrets Manager, which IAM guards, and nothing private: a VPC would keep nobody out",
};
/// Seconds for which a browser caches a preflight response.
const PREFLIGHT_MAX_AGE: u32 = 3600;

/// Draws the stack.
pub fn messages(stage: &Stage, settings: &Settings) -> SynthesizedStack {
    let mut stack = stage
        .stack(NAME, APPLICATION)
        .description("Messages: an HTTP API, five functions, a FIFO queue, a table, a secret, alarms, a dashboard.");
    let stage_name = || stage.name.as_str().into_value();
    let token_issuer = || format!("{APPLICATION}-{}", stage.name).into_value();

    // Storage
    let queue = Queue::new(&mut stack, "MainQueue", queue_props(stage, settings));
    let dead_letters = queue.dead_letter_queue();
    let table = Table::new(&mut stack, "MessagesTable", table_props(stage, settings));
    let signing_keys = Secret::generated_member(
        &mut stack,
        "SigningKeys",
        (SigningKeys::GENERATED, SigningKeys::CHARACTERS),
        "Keys that access tokens are signed with. Without them everybody has to log in again.",
    );
    let alarms = stage.alarm_topic(&mut stack, APPLICATION);

    // Functions
    let login = stage.function(
        &mut stack,
        (LOGIN, "Logs people in and publishes the keys that tokens are verified with."),
        settings.login,
        LoginEnvironment {
            messages_table: table.table_ref(),
            signing_keys_secret_arn: signing_keys.secret_arn(),
            token_issuer: token_issuer(),
            stage: stage_name(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    table.grant_read_data(&mut stack, &login);
    table.grant_write_data(&mut stack, &login);
    table.grant_update_data(&mut stack, &login);
    table.grant_delete_data(&mut stack, &login);
    table.grant_query(&mut stack, &login, attributes::OPEN_INDEX);
    signing_keys.grant_read(&mut stack, &login);

    let producer = stage.function(
        &mut stack,
        (PRODUCER, "Accepts messages and queues them."),
        settings.producer,
        ProducerEnvironment {
            sqs_main_url: queue.queue_url(),
            sqs_dead_letter_url: dead_letters.queue_url(),
            messages_table: table.table_ref(),
            signing_keys_secret_arn: signing_keys.secret_arn(),
            token_issuer: token_issuer(),
            messages_per_minute: settings.messages_per_minute.to_string().into_value(),
            stage: stage_name(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    queue.grant_send_messages(&mut stack, &producer);
    dead_letters.grant_send_messages(&mut stack, &producer);
    table.grant_write_data(&mut stack, &producer);
    table.grant_update_data(&mut stack, &producer);
    signing_keys.grant_read(&mut stack, &producer);

    let status = stage.function(
        &mut stack,
        (STATUS, "Reports messages, queues and dead letters, and reprocesses dead letters."),
        settings.status,
        StatusEnvironment {
            sqs_main_url: queue.queue_url(),
            sqs_dead_letter_url: dead_letters.queue_url(),
            messages_table: table.table_ref(),
            signing_keys_secret_arn: signing_keys.secret_arn(),
            token_issuer: token_issuer(),
            stage: stage_name(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    grant_replays(&mut stack, &queue, &table, &status);
    queue.grant_read_attributes(&mut stack, &status);
    signing_keys.grant_read(&mut stack, &status);

    let worker = stage.function(
        &mut stack,
        (WORKER, "Saves each message once, in the order of its payer."),
        settings.worker.size,
        WorkerEnvironment {
            sqs_input_url: queue.queue_url(),
            sqs_max_receive_count: queue.max_receive_count(),
            sqs_dead_letter_url: dead_letters.queue_url(),
            messages_table: table.table_ref(),
            currencies: settings.currencies.join(",").into_value(),
            stage: stage_name(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    let source = SqsEventSource {
        queue: &queue,
        batch_size: BATCH,
        max_batching_window: BATCHING_WINDOW,
        max_concurrency: settings.worker.max_concurrency,
    };
    worker.add_event_source(&mut stack, source);
    dead_letters.grant_send_messages(&mut stack, &worker);
    table.grant_update_data(&mut stack, &worker);

    let sweeper = stage.function(
        &mut stack,
        (SWEEPER, "Queues what was accepted and never queued, and continues replays."),
        settings.sweeper,
        SweeperEnvironment {
            sqs_main_url: queue.queue_url(),
            sqs_dead_letter_url: dead_letters.queue_url(),
            messages_table: table.table_ref(),
            stage: stage_name(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    grant_replays(&mut stack, &queue, &table, &sweeper);
    dead_letters.grant_send_messages(&mut stack, &sweeper);
    let why = "invoked each minute: the next invocation does what a failed one has left";
    sweeper.never_retry(&mut stack, UNTIL_NEXT_SWEEP, why);
    let schedule = Schedule::new(
        &mut stack,
        "EachMinute",
        &sweeper,
        ScheduleProps {
            schedule_name: format!("messages-each-minute-{}", stage.name),
            description: "Invokes the sweeper.",
            expression: "rate(1 minute)".to_owned(),
            timezone: "UTC".to_owned(),
            enabled: settings.sweeper_enabled,
            input: "{}".to_owned(),
            retry_attempts: 0,
            max_event_age: UNTIL_NEXT_SWEEP,
            dead_letter_queue_name: format!("messages-each-minute-dlq-{}", stage.name),
        },
    );

    // The API
    let api = HttpApi::new(&mut stack, "Api", api_props(stage, settings));
    add_routes(&mut stack, &api, &[&login, &producer, &status]);

    // Monitoring
    let monitored = Monitored {
        api: &api,
        queue: &queue,
        table: &table,
        unsent: schedule.dead_letter_queue(),
        login: &login,
        producer: &producer,
        status: &status,
        worker: &worker,
        sweeper: &sweeper,
    };
    add_monitoring(&mut stack, stage, &monitored, &alarms);

    stack.output("ApiUrl", settings.api.url(&api), "Address of the API, without a slash at its end.");
    stack.output("MainQueueUrl", queue.queue_url(), "Queue of accepted messages.");
    stack.output("DeadLetterQueueUrl", dead_letters.queue_url(), "Its dead-letter queue.");
    stack.output("MessagesTableName", table.table_ref(), "Table of messages, users and replays.");
    stack.output(
        "SigningKeysSecretArn",
        signing_keys.secret_arn(),
        "Secret with the keys that tokens are signed with.",
    );
    stack.output("MessagesAlarmTopicArn", alarms.topic_arn(), "Topic that hears of each alarm.");
    stack.finish()
}

fn queue_props(stage: &Stage, settings: &Settings) -> QueueProps {
    QueueProps {
        queue_name: queue_on_stage(MAIN_QUEUE, stage.name.as_str()),
        dead_letter_queue_name: queue_on_stage(DEAD_LETTER_QUEUE, stage.name.as_str()),
        visibility_timeout: Queue::visibility_timeout_for(settings.worker.size.timeout, BATCHING_WINDOW),
        retention_period: RETENTION,
        max_receive_count: MAX_RECEIVE_COUNT,
        fifo: Some(Fifo { content_based_deduplication: true }),
    }
}

fn table_props(stage: &Stage, settings: &Settings) -> TableProps {
    let open = GlobalSecondaryIndex {
        index_name: attributes::OPEN_INDEX,
        partition_key: attributes::OPEN_STATUS,
        sort_key: attributes::OPEN_SINCE,
        projection: Projection::All,
    };
    TableProps {
        table_name: format!("messages_table-{}", stage.name),
        partition_key: attributes::KEY,
        time_to_live_attribute: Some(attributes::TIME_TO_LIVE),
        global_secondary_indexes: vec![open],
        deletion_protection: settings.deletion_protection,
        removal_policy: stage.removal_policy(),
    }
}

fn api_props(stage: &Stage, settings: &Settings) -> HttpApiProps {
    HttpApiProps {
        api_name: format!("messages-{}", stage.name),
        description: "Messages.",
        throttling: settings.api.throttling(),
        cors: CorsPreflight {
            allow_origins: settings.api.allowed_origins.clone(),
            allow_methods: &["GET", "POST"],
            allow_headers: &["authorization", "content-type", "idempotency-key", "if-none-match"],
            expose_headers: &[
                "etag",
                "idempotent-replayed",
                "location",
                "ratelimit",
                "ratelimit-policy",
                "retry-after",
                "www-authenticate",
            ],
            max_age: PREFLIGHT_MAX_AGE,
        },
        access_log_retention_days: stage.access_log_retention_days,
    }
}

/// What both functions need that send dead letters again: one for as long as a request lasts, the other after that.
fn grant_replays(stack: &mut Stack, queue: &Queue, table: &Table, function: &RustFunction) {
    queue.dead_letter_queue().grant_consume_messages(stack, function);
    queue.grant_send_messages(stack, function);
    table.grant_read_data(stack, function);
    table.grant_write_data(stack, function);
    table.grant_update_data(stack, function);
    table.grant_delete_data(stack, function);
    table.grant_query(stack, function, attributes::OPEN_INDEX);
}
