//! The answers about what is behind the numbers, and how good they were.

use function_http::Answer;
use jiff::civil::{Date, Weekday};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ports::{AccuracyRow, ExplainedExhibition, ExplainedGroup, ExplainedSlot, Origin};
use crate::predictions::weekday_schema;
use crate::weekday;

/// Bytes of JSON above which an answer ends with the group that it is at: Lambda takes 6 MB, in which each quote counts twice.
const ANSWER_BYTES: usize = 3 * 1024 * 1024;

/// What is behind the numbers of a program.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationView {
    #[schema(example = "NOVA")]
    program_code: String,
    /// By signal, then from Monday to Sunday.
    groups: Vec<ExplainedGroupView>,
    /// The `cursor` of the next page; null on the last.
    next_cursor: Option<String>,
}

/// What is behind the numbers of one signal and weekday.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ExplainedGroup)]
pub(crate) struct ExplainedGroupView {
    #[schema(example = "RJ")]
    signal: String,
    #[schema(schema_with = weekday_schema)]
    weekday: &'static str,
    #[schema(minimum = 0, example = 50)]
    available_time: i64,
    #[schema(minimum = 0, example = 250.0)]
    predicted_audience: Option<f64>,
    /// Those selected, in order of day and start; `predicted_audience` is the mean of theirs.
    exhibitions: Vec<ExhibitionView>,
    /// All of the group, in order of day; `available_time` is the sum of theirs.
    slots: Vec<SlotView>,
}

/// An exhibition, and the values that its prediction is the median of.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Exhibition)]
pub(crate) struct ExhibitionView {
    /// The broadcast day.
    #[schema(value_type = String, format = "date", example = "2021-03-22")]
    exhibition_date: Date,
    #[schema(value_type = String, format = "date-time", example = "2021-03-22T23:05:00Z")]
    program_start_time: jiff::Timestamp,
    #[schema(minimum = 0, example = 250.0)]
    predicted_audience: f64,
    /// Up to four, the oldest first; the last is of this exhibition.
    #[schema(min_items = 1, max_items = 4)]
    values: Vec<ValueView>,
}

/// The audience of an exhibition, and where it is written.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Value)]
pub(crate) struct ValueView {
    #[schema(value_type = String, format = "date", example = "2021-03-22")]
    exhibition_date: Date,
    #[schema(minimum = 0, example = 400.0)]
    average_audience: f64,
    #[serde(flatten)]
    origin: OriginView,
}

/// A slot, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Slot)]
pub(crate) struct SlotView {
    #[schema(value_type = String, format = "date", example = "2021-04-05")]
    date: Date,
    #[schema(minimum = 0, example = 30)]
    available_time: i64,
    #[serde(flatten)]
    origin: OriginView,
}

/// The upload, its key, and the line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Origin)]
pub(crate) struct OriginView {
    #[schema(value_type = String, format = "uuid", example = "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11")]
    upload: Uuid,
    #[schema(example = "march.csv")]
    key: String,
    #[schema(minimum = 1, example = 5)]
    line: u64,
}

impl From<Origin> for OriginView {
    fn from(Origin { upload, key, line }: Origin) -> Self {
        Self { upload, key, line }
    }
}

impl From<ExplainedExhibition> for ExhibitionView {
    fn from(exhibition: ExplainedExhibition) -> Self {
        let values = exhibition.values.into_iter().map(|value| ValueView {
            exhibition_date: value.exhibition_date,
            average_audience: value.average_audience,
            origin: value.origin.into(),
        });
        Self {
            exhibition_date: exhibition.exhibition_date,
            program_start_time: exhibition.program_start_time,
            predicted_audience: exhibition.predicted_audience,
            values: values.collect(),
        }
    }
}

impl From<ExplainedSlot> for SlotView {
    fn from(ExplainedSlot { date, available_time, origin }: ExplainedSlot) -> Self {
        Self { date, available_time, origin: origin.into() }
    }
}

impl From<ExplainedGroup> for ExplainedGroupView {
    fn from(group: ExplainedGroup) -> Self {
        Self {
            signal: group.signal,
            weekday: weekday::name(group.weekday),
            available_time: group.available_time,
            predicted_audience: group.predicted_audience,
            exhibitions: group.exhibitions.into_iter().map(Into::into).collect(),
            slots: group.slots.into_iter().map(Into::into).collect(),
        }
    }
}

/// The answer with the groups behind the one at which the page before ended, and the cursor of the next page.
pub(crate) fn explanation(
    program_code: &str,
    mut groups: Vec<ExplainedGroup>,
    after: Option<(String, Weekday)>,
) -> (Answer, Option<String>) {
    groups.sort_by(|a, b| (&a.signal, weekday::rank(a.weekday)).cmp(&(&b.signal, weekday::rank(b.weekday))));
    let after = after.as_ref().map(|(signal, day)| (signal, weekday::rank(*day)));
    let mut rest = groups
        .into_iter()
        .filter(|group| after.is_none_or(|after| (&group.signal, weekday::rank(group.weekday)) > after));
    let (mut shown, mut bytes, mut next_cursor) = (Vec::new(), 0, None);
    while let Some(group) = rest.next() {
        let view = ExplainedGroupView::from(group);
        bytes += serde_json::to_string(&view).map_or(0, |text| text.len());
        let cursor = format!("{}.{}", view.signal, view.weekday);
        shown.push(view);
        if bytes > ANSWER_BYTES {
            next_cursor = rest.next().map(|_| cursor);
            break;
        }
    }
    let view =
        ExplanationView { program_code: program_code.to_owned(), groups: shown, next_cursor: next_cursor.clone() };
    (Answer::json(200, &view), next_cursor)
}

/// How far a program's predictions were from what came.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Accuracy)]
pub(crate) struct AccuracyView {
    #[schema(example = "NOVA")]
    program_code: String,
    /// By signal, then from Monday to Sunday; those with a prediction that can be compared.
    groups: Vec<AccuracyGroupView>,
}

/// How far one signal's and weekday's predictions were from the audience of the next exhibition. Errors are `(predicted - came) / came` in
/// percent; null when nobody watched.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = AccuracyGroup)]
pub(crate) struct AccuracyGroupView {
    #[schema(example = "RJ")]
    signal: String,
    #[schema(schema_with = weekday_schema)]
    weekday: &'static str,
    /// How many were compared.
    #[schema(minimum = 1, example = 4)]
    predictions: u64,
    /// The mean of the errors without their sign.
    #[schema(minimum = 0, example = 41.7)]
    mape: Option<f64>,
    /// The mean of the errors: above 0 when more was predicted than came.
    #[schema(example = -41.7)]
    bias: Option<f64>,
    /// Percentiles of the errors.
    #[schema(example = -61.7)]
    p10: Option<f64>,
    #[schema(example = -50.0)]
    p50: Option<f64>,
    #[schema(example = -15.0)]
    p90: Option<f64>,
}

/// The answer with these groups, in any order.
pub(crate) fn accuracy(program_code: &str, mut rows: Vec<AccuracyRow>) -> Answer {
    rows.sort_by(|a, b| (&a.signal, weekday::rank(a.weekday)).cmp(&(&b.signal, weekday::rank(b.weekday))));
    let groups = rows.into_iter().map(|row| AccuracyGroupView {
        signal: row.signal,
        weekday: weekday::name(row.weekday),
        predictions: row.predictions,
        mape: row.mape,
        bias: row.bias,
        p10: row.p10,
        p50: row.p50,
        p90: row.p90,
    });
    Answer::json(200, &AccuracyView { program_code: program_code.to_owned(), groups: groups.collect() })
}
