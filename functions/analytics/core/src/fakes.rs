//! A database, a signer, a token and a clock with behaviour for the tests of the API. The numbers are computed in another way than the
//! database's: by sorting lists.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use analytics_contract::{ADDRESS_SECONDS, Fault as FieldFault, RejectedRow, State, Upload};
use function_http::{TokenError, Tokens};
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
pub(crate) use test_machine::alone;
use uuid::Uuid;

use crate::ports::*;

/// An exhibition with its audience, or a slot with its time.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) signal: &'static str,
    pub(crate) program: &'static str,
    pub(crate) day: Date,
    pub(crate) value: f64,
    pub(crate) line: u64,
}

/// How calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Waking,
    Away,
    Bug,
}

/// Everything that the API calls.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) exhibitions: Vec<Row>,
    pub(crate) slots: Vec<Row>,
    pub(crate) version: Cell<i64>,
    /// The newest first.
    pub(crate) uploads: RefCell<Vec<Upload>>,
    pub(crate) rejected: BTreeMap<Uuid, RejectedText>,
    pub(crate) failure: Cell<Option<Failure>>,
    /// What was called, in order.
    pub(crate) calls: RefCell<Vec<&'static str>>,
    /// Since the beginning of the clock.
    pub(crate) slept: Cell<Duration>,
    /// When the first upload is applied.
    pub(crate) applied_after: Cell<Option<Duration>>,
    pub(crate) announced: RefCell<Vec<NewUpload>>,
    pub(crate) reverting: RefCell<Option<Reverted>>,
}

impl World {
    fn call<R>(&self, what: &'static str, result: R) -> Result<R, Fault> {
        self.calls.borrow_mut().push(what);
        let source = || "on purpose".into();
        match self.failure.get() {
            None => Ok(result),
            Some(Failure::Bug) => Err(Fault::Failed { what, source: source() }),
            Some(failure) => Err(Fault::Unavailable { what, waking: failure == Failure::Waking, source: source() }),
        }
    }

    /// The exhibitions of a group with their windows, in order.
    fn windows(&self, program: &str, signal: &str, weekday: Weekday) -> Vec<(&Row, Vec<&Row>)> {
        let mut group: Vec<&Row> = self.exhibitions.iter().filter(|row| is_of(row, program, signal, weekday)).collect();
        group.sort_by_key(|row| row.day);
        (0..group.len()).map(|last| (group[last], group[last.saturating_sub(3)..=last].to_vec())).collect()
    }

    fn explained(&self, question: &GroupQuestion) -> Vec<ExplainedGroup> {
        let mut groups: Vec<(&str, Weekday)> = self
            .slots
            .iter()
            .filter(|slot| slot.program == question.program_code)
            .map(|slot| (slot.signal, slot.day.weekday()))
            .collect();
        groups.sort_by_key(|(signal, weekday)| (*signal, weekday.to_monday_zero_offset()));
        groups.dedup();
        // Ports promise no order.
        groups.reverse();
        let explained = groups.into_iter().map(|(signal, weekday)| {
            let exhibitions: Vec<ExplainedExhibition> = self
                .windows(&question.program_code, signal, weekday)
                .into_iter()
                .filter(|(row, _)| is_selected(row.day, question.selection))
                .map(|(row, window)| explained(row, &window))
                .collect();
            let slots: Vec<ExplainedSlot> = self
                .slots
                .iter()
                .filter(|row| is_of(row, &question.program_code, signal, weekday))
                .map(|row| ExplainedSlot { date: row.day, available_time: row.value as i64, origin: origin(row) })
                .collect();
            let count = exhibitions.len() as f64;
            let sum: f64 = exhibitions.iter().map(|exhibition| exhibition.predicted_audience).sum();
            ExplainedGroup {
                signal: signal.to_owned(),
                weekday,
                available_time: slots.iter().map(|slot| slot.available_time).sum(),
                predicted_audience: (!exhibitions.is_empty()).then(|| sum / count),
                exhibitions,
                slots,
            }
        });
        explained.filter(|group| question.selection == Selection::All || !group.exhibitions.is_empty()).collect()
    }

    fn errors(&self, question: &GroupQuestion) -> BTreeMap<(&'static str, i8), Vec<f64>> {
        let mut errors: BTreeMap<_, Vec<f64>> = BTreeMap::new();
        let groups: Vec<&Row> = self.exhibitions.iter().filter(|row| row.program == question.program_code).collect();
        for row in groups {
            let weekday = row.day.weekday();
            let windows = self.windows(row.program, row.signal, weekday);
            let place = windows.iter().position(|(other, _)| other.day == row.day).unwrap();
            if place > 0 && is_selected(row.day, question.selection) {
                let predicted = median(windows[place - 1].1.iter().map(|row| row.value).collect());
                let error = (predicted - row.value) / row.value * 100.0;
                errors.entry((row.signal, weekday.to_monday_zero_offset())).or_default().push(error);
            }
        }
        errors
    }
}

