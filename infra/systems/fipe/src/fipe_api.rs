//! **FipeApi**: the chain that crawls a month.
//!
//! ```text
//!  monthly schedule ─▶ FipeManufacturerLoader ─▶ manufacturer-queue ─▶ FipeModelLoader ─▶ model-queue ─▶ FipePriceLoader
//!                            │ manifests                                  │ manifests     ▲   │ hands on     │ prices,
//!                            │                                            │               └───┘              │ manifests
//!                            └───────────────▶ price-queue ◀──────────────┴──────────────────────────────────┘
//!                                                  │
//!                        (in the VPC) FipeSomaIngestor ─▶ Aurora PostgreSQL (FipeData)
//!                                                  └─ crawl complete ─▶ topic
//!  each queue, and the schedule ─▶ its dead-letter queue ─▶ alarms ─▶ topic
//! ```

use std::time::Duration;

use cfn::{IntoValue, Parameter, Value};
use constructs::{
    Alarm, Dashboard, Metric, ParameterSource, Queue, QueueProps, RustFunction, Schedule, ScheduleProps,
    SqsEventSource, Stack, SynthesizedStack, Topic, Widget,
};
use contract::metric::POSTPONED;
use fipe_contract::{
    MANUFACTURER_LOADER, MODEL_LOADER, ManufacturerLoaderEnvironment, ModelLoaderEnvironment, PRICE_LOADER,
    PriceLoaderEnvironment, SOMA_INGESTOR, SomaIngestorEnvironment, database, metric,
};
use system::{ConsumerSize, Placement, Stage};
use system_database::{Connection, RDS_CA_BUNDLE};

use crate::{NAME as APPLICATION, Pacing, Settings, fipe_data};

pub(crate) const NAME: &str = "FipeApi";
const DAY: Duration = Duration::from_secs(24 * 3600);
/// A whole month at FIPE's pace takes 26 hours, so no message waits longer than that in a healthy crawl.
const RETENTION: Duration = DAY.saturating_mul(4);
const OLDEST_MESSAGE: Duration = DAY.saturating_mul(2);
/// With the back-off of the runtime they last two and a half hours.
const MAX_RECEIVE_COUNT: u32 = 15;
/// Messages that the ingestor writes in one transaction.
const INGESTOR_BATCH: u32 = 10;
/// How long Lambda and Scheduler try to start a crawl.
const MAX_EVENT_AGE: Duration = Duration::from_secs(6 * 3600);
const RETRY_ATTEMPTS: u32 = 2;
/// The newest month at FIPE.
const NEWEST_MONTH: &str = r#"{"mes":0,"ano":0}"#;
const OUTSIDE_VPC: Placement = Placement::Outside {
    why: "calls FIPE on the internet and nothing private: in a VPC it would need a NAT gateway, paid by the hour",
};
const URL_FIPE: &str = "https://veiculos.fipe.org.br/api/veiculos/";

