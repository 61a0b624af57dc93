//! `infra keys rotate messages`: takes the step of a rotation that is due, or says when it is.

use std::time::Duration;

use clap::Args;
use jiff::{Timestamp, Unit};
use messages_contract::SigningKeys;
use serde_json::json;
use system::{DeployedStack, Failed, How, Site, StageName};

use super::password::random_text;
use super::rotation::{Step, next, replace_all, take};
use super::secret::{Secret, SecretError, StackSecret};
use crate::stack;

const HELP: &str = "\
A rotation has three steps, and each call takes the one that is due: (1) another key is published; (2) a quarter of an hour later, when \
every function knows it, tokens are signed with it; (3) half an hour later, when the last token of the key before has ended, that one is dropped. \
Nobody is logged out. Two calls at once take a step once. The keys are in the secret SigningKeysSecretArn, and never shown.

If a key may be known to others, --emergency replaces all of them at once: every access token is refused, at the latest when functions read the \
secret again, within five minutes. Refresh tokens are no signatures and stay valid; `infra user reset` or disable revokes a user's.

Examples:
  infra keys rotate messages --stage dev
  infra keys rotate messages --stage dev --watch   all three steps

Exit codes: 0 a step was taken, or none is due; 1 it failed; 64 nothing is deployed, or the arguments are wrong; 75 AWS was busy or \
unavailable; 77 not approved, and nothing was changed.";

/// Which step, and when.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Rotate {
    /// Take the next step although it is not due: tokens are refused for up to a minute after step 2, and those of the key before after step 3.
    #[arg(long, conflicts_with_all = ["watch", "emergency"])]
    now: bool,
    /// Wait for each step, and end with the last.
    #[arg(long, conflicts_with = "emergency")]
    watch: bool,
    /// Replace all keys at once. Every access token is refused.
    #[arg(long)]
    emergency: bool,
    /// Do not ask for approval of --emergency; implied on the stage local.
    #[arg(long, requires = "emergency")]
    yes: bool,
    /// Print one JSON document a step instead of text.
    #[arg(long)]
    json: bool,
}

/// What a call has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rotated {
    /// It took this step; then the next one and when it is due, unless that was the last.
    Took(Step, Option<(Step, Timestamp)>),
    /// This step is due then.
    NotDue(Step, Timestamp),
    /// Another call took the step.
    Overtaken,
    /// All keys are new.
    Replaced,
}

impl From<SecretError> for Failed {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Call(error) => error.into(),
            error @ SecretError::NoKeys { .. } => Self::other(error),
        }
    }
}

pub(super) async fn run(site: &Site<'_>, arguments: &Rotate) -> Result<(), Failed> {
    let deployed = DeployedStack::find(site, stack::NAME).await?;
    let secret = StackSecret::new(site.config, deployed.output("SigningKeysSecretArn")?);
    if arguments.emergency {
        approve(site, arguments).await?;
        let replaced = replace_now(&secret, fresh(), Timestamp::now()).await?;
        tell(site, arguments, replaced);
        return match replaced {
            Rotated::Overtaken => {
                Err(Failed::new(How::Retryable, "the keys were not replaced; run the same command again"))
            }
            _ => Ok(()),
        };
    }
    loop {
        let rotated = rotate(&secret, fresh(), Timestamp::now(), arguments.now).await?;
        tell(site, arguments, rotated);
        let due = match rotated {
            Rotated::Took(_, Some((_, due))) | Rotated::NotDue(_, due) => due,
            Rotated::Overtaken => Timestamp::now(),
            Rotated::Took(_, None) | Rotated::Replaced => return Ok(()),
        };
        if !arguments.watch {
            return Ok(());
        }
        let wait = Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or_default();
        // Both clocks count whole seconds.
        tokio::time::sleep(wait + Duration::from_secs(1)).await;
    }
}

fn fresh() -> String {
    random_text(SigningKeys::CHARACTERS as usize)
}

async fn rotate(secret: &impl Secret, fresh: String, now: Timestamp, at_once: bool) -> Result<Rotated, SecretError> {
    let (keys, version) = secret.read().await?;
    let (step, due) = next(&keys);
    if due > now && !at_once {
        return Ok(Rotated::NotDue(step, due));
    }
    let keys = take(step, keys, fresh, now);
    if !secret.replace(&version, &keys).await? {
        return Ok(Rotated::Overtaken);
    }
    Ok(Rotated::Took(step, (step != Step::Drop).then(|| next(&keys))))
}

async fn replace_now(secret: &impl Secret, fresh: String, now: Timestamp) -> Result<Rotated, SecretError> {
    let version = secret.version().await?;
    match secret.replace(&version, &replace_all(fresh, now)).await? {
        true => Ok(Rotated::Replaced),
        false => Ok(Rotated::Overtaken),
    }
}

/// Everybody who is logged in notices it.
async fn approve(site: &Site<'_>, arguments: &Rotate) -> Result<(), Failed> {
    if arguments.yes || site.stage == StageName::Local {
        return Ok(());
    }
    let stage = site.stage.as_str();
    let question = format!("Every access token of {stage} will be refused. Type {stage} to replace all keys:");
    let not_approved = |why: String| Err(Failed::new(How::NotApproved, why));
    match site.answers.ask(&question).await.map_err(Failed::other)? {
        Some(answer) if answer == stage => Ok(()),
        Some(_) => not_approved("not approved; nothing was changed".to_owned()),
        None => not_approved(format!("there is no terminal to ask at; give --yes to replace all keys of {stage}")),
    }
}

fn tell(site: &Site<'_>, arguments: &Rotate, rotated: Rotated) {
    match arguments.json {
        true => site.console.data(&document(site.stage, rotated).to_string()),
        false => site.console.data(&line(rotated, Timestamp::now())),
    }
}