fn is_of(row: &Row, program: &str, signal: &str, weekday: Weekday) -> bool {
    row.program == program && row.signal == signal && row.day.weekday() == weekday
}

fn is_selected(day: Date, selection: Selection) -> bool {
    match selection {
        Selection::All => true,
        Selection::Days { first, last } => (first..=last).contains(&day),
    }
}

fn explained(row: &Row, window: &[&Row]) -> ExplainedExhibition {
    let values = window.iter().map(|row| ExplainedValue {
        exhibition_date: row.day,
        average_audience: row.value,
        origin: origin(row),
    });
    ExplainedExhibition {
        exhibition_date: row.day,
        program_start_time: row.day.at(23, 5, 0, 0).in_tz("UTC").unwrap().timestamp(),
        predicted_audience: median(window.iter().map(|row| row.value).collect()),
        values: values.collect(),
    }
}

fn origin(row: &Row) -> Origin {
    Origin { upload: Uuid::from_u128(1), key: "march.csv".to_owned(), line: row.line }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) }
}

fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

impl Store for World {
    async fn version(&self) -> Result<i64, Fault> {
        self.call("version", self.version.get())
    }

    async fn groups(&self, _: i64, question: &GroupQuestion) -> Result<Vec<Group>, Fault> {
        let groups = self.explained(question).into_iter().map(|group| Group {
            signal: group.signal,
            weekday: group.weekday,
            available_time: group.available_time,
            predicted_audience: group.predicted_audience,
        });
        self.call("groups", groups.collect())
    }

    async fn programs(&self, after: Option<&str>, limit: u16) -> Result<Vec<ProgramRow>, Fault> {
        let rows = self.exhibitions.iter().chain(&self.slots);
        let mut codes: Vec<&str> = rows.clone().map(|row| row.program).collect();
        codes.sort_unstable();
        codes.dedup();
        let programs = codes.into_iter().filter(|code| after.is_none_or(|after| *code > after)).map(|code| {
            let mut signals: Vec<_> =
                rows.clone().filter(|row| row.program == code).map(|row| row.signal.to_owned()).collect();
            signals.sort_unstable();
            signals.dedup();
            let days = |rows: &[Row]| {
                let days = rows.iter().filter(|row| row.program == code).map(|row| row.day);
                (days.clone().min(), days.max())
            };
            let ((first_day, last_day), (first_slot_day, last_slot_day)) = (days(&self.exhibitions), days(&self.slots));
            ProgramRow { program_code: code.to_owned(), signals, first_day, last_day, first_slot_day, last_slot_day }
        });
        self.call("programs", programs.take(limit.into()).collect())
    }

    async fn explain(&self, _: i64, question: &ExplainQuestion) -> Result<Vec<ExplainedGroup>, Fault> {
        let mut groups = self.explained(&question.of);
        groups.retain(|group| question.signal.as_ref().is_none_or(|signal| *signal == group.signal));
        groups.retain(|group| question.weekday.is_none_or(|weekday| weekday == group.weekday));
        self.call("explain", groups)
    }

    async fn accuracy(&self, question: &GroupQuestion) -> Result<Vec<AccuracyRow>, Fault> {
        let rows = self.errors(question).into_iter().rev().map(|((signal, weekday), mut errors)| {
            errors.sort_by(f64::total_cmp);
            let mean = |values: &mut dyn Iterator<Item = f64>| Some(values.sum::<f64>() / errors.len() as f64);
            AccuracyRow {
                signal: signal.to_owned(),
                weekday: Weekday::from_monday_zero_offset(weekday).unwrap(),
                predictions: errors.len() as u64,
                mape: mean(&mut errors.iter().map(|error| error.abs())),
                bias: mean(&mut errors.iter().copied()),
                p10: Some(percentile(&errors, 0.1)),
                p50: Some(percentile(&errors, 0.5)),
                p90: Some(percentile(&errors, 0.9)),
            }
        });
        self.call("accuracy", rows.collect())
    }

    async fn create_upload(&self, upload: &NewUpload) -> Result<(), Fault> {
        self.call("create_upload", ())?;
        self.announced.borrow_mut().push(upload.clone());
        Ok(())
    }

    async fn uploads(&self, after: Option<Uuid>, limit: u16) -> Result<Vec<Upload>, Fault> {
        let uploads = self.uploads.borrow();
        let start = match after {
            None => 0,
            Some(id) => {
                uploads.iter().position(|upload| upload.id == id.to_string()).map_or(uploads.len(), |at| at + 1)
            }
        };
        self.call("uploads", uploads[start..].iter().take(limit.into()).cloned().collect())
    }

    async fn upload(&self, id: Uuid) -> Result<Option<Upload>, Fault> {
        let mut uploads = self.uploads.borrow_mut();
        if let Some(first) = uploads.first_mut()
            && self.applied_after.get().is_some_and(|time| self.slept.get() >= time)
        {
            first.state = State::Applied;
        }
        self.call("upload", uploads.iter().find(|upload| upload.id == id.to_string()).cloned())
    }