pub(crate) fn fipe_api(stage: &Stage, settings: &Settings, pacing: &Pacing) -> SynthesizedStack {
    let mut stack = stage.stack(NAME, APPLICATION).description(
        "FIPE crawl: four functions, three queues with dead-letter queues, a schedule, alarms, a dashboard.",
    );

    // Parameters, given or from FipeData
    let subnet_ids = system_database::subnet_ids(&mut stack);
    let url_fipe =
        Parameter::string().description("Base address of the FIPE API, with a trailing slash.").default(URL_FIPE);
    let ours = ParameterSource::Service { service: APPLICATION, path: "/api/veiculos/" };
    let url_fipe = stack.parameter("UrlFipe", url_fipe.allowed_pattern("^https?://.+/$"), ours).r#ref();
    let connection = Connection::of(&mut stack, fipe_data::NAME);

    // Queues, one for each consumer
    let manufacturer_queue = queue(&mut stack, stage, settings, "Manufacturer", settings.model_loader);
    let model_queue = queue(&mut stack, stage, settings, "Model", settings.price_loader);
    let price_queue = queue(&mut stack, stage, settings, "Price", settings.soma_ingestor);

    // Notifications
    let crawl_complete = Topic::new(&mut stack, "CrawlCompleteTopic", format!("fipe-crawl-complete-{}", stage.name));
    let alarms = stage.alarm_topic(&mut stack, APPLICATION);

    // Functions
    let manufacturer_loader = stage.function(
        &mut stack,
        (MANUFACTURER_LOADER, "Starts a FIPE crawl."),
        settings.manufacturer_loader,
        ManufacturerLoaderEnvironment {
            sqs_output_url: manufacturer_queue.queue_url(),
            sqs_manifest_url: price_queue.queue_url(),
            url_fipe: url_fipe.clone(),
            fipe_calls_per_minute: text(pacing.manufacturer_loader.calls_per_minute),
            fipe_calls_in_flight: text(pacing.manufacturer_loader.calls_in_flight),
            stage: stage.name.as_str().into_value(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    manufacturer_queue.grant_send_messages(&mut stack, &manufacturer_loader);
    price_queue.grant_send_messages(&mut stack, &manufacturer_loader);
    manufacturer_loader.configure_async_invoke(&mut stack, MAX_EVENT_AGE, RETRY_ATTEMPTS, &alarms);

    let model_loader = stage.function(
        &mut stack,
        (MODEL_LOADER, "Lists the models of each brand."),
        settings.model_loader.size,
        ModelLoaderEnvironment {
            sqs_input_url: manufacturer_queue.queue_url(),
            sqs_max_receive_count: manufacturer_queue.max_receive_count(),
            sqs_dead_letter_url: manufacturer_queue.dead_letter_queue().queue_url(),
            sqs_output_url: model_queue.queue_url(),
            sqs_manifest_url: price_queue.queue_url(),
            models_per_message: text(pacing.models_per_message),
            url_fipe: url_fipe.clone(),
            fipe_calls_per_minute: text(pacing.model_loader.calls_per_minute),
            fipe_calls_in_flight: text(pacing.model_loader.calls_in_flight),
            stage: stage.name.as_str().into_value(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    consume(&mut stack, settings, &model_loader, &manufacturer_queue, pacing.brands_per_batch, settings.model_loader);
    model_loader.hand_on_to(&mut stack, &manufacturer_queue);
    model_queue.grant_send_messages(&mut stack, &model_loader);
    price_queue.grant_send_messages(&mut stack, &model_loader);

    let price_loader = stage.function(
        &mut stack,
        (PRICE_LOADER, "Asks for the prices of each model."),
        settings.price_loader.size,
        PriceLoaderEnvironment {
            sqs_input_url: model_queue.queue_url(),
            sqs_max_receive_count: model_queue.max_receive_count(),
            sqs_dead_letter_url: model_queue.dead_letter_queue().queue_url(),
            sqs_output_url: price_queue.queue_url(),
            url_fipe,
            fipe_calls_per_minute: text(pacing.price_loader.calls_per_minute),
            fipe_calls_in_flight: text(pacing.price_loader.calls_in_flight),
            stage: stage.name.as_str().into_value(),
        }
        .into_variables(),
        OUTSIDE_VPC,
    );
    consume(&mut stack, settings, &price_loader, &model_queue, pacing.messages_per_batch, settings.price_loader);
    price_loader.hand_on_to(&mut stack, &model_queue);
    price_queue.grant_send_messages(&mut stack, &price_loader);

    let soma_ingestor = stage.function(
        &mut stack,
        (SOMA_INGESTOR, "Writes prices to the database."),
        settings.soma_ingestor.size,
        SomaIngestorEnvironment {
            sqs_input_url: price_queue.queue_url(),
            sqs_max_receive_count: price_queue.max_receive_count(),
            sqs_dead_letter_url: price_queue.dead_letter_queue().queue_url(),
            crawl_complete_topic_arn: crawl_complete.topic_arn(),
            rds_host: connection.endpoint.clone(),
            rds_port: connection.port.clone(),
            rds_database: database::NAME.into_value(),
            rds_user: database::APPLICATION_ROLE.into_value(),
            rds_tls: settings.database.tls.as_str().into_value(),
            function_timeout_seconds: settings.soma_ingestor.size.timeout.as_secs().to_string().into_value(),
            rds_ca_bundle: RDS_CA_BUNDLE.into_value(),
            db_secret_arn: connection.credentials.clone(),
            stage: stage.name.as_str().into_value(),
        }
        .into_variables(),
        connection.placement(subnet_ids.r#ref()),
    );
    consume(&mut stack, settings, &soma_ingestor, &price_queue, INGESTOR_BATCH, settings.soma_ingestor);
    crawl_complete.grant_publish(&mut stack, &soma_ingestor);
    connection.grant_read_credentials(&mut stack, &soma_ingestor);

    // A scheduled crawl of the newest month
    let schedule = Schedule::new(
        &mut stack,
        "MonthlyCrawl",
        &manufacturer_loader,
        ScheduleProps {
            schedule_name: format!("fipe-monthly-crawl-{}", stage.name),
            description: "Starts a crawl of FIPE's newest month.",
            expression: settings.schedule.expression.clone(),
            timezone: settings.schedule.timezone.clone(),
            enabled: settings.schedule.enabled,
            input: NEWEST_MONTH.to_owned(),
            retry_attempts: RETRY_ATTEMPTS,
            max_event_age: MAX_EVENT_AGE,
            dead_letter_queue_name: format!("fipe-schedule-dlq-{}", stage.name),
        },
    );

    // Monitoring
    let queues = [("Manufacturer", &manufacturer_queue), ("Model", &model_queue), ("Price", &price_queue)];
    let functions = [&manufacturer_loader, &model_loader, &price_loader, &soma_ingestor];
    add_alarms(&mut stack, &queues, &functions, &alarms);
    system_database::add_alarms(&mut stack, &settings.database, &alarms);
    let unsent = schedule.dead_letter_queue();
    let text = format!("{} has events: a month was not crawled. Start it by hand.", unsent.queue_name());
    Alarm::new(&mut stack, "MonthlyCrawlDeadLettersAlarm", &unsent.metric_messages_visible(), 0, &text, &alarms);
    for loader in [&manufacturer_loader, &model_loader, &price_loader] {
        let text =
            format!("FIPE answers {} with 403: its address or browser's name is blocked.", loader.function_name());
        let blocked = stage.metric(metric::NAMESPACE, loader, metric::BLOCKED);
        Alarm::new(&mut stack, &format!("{}BlockedAlarm", loader.id()), &blocked, 0, &text, &alarms);
    }
    // A message that is put back is a new one: the age of the oldest says nothing of it.
    for loader in [&model_loader, &price_loader] {
        let text = format!(
            "FIPE is away, or its daily limit is used up: {} puts messages back, for three days at most. `infra status fipe` tells until when.",
            loader.function_name()
        );
        let postponed = stage.metric(metric::NAMESPACE, loader, POSTPONED);
        Alarm::new(&mut stack, &format!("{}PostponedAlarm", loader.id()), &postponed, 0, &text, &alarms);
    }
    add_dashboard(&mut stack, stage, settings, &queues.map(|(_, queue)| queue), &functions);

    for (name, queue) in queues {
        stack.output(&format!("{name}QueueUrl"), queue.queue_url(), "Queue.");
        stack.output(&format!("{name}DLQUrl"), queue.dead_letter_queue().queue_url(), "Its dead-letter queue.");
    }
    stack.output("ScheduleDLQUrl", unsent.queue_url(), "Dead-letter queue of the schedule.");
    stack.output("FipeManufacturerLambda", manufacturer_loader.function_ref(), "Function that starts a crawl.");
    stack.output("FipeSomaIngestorLambda", soma_ingestor.function_ref(), "Function that writes to the database.");
    stack.output("CrawlCompleteTopicArn", crawl_complete.topic_arn(), "Topic that hears of each complete crawl.");
    stack.output("AlarmTopicArn", alarms.topic_arn(), "Topic that hears of each alarm.");
    stack.finish()
}

/// `fipe-<name>-queue-<stage>` and its dead-letter queue, for one consumer.
#[track_caller]
fn queue(stack: &mut Stack, stage: &Stage, settings: &Settings, name: &str, consumer: ConsumerSize) -> Queue {
    let (kebab, stage_name) = (name.to_ascii_lowercase(), stage.name);
    let props = QueueProps {
        queue_name: format!("fipe-{kebab}-queue-{stage_name}"),
        dead_letter_queue_name: format!("fipe-{kebab}-dlq-{stage_name}"),
        visibility_timeout: Queue::visibility_timeout_for(consumer.size.timeout, settings.batching_window),
        retention_period: RETENTION,
        max_receive_count: MAX_RECEIVE_COUNT,
        fifo: None,
    };
    Queue::new(stack, &format!("{name}Queue"), props)
}

/// Feeds a function from a queue; the function sends permanently failed messages to the dead-letter queue, with the reason.
#[track_caller]
fn consume(
    stack: &mut Stack,
    settings: &Settings,
    function: &RustFunction,
    queue: &Queue,
    batch_size: u32,
    consumer: ConsumerSize,
) {
    let source = SqsEventSource {
        queue,
        batch_size,
        max_batching_window: settings.batching_window,
        max_concurrency: consumer.max_concurrency,
    };
    function.add_event_source(stack, source);
    queue.dead_letter_queue().grant_send_messages(stack, function);
}

fn add_alarms(stack: &mut Stack, queues: &[(&str, &Queue)], functions: &[&RustFunction], topic: &Topic) {
    let oldest = u32::try_from(OLDEST_MESSAGE.as_secs()).unwrap_or(u32::MAX);
    for (name, queue) in queues {
        let dead = queue.dead_letter_queue().metric_messages_visible();
        let text = format!("{} has messages: read their reason.", queue.dead_letter_queue().queue_name());
        Alarm::new(stack, &format!("{name}DeadLettersAlarm"), &dead, 0, &text, topic);
        let age = queue.metric_age_of_oldest_message();
        let text = format!("A message has waited in {} for two days; after four it is lost.", queue.queue_name());
        Alarm::new(stack, &format!("{name}OldestMessageAlarm"), &age, oldest, &text, topic);
    }
    for function in functions {
        let text = format!("{} fails.", function.function_name());
        Alarm::new(stack, &format!("{}ErrorsAlarm", function.id()), &function.metric_errors(), 0, &text, topic);
    }
}

fn add_dashboard(
    stack: &mut Stack,
    stage: &Stage,
    settings: &Settings,
    queues: &[&Queue],
    functions: &[&RustFunction],
) {
    fn of<T>(things: &[T], metric: impl Fn(&T) -> Metric) -> Vec<Metric> {
        things.iter().map(metric).collect()
    }
    let own = |names: &[(usize, &'static str)]| {
        names.iter().map(|(function, name)| stage.metric(metric::NAMESPACE, functions[*function], name)).collect()
    };
    let widgets = [
        Widget {
            title: "FIPE: calls of models and prices",
            metrics: own(&[(1, metric::CALLS), (2, metric::CALLS), (2, metric::RETRIES)]),
        },
        Widget {
            title: "FIPE: turned away, put back",
            metrics: own(&[(2, metric::THROTTLED), (2, metric::BLOCKED), (2, POSTPONED)]),
        },
        Widget { title: "Prices: loaded, stored", metrics: own(&[(2, metric::PRICES), (3, metric::PRICES_STORED)]) },
        Widget { title: "Messages waiting", metrics: of(queues, |queue| queue.metric_messages_visible()) },
        Widget {
            title: "Dead letters",
            metrics: of(queues, |queue| queue.dead_letter_queue().metric_messages_visible()),
        },
        Widget { title: "Oldest message (s)", metrics: of(queues, |queue| queue.metric_age_of_oldest_message()) },
        Widget { title: "Errors", metrics: of(functions, |function| function.metric_errors()) },
        Widget { title: "Invocations", metrics: of(functions, |function| function.metric_invocations()) },
        Widget { title: "Longest invocation (ms)", metrics: of(functions, |function| function.metric_duration()) },
    ];
    let widgets = [widgets.as_slice(), &system_database::widgets(&settings.database)].concat();
    Dashboard::new(stack, "Dashboard", format!("fipe-{}", stage.name), &widgets);
}

fn text(number: impl ToString) -> Value<String> {
    number.to_string().into_value()
}
