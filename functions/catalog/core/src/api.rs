//! The API's requests and responses, built on the rules. Clients never see what failed behind the API.

use catalog_contract::{CREATE_PRODUCT_PROCESSOR, GET_PRODUCT, Operation, PRODUCT, ROUTES};
use function_http::{
    Access, Answer, Docs, ErrorForm, IdempotencyKey, Principal, Problem, Realm, Request, Routes, Tokens, json_body,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::accept::{AcceptError, Offer, accept};
use crate::look::{Looked, look};
use crate::openapi::openapi;
use crate::ports::{Fault, Queue, Table};
use crate::read::read_draft;
use crate::view::{AcceptedView, ProductView};

/// Seconds after which a client may poll or retry.
const RETRY_AFTER: u32 = 1;

/// What tokens protect.
pub const REALM: Realm = Realm("catalog");

const CREATE_ROUTES: Routes<'_, Operation> = Routes { of_api: ROUTES, function: CREATE_PRODUCT_PROCESSOR };
const GET_ROUTES: Routes<'_, Operation> = Routes { of_api: ROUTES, function: GET_PRODUCT };

/// `POST /products`: 202 with the product's id, before it is saved. `id` is a new one, used unless the idempotency key already has one.
pub async fn create_product(
    request: &Request,
    access: &Access<'_, impl Tokens>,
    table: &impl Table,
    queue: &impl Queue,
    id: Uuid,
    now: Timestamp,
) -> Answer {
    let operation = match CREATE_ROUTES.find(request) {
        Ok(found) => found.operation,
        Err(problem) => return problem.into(),
    };
    let principal = match access.admit(operation.data_access(), request).await {
        Ok(Ok(principal)) => principal,
        Ok(Err(problem)) => return problem.into(),
        Err(error) => return unavailable(&error.into()),
    };
    let offer = match read_offer(request, principal, id, now) {
        Ok(offer) => offer,
        Err(problem) => return problem.into(),
    };
    match accept(table, queue, offer).await {
        Ok(accepted) => {
            let answer =
                underway(accepted.id).with_header("location", PRODUCT.replace("{id}", &accepted.id.to_string()));
            if accepted.is_repeated { answer.replayed().with_reason("the idempotency key is known") } else { answer }
        }
        Err(AcceptError::OtherProduct) => IdempotencyKey::reused("product").into(),
        Err(AcceptError::Fault(fault)) => unavailable(&fault).of_trace(id),
    }
}

/// `GET /products/{id}`, `/openapi.json`, `/docs` and the files of that page.
pub async fn get_product(
    request: &Request,
    access: &Access<'_, impl Tokens>,
    table: &impl Table,
    docs: &Docs,
    now: Timestamp,
) -> Answer {
    let found = match GET_ROUTES.find(request) {
        Ok(found) => found,
        Err(problem) => return problem.into(),
    };
    match access.admit(found.operation.data_access(), request).await {
        Ok(Ok(_)) => {}
        Ok(Err(problem)) => return problem.into(),
        Err(error) => return unavailable(&error.into()),
    }
    let segment = found.segments.first().copied().unwrap_or_default();
    match found.operation {
        Operation::OpenApi => Answer::new(200, "application/json", openapi()).revalidated(request),
        Operation::Docs => docs.page(request, ErrorForm::Problem),
        Operation::DocsFile => docs.file(segment, ErrorForm::Problem),
        // Handled by the other function; API Gateway does not route it here.
        Operation::CreateProduct => Problem::new(404).into(),
        Operation::GetProduct => {
            let unknown = || Problem::new(404).because("no product has this id");
            let Some(id) = read_id(segment) else { return unknown().into() };
            let answer = match look(table, id, now).await {
                Ok(Looked::Saved(product)) => Answer::json(200, &ProductView::from(product)).revalidated(request),
                Ok(Looked::Underway(id)) => underway(id).with_header("retry-after", RETRY_AFTER.to_string()),
                Ok(Looked::Unknown) => unknown().into(),
                Err(fault) => unavailable(&fault),
            };
            answer.of_trace(id)
        }
    }
}

fn read_offer(request: &Request, principal: Principal, id: Uuid, now: Timestamp) -> Result<Offer, Problem> {
    let body = json_body(request)?;
    let key = IdempotencyKey::of(request)?;
    Ok(Offer { draft: read_draft(body)?, principal, key, id, now })
}

/// Accepts the hyphenated form only, so that a product has one URL.
fn read_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.hyphenated().to_string().eq_ignore_ascii_case(text))
}

fn underway(id: Uuid) -> Answer {
    Answer::json(202, &AcceptedView::new(id)).of_trace(id)
}

fn unavailable(fault: &Fault) -> Answer {
    let problem = match fault {
        Fault::Throttled { .. } => Problem::new(429).because("too many requests at the moment"),
        Fault::Failed { .. } => Problem::new(503).because("the catalog is out of reach at the moment"),
    };
    Answer::from(problem.retry_after(RETRY_AFTER)).because_of(fault)
}

#[cfg(test)]
mod tests;
