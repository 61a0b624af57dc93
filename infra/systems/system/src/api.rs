//! The settings of a system's HTTP API, with the same keys for each system that has one.

use cfn::Value;
use cfn::intrinsics::{select, split, sub_with};
use constructs::{HttpApi, Throttling};

use contract::{Authorization, Authorizations};

use crate::{Section, Stage, StageName};

/// How much an HTTP API accepts, from whom, and from which pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Api {
    /// Requests per second of all routes together; excess requests get 429.
    pub requests_per_second: u32,
    /// Burst of requests.
    pub burst_requests: u32,
    /// Origins (`https://shop.example`) of pages that browsers allow to call the API; none when empty.
    pub allowed_origins: Vec<String>,
    pub address: ApiAddress,
    pub authorizations: Authorizations,
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

impl Api {
    /// `requests_per_second`, `burst_requests`, `allowed_origins`, `api_address`, `authorization`, among other keys of the section. `supported` is
    /// what the API's functions know.
    pub fn of(section: &mut Section<'_>, stage: &Stage, supported: &[Authorization]) -> Self {
        let address = section.one_of("api_address", &[("host", ApiAddress::Host), ("path", ApiAddress::Path)]);
        if address == ApiAddress::Path && stage.name != StageName::Local {
            section.fault("api_address", "\"path\" is supported by the emulator only; write \"host\"");
        }
        Self {
            requests_per_second: section.whole("requests_per_second", 1..=ACCOUNT_RATE, "requests"),
            burst_requests: section.whole("burst_requests", 1..=ACCOUNT_BURST, "requests"),
            allowed_origins: section.texts(
                "allowed_origins",
                "a list of origins such as \"https://shop.example\"",
                is_origin,
            ),
            address,
            authorizations: read_authorizations(section.section("authorization"), stage, supported),
        }
    }

    pub fn throttling(&self) -> Throttling {
        Throttling { rate_limit: self.requests_per_second, burst_limit: self.burst_requests }
    }

    /// The address of the API, without a slash at its end. The emulator names an API as AWS does, below its own address, which follows
    /// `.execute-api.`.
    pub fn url(&self, api: &HttpApi) -> Value<String> {
        match self.address {
            ApiAddress::Host => api.api_endpoint(),
            ApiAddress::Path => of_emulator(api, &format!("/_aws/execute-api/${{{}}}", api.id())),
        }
    }

    /// The origin of pages that the API serves itself, as a browser sends it.
    pub fn origin(&self, api: &HttpApi) -> Value<String> {
        match self.address {
            ApiAddress::Host => api.api_endpoint(),
            ApiAddress::Path => of_emulator(api, ""),
        }
    }
}

fn read_authorizations(mut section: Section<'_>, stage: &Stage, supported: &[Authorization]) -> Authorizations {
    let choices: Vec<_> = Authorization::ALL.into_iter().filter(|(_, each)| supported.contains(each)).collect();
    let [writing, reading] = ["writing", "reading"].map(|key| {
        let authorization = section.one_of(key, &choices);
        if authorization == Authorization::Iam && stage.name == StageName::Local {
            section.fault(key, "\"iam\" is not checked by the emulator; write \"token\" or \"none\"");
        }
        authorization
    });
    if writing == Authorization::None && stage.is_protected() && section.has("writing") {
        section.fault("writing", "\"none\" lets anyone write on a protected stage; write \"token\" or \"iam\"");
    }
    section.refuse_unknown_keys();
    Authorizations { writing, reading }
}

fn of_emulator(api: &HttpApi, path: &str) -> Value<String> {
    let emulator = select::<String>(1, split(".execute-api.", api.api_endpoint()));
    sub_with(format!("http://${{Emulator}}{path}"), [("Emulator", emulator)])
}

/// A scheme, a host and optionally a port, as a browser sends it; or `*`, which a rule rejects on protected stages.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte);
    text == "*" || host.is_some_and(|host| !host.is_empty() && host.bytes().all(known))
}
