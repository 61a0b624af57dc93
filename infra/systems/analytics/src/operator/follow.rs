//! Follows uploads until all of them are final, the user has enough, or nothing has moved for too long. A short absence of the database
//! ends nothing.

use std::time::Duration;

use analytics_contract::{Report, State, Upload};
use aws_access::Pace;
use system::{Failed, How, StageName, Stop};
use tokio::time::Instant;

use super::deployed::Reports;
use super::progress::Progress;
use super::report::is_not_compared;

/// How often to look, how long to tolerate failing calls, and after how long without any change to give up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) look: Pace,
    pub(super) away: Duration,
    pub(super) rest: Duration,
    /// How long to wait for the last number of a report, which is counted after the rows count and not always.
    pub(super) settle: Duration,
}

impl Patience {
    pub(super) fn of(stage: StageName) -> Self {
        let pace =
            |first, most| Pace { first: Duration::from_millis(first), most: Duration::from_millis(most), retries: 0 };
        match stage {
            StageName::Local => {
                let [away, rest, settle] = [30, 120, 1].map(Duration::from_secs);
                Self { look: pace(100, 500), away, rest, settle }
            }
            // A database that is paused takes half a minute to resume.
            _ => {
                let [away, rest, settle] = [300, 900, 3].map(Duration::from_secs);
                Self { look: pace(1_000, 5_000), away, rest, settle }
            }
        }
    }
}

/// An object that was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) key: String,
    pub(super) version: String,
}

/// How following ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// All are final.
    Final,
    /// Nothing has moved for so long.
    Still(Duration),
    /// The user has enough.
    Interrupted,
    /// They cannot be asked for.
    Failed(Failed),
}

/// The last report of each object, in their order, and how it ended.
pub(super) async fn follow(
    reports: &impl Reports,
    sent: &[Sent],
    progress: &mut Progress<'_>,
    patience: Patience,
    stop: &Stop,
) -> (Vec<Option<Report>>, Ended) {
    let mut found = vec![None; sent.len()];
    let watching = until_final(reports, sent, progress, patience, &mut found);
    let ended = stop.unless_asked(watching).await.unwrap_or(Ended::Interrupted);
    (found, ended)
}

async fn until_final(
    reports: &impl Reports,
    sent: &[Sent],
    progress: &mut Progress<'_>,
    patience: Patience,
    found: &mut [Option<Report>],
) -> Ended {
    let (mut moved, mut answered, mut is_away) = (Instant::now(), Instant::now(), false);
    let mut pauses = patience.look.start();
    loop {
        let mut are_final = true;
        for (index, Sent { key, version }) in sent.iter().enumerate() {
            if found[index].as_ref().is_some_and(is_complete) {
                continue;
            }
            match reports.report(key, version).await {
                Ok(now) => {
                    (answered, is_away) = (Instant::now(), false);
                    if now != found[index] {
                        moved = Instant::now();
                        pauses.restart();
                    }
                    progress.reading(index, now.as_ref().map(|report| &report.upload));
                    are_final &= now.as_ref().is_some_and(is_final);
                    found[index] = now;
                }
                Err(error) if error.how == How::Retryable && answered.elapsed() < patience.away => {
                    if !std::mem::replace(&mut is_away, true) {
                        progress.note(&format!("{error}; retrying for {} s", patience.away.as_secs()));
                    }
                    are_final = false;
                }
                Err(error) => return Ended::Failed(error),
            }
        }
        let are_complete = found.iter().flatten().all(is_complete);
        if are_final && (are_complete || moved.elapsed() >= patience.settle) {
            return Ended::Final;
        }
        if moved.elapsed() >= patience.rest {
            return Ended::Still(patience.rest);
        }
        pauses.pause().await;
    }
}

fn is_final(report: &Report) -> bool {
    report.upload.state.is_final()
}

