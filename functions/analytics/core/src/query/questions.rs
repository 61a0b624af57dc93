//! What each reading route asks, and which exhibitions a date or a period selects.
//!
//! An exhibition counts as midnight of its day. So a day's date-time that is not midnight selects nothing, a period's start behind midnight
//! leaves its day out, and an end at any time of a day includes that day.

use function_http::{Problem, Request};
use jiff::civil::{Date, DateTime, Time, Weekday};
use serde_json::json;

use crate::ports::{ExplainQuestion, GroupQuestion, Selection};
use crate::query::Parameters;
use crate::weekday;

/// A question about groups; none when whatever is stored, there is no answer, so that the database need not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked<Q> {
    pub(crate) question: Option<Q>,
    pub(crate) about: About,
}

/// Which exhibitions a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    All,
    Day,
    Period,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paged<C> {
    /// Where the page before ended.
    pub(crate) cursor: Option<C>,
    pub(crate) limit: u16,
}

impl<C> Paged<C> {
    /// `cursor` and `limit`, 1 to 1,000.
    pub(crate) fn read(parameters: &mut Parameters<'_>, cursor: impl FnOnce(&str) -> Option<C>) -> Self {
        let limit = parameters.number("limit", 1..=u64::from(MOST), u64::from(DEFAULT));
        let cursor = parameters.read("cursor", "the next_cursor of another page", cursor);
        Self { cursor, limit: limit as u16 }
    }
}

/// The longest page.
pub(crate) const MOST: u16 = 1_000;
/// The length of a page where the request gives none.
pub(crate) const DEFAULT: u16 = 100;

/// `GET /analytics/program`.
pub(crate) fn program(request: &Request) -> Result<Asked<GroupQuestion>, Problem> {
    let mut parameters = Parameters::of(request);
    let program_code = parameters.required_text("program_code");
    let day = parameters.date_time("exhibition_date");
    parameters.finish(())?;
    Ok(match day {
        None => ask(program_code, About::All, Some(Selection::All)),
        Some(day) => ask(program_code, About::Day, of_day(day)),
    })
}

/// `GET /analytics/period`.
pub(crate) fn period(request: &Request) -> Result<Asked<GroupQuestion>, Problem> {
    let mut parameters = Parameters::of(request);
    let program_code = parameters.required_text("program_code");
    let (start, end) = (parameters.required_date_time("start_date"), parameters.required_date_time("end_date"));
    parameters.finish(())?;
    Ok(ask(program_code, About::Period, of_period(start, end)?))
}

/// What asks for all exhibitions, those of a day or those of a period.
pub(crate) fn selected(request: &Request) -> Result<Asked<GroupQuestion>, Problem> {
    let mut parameters = Parameters::of(request);
    let asked = read_selected(&mut parameters);
    parameters.finish(())?;
    asked
}

/// A group at which a page ended: its signal and weekday.
pub(crate) type AfterGroup = (String, Weekday);

/// `GET /analytics/explain`, with the group at which the page before ended.
pub(crate) fn explain(request: &Request) -> Result<(Asked<ExplainQuestion>, Option<AfterGroup>), Problem> {
    let mut parameters = Parameters::of(request);
    let asked = read_selected(&mut parameters);
    let signal = parameters.text("signal");
    let weekday = parameters.read("weekday", "an English weekday such as Monday", weekday::read);
    let cursor = parameters.read("cursor", "the next_cursor of another page", |text| {
        let (signal, day) = text.rsplit_once('.')?;
        Some((signal.to_owned(), weekday::read(day)?))
    });
    parameters.finish(())?;
    let Asked { question, about } = asked?;
    let is_storable = signal.as_deref().is_none_or(is_storable);
    let question = question.filter(|_| is_storable).map(|of| ExplainQuestion { of, signal, weekday });
    Ok((Asked { question, about }, cursor))
}

fn read_selected(parameters: &mut Parameters<'_>) -> Result<Asked<GroupQuestion>, Problem> {
    let program_code = parameters.required_text("program_code");
    let day = parameters.date_time("exhibition_date");
    if parameters.text("start_date").is_none() && parameters.text("end_date").is_none() {
        return Ok(match day {
            None => ask(program_code, About::All, Some(Selection::All)),
            Some(day) => ask(program_code, About::Day, of_day(day)),
        });
    }
    let (start, end) = (parameters.required_date_time("start_date"), parameters.required_date_time("end_date"));
    if day.is_some() {
        parameters.refuse("exhibition_date", "A day and a period exclude each other");
    }
    Ok(ask(program_code, About::Period, of_period(start, end)?))
}

fn ask(program_code: String, about: About, selection: Option<Selection>) -> Asked<GroupQuestion> {
    let selection = selection.filter(|_| is_storable(&program_code));
    Asked { question: selection.map(|selection| GroupQuestion { program_code, selection }), about }
}

/// PostgreSQL's text has no NUL.
pub(crate) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

fn of_day(day: DateTime) -> Option<Selection> {
    let is_midnight = day.time() == Time::midnight();
    is_midnight.then(|| Selection::Days { first: day.date(), last: day.date() })
}

