//! `messages.toml` of a stage: how much the API and one user may send, which currencies are settled, and the size of the functions.

use contract::Authorization;
use messages_contract::{LOGIN, PRODUCER, STATUS, SWEEPER, WORKER};
use system::{Api, ConsumerSize, FunctionSize, Section, Stage};

/// All currencies, among the names of single ones.
const ANY_CURRENCY: &str = "*";
/// MB. A password takes a tenth of a second of a whole core to check, and Lambda gives a function a share of one by its memory.
const LEAST_LOGIN_MEMORY: u32 = 1024;

/// What differs between two stages of the messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub api: Api,
    /// DynamoDB refuses to delete the table.
    pub deletion_protection: bool,
    /// Messages that one user may send in a minute.
    pub messages_per_minute: u32,
    /// Currencies that are settled, such as `BRL`, or `*` for all.
    pub currencies: Vec<String>,
    pub login: FunctionSize,
    pub producer: FunctionSize,
    pub status: FunctionSize,
    pub worker: ConsumerSize,
    pub sweeper: FunctionSize,
    /// Whether the sweeper is invoked each minute.
    pub sweeper_enabled: bool,
}

impl Settings {
    /// Reads `messages.toml`.
    pub fn read(mut section: Section<'_>, stage: &Stage) -> Self {
        let (sweeper, sweeper_enabled) = read_sweeper(section.section(SWEEPER.asset));
        let settings = Self {
            api: read_api(section.section("api"), stage),
            deletion_protection: section.flag("deletion_protection"),
            messages_per_minute: section.whole("messages_per_minute", 1..=1_000_000, "messages"),
            currencies: section.texts("currencies", "[\"*\"], or codes such as \"BRL\"", is_currency),
            login: read_login(section.section(LOGIN.asset)),
            producer: FunctionSize::read(section.section(PRODUCER.asset)),
            status: FunctionSize::read(section.section(STATUS.asset)),
            worker: ConsumerSize::read(section.section(WORKER.asset)),
            sweeper,
            sweeper_enabled,
        };
        let is_any = settings.currencies.iter().any(|currency| currency == ANY_CURRENCY);
        if is_any && settings.currencies.len() > 1 {
            section.fault("currencies", "\"*\" is every currency already; write it alone");
        }
        section.refuse_unknown_keys();
        settings
    }
}

fn read_api(mut section: Section<'_>, stage: &Stage) -> Api {
    // Tokens of its own login: nothing else tells whose a message is.
    let api = Api::of(&mut section, stage, &[Authorization::Token]);
    section.refuse_unknown_keys();
    api
}

fn read_login(mut section: Section<'_>) -> FunctionSize {
    let size = FunctionSize::of(&mut section);
    if size.memory_mb < LEAST_LOGIN_MEMORY {
        let what = format!("{} is too slow to check passwords; write {LEAST_LOGIN_MEMORY} or more", size.memory_mb);
        section.fault("memory_mb", what);
    }
    section.refuse_unknown_keys();
    size
}

fn read_sweeper(mut section: Section<'_>) -> (FunctionSize, bool) {
    let size = FunctionSize::of(&mut section);
    let enabled = section.flag("enabled");
    section.refuse_unknown_keys();
    (size, enabled)
}

/// `*`, or a code of ISO 4217.
fn is_currency(text: &str) -> bool {
    text == ANY_CURRENCY || (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()))
}
