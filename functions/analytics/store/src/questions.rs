//! What the answers need. Each question but that for the programs is about one of them, and its statement reads that program's rows alone.

use analytics_core::{
    AccuracyRow, ExplainQuestion, ExplainedExhibition, ExplainedGroup, ExplainedSlot, ExplainedValue, Group,
    GroupQuestion, Origin, ProgramRow, Selection,
};
use deadpool_postgres::ClientWrapper;
use jiff::civil::{Date, Weekday};
use tokio_postgres::Row;

use crate::Error;

const EXHIBITIONS: &str = "
    SELECT p.signal, p.weekday, p.exhibition_date, p.program_start_time, p.average_audience, p.predicted_audience,
        u.upload_id, u.object_key, p.line
    FROM exhibition_prediction AS p JOIN upload AS u USING (upload_number)
    WHERE p.program_code = $1 AND ($2::text IS NULL OR p.signal = $2) AND ($3::integer IS NULL OR p.weekday = $3)
    ORDER BY p.signal, p.weekday, p.exhibition_date, p.program_start_time";
const SLOTS: &str = "
    SELECT s.signal, extract(isodow FROM s.day)::integer AS weekday, s.day, s.available_time, u.upload_id, u.object_key, s.line
    FROM current_slot AS s JOIN upload AS u USING (upload_number)
    WHERE s.program_code = $1 AND ($2::text IS NULL OR s.signal = $2)
        AND ($3::integer IS NULL OR extract(isodow FROM s.day)::integer = $3)
    ORDER BY s.day, s.nth";
const ACCURACY: &str = "
    SELECT signal, weekday, count(*) AS predictions, avg(abs(error)) AS mape, avg(error) AS bias,
        percentile_cont(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY error) AS percentiles
    FROM (
        SELECT signal, weekday, exhibition_date, expected, 100 * (expected - average_audience) / nullif(average_audience, 0) AS error
        FROM (
            SELECT *, lag(predicted_audience) OVER (
                PARTITION BY signal, weekday ORDER BY exhibition_date, program_start_time
            ) AS expected
            FROM exhibition_prediction WHERE program_code = $1
        ) AS compared
    ) AS errors
    WHERE expected IS NOT NULL AND ($2::date IS NULL OR exhibition_date BETWEEN $2 AND $3)
    GROUP BY signal, weekday";
const PROGRAMS: &str = "
    SELECT p.program_code, array_agg(DISTINCT p.signal ORDER BY p.signal) AS signals,
        min(p.first_day) FILTER (WHERE u.kind = 'audience') AS first_day,
        max(p.last_day) FILTER (WHERE u.kind = 'audience') AS last_day,
        min(p.first_day) FILTER (WHERE u.kind = 'availability') AS first_slot_day,
        max(p.last_day) FILTER (WHERE u.kind = 'availability') AS last_slot_day
    FROM upload_program AS p JOIN upload AS u USING (upload_number)
    WHERE u.state = 'applied' AND ($1::text IS NULL OR p.program_code > $1)
    GROUP BY p.program_code ORDER BY p.program_code LIMIT $2";

pub(crate) async fn version(client: &ClientWrapper) -> Result<i64, Error> {
    let statement = client.prepare_cached("SELECT version FROM data_version").await?;
    Ok(client.query_one(&statement, &[]).await?.get(0))
}

pub(crate) fn days(selection: Selection) -> (Option<Date>, Option<Date>) {
    match selection {
        Selection::All => (None, None),
        Selection::Days { first, last } => (Some(first), Some(last)),
    }
}

pub(crate) fn weekday(row: &Row) -> Weekday {
    let number = i8::try_from(row.get::<_, i32>("weekday")).unwrap_or_default();
    Weekday::from_monday_one_offset(number).unwrap_or(Weekday::Monday)
}

