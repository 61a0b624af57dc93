//! The answers about uploads: announcing one, what became of it, its rejected rows, and taking it back.

pub(crate) mod new;
mod rejected;

use std::collections::BTreeMap;
use std::time::Duration;

use analytics_contract::{RejectedRow, STORED_REJECTED_ROWS, State, UPLOAD, Upload, dry_run_key};
use function_http::{Answer, Problem, Request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ports::{Clock, Fault, NewUpload, Reverted, Signer, Store, UploadRequest};
use crate::query::{Paged, Parameters};

pub(crate) use new::NewUploadBody;

/// The longest wait that a client can ask for, in seconds: below the 30 s of an HTTP API.
pub(crate) const WAIT_SECONDS: u64 = 20;
/// Between two looks of a client that waits.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Seconds after which a client may look again.
const RETRY_AFTER: u32 = 1;
/// Rejected rows that are read at once; one can have 64 KiB.
const ROWS: u16 = 50;
/// The header that says how much of what was rejected is there, a dictionary (RFC 9651).
const REJECTED_ROWS: &str = "rejected-rows";
/// Bytes of CSV above which a page ends: Lambda takes 6 MB, in which each quote counts twice.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Where an announced file can be put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Announced)]
pub(crate) struct AnnouncedView {
    #[schema(value_type = String, format = "uuid", example = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11")]
    id: Uuid,
    #[schema(example = "PUT", pattern = "^PUT$")]
    method: &'static str,
    /// Where to send the file. Whoever has it can put this file, and no other.
    #[schema(format = "uri", example = "https://uploads.s3.sa-east-1.amazonaws.com/march.csv?X-Amz-Signature=0f34")]
    url: String,
    /// Headers to send with it.
    headers: BTreeMap<String, String>,
    #[schema(value_type = String, format = "date-time", example = "2026-11-02T09:30:00Z")]
    expires_at: jiff::Timestamp,
}

/// An upload with a page of its rejected rows.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = UploadWithFaults)]
pub(crate) struct UploadView {
    #[serde(flatten)]
    upload: Upload,
    /// Rejected rows in the file's order, of the first 1,000.
    faults: Vec<RejectedRow>,
    /// The `cursor` of the next page of them; null on the last.
    next_cursor: Option<String>,
}

/// A page of the uploads.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Uploads)]
pub(crate) struct UploadsView {
    /// The newest first.
    uploads: Vec<Upload>,
    /// The `cursor` of the next page; null on the last.
    next_cursor: Option<String>,
}

/// `POST /analytics/uploads`. Signs before it writes, so that nothing is announced that has no address.
pub(crate) async fn create(
    request: &Request,
    store: &impl Store,
    signer: &impl Signer,
    id: Uuid,
    now: jiff::Timestamp,
) -> Result<Answer, Fault> {
    let new::Announced { key, size: bytes, sha256, dry_run } = match new::read(request) {
        Ok(announced) => announced,
        Err(problem) => return refused(request, problem),
    };
    let object_key = if dry_run { dry_run_key(&id.to_string(), &key) } else { key.clone() };
    let signed = signer.sign(&UploadRequest { id, key: object_key, bytes, sha256, dry_run }, now).await?;
    store.create_upload(&NewUpload { id, key, bytes, sha256, dry_run, requested_at: now }).await?;
    let view =
        AnnouncedView { id, method: "PUT", url: signed.url, headers: signed.headers, expires_at: signed.expires_at };
    Ok(Answer::json(201, &view).with_header("location", UPLOAD.replace("{id}", &id.to_string())).of_trace(id))
}

/// `GET /analytics/uploads`.
pub(crate) async fn list(request: &Request, store: &impl Store) -> Result<Answer, Fault> {
    let mut parameters = Parameters::of(request);
    let paged = Paged::read(&mut parameters, read_id);
    let Paged { cursor, limit } = match parameters.finish(paged) {
        Ok(paged) => paged,
        Err(problem) => return refused(request, problem),
    };
    let mut uploads = store.uploads(cursor, limit + 1).await?;
    let next_cursor = cut(&mut uploads, limit, |upload| upload.id.clone());
    let answer = Answer::json(200, &UploadsView { uploads, next_cursor: next_cursor.clone() });
    Ok(with_next(answer, request, next_cursor).revalidated(request))
}

/// `GET /analytics/uploads/{id}`: with `wait`, once it has ended or the time is over.
pub(crate) async fn show(request: &Request, store: &impl Store, clock: &impl Clock, id: &str) -> Result<Answer, Fault> {
    let mut parameters = Parameters::of(request);
    let wait = parameters.number("wait", 0..=WAIT_SECONDS, 0);
    let paged = Paged::read(&mut parameters, |text| text.parse::<u32>().ok());
    let Paged { cursor, limit } = match parameters.finish(paged) {
        Ok(paged) => paged,
        Err(problem) => return refused(request, problem),
    };
    let Some(id) = read_id(id) else { return unknown(request) };
    let until = clock.now() + Duration::from_secs(wait);
    let upload = loop {
        let Some(upload) = store.upload(id).await? else { return unknown(request) };
        if upload.state.is_final() || clock.now() >= until {
            break upload;
        }
        clock.sleep(LOOK_EVERY).await;
    };
    let mut faults = store.faults(id, cursor.unwrap_or_default().into(), limit + 1).await?;
    let next_cursor = cut(&mut faults, limit, |row| row.record.to_string());
    let is_final = upload.state.is_final();
    let answer = Answer::json(200, &UploadView { upload, faults, next_cursor: next_cursor.clone() });
    let answer = with_next(answer, request, next_cursor).revalidated(request).of_trace(id);
    Ok(if is_final { answer } else { answer.with_header("retry-after", RETRY_AFTER.to_string()) })
}

/// `GET /analytics/uploads/{id}/rejected.csv`.
pub(crate) async fn rejected(request: &Request, store: &impl Store, id: &str) -> Result<Answer, Fault> {
    let mut parameters = Parameters::of(request);
    let cursor = parameters.read("cursor", "the cursor of a page's Link", |text| text.parse::<u32>().ok());
    if let Err(problem) = parameters.finish(()) {
        return refused(request, problem);
    }
    let Some(id) = read_id(id) else { return unknown(request) };
    let Some(upload) = store.upload(id).await? else { return unknown(request) };
    let (mut text, mut after, mut next_cursor) = (String::new(), u64::from(cursor.unwrap_or_default()), None);
    let mut cut = 0;
    loop {
        let Some(page) = store.rejected_rows(id, after, ROWS).await? else {
            let why = match upload.state {
                State::Rejected => "the columns of this file are not known, so it was rejected before any of its rows",
                _ => "the file of this upload has not been read",
            };
            return refused(request, Problem::new(404).because(why));
        };
        if text.is_empty() {
            text = rejected::header(&page.header, page.delimiter);
        }
        for record in &page.rows {
            text += &rejected::row(record, &page.header, page.delimiter);
            after = record.record;
            cut += u32::from(rejected::is_cut(record));
        }
        if page.rows.len() < usize::from(ROWS) {
            break;
        }
        if text.len() > PAGE_BYTES {
            next_cursor = Some(after.to_string());
            break;
        }
    }
    let total = upload.rows_rejected;
    let kept = total.min(STORED_REJECTED_ROWS.into());
    let name = upload.key.rsplit('/').next().unwrap_or_default();
    let name = utf8_percent_encode(name.strip_suffix(".csv").unwrap_or(name), NON_ALPHANUMERIC);
    let answer = Answer::new(200, "text/csv; charset=utf-8; header=present", text)
        .with_header("content-disposition", format!("attachment; filename*=UTF-8''{name}.rejected.csv"))
        .with_header(REJECTED_ROWS, format!("total={total}, kept={kept}, cut={cut}"));
    Ok(with_next(answer, request, next_cursor).revalidated(request).of_trace(id))
}

/// `POST /analytics/uploads/{id}/revert`.
pub(crate) async fn revert(
    request: &Request,
    store: &impl Store,
    id: &str,
    now: jiff::Timestamp,
) -> Result<Answer, Fault> {
    let Some(id) = read_id(id) else { return unknown(request) };
    let conflict = match store.revert(id, now).await? {
        Reverted::Done(upload) => return Ok(Answer::json(200, &upload).of_trace(id)),
        Reverted::Unknown => return unknown(request),
        Reverted::NotApplied(state) => {
            format!("only an applied upload can be reverted, this one is {}", state.as_str())
        }
        Reverted::TooLate => {
            format!("an upload can be reverted for {} days", analytics_contract::REVERT_DAYS)
        }
    };
    refused(request, Problem::new(409).because(conflict))
}

/// Cuts a list that was read with one more, and gives the cursor behind its last.
pub(crate) fn cut<T>(rows: &mut Vec<T>, limit: u16, cursor: impl FnOnce(&T) -> String) -> Option<String> {
    let has_more = rows.len() > usize::from(limit);
    rows.truncate(limit.into());
    rows.last().filter(|_| has_more).map(cursor)
}

/// The same with the address of the next page, relative to this one, so that it is right under each stage.
pub(crate) fn with_next(answer: Answer, request: &Request, cursor: Option<String>) -> Answer {
    let Some(cursor) = cursor else { return answer };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(request.parameters().filter(|(name, _)| name != "cursor"));
    query.append_pair("cursor", &cursor);
    answer.with_header("link", format!("<?{}>; rel=\"next\"", query.finish()))
}

/// Accepts the hyphenated form only, so that an upload has one address.
fn read_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.hyphenated().to_string().eq_ignore_ascii_case(text))
}

fn unknown(request: &Request) -> Result<Answer, Fault> {
    refused(request, Problem::new(404).because("no upload has this id"))
}

fn refused(request: &Request, problem: Problem) -> Result<Answer, Fault> {
    Ok(crate::errors::refused(request, problem))
}
