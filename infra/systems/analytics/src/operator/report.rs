//! The report of an upload in words and tables. What a file holds is shown escaped, so that it cannot do anything to a terminal.

use analytics_contract::{
    COMPARED_ROWS, Effect, Kind, RejectedRow, Replaced, Report, STORED_REJECTED_ROWS, State, Upload,
};
use jiff::Timestamp;
use system::{Table, grouped};

/// Characters of a value and of a key that are shown.
const VALUE: usize = 32;
const KEY: usize = 48;
/// The code of a row that is longer than what is kept of one.
const TOO_LONG: &str = "record_too_long";

/// Where the rest of a report is had from.
pub(super) struct Place<'a> {
    /// The address of the API.
    pub(super) url: &'a str,
    /// Whether it asks for a token.
    pub(super) needs_token: bool,
}

/// The whole report. Rows that were rejected come last.
pub(super) fn lines(report: &Report, place: &Place<'_>) -> Vec<String> {
    let Report { upload, rejected } = report;
    let took = took(upload).map(|took| format!(" (in {took})")).unwrap_or_default();
    let mut lines = vec![format!("{}: {}{took}", key(&upload.key), summary(upload))];
    let mut more = |label: &str, text: String| lines.push(format!("  {label:<9} {text}"));
    if let Some(file) = file(upload) {
        more("file", file);
    }
    more("rows", rows(upload));
    if let Some(overwritten) = upload.rows_overwritten.filter(|overwritten| *overwritten > 0) {
        more("repeated", self::overwritten(overwritten));
    }
    if is_not_compared(upload) {
        let most = grouped(COMPARED_ROWS);
        more("overlap", format!("not counted, with other uploads or in the file: it has more than {most} rows"));
    }
    if let Some(replaced) = &upload.replaced {
        more("replaced", self::replaced(upload, replaced));
    }
    if let Some(effect) = &upload.effect {
        more("effect", self::effect(effect));
    }
    more("upload", upload.id.clone());
    if !rejected.is_empty() {
        lines.push(String::new());
        lines.extend(rejected_rows(rejected));
        lines.push(String::new());
        lines.extend(rest(report, place));
    }
    lines
}

const CHECKED: &str = "checked; nothing was changed";

/// What became of the file, in a few words.
pub(super) fn state(upload: &Upload) -> String {
    match (upload.state, upload.error_kind.as_deref()) {
        (State::Rejected, Some(kind)) => format!("rejected, {kind}"),
        (state, _) => state.as_str().to_owned(),
    }
}

/// What became of the file, and why.
pub(super) fn summary(upload: &Upload) -> String {
    let reason = || upload.reason.as_deref().map(printable).unwrap_or_default();
    match (upload.state, reason()) {
        (State::Checked, reason) if reason.is_empty() => CHECKED.to_owned(),
        (State::Checked, reason) => format!("{CHECKED}; {reason}"),
        (_, reason) if reason.is_empty() => state(upload),
        (_, reason) => format!("{}: {reason}", state(upload)),
    }
}

/// The time from the event's arrival to the end.
fn took(upload: &Upload) -> Option<String> {
    let time = |time: &Option<String>| time.as_ref()?.parse::<Timestamp>().ok();
    let milliseconds = time(&upload.finished_at)?.duration_since(time(&upload.received_at)?).as_millis();
    Some(match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", milliseconds as f64 / 1_000.0),
    })
}

/// What was recognised of the file.
fn file(upload: &Upload) -> Option<String> {
    let kind = upload.kind?.as_str();
    let delimiter = match upload.delimiter.as_deref() {
        Some("\t") => " separated by tabs".to_owned(),
        Some(delimiter) => format!(" separated by {delimiter:?}"),
        None => String::new(),
    };
    let encoding = upload.encoding.as_deref().map(|encoding| format!(", {encoding}")).unwrap_or_default();
    Some(format!("{kind}{delimiter}{encoding}"))
}

/// Rows are taken by an upload that counts, or counted; of any other, they could be read and that is all.
fn rows(upload: &Upload) -> String {
    let word = if matches!(upload.state, State::Applied | State::Reverted) { "taken" } else { "readable" };
    let mut text = format!("{} {word}, {} rejected", grouped(upload.rows_taken), grouped(upload.rows_rejected));
    if let Some(repeated) = upload.rows_repeated.filter(|repeated| *repeated > 0) {
        text.push_str(&format!(", {} of those taken also in another upload", grouped(repeated)));
    }
    if matches!(upload.state, State::Rejected | State::Superseded) && upload.rows_taken > 0 {
        text.push_str(", none of them counts");
    }
    if let Some(days) = days(upload) {
        text.push_str(&format!("; {days}"));
    }
    text
}