/// Compares local times, since an offset does not shift them.
fn of_period(start: DateTime, end: DateTime) -> Result<Option<Selection>, Problem> {
    if start > end {
        let detail = format!("start_date {start} is after end_date {end}");
        // In the contract's order, which a JSON object does not keep.
        let plain = format!(r#"{{"status":"ERROR","message":"{INCONSISTENT_DATES}","detail":{}}}"#, json!(detail));
        return Err(Problem::new(400).because(detail).with_plain(plain));
    }
    let first = if start.time() == Time::midnight() { Some(start.date()) } else { start.date().tomorrow().ok() };
    let selected = |first: Date| (first <= end.date()).then(|| Selection::Days { first, last: end.date() });
    Ok(first.and_then(selected))
}

/// The `message` of that error.
pub(crate) const INCONSISTENT_DATES: &str = "INCONSISTENT_DATES";

#[cfg(test)]
mod tests {
    use super::*;
    use function_http::ErrorForm;

    fn get(query: &str) -> Request {
        Request::new("GET", "/").with_query(query)
    }

    /// The days that a period selects.
    fn days(start: &str, end: &str) -> Option<String> {
        let query = format!("program_code=N&start_date={start}&end_date={end}");
        period(&get(&query)).unwrap().question.map(|question| match question.selection {
            Selection::Days { first, last } => format!("{first}/{last}"),
            Selection::All => "all".to_owned(),
        })
    }

    fn body(problem: Problem) -> String {
        problem.answer(ErrorForm::Detail).body
    }

    #[test]
    fn a_period_selects_the_midnights_within_it() {
        let of = |start, end| days(start, end).unwrap_or_default();
        assert_eq!(of("2021-03-08", "2021-03-22"), "2021-03-08/2021-03-22");
        assert_eq!(of("2021-03-08T00:00:00", "2021-03-31T23:59:59"), "2021-03-08/2021-03-31");
        assert_eq!(of("2021-03-08T00:00:01", "2021-03-09"), "2021-03-09/2021-03-09");
        assert_eq!(of("2021-03-08", "2021-03-08"), "2021-03-08/2021-03-08");
        assert_eq!(of("2021-03-08T10:00", "2021-03-08T10:00"), "");
        assert_eq!(of("9999-12-31T10:00", "9999-12-31T11:00"), "");
        assert_eq!(of("2021-03-08T00:00:00%2B05:00", "2021-03-08"), "2021-03-08/2021-03-08");
        assert_eq!(of("1615161600", "1615161601"), "2021-03-08/2021-03-08");
    }

    #[test]
    fn a_day_is_its_midnight_and_nothing_else() {
        let question = |query: &str| program(&get(query)).unwrap().question;
        let day = jiff::civil::date(2021, 3, 22);
        let selection = Selection::Days { first: day, last: day };
        assert_eq!(
            question("program_code=NOVA&exhibition_date=2021-03-22"),
            Some(GroupQuestion { program_code: "NOVA".to_owned(), selection })
        );
        assert_eq!(question("program_code=NOVA&exhibition_date=2021-03-22T10:00:00"), None);
        assert_eq!(question("program_code=a&program_code=b").unwrap().program_code, "b");
        assert_eq!(question("program_code=a%00b"), None);
        assert_eq!(question("program_code=").unwrap().selection, Selection::All);
    }

    #[test]
    fn all_that_is_missing_or_wrong_is_told_at_once() {
        assert_eq!(
            body(period(&get("start_date=x")).unwrap_err()),
            concat!(
                r#"{"detail":[{"type":"missing","loc":["query","program_code"],"msg":"Field required","input":null},"#,
                r#"{"type":"datetime_from_date_parsing","loc":["query","start_date"],"#,
                r#""msg":"Input should be a valid datetime or date, input is too short","input":"x","ctx":{"error":"input is too short"}},"#,
                r#"{"type":"missing","loc":["query","end_date"],"msg":"Field required","input":null}]}"#,
            )
        );
    }

    #[test]
    fn a_start_after_the_end_is_inconsistent_by_their_local_times() {
        let problem = period(&get("program_code=N&start_date=2021-03-22&end_date=2021-03-08")).unwrap_err();
        assert_eq!(problem.status, 400);
        let detail = "start_date 2021-03-22T00:00:00 is after end_date 2021-03-08T00:00:00";
        let expected = format!(r#"{{"status":"ERROR","message":"INCONSISTENT_DATES","detail":"{detail}"}}"#);
        assert_eq!(body(problem), expected);
        let query = "program_code=N&start_date=2021-03-08T01:00:00%2B14:00&end_date=2021-03-08T00:30:00-12:00";
        assert_eq!(period(&get(query)).unwrap_err().status, 400);
    }

    #[test]
    fn what_is_behind_the_numbers_is_asked_for_all_a_day_or_a_period() {
        let about = |query: &str| selected(&get(&format!("program_code=N&{query}"))).map(|asked| asked.about);
        assert_eq!(about("").unwrap(), About::All);
        assert_eq!(about("exhibition_date=2021-03-22").unwrap(), About::Day);
        assert_eq!(about("start_date=2021-03-22&end_date=2021-03-22").unwrap(), About::Period);
        assert_eq!(about("start_date=2021-03-22&end_date=2021-03-21").unwrap_err().status, 400);
        assert!(body(about("end_date=2021-03-22").unwrap_err()).contains("start_date"));
        let both = about("exhibition_date=2021-03-22&start_date=2021-03-22&end_date=2021-03-22").unwrap_err();
        assert!(body(both).contains("exclude each other"));

        let query = "program_code=N&signal=RJ&weekday=monday&cursor=R.J.Friday";
        let (asked, cursor) = explain(&get(query)).unwrap();
        let question = asked.question.unwrap();
        assert_eq!((question.signal.as_deref(), question.weekday), (Some("RJ"), Some(Weekday::Monday)));
        assert_eq!(cursor, Some(("R.J".to_owned(), Weekday::Friday)));
        let wrong = body(explain(&get("program_code=N&weekday=Montag&cursor=x")).unwrap_err());
        assert!(wrong.contains("an English weekday") && wrong.contains("next_cursor"), "{wrong}");
    }
}