pub(crate) async fn programs(
    client: &ClientWrapper,
    after: Option<&str>,
    limit: u16,
) -> Result<Vec<ProgramRow>, Error> {
    let statement = client.prepare_cached(PROGRAMS).await?;
    let rows = client.query(&statement, &[&after, &i64::from(limit)]).await?;
    let programs = rows.iter().map(|row| ProgramRow {
        program_code: row.get("program_code"),
        signals: row.get("signals"),
        first_day: row.get("first_day"),
        last_day: row.get("last_day"),
        first_slot_day: row.get("first_slot_day"),
        last_slot_day: row.get("last_slot_day"),
    });
    Ok(programs.collect())
}

pub(crate) async fn explain(
    client: &ClientWrapper,
    question: &ExplainQuestion,
    groups: Vec<Group>,
) -> Result<Vec<ExplainedGroup>, Error> {
    let number = question.weekday.map(|weekday| i32::from(weekday.to_monday_one_offset()));
    let statement = client.prepare_cached(EXHIBITIONS).await?;
    let exhibitions = client.query(&statement, &[&question.of.program_code, &question.signal, &number]).await?;
    let statement = client.prepare_cached(SLOTS).await?;
    let slots = client.query(&statement, &[&question.of.program_code, &question.signal, &number]).await?;
    let is_asked = |group: &Group| {
        question.signal.as_ref().is_none_or(|signal| *signal == group.signal)
            && question.weekday.is_none_or(|weekday| weekday == group.weekday)
    };
    let (first, last) = days(question.of.selection);
    let explained = groups.into_iter().filter(is_asked).map(|group| {
        let of_group = |row: &&Row| row.get::<_, &str>("signal") == group.signal && weekday(row) == group.weekday;
        let rows: Vec<&Row> = exhibitions.iter().filter(of_group).collect();
        let is_selected = |row: &Row| {
            let day: Date = row.get("exhibition_date");
            first.is_none_or(|first| first <= day) && last.is_none_or(|last| day <= last)
        };
        let selected = (0..rows.len()).filter(|at| is_selected(rows[*at])).map(|at| ExplainedExhibition {
            exhibition_date: rows[at].get("exhibition_date"),
            program_start_time: rows[at].get("program_start_time"),
            predicted_audience: rows[at].get("predicted_audience"),
            values: rows[at.saturating_sub(3)..=at].iter().map(|row| value(row)).collect(),
        });
        let exhibitions = selected.collect();
        let slots = slots.iter().filter(of_group).map(|row| ExplainedSlot {
            date: row.get("day"),
            available_time: i64::from(row.get::<_, i32>("available_time")),
            origin: origin(row),
        });
        let Group { signal, weekday, available_time, predicted_audience } = group.clone();
        ExplainedGroup { signal, weekday, available_time, predicted_audience, exhibitions, slots: slots.collect() }
    });
    Ok(explained.collect())
}

fn value(row: &Row) -> ExplainedValue {
    ExplainedValue {
        exhibition_date: row.get("exhibition_date"),
        average_audience: row.get("average_audience"),
        origin: origin(row),
    }
}

fn origin(row: &Row) -> Origin {
    Origin { upload: row.get("upload_id"), key: row.get("object_key"), line: row.get::<_, i64>("line").cast_unsigned() }
}

pub(crate) async fn accuracy(client: &ClientWrapper, question: &GroupQuestion) -> Result<Vec<AccuracyRow>, Error> {
    let (first, last) = days(question.selection);
    let statement = client.prepare_cached(ACCURACY).await?;
    let rows = client.query(&statement, &[&question.program_code, &first, &last]).await?;
    let read = |row: &Row| {
        let percentiles: Option<Vec<Option<f64>>> = row.get("percentiles");
        let percentile = |at: usize| percentiles.as_ref().and_then(|all| all.get(at).copied().flatten());
        AccuracyRow {
            signal: row.get("signal"),
            weekday: weekday(row),
            predictions: row.get::<_, i64>("predictions").cast_unsigned(),
            mape: row.get("mape"),
            bias: row.get("bias"),
            p10: percentile(0),
            p50: percentile(1),
            p90: percentile(2),
        }
    };
    Ok(rows.iter().map(read).collect())
}
