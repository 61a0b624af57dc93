//! `POST /messages/send` and `/messages/send/dlq`.

use std::collections::BTreeMap;
use std::time::Duration;

use function_http::{Answer, IdempotencyKey, Invalid, Limit, Problem, Request, Routes, fastapi_body};
use function_runtime::{Function, Unit};
use jiff::{SignedDuration, Timestamp};
use messages_contract::{Operation, PRODUCER, ROUTES, api_metric};
use serde_json::json;
use serde_json::value::to_raw_value;
use uuid::Uuid;

use crate::api::errors::{Refusal, find, respond, unavailable};
use crate::envelope::Envelope;
use crate::payload::Payload;
use crate::ports::{Authenticates, Claim, Claiming, Clock, Fault, Sends, Table};
use crate::read::{Sent, read};
use crate::send::{AcceptedMessage, Destination, KEY_HOURS, claim_of, id_of_item, send};
use crate::views::ItemView;

const OF_PRODUCER: Routes<'_, Operation> = Routes { of_api: ROUTES, function: PRODUCER };
/// The length of the window in which a user's messages are counted, in seconds.
const WINDOW: u32 = 60;

/// The function that accepts messages.
pub struct ProducerApi<'a, T, M, D, A, C> {
    pub function: &'a Function,
    pub table: &'a T,
    pub main: &'a M,
    pub dead_letters: &'a D,
    pub users: &'a A,
    pub clock: &'a C,
    /// Messages that one user may send in a minute.
    pub messages_per_minute: u32,
}

impl<T: Table, M: Sends, D: Sends, A: Authenticates, C: Clock> ProducerApi<'_, T, M, D, A, C> {
    /// The response to a request. `id` is a new one, used unless the idempotency key already has one.
    pub async fn respond(&self, request: &Request, id: Uuid) -> Answer {
        let start = self.clock.now();
        respond(self.function, request, self.sent(request, id, start).await)
    }

    async fn sent(&self, request: &Request, id: Uuid, start: Timestamp) -> Result<Answer, Refusal> {
        let destination = match find(OF_PRODUCER, request)?.operation {
            Operation::Send => Destination::Main,
            _ => Destination::DeadLetters,
        };
        let user = self.users.user(request, start).await?;
        let key = IdempotencyKey::of(request)?;
        let sent = read(fastapi_body(request)?)?;
        let messages = match &sent {
            Sent::One(_) => 1,
            Sent::Many(items) => items.iter().filter(|item| item.is_ok()).count() as u32,
        };
        let limit = Limit { name: "user", quota: self.messages_per_minute, window: WINDOW };
        let now = start.as_second();
        let window = limit.window_at(now);
        let expires = Timestamp::from_second(limit.end_of(window)).unwrap_or(start);
        let counting = self.table.count(&user, window, messages, expires);
        let claiming = self.claim(&user, key.as_ref(), claim_of(id, destination, &sent), start);
        let (used, id) = tokio::join!(counting, claiming);
        let usage = limit.usage(used?, now);
        if usage.is_exceeded() {
            return Err(Refusal::Limited(usage));
        }
        let id = id?;
        let (answer, count) = match sent {
            Sent::One(payload) => self.send_one(destination, &user, id, payload, start).await?,
            Sent::Many(items) => self.send_many(destination, &user, id, items, start).await,
        };
        let seconds = Duration::try_from(self.clock.now().duration_since(start)).unwrap_or_default().as_secs_f64();
        let metrics = self.function.metrics().also_without_dimensions();
        metrics
            .count(api_metric::MESSAGES_SENT, u64::from(count))
            .value(api_metric::PROCESSING_TIME, Unit::Seconds, seconds)
            .emit();
        Ok(answer.with_usage(&usage))
    }

    /// The id under which a request is accepted: the key's, if it has been used for the same.
    async fn claim(
        &self,
        user: &str,
        key: Option<&IdempotencyKey>,
        claim: Claim,
        now: Timestamp,
    ) -> Result<Uuid, Refusal> {
        let Some(key) = key else { return Ok(claim.id) };
        let expires = now + SignedDuration::from_hours(KEY_HOURS);
        match self.table.claim(user, key, &claim, now, expires).await? {
            Claiming::Ours => Ok(claim.id),
            Claiming::Earlier(earlier) if earlier.fingerprint == claim.fingerprint => Ok(earlier.id),
            Claiming::Earlier(_) => Err(IdempotencyKey::reused("message").into()),
        }
    }

    async fn send_one(
        &self,
        destination: Destination,
        user: &str,
        id: Uuid,
        payload: Payload,
        now: Timestamp,
    ) -> Result<(Answer, u32), Fault> {
        let envelope = Envelope::new(id, now, payload);
        let accepted = self.accept(destination, user, envelope).await?;
        let answer = Answer::json(200, &accepted.envelope).of_trace(id);
        Ok(if accepted.is_repeated { (answer.replayed(), 0) } else { (answer, 1) })
    }

    /// Each item by itself, in their order, so that those of a payer are queued in it. The answer, and how many were accepted now.
    async fn send_many(
        &self,
        destination: Destination,
        user: &str,
        id: Uuid,
        items: Vec<Result<Payload, Vec<Invalid>>>,
        now: Timestamp,
    ) -> (Answer, u32) {
        let mut views: Vec<ItemView> = Vec::with_capacity(items.len());
        let (mut is_repeated, mut count) = (false, 0);
        // After a message that could not be sent, later ones of its payer are not accepted: they would overtake it.
        let mut behind: BTreeMap<String, usize> = BTreeMap::new();
        for (index, item) in items.into_iter().enumerate() {
            let view = match item {
                Err(faults) => ItemView { status: 422, message: None, detail: to_raw_value(&faults).ok() },
                Ok(payload) if behind.contains_key(&payload.payer_id) => {
                    let ItemView { status, detail, .. } = &views[behind[&payload.payer_id]];
                    ItemView { status: *status, message: None, detail: detail.clone() }
                }
                Ok(payload) => {
                    let payer = payload.payer_id.clone();
                    let envelope = Envelope::new(id_of_item(id, index), now, payload);
                    match self.accept(destination, user, envelope).await {
                        Ok(accepted) => {
                            is_repeated |= accepted.is_repeated;
                            count += u32::from(!accepted.is_repeated);
                            ItemView { status: 200, message: Some(accepted.envelope), detail: None }
                        }
                        Err(fault) => {
                            behind.insert(payer, index);
                            let Problem { status, detail, .. } = unavailable(&fault);
                            ItemView { status, message: None, detail: to_raw_value(&detail).ok() }
                        }
                    }
                }
            };
            views.push(view);
        }
        let answer = Answer::json(200, &views).of_trace(id);
        (if is_repeated { answer.replayed() } else { answer }, count)
    }

    async fn accept(&self, destination: Destination, user: &str, envelope: Envelope) -> Result<AcceptedMessage, Fault> {
        let log = self.function.log().of_trace(envelope.message_id);
        let now = || self.clock.now();
        let who = (destination, user);
        let sent = match destination {
            Destination::Main => send(self.table, self.main, who, envelope, now).await,
            Destination::DeadLetters => send(self.table, self.dead_letters, who, envelope, now).await,
        };
        match &sent {
            Ok(accepted) => {
                let details = json!({"queue": destination.queue_name(), "is_repeated": accepted.is_repeated});
                log.success("send_message", details);
            }
            Err(fault) => log.error("send_message", json!({"reason": function_runtime::chain(fault)})),
        }
        sent
    }
}
