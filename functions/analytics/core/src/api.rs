//! The API: from a request to its response, over the ports. Clients never see what failed behind the API.

use analytics_contract::{ANALYTICS_API, Operation, PAGE, ROUTES};
use function_http::{Access, Answer, Docs, EntityTag, ErrorForm, Problem, Realm, Request, Routes, Tokens};
use serde_json::json;
use uuid::Uuid;

use crate::answers::Answers;
use crate::errors::{refused, unavailable};
use crate::evidence;
use crate::openapi::openapi;
use crate::ports::{Clock, Fault, Signer, Store};
use crate::predictions::{self, Format, JSON};
use crate::query::{self, Asked, Paged, Parameters};
use crate::uploads::{self, cut, with_next};

/// Counted up when an answer with the same data gets other bytes, so that clients fetch it again.
const EDITION: u8 = 1;

/// What tokens protect.
pub const REALM: Realm = Realm("analytics");

const OWN_ROUTES: Routes<'_, Operation> = Routes { of_api: ROUTES, function: ANALYTICS_API };

/// What a request is answered with.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a, S, G, T, C> {
    pub store: &'a S,
    pub signer: &'a G,
    pub access: Access<'a, T>,
    pub clock: &'a C,
    /// What this instance has answered before.
    pub answers: &'a Answers,
    pub page: Page<'a>,
    pub docs: &'a Docs,
}

/// The page that people look at.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    pub html: &'a str,
    /// Its `Content-Security-Policy`.
    pub policy: &'a str,
}

impl<S: Store, G: Signer, T: Tokens, C: Clock> Api<'_, S, G, T, C> {
    /// Answers a request. `id` is a new one, for an upload that is announced.
    pub async fn respond(&self, request: &Request, id: Uuid) -> Answer {
        let page = (request.path.strip_suffix('/') == Some(PAGE))
            .then(|| Request { path: PAGE.to_owned(), ..request.clone() });
        let request = page.as_ref().unwrap_or(request);
        let found = match OWN_ROUTES.find(request) {
            Ok(found) => found,
            // Like the API that this one replaces: by the status alone.
            Err(problem) => {
                let plain = json!({"detail": problem.title}).to_string();
                return refused(request, problem.with_plain(plain));
            }
        };
        let segment = found.segments.first().copied().unwrap_or_default();
        match self.done(request, found.operation, segment, id).await {
            Ok(answer) => answer,
            Err(fault) => unavailable(request, &fault),
        }
    }

    async fn done(&self, request: &Request, operation: Operation, segment: &str, id: Uuid) -> Result<Answer, Fault> {
        if let Err(problem) = self.access.admit(operation.data_access(), request).await? {
            return Ok(refused(request, problem));
        }
        let answer = match operation {
            Operation::Page => return Ok(self.page(request)),
            Operation::Docs => return Ok(self.docs.page(request, ErrorForm::asked_by(request))),
            Operation::DocsFile => return Ok(self.docs.file(segment, ErrorForm::asked_by(request))),
            Operation::OpenApi => return Ok(Answer::new(200, JSON, openapi()).revalidated(request)),
            Operation::Program => self.predictions(request, query::program(request)).await?,
            Operation::Period => self.predictions(request, query::period(request)).await?,
            Operation::Programs => self.programs(request).await?,
            Operation::Explain => self.explain(request).await?,
            Operation::Accuracy => self.accuracy(request).await?,
            Operation::CreateUpload => uploads::create(request, self.store, self.signer, id, self.clock.now()).await?,
            Operation::Uploads => uploads::list(request, self.store).await?,
            Operation::Upload => uploads::show(request, self.store, self.clock, segment).await?,
            Operation::RejectedRows => uploads::rejected(request, self.store, segment).await?,
            Operation::RevertUpload => uploads::revert(request, self.store, segment, self.clock.now()).await?,
        };
        Ok(answer.with_header("vary", "accept"))
    }

    fn page(&self, request: &Request) -> Answer {
        Answer::new(200, "text/html; charset=utf-8", self.page.html)
            .with_header("content-security-policy", self.page.policy)
            .with_header("referrer-policy", "no-referrer")
            .revalidated(request)
    }

    async fn predictions(
        &self,
        request: &Request,
        asked: Result<Asked<crate::GroupQuestion>, Problem>,
    ) -> Result<Answer, Fault> {
        let Asked { question, about } = match asked {
            Ok(asked) => asked,
            Err(problem) => return Ok(refused(request, problem)),
        };
        let format = Format::of(request);
        let code = request.parameter("program_code").unwrap_or_default();
        self.current(request, format.media_type(), async |version| {
            let groups = match &question {
                Some(question) => self.store.groups(version, question).await?,
                None => Vec::new(),
            };
            Ok(predictions::predictions(format, &code, about, groups))
        })
        .await
    }

    async fn programs(&self, request: &Request) -> Result<Answer, Fault> {
        let mut parameters = Parameters::of(request);
        let paged = Paged::read(&mut parameters, |text| query::is_storable(text).then(|| text.to_owned()));
        let Paged { cursor, limit } = match parameters.finish(paged) {
            Ok(paged) => paged,
            Err(problem) => return Ok(refused(request, problem)),
        };
        let format = Format::of(request);
        self.current(request, format.media_type(), async |_| {
            let mut rows = self.store.programs(cursor.as_deref(), limit + 1).await?;
            let next = cut(&mut rows, limit, |row| row.program_code.clone());
            Ok(with_next(predictions::programs(format, rows, next.clone()), request, next))
        })
        .await
    }

    async fn explain(&self, request: &Request) -> Result<Answer, Fault> {
        let (Asked { question, .. }, after) = match query::explain(request) {
            Ok(asked) => asked,
            Err(problem) => return Ok(refused(request, problem)),
        };
        let code = request.parameter("program_code").unwrap_or_default();
        self.current(request, JSON, async |version| {
            let groups = match &question {
                Some(question) => self.store.explain(version, question).await?,
                None => Vec::new(),
            };
            let (answer, next) = evidence::explanation(&code, groups, after);
            Ok(with_next(answer, request, next))
        })
        .await
    }

    async fn accuracy(&self, request: &Request) -> Result<Answer, Fault> {
        let Asked { question, .. } = match query::selected(request) {
            Ok(asked) => asked,
            Err(problem) => return Ok(refused(request, problem)),
        };
        let code = request.parameter("program_code").unwrap_or_default();
        self.current(request, JSON, async |_| {
            let rows = match &question {
                Some(question) => self.store.accuracy(question).await?,
                None => Vec::new(),
            };
            Ok(evidence::accuracy(&code, rows))
        })
        .await
    }

    /// An answer with the entity tag of the data's version; 304 without reading a row for a client that has it. The version is read
    /// before the rows: an answer is never older than its tag says.
    async fn current(
        &self,
        request: &Request,
        media_type: &str,
        answer: impl AsyncFnOnce(i64) -> Result<Answer, Fault>,
    ) -> Result<Answer, Fault> {
        let version = self.store.version().await?;
        let parts: [&[u8]; 5] = [
            &[EDITION],
            &version.to_be_bytes(),
            request.path.as_bytes(),
            request.query.as_bytes(),
            media_type.as_bytes(),
        ];
        let tag = EntityTag::of_parts(&parts);
        if tag.is_known_to(request) {
            return Ok(Answer::not_modified(&tag));
        }
        if let Some(answer) = self.answers.get(&tag) {
            return Ok(answer);
        }
        let answer = answer(version).await?.with_entity_tag(&tag);
        self.answers.put(version, &tag, &answer);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
