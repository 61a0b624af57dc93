//! The answers about predictions and programs, as JSON, CSV or lines of JSON, to the letter that clients of the API know.

use function_http::{Answer, Request, preferred};
use serde::Serialize;
use utoipa::ToSchema;

use crate::csv::{CSV, table};
use crate::ports::{Group, ProgramRow};
use crate::query::About;
use crate::weekday;

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
    Ndjson,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const NDJSON: &str = "application/x-ndjson";

impl Format {
    /// What the client prefers, JSON if it names none of them.
    pub(crate) fn of(request: &Request) -> Self {
        match preferred(request, &[JSON, CSV, NDJSON]) {
            Some(CSV) => Self::Csv,
            Some(NDJSON) => Self::Ndjson,
            _ => Self::Json,
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Csv => CSV,
            Self::Ndjson => NDJSON,
        }
    }
}

/// The numbers of one signal and weekday. The order of its members is that of the columns, too.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Prediction)]
pub(crate) struct PredictionView<'a> {
    #[schema(example = "RJ")]
    signal: &'a str,
    #[schema(example = "NOVA")]
    program_code: &'a str,
    #[schema(schema_with = weekday_schema)]
    weekday: &'static str,
    /// The sum over the slots of this signal, program and weekday, each once.
    #[schema(minimum = 0, example = 50)]
    available_time: i64,
    /// The mean over the selected exhibitions; null for slots whose weekday has no exhibition at all.
    #[schema(minimum = 0, example = 220.0)]
    predicted_audience: Option<f64>,
}

/// The answer of the two routes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Predictions)]
pub(crate) struct PredictionsView<'a> {
    #[schema(example = "Predictions from all exhibitions")]
    message: &'static str,
    #[schema(example = "SUCCESS", pattern = "^SUCCESS$")]
    status: &'static str,
    /// By signal, then from Monday to Sunday. Empty for a program that is unknown.
    body: Vec<PredictionView<'a>>,
}

/// A program that has exhibitions or slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Program)]
pub(crate) struct ProgramView {
    #[schema(example = "NOVA")]
    program_code: String,
    #[schema(example = json!(["DF", "RJ"]))]
    signals: Vec<String>,
    /// The day of the first exhibition; null without any.
    #[schema(value_type = Option<String>, format = "date", example = "2021-03-01")]
    first_day: Option<jiff::civil::Date>,
    /// The day of the last exhibition.
    #[schema(value_type = Option<String>, format = "date", example = "2021-03-29")]
    last_day: Option<jiff::civil::Date>,
    /// The day of the first slot; null without any.
    #[schema(value_type = Option<String>, format = "date", example = "2021-04-05")]
    first_slot_day: Option<jiff::civil::Date>,
    /// The day of the last slot.
    #[schema(value_type = Option<String>, format = "date", example = "2021-04-12")]
    last_slot_day: Option<jiff::civil::Date>,
}

/// A page of the programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Programs)]
pub(crate) struct ProgramsView {
    programs: Vec<ProgramView>,
    /// The `cursor` of the next page; null on the last.
    next_cursor: Option<String>,
}

pub(crate) fn weekday_schema() -> utoipa::openapi::schema::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(weekday::ALL.map(weekday::name)))
        .examples(["Monday"])
        .build()
}

/// The answer with these groups, in any order.
pub(crate) fn predictions(format: Format, program_code: &str, about: About, mut groups: Vec<Group>) -> Answer {
    groups.sort_by(|a, b| (&a.signal, weekday::rank(a.weekday)).cmp(&(&b.signal, weekday::rank(b.weekday))));
    let body = groups.iter().map(|group| PredictionView {
        signal: &group.signal,
        program_code,
        weekday: weekday::name(group.weekday),
        available_time: group.available_time,
        predicted_audience: group.predicted_audience,
    });
    match format {
        Format::Json => {
            let message = match about {
                About::All => "Predictions from all exhibitions",
                About::Day => "Predictions from the exhibitions of one day",
                About::Period => "Predictions from the exhibitions of a period",
            };
            Answer::json(200, &PredictionsView { message, status: "SUCCESS", body: body.collect() })
        }
        Format::Ndjson => lines(body),
        Format::Csv => {
            let header = ["signal", "program_code", "weekday", "available_time", "predicted_audience"];
            csv(table(
                header,
                body.map(|row| {
                    let audience = row.predicted_audience.map(number).unwrap_or_default();
                    let [signal, code, weekday] = [row.signal, row.program_code, row.weekday].map(str::to_owned);
                    [signal, code, weekday, row.available_time.to_string(), audience]
                }),
            ))
        }
    }
}

/// The answer with a page of programs.
pub(crate) fn programs(format: Format, rows: Vec<ProgramRow>, next_cursor: Option<String>) -> Answer {
    let rows = rows.into_iter().map(|row| {
        let ProgramRow { program_code, signals, first_day, last_day, first_slot_day, last_slot_day } = row;
        ProgramView { program_code, signals, first_day, last_day, first_slot_day, last_slot_day }
    });
    match format {
        Format::Json => Answer::json(200, &ProgramsView { programs: rows.collect(), next_cursor }),
        Format::Ndjson => lines(rows),
        Format::Csv => {
            let header = ["program_code", "signals", "first_day", "last_day", "first_slot_day", "last_slot_day"];
            csv(table(
                header,
                rows.map(|row| {
                    let days = [row.first_day, row.last_day, row.first_slot_day, row.last_slot_day];
                    let [first, last, first_slot, last_slot] =
                        days.map(|day| day.map(|day| day.to_string()).unwrap_or_default());
                    [row.program_code, row.signals.join(" "), first, last, first_slot, last_slot]
                }),
            ))
        }
    }
}

/// As JSON has it, so that a number is the same text in each format.
fn number(number: f64) -> String {
    serde_json::Value::from(number).to_string()
}

fn csv(text: String) -> Answer {
    Answer::new(200, "text/csv; charset=utf-8; header=present", text)
}

fn lines(rows: impl Iterator<Item = impl Serialize>) -> Answer {
    let lines = rows.map(|row| serde_json::to_string(&row).unwrap_or_default() + "\n");
    Answer::new(200, NDJSON, lines.collect::<String>())
}