    async fn faults(&self, id: Uuid, after: u64, limit: u16) -> Result<Vec<RejectedRow>, Fault> {
        let rows = self.rejected.get(&id).map(|text| text.rows.as_slice()).unwrap_or_default();
        let rows = rows.iter().filter(|row| row.record > after).take(limit.into());
        let rows = rows.map(|row| RejectedRow { record: row.record, line: row.record + 1, faults: row.faults.clone() });
        self.call("faults", rows.collect())
    }

    async fn rejected_rows(&self, id: Uuid, after: u64, limit: u16) -> Result<Option<RejectedText>, Fault> {
        let text = self.rejected.get(&id).map(|text| RejectedText {
            rows: text.rows.iter().filter(|row| row.record > after).take(limit.into()).cloned().collect(),
            ..text.clone()
        });
        self.call("rejected_rows", text)
    }

    async fn revert(&self, _id: Uuid, _now: Timestamp) -> Result<Reverted, Fault> {
        self.call("revert", self.reverting.borrow().clone().unwrap_or(Reverted::Unknown))
    }
}

impl Signer for World {
    async fn sign(&self, request: &UploadRequest, now: Timestamp) -> Result<SignedAddress, Fault> {
        let headers = BTreeMap::from([("content-length".to_owned(), request.bytes.to_string())]);
        let expires_at = now + Duration::from_secs(ADDRESS_SECONDS.into());
        self.call("sign", SignedAddress { url: format!("https://bucket.invalid/{}", request.key), headers, expires_at })
    }
}

impl Tokens for World {
    async fn token(&self) -> Result<String, TokenError> {
        self.call("token", TOKEN.to_owned()).map_err(|fault| match fault {
            Fault::Unavailable { source, .. } => TokenError::Unavailable(source),
            Fault::Failed { source, .. } => TokenError::Failed(source),
        })
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        now() + self.slept.get()
    }

    async fn sleep(&self, time: Duration) {
        assert!(self.slept.get() < Duration::from_secs(60), "it waits without end");
        self.slept.set(self.slept.get() + time);
    }
}

pub(crate) const TOKEN: &str = "a-token";

pub(crate) fn now() -> Timestamp {
    "2026-11-02T09:15:00Z".parse().unwrap()
}

/// The example of the contract: NOVA on RJ's Mondays, slots of DF's Tuesday without an exhibition, an exhibition of SP without slots,
/// and OLD, which has slots alone.
pub(crate) fn example() -> World {
    let row = |signal, program, (month, day), value, line| Row {
        signal,
        program,
        day: jiff::civil::date(2021, month, day),
        value,
        line,
    };
    World {
        exhibitions: vec![
            row("RJ", "NOVA", (3, 15), 200.0, 2),
            row("RJ", "NOVA", (3, 1), 100.0, 3),
            row("RJ", "NOVA", (3, 29), 500.0, 4),
            row("RJ", "NOVA", (3, 8), 300.0, 5),
            row("RJ", "NOVA", (3, 22), 400.0, 6),
            row("SP", "NOVA", (3, 22), 900.0, 7),
        ],
        slots: vec![
            row("RJ", "NOVA", (4, 5), 30.0, 2),
            row("RJ", "NOVA", (4, 12), 20.0, 3),
            row("DF", "NOVA", (4, 6), 45.0, 4),
            row("RJ", "OLD", (4, 10), 7.0, 5),
            row("RJ", "OLD", (4, 9), 8.0, 6),
            row("DF", "OLD", (4, 11), 9.0, 7),
        ],
        ..World::default()
    }
}

/// An upload in this state.
pub(crate) fn upload(id: u128, state: State) -> Upload {
    Upload {
        id: Uuid::from_u128(id).to_string(),
        key: "in/março.csv".to_owned(),
        state,
        dry_run: false,
        kind: None,
        delimiter: None,
        encoding: None,
        bytes: Some(4_096),
        bytes_done: 0,
        rows_taken: 0,
        rows_rejected: 0,
        rows_repeated: None,
        rows_overwritten: None,
        replaced: None,
        effect: None,
        first_day: None,
        last_day: None,
        error_kind: None,
        reason: None,
        requested_at: Some("2026-11-02T09:15:00Z".to_owned()),
        received_at: None,
        finished_at: None,
    }
}

/// Rejected rows with the records from 1 on, each with this text.
pub(crate) fn rejected(count: u64, text: &str) -> RejectedText {
    let fault = FieldFault {
        column: Some("date".to_owned()),
        code: "no_such_day".to_owned(),
        value: "30/02/2021".to_owned(),
        message: "February 2021 has 28 days".to_owned(),
    };
    let row = |record| RejectedRecord { record, text: text.to_owned(), faults: vec![fault.clone()] };
    let header = "signal;program_code;date;available_time".to_owned();
    RejectedText { header, delimiter: ';', rows: (1..=count).map(row).collect() }
}