/// Whether nothing of it can change any more by itself.
fn is_complete(report: &Report) -> bool {
    let Upload { state, rows_repeated, .. } = &report.upload;
    state.is_final() && (*state != State::Applied || rows_repeated.is_some() || is_not_compared(&report.upload))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use system::{Bars, Console};

    use super::super::files::Outgoing;
    use super::super::report::tests::upload;
    use super::*;

    struct Quiet;

    impl Console for Quiet {
        fn data(&self, _: &str) {}

        fn note(&self, _: &str) {}

        fn is_interactive(&self) -> bool {
            false
        }

        fn bars(&self, _: &[&str]) -> Option<Box<dyn Bars>> {
            None
        }
    }

    type Answer = Result<Option<State>, How>;

    /// An upload that is read and whose repeated rows are never counted.
    struct Uncounted;

    impl Reports for Uncounted {
        async fn report(&self, _: &str, _: &str) -> Result<Option<Report>, Failed> {
            let mut upload = upload(State::Applied);
            upload.rows_repeated = None;
            Ok(Some(Report { upload, rejected: Vec::new() }))
        }
    }

    /// Answers one after the other; the last one for ever.
    struct Script(RefCell<Vec<Answer>>);

    impl Reports for Script {
        async fn report(&self, key: &str, version: &str) -> Result<Option<Report>, Failed> {
            assert_eq!((key, version), ("march.csv", "v1"));
            let mut answers = self.0.borrow_mut();
            let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
            match answer {
                Ok(state) => Ok(state.map(|state| Report { upload: upload(state), rejected: Vec::new() })),
                Err(how) => Err(Failed::new(how, "the database is away")),
            }
        }
    }

    async fn followed(answers: &[Answer], stop: &Stop) -> (Option<State>, Ended) {
        followed_by(&Script(RefCell::new(answers.to_vec())), stop).await
    }

    async fn followed_by(reports: &impl Reports, stop: &Stop) -> (Option<State>, Ended) {
        let sent = [Sent { key: "march.csv".to_owned(), version: "v1".to_owned() }];
        let mut progress = Progress::new(&Quiet, &[Outgoing::text("march.csv", String::new())], None);
        let (found, ended) = follow(reports, &sent, &mut progress, Patience::of(StageName::Dev), stop).await;
        (found[0].as_ref().map(|report| report.upload.state), ended)
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_is_followed_from_before_its_event_to_its_end_across_an_absence_of_the_database() {
        let answers =
            [Ok(None), Err(How::Retryable), Ok(Some(State::Reading)), Err(How::Retryable), Ok(Some(State::Applied))];
        let (state, ended) = followed(&answers, &Stop::default()).await;
        assert!(state == Some(State::Applied) && matches!(ended, Ended::Final), "{state:?}, {ended:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_number_that_may_never_come_is_waited_for_a_moment() {
        let begun = Instant::now();
        let (_, ended) = followed_by(&Uncounted, &Stop::default()).await;
        assert!(matches!(ended, Ended::Final), "{ended:?}");
        assert!((3..6).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_move_is_given_up_with_what_is_known() {
        let begun = Instant::now();
        let (state, ended) = followed(&[Ok(None), Ok(Some(State::Reading))], &Stop::default()).await;
        assert!(state == Some(State::Reading) && matches!(ended, Ended::Still(_)), "{state:?}, {ended:?}");
        assert_eq!(begun.elapsed().as_secs() / 60, 15);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_that_stays_ends_it_and_one_that_is_for_good_does_so_at_once() {
        let (begun, stop) = (Instant::now(), Stop::default());
        let (state, ended) = followed(&[Ok(Some(State::Reading)), Err(How::Failed)], &stop).await;
        assert!(state == Some(State::Reading) && matches!(ended, Ended::Failed(_)), "{state:?}, {ended:?}");
        assert!(begun.elapsed() < Duration::from_secs(5));
        let (_, ended) = followed(&[Err(How::Retryable)], &stop).await;
        assert!(matches!(ended, Ended::Failed(Failed { how: How::Retryable, .. })), "{ended:?}");
        assert_eq!(begun.elapsed().as_secs() / 60, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_who_has_enough_sees_what_is_known() {
        let stop = Stop::default();
        let (asked, followed) = tokio::join!(
            async {
                tokio::time::sleep(Duration::from_secs(20)).await;
                stop.ask();
            },
            followed(&[Ok(Some(State::Reading))], &stop)
        );
        let ((), (state, ended)) = (asked, followed);
        assert!(state == Some(State::Reading) && matches!(ended, Ended::Interrupted), "{state:?}, {ended:?}");
    }
}