fn line(rotated: Rotated, now: Timestamp) -> String {
    match rotated {
        Rotated::Took(Step::Publish, next) => format!("another key is published{}", then(next, now)),
        Rotated::Took(Step::Sign, next) => format!("tokens are signed with the new key{}", then(next, now)),
        Rotated::Took(Step::Drop, _) => "the key before is no longer accepted; the rotation is complete".to_owned(),
        Rotated::NotDue(step, due) => format!("nothing to do yet{}", then(Some((step, due)), now)),
        Rotated::Overtaken => "another call has just changed the keys; this one changed nothing".to_owned(),
        Rotated::Replaced => "all keys are replaced; access tokens that were issued before are refused".to_owned(),
    }
}

/// What comes next, and when.
fn then(next: Option<(Step, Timestamp)>, now: Timestamp) -> String {
    let Some((step, due)) = next else { return String::new() };
    let what = match step {
        Step::Publish => "another key is published",
        Step::Sign => "the next step, to sign with it, is due",
        Step::Drop => "the next step, to drop the key before, is due",
    };
    let minutes = due.duration_since(now).as_secs().max(0).cast_unsigned().div_ceil(60);
    let at = due.round(Unit::Second).unwrap_or(due);
    format!("; {what} at {at}, in {minutes} min")
}

fn document(stage: StageName, rotated: Rotated) -> serde_json::Value {
    let name = |step: Step| match step {
        Step::Publish => "publish",
        Step::Sign => "sign",
        Step::Drop => "drop",
    };
    let (did, next) = match rotated {
        Rotated::Took(step, next) => (Some(name(step)), next),
        Rotated::NotDue(step, due) => (None, Some((step, due))),
        Rotated::Overtaken => (None, None),
        Rotated::Replaced => (Some("replace"), None),
    };
    json!({
        "schema": 1, "stage": stage.as_str(), "step": did,
        "next_step": next.map(|(step, _)| name(step)), "due_at": next.map(|(_, due)| due),
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A secret whose versions are numbered; reading takes a moment, so that two calls read the same version.
    struct Memory(RefCell<(SigningKeys, u32)>);

    impl Memory {
        fn new() -> Self {
            let current = "first".to_owned();
            Self(RefCell::new((SigningKeys { current, next: None, previous: None, changed_at: None }, 0)))
        }

        fn keys(&self) -> SigningKeys {
            self.0.borrow().0.clone()
        }
    }

    impl Secret for Memory {
        async fn version(&self) -> Result<String, SecretError> {
            Ok(self.0.borrow().1.to_string())
        }

        async fn read(&self) -> Result<(SigningKeys, String), SecretError> {
            let read = (self.keys(), self.version().await?);
            tokio::task::yield_now().await;
            Ok(read)
        }

        async fn replace(&self, version: &str, keys: &SigningKeys) -> Result<bool, SecretError> {
            let mut current = self.0.borrow_mut();
            if current.1.to_string() != version {
                return Ok(false);
            }
            *current = (keys.clone(), current.1 + 1);
            Ok(true)
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[tokio::test]
    async fn a_call_takes_the_step_that_is_due_or_tells_when() {
        let secret = Memory::new();
        let call = async |now: i64, at_once| rotate(&secret, format!("key of {now}"), at(now), at_once).await.unwrap();
        assert_eq!(call(0, false).await, Rotated::Took(Step::Publish, Some((Step::Sign, at(900)))));
        assert_eq!(call(899, false).await, Rotated::NotDue(Step::Sign, at(900)));
        assert_eq!(call(900, false).await, Rotated::Took(Step::Sign, Some((Step::Drop, at(2_700)))));
        assert_eq!(call(901, true).await, Rotated::Took(Step::Drop, None));
        assert_eq!((secret.keys().current.as_str(), secret.keys().previous), ("key of 0", None));
    }

    #[tokio::test]
    async fn two_calls_at_once_take_a_step_once() {
        let secret = Memory::new();
        let call = |fresh: &str| rotate(&secret, fresh.to_owned(), at(0), true);
        let (one, other) = tokio::join!(call("one"), call("other"));
        let took = Rotated::Took(Step::Publish, Some((Step::Sign, at(900))));
        let winner = match (one.unwrap(), other.unwrap()) {
            (one, Rotated::Overtaken) if one == took => "one",
            (Rotated::Overtaken, other) if other == took => "other",
            both => panic!("{both:?}"),
        };
        assert_eq!((secret.keys().current.as_str(), secret.keys().next.as_deref()), ("first", Some(winner)));
    }

    #[tokio::test]
    async fn in_an_emergency_every_key_is_new() {
        let secret = Memory::new();
        rotate(&secret, "second".to_owned(), at(0), false).await.unwrap();
        assert_eq!(replace_now(&secret, "third".to_owned(), at(1)).await.unwrap(), Rotated::Replaced);
        assert_eq!((secret.keys().current.as_str(), secret.keys().next), ("third", None));
    }

    #[test]
    fn what_is_next_is_told_with_its_time() {
        let now = at(1_793_613_600);
        let due = now + Duration::from_secs(890);
        assert_eq!(
            line(Rotated::Took(Step::Publish, Some((Step::Sign, due))), now),
            "another key is published; the next step, to sign with it, is due at 2026-11-02T10:14:50Z, in 15 min"
        );
        assert_eq!(
            document(StageName::Dev, Rotated::NotDue(Step::Drop, due)).to_string(),
            r#"{"due_at":"2026-11-02T10:14:50Z","next_step":"drop","schema":1,"stage":"dev","step":null}"#
        );
    }
}
