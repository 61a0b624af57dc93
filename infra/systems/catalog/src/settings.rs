//! `catalog.toml` of a stage: how many requests the API accepts, from which pages, and the size of its functions.

use system::{ConsumerSize, FunctionSize, Section, StageName};

/// What differs between two stages of the catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Requests per second of all routes together; excess requests get 429.
    pub requests_per_second: u32,
    /// Burst of requests.
    pub burst_requests: u32,
    /// Origins (`https://shop.example`) of pages that browsers allow to call the API; none when empty.
    pub allowed_origins: Vec<String>,
    pub api_address: ApiAddress,
    /// DynamoDB refuses to delete the table.
    pub deletion_protection: bool,
    pub create_product_processor: FunctionSize,
    pub product_saver_worker: ConsumerSize,
    pub get_product: FunctionSize,
}

/// How clients address the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiAddress {
    /// By its own host name, as on AWS.
    Host,
    /// By a path of the emulator; on the stage local only. Names below `localhost` are not resolved on every machine.
    Path,
}

/// API Gateway's account limits: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const ACCOUNT_RATE: u32 = 10_000;
const ACCOUNT_BURST: u32 = 5_000;

impl Settings {
    /// Reads `catalog.toml`.
    pub fn read(mut section: Section<'_>, stage: StageName) -> Self {
        let api_address = section.one_of("api_address", &[("host", ApiAddress::Host), ("path", ApiAddress::Path)]);
        if api_address == ApiAddress::Path && stage != StageName::Local {
            section.fault("api_address", "\"path\" is supported by the emulator only; write \"host\"");
        }
        let settings = Self {
            requests_per_second: section.whole("requests_per_second", 1..=ACCOUNT_RATE, "requests"),
            burst_requests: section.whole("burst_requests", 1..=ACCOUNT_BURST, "requests"),
            allowed_origins: section.texts(
                "allowed_origins",
                "a list of origins such as \"https://shop.example\"",
                is_origin,
            ),
            api_address,
            deletion_protection: section.flag("deletion_protection"),
            create_product_processor: FunctionSize::read(section.section("create-product-processor")),
            product_saver_worker: ConsumerSize::read(section.section("product-saver-worker")),
            get_product: FunctionSize::read(section.section("get-product")),
        };
        section.refuse_unknown_keys();
        settings
    }
}

/// A scheme, a host and optionally a port, as a browser sends it; or `*`, which a rule rejects on protected stages.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte);
    text == "*" || host.is_some_and(|host| !host.is_empty() && host.bytes().all(known))
}