fn overwritten(rows: u64) -> String {
    match rows {
        1 => "1 row has another of the same file after it; the last counts".to_owned(),
        rows => format!("{} rows have another of the same file after them; the last counts", grouped(rows)),
    }
}

/// Whether the file is so large that it was not compared with others.
pub(super) fn is_not_compared(upload: &Upload) -> bool {
    upload.state == State::Applied && upload.rows_taken > COMPARED_ROWS
}

fn replaced(upload: &Upload, Replaced { id, rows }: &Replaced) -> String {
    let text = format!("upload {id}, {}", count(*rows, "row"));
    if upload.rows_taken == 0 && *rows > 0 { format!("{text}; this file has none") } else { text }
}

fn count(number: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// What an upload without a row has replaced.
pub(super) fn emptied(upload: &Upload) -> Option<String> {
    let Replaced { rows, .. } = upload.replaced.as_ref().filter(|replaced| replaced.rows > 0)?;
    let is_empty = upload.state == State::Applied && upload.rows_taken == 0;
    is_empty.then(|| {
        let (key, id) = (key(&upload.key), &upload.id);
        format!("{key} has no row and replaced {}; `infra revert analytics {id}` brings them back", count(*rows, "row"))
    })
}

/// The days that the rows cover.
pub(super) fn days(upload: &Upload) -> Option<String> {
    match (upload.first_day.as_deref()?, upload.last_day.as_deref()?) {
        (first, last) if first == last => Some(first.to_owned()),
        (first, last) => Some(format!("{first} to {last}")),
    }
}

/// `42 new, 3 changed, 1 gone; 5 predictions move, the most by 12 %`.
pub(super) fn effect(effect: &Effect) -> String {
    let counts = [(effect.new, "new"), (effect.changed, "changed"), (effect.gone, "gone")];
    let counts: Vec<String> = (counts.into_iter().filter(|(count, _)| *count > 0))
        .map(|(count, what)| format!("{} {what}", grouped(count)))
        .collect();
    let rows = match counts.is_empty() {
        true => "no row changes".to_owned(),
        false => counts.join(", "),
    };
    let most = effect.largest_move_percent.map(|most| format!(", the most by {}", percent(most))).unwrap_or_default();
    match effect.predictions_moved {
        0 => format!("{rows}; no prediction moves"),
        1 => format!("{rows}; 1 prediction moves{}", most.replace("the most by", "by")),
        moved => format!("{rows}; {} predictions move{most}", grouped(moved)),
    }
}

fn percent(percent: f64) -> String {
    match percent {
        _ if percent >= 9.95 => format!("{} %", grouped(percent.round() as u64)),
        _ if percent >= 0.05 => format!("{percent:.1} %"),
        _ => "less than 0.1 %".to_owned(),
    }
}

/// A row for each fault.
fn rejected_rows(rejected: &[RejectedRow]) -> Vec<String> {
    let mut table = Table::new(&["record", "line", "column", "code", "value", "what is wrong"], &[0, 1]);
    for row in rejected {
        for fault in &row.faults {
            table.row(vec![
                grouped(row.record),
                grouped(row.line),
                fault.column.clone().unwrap_or_else(|| "(row)".to_owned()),
                fault.code.clone(),
                shown(&fault.value, VALUE),
                printable(&fault.message),
            ]);
        }
    }
    table.lines()
}

/// Where the other rejected rows are, and how they get into the data.
fn rest(report: &Report, Place { url, needs_token }: &Place<'_>) -> Vec<String> {
    let Upload { id, state, rows_rejected, .. } = &report.upload;
    let more = match rows_rejected.saturating_sub(report.rejected.len() as u64) {
        0 => String::new(),
        more => format!("and {} more; ", grouped(more)),
    };
    let stored = u64::from(STORED_REJECTED_ROWS);
    let mut which = match rows_rejected {
        rejected if *rejected > stored => format!("the first {} of {}", grouped(stored), grouped(*rejected)),
        _ => "the rows".to_owned(),
    };
    let is_cut = |row: &RejectedRow| row.faults.iter().any(|fault| fault.code == TOO_LONG);
    if report.rejected.iter().any(is_cut) {
        which.push_str(", those of more than 64 KiB up to there,");
    }
    let mended = match state {
        State::Applied => "mend them and upload them under a key of their own",
        _ => "mend the file and upload it",
    };
    let token = if *needs_token { " -H \"Authorization: Bearer $TOKEN\"" } else { "" };
    vec![
        format!("{more}{mended}; {which} as they came, each with what is wrong with it:"),
        format!("  curl -o rejected.csv{token} {url}/analytics/uploads/{id}/rejected.csv"),
    ]
}

/// What a file holds, on one line.
fn shown(text: &str, most: usize) -> String {
    match text.chars().count() {
        0 => "\"\"".to_owned(),
        length if length > most => format!("{}..", printable(&text.chars().take(most - 2).collect::<String>())),
        _ => printable(text),
    }
}

fn printable(text: &str) -> String {
    let escaped = |letter: char| match letter {
        letter if letter.is_control() => letter.escape_debug().to_string(),
        letter => letter.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// A key on one line; of a long one its end.
pub(super) fn key(key: &str) -> String {
    let length = key.chars().count();
    match length > KEY {
        true => format!("..{}", printable(&key.chars().skip(length - (KEY - 2)).collect::<String>())),
        false => printable(key),
    }
}

/// A kind in a table.
pub(super) fn kind(kind: Option<Kind>) -> String {
    kind.map_or("-", Kind::as_str).to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use analytics_contract::Fault;

    pub(in super::super) fn upload(state: State) -> Upload {
        Upload {
            id: "6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11".to_owned(),
            key: "march.csv".to_owned(),
            state,
            dry_run: false,
            kind: Some(Kind::Audience),
            delimiter: Some(",".to_owned()),
            encoding: Some("utf-8".to_owned()),
            bytes: Some(1_000),
            bytes_done: 1_000,
            rows_taken: 8_987,
            rows_rejected: 0,
            rows_repeated: Some(0),
            rows_overwritten: Some(0),
            replaced: None,
            effect: None,
            first_day: Some("2026-03-01".to_owned()),
            last_day: Some("2026-03-31".to_owned()),
            error_kind: None,
            reason: None,
            requested_at: None,
            received_at: Some("2026-04-01T10:00:00.123456Z".to_owned()),
            finished_at: None,
        }
    }

    fn fault(column: Option<&str>, value: &str) -> Fault {
        let [code, message] = ["no_such_day", "February 2021 has 28 days"].map(str::to_owned);
        Fault { column: column.map(str::to_owned), code, value: value.to_owned(), message }
    }

    const PLACE: Place<'_> = Place { url: "https://api.example", needs_token: false };

    #[test]
    fn an_applied_file_is_told_in_four_lines() {
        let mut report = Report { upload: upload(State::Applied), rejected: Vec::new() };
        report.upload.finished_at = Some("2026-04-01T10:00:02.4Z".to_owned());
        assert_eq!(
            lines(&report, &PLACE),
            [
                "march.csv: applied (in 2.3 s)",
                "  file      audience separated by \",\", utf-8",
                "  rows      8,987 taken, 0 rejected; 2026-03-01 to 2026-03-31",
                "  upload    6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11",
            ]
        );
    }

    #[test]
    fn rejected_rows_tell_where_they_are_and_where_the_others_are() {
        let mut upload = upload(State::Applied);
        (upload.rows_rejected, upload.rows_repeated) = (1_002, Some(7));
        let row = |record, faults| RejectedRow { record, line: record + 3, faults };
        let long = "x".repeat(40);
        let rejected = vec![
            row(31, vec![fault(Some("exhibition_date"), "2021-02-30"), fault(Some("signal"), "")]),
            row(1_200, vec![fault(None, &format!("\u{1b}[2J{long}"))]),
        ];
        let place = Place { needs_token: true, ..PLACE };
        let lines = lines(&Report { upload, rejected }, &place);
        assert_eq!(
            lines[2..],
            [
                "  rows      8,987 taken, 1,002 rejected, 7 of those taken also in another upload; 2026-03-01 to 2026-03-31",
                "  upload    6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11",
                "",
                "record   line  column           code         value                                  what is wrong",
                "    31     34  exhibition_date  no_such_day  2021-02-30                             February 2021 has 28 days",
                "    31     34  signal           no_such_day  \"\"                                     February 2021 has 28 days",
                &format!(
                    " 1,200  1,203  (row)            no_such_day  \\u{{1b}}[2J{}..  February 2021 has 28 days",
                    "x".repeat(26)
                ),
                "",
                "and 1,000 more; mend them and upload them under a key of their own; the first 1,000 of 1,002 as they came, each with what is wrong with it:",
                "  curl -o rejected.csv -H \"Authorization: Bearer $TOKEN\" https://api.example/analytics/uploads/6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11/rejected.csv",
            ]
        );
    }

    /// The lines behind the first two, of a report without rejected rows.
    fn told(upload: Upload) -> Vec<String> {
        lines(&Report { upload, rejected: Vec::new() }, &PLACE).split_off(2)
    }

    #[test]
    fn what_was_replaced_repeated_or_not_compared_is_told() {
        let id = "  upload    6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11";
        let mut upload = upload(State::Applied);
        upload.rows_overwritten = Some(1_200);
        upload.replaced = Some(Replaced { id: "before".to_owned(), rows: 7 });
        let rows = "  rows      8,987 taken, 0 rejected; 2026-03-01 to 2026-03-31";
        let repeated = "  repeated  1,200 rows have another of the same file after them; the last counts";
        assert_eq!(told(upload.clone()), [rows, repeated, "  replaced  upload before, 7 rows", id]);
        assert_eq!(emptied(&upload), None);
        (upload.rows_taken, upload.rows_overwritten, upload.first_day) = (0, Some(0), None);
        let replaced = "  replaced  upload before, 7 rows; this file has none";
        assert_eq!(told(upload.clone()), ["  rows      0 taken, 0 rejected", replaced, id]);
        let revert = "`infra revert analytics 6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11` brings them back";
        assert_eq!(emptied(&upload), Some(format!("march.csv has no row and replaced 7 rows; {revert}")));
        upload.replaced = Some(Replaced { id: "before".to_owned(), rows: 0 });
        assert_eq!(emptied(&upload), None);
        (upload.rows_taken, upload.rows_repeated, upload.replaced) = (200_001, None, None);
        let overlap = "  overlap   not counted, with other uploads or in the file: it has more than 200,000 rows";
        assert_eq!(told(upload.clone()), ["  rows      200,001 taken, 0 rejected", overlap, id]);
        upload.rows_taken = 200_000;
        assert_eq!(told(upload).len(), 2);
    }

    #[test]
    fn rows_of_a_file_that_does_not_count_are_readable_and_not_taken() {
        let rows = |state| {
            let mut upload = upload(state);
            (upload.rows_rejected, upload.first_day) = (9, None);
            rows(&upload)
        };
        for state in [State::Rejected, State::Superseded] {
            assert_eq!(rows(state), "8,987 readable, 9 rejected, none of them counts");
        }
        for state in [State::Checked, State::Reading] {
            assert_eq!(rows(state), "8,987 readable, 9 rejected");
        }
        assert_eq!(rows(State::Reverted), "8,987 taken, 9 rejected");
    }

    #[test]
    fn a_row_that_was_cut_is_no_row_as_it_came() {
        let mut upload = upload(State::Rejected);
        upload.rows_rejected = 1;
        let cut = Fault { code: TOO_LONG.to_owned(), ..fault(None, "x") };
        let report = Report { upload, rejected: vec![RejectedRow { record: 1, line: 2, faults: vec![cut] }] };
        let lines = lines(&report, &PLACE);
        let told = "mend the file and upload it; the rows, those of more than 64 KiB up to there, as they came, each with what is wrong with it:";
        assert!(lines.iter().any(|line| line == told), "{lines:#?}");
    }

    #[test]
    fn an_effect_is_told_in_words() {
        let all = Effect {
            new: 42,
            changed: 3,
            unchanged: 9,
            gone: 1,
            predictions_moved: 5,
            largest_move_percent: Some(12.4),
        };
        let none =
            Effect { new: 0, changed: 0, gone: 0, predictions_moved: 0, largest_move_percent: None, ..all.clone() };
        let one = Effect { predictions_moved: 1, largest_move_percent: Some(0.01), ..none.clone() };
        let unknown = Effect { changed: 1_000, predictions_moved: 2_000, ..none.clone() };
        for (is, told) in [
            (all, "42 new, 3 changed, 1 gone; 5 predictions move, the most by 12 %"),
            (none, "no row changes; no prediction moves"),
            (one, "no row changes; 1 prediction moves, by less than 0.1 %"),
            (unknown, "1,000 changed; 2,000 predictions move"),
        ] {
            assert_eq!(effect(&is), told);
        }
        for (number, text) in [(0.05, "0.1 %"), (9.94, "9.9 %"), (9.96, "10 %"), (1_234.5, "1,235 %")] {
            assert_eq!(percent(number), text, "{number}");
        }
    }

    #[test]
    fn a_rejected_file_is_told_with_its_reason() {
        let mut rejected = upload(State::Rejected);
        rejected.error_kind = Some("unknown_header".to_owned());
        rejected.reason = Some("line 1 has no column signal".to_owned());
        assert_eq!(summary(&rejected), "rejected, unknown_header: line 1 has no column signal");
        let mut older = upload(State::Superseded);
        older.reason = Some("a newer version counts".to_owned());
        assert_eq!(summary(&older), "superseded: a newer version counts");
        let mut checked = upload(State::Checked);
        assert_eq!(summary(&checked), "checked; nothing was changed");
        checked.reason = Some("there was no time".to_owned());
        assert_eq!(summary(&checked), "checked; nothing was changed; there was no time");
    }

    #[test]
    fn of_a_long_key_the_end_is_shown() {
        assert_eq!(key(&format!("{}/march.csv", "a".repeat(80))), format!("..{}/march.csv", "a".repeat(36)));
        assert_eq!(key("rádio\u{7}.csv"), "rádio\\u{7}.csv");
    }
}
