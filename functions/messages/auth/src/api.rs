//! The login function's API: from a request to its response, over the ports.

use function_http::{Answer, Problem, Request, Routes};
use jiff::Timestamp;
use messages_contract::{LOGIN, Operation, ROUTES, TOKEN_SECONDS};
use serde_json::json;

use crate::cached_keys::Keys;
use crate::credentials::{Credentials, refresh_token};
use crate::email::Email;
use crate::errors::{refused, unavailable};
use crate::keys::KeyRing;
use crate::lockout::Counter;
use crate::ports::{Fault, KeySource, Store};
use crate::report::{Ended, Report};
use crate::sessions::{LoginError, Randomness, RefreshError, Session, login, logout, refresh};
use crate::token::issue;

const OWN_ROUTES: Routes<'_, Operation> = Routes { of_api: ROUTES, function: LOGIN };

/// What a request is answered with.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a, S, K> {
    pub store: &'a S,
    pub keys: &'a Keys<K>,
    /// The issuer and the audience of tokens.
    pub issuer: &'a str,
}

impl<S: Store, K: KeySource> Api<'_, S, K> {
    /// Answers a request, and reports what it was, where that is for the log.
    pub async fn respond(&self, request: &Request, random: &Randomness, now: Timestamp) -> (Answer, Option<Report>) {
        let operation = match OWN_ROUTES.find(request) {
            Ok(found) => found.operation,
            // Like the API that this one replaces: by the status alone.
            Err(problem) => {
                let plain = json!({"detail": problem.title}).to_string();
                return (refused(request, problem.with_plain(plain)), None);
            }
        };
        match operation {
            Operation::Login => self.login(request, random, now).await,
            Operation::Refresh => self.refresh(request, random, now).await,
            Operation::Logout => self.logout(request, now).await,
            Operation::Keys => (self.published(request, now).await, None),
            // Handled by the other functions; API Gateway does not route it here.
            _ => (refused(request, Problem::new(404)), None),
        }
    }

    async fn login(&self, request: &Request, random: &Randomness, now: Timestamp) -> (Answer, Option<Report>) {
        let credentials = match Credentials::read(request) {
            Ok(credentials) => credentials,
            Err(problem) => return (refused(request, problem), None),
        };
        let source = Counter::of_source(request.source_address);
        let report = |ended| Some(Report::of_login(&credentials.email, &source, ended));
        let done: Result<Answer, LoginError> = async {
            let ring = self.keys.ring(now).await?;
            let session = login(self.store, &credentials, &source, random, now).await?;
            Ok(self.pair(&ring, &session, random, now))
        }
        .await;
        let error = match done {
            Ok(answer) => return (answer, report(Ended::Success)),
            Err(error) => error,
        };
        let reason = function_runtime::chain(&error);
        let (problem, ended) = match error {
            LoginError::Wrong(_) => {
                (Problem::new(401).because("Incorrect email or password").challenged("Bearer"), Ended::Refused(reason))
            }
            LoginError::Locked { until } => (locked(until, now), Ended::Refused(reason)),
            LoginError::Fault(fault) => return failed(request, &fault, report(Ended::Failed(reason))),
        };
        (refused(request, problem), report(ended))
    }

    async fn refresh(&self, request: &Request, random: &Randomness, now: Timestamp) -> (Answer, Option<Report>) {
        let token = match refresh_token(request) {
            Ok(token) => token,
            Err(problem) => return (refused(request, problem), None),
        };
        let report = |email: Option<&Email>, ended| Some(Report::of_refresh(email, ended));
        let done: Result<(Answer, Email), RefreshError> = async {
            let ring = self.keys.ring(now).await?;
            let session = refresh(self.store, &token, random, now).await?;
            Ok((self.pair(&ring, &session, random, now), session.email))
        }
        .await;
        let error = match done {
            Ok((answer, email)) => return (answer, report(Some(&email), Ended::Success)),
            Err(error) => error,
        };
        let reason = function_runtime::chain(&error);
        let report = match error {
            RefreshError::Fault(fault) => return failed(request, &fault, report(None, Ended::Failed(reason))),
            RefreshError::Reused { email } => report(Some(&email), Ended::Refused(reason)),
            RefreshError::Wrong(_) => report(None, Ended::Refused(reason)),
        };
        (refused(request, Problem::new(401).because("Invalid refresh token").challenged("Bearer")), report)
    }

    fn pair(&self, ring: &KeyRing, session: &Session, random: &Randomness, now: Timestamp) -> Answer {
        let pair = json!({
            "access_token": issue(ring, self.issuer, &session.email, random.token_id, now), "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS, "refresh_token": session.refresh_token,
        });
        Answer::json(200, &pair)
    }

    async fn logout(&self, request: &Request, now: Timestamp) -> (Answer, Option<Report>) {
        let token = match refresh_token(request) {
            Ok(token) => token,
            Err(problem) => return (refused(request, problem), None),
        };
        match logout(self.store, &token, now).await {
            Ok(()) => (Answer::json(200, &json!({"message": "Logged out."})), Some(Report::of_logout(Ended::Success))),
            Err(fault) => {
                let report = Report::of_logout(Ended::Failed(function_runtime::chain(&fault)));
                failed(request, &fault, Some(report))
            }
        }
    }

    async fn published(&self, request: &Request, now: Timestamp) -> Answer {
        match self.keys.ring(now).await {
            Ok(ring) => Answer::json(200, &ring.published())
                .revalidated(request)
                .with_header("cache-control", "public, max-age=300"),
            Err(fault) => failed(request, &fault, None).0,
        }
    }
}

fn failed(request: &Request, fault: &Fault, report: Option<Report>) -> (Answer, Option<Report>) {
    (refused(request, unavailable(fault)).because_of(fault), report)
}

fn locked(until: Timestamp, now: Timestamp) -> Problem {
    let left = until.duration_since(now);
    let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
    Problem::new(429)
        .because("Too many failed logins; try again later")
        .retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
