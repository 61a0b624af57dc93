//! FIPE's endpoints over HTTP: headers, compression and faults around the answers.
//! Refuses callers that do not look like a browser (403), as FIPE does.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::post;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::answer::Refusal;
use crate::connection::Resetter;
use crate::fault::Fault;
use crate::month::Month;
use crate::query::Query;
use crate::shared::Shared;
use crate::stats::{Endpoint, add};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// Below this, compressing costs more than it saves.
const GZIP_FROM_BYTES: usize = 1_400;
const CHALLENGE: &str = "<!DOCTYPE html><html><head><title>Verificando...</title></head>\
    <body><noscript>Habilite o JavaScript para continuar.</noscript></body></html>";
const DENIED: &str = "<!DOCTYPE html><html><head><title>403 - Forbidden: Access is denied.</title></head>\
    <body><h2>403 - Forbidden: Access is denied.</h2></body></html>";
const UNAVAILABLE: &str = "<!DOCTYPE html><html><head><title>Service Unavailable</title></head>\
    <body><h2>Service Unavailable</h2><p>HTTP Error 503.</p></body></html>";

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/api/veiculos/{endpoint}", post(call)).route("/api/veiculos//{endpoint}", post(call))
}

async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Resetter>,
    Path(endpoint): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(endpoint) = Endpoint::from_name(&endpoint) else {
        return html(StatusCode::NOT_FOUND, "<!DOCTYPE html><html><body><h2>404</h2></body></html>");
    };
    shared.counters.called(endpoint);
    if !is_browser(&headers) {
        add(&shared.counters.not_a_browser);
        return html(StatusCode::FORBIDDEN, DENIED);
    }
    if let Err(wait) = shared.ask_rate_limit(Instant::now()) {
        add(&shared.counters.rate_limited);
        return too_many_requests(wait);
    }
    let source = shared.faults();
    let fault = source.draw().filter(|&fault| fault != Fault::Rollover || endpoint == Endpoint::Price);
    if let Some(fault) = fault {
        shared.counters.served(fault);
    }
    match fault {
        Some(Fault::TooManyRequests) => return too_many_requests(source.faults.retry_after),
        Some(Fault::Forbidden) => return html(StatusCode::FORBIDDEN, DENIED),
        Some(Fault::Unavailable) => return html(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE),
        Some(Fault::Html) => return html(StatusCode::OK, CHALLENGE),
        Some(Fault::Empty) => return respond(StatusCode::OK, JSON, Bytes::new()),
        Some(Fault::Reset) => {
            connection.reset();
            return respond(StatusCode::OK, JSON, Bytes::new());
        }
        Some(Fault::Slow) => tokio::time::sleep(source.faults.slow).await,
        Some(Fault::Truncated | Fault::Rollover) | None => {}
    }
    let mut answer = answer(&shared, endpoint, &Query::parse(&body), fault == Some(Fault::Rollover));
    match fault {
        Some(Fault::Truncated) => answer.truncate(answer.len() / 2),
        Some(Fault::Rollover) => {}
        _ if endpoint == Endpoint::Price && answer.starts_with(b"{\"Valor\"") => add(&shared.counters.prices_served),
        _ => {}
    }
    compressed_if_asked(&headers, answer)
}

fn answer(shared: &Shared, endpoint: Endpoint, query: &Query, rolled_over: bool) -> Bytes {
    let catalog = shared.catalog();
    let answer = match endpoint {
        Endpoint::References => Ok(catalog.references()),
        Endpoint::Brands => catalog.brands(query),
        Endpoint::Models => catalog.models(query),
        Endpoint::Years => catalog.years(query),
        Endpoint::Price => catalog.price(query, rolled_over, asked_at(Timestamp::now())),
    };
    answer.unwrap_or_else(|refusal| {
        add(match refusal {
            Refusal::NothingFound => &shared.counters.nothing_found,
            Refusal::InvalidParameters => &shared.counters.invalid_parameters,
        });
        refusal.body()
    })
}

fn is_browser(headers: &HeaderMap) -> bool {
    headers.get(USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/"))
}

fn too_many_requests(wait: Duration) -> Response {
    let mut response = html(StatusCode::TOO_MANY_REQUESTS, "");
    // Rounded up, because FIPE counts whole seconds and a call before its time is refused again.
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1_000) as u64));
    response
}

fn compressed_if_asked(headers: &HeaderMap, body: Bytes) -> Response {
    let accepts = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if body.len() < GZIP_FROM_BYTES || !accepts.split(',').any(|coding| coding.trim().starts_with("gzip")) {
        return respond(StatusCode::OK, JSON, body);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&body).and_then(|()| encoder.finish()) {
        Ok(compressed) => {
            let mut response = respond(StatusCode::OK, JSON, compressed.into());
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response
        }
        Err(_) => respond(StatusCode::OK, JSON, body),
    }
}

fn html(status: StatusCode, page: &'static str) -> Response {
    respond(status, HTML, Bytes::from_static(page.as_bytes()))
}

fn respond(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// `segunda-feira, 17 de agosto de 2026 16:05`, in Brasília's time, which has had no daylight saving since 2019.
fn asked_at(now: Timestamp) -> String {
    let now = now.to_zoned(TimeZone::fixed(Offset::constant(-3)));
    const WEEKDAYS: [&str; 7] =
        ["segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"];
    let weekday = WEEKDAYS[now.weekday().to_monday_zero_offset() as usize];
    let month = Month::new(now.year() as u16, now.month() as u8).map_or("", Month::name);
    format!("{weekday}, {} de {month} de {} {:02}:{:02}", now.day(), now.year(), now.hour(), now.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_asking_is_written_as_fipe_writes_it() {
        let asked = "2026-08-17T19:05:00Z".parse().unwrap();
        assert_eq!(asked_at(asked), "segunda-feira, 17 de agosto de 2026 16:05");
    }
}
