//! `infra invoke analytics`: the demo files through the whole chain, one question to the API as a client asks it, and the trace of the files.
//! On stages other than local the files are taken back at the end.

use std::time::Duration;

use analytics_contract::{CSV_IMPORTER, Report, Request, State, Upload};
use clap::Args;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use operate::{Line, Source, Trace, sources, trace};
use serde_json::{Value, json};
use system::{Failed, How, Site, StageName, Table, grouped, trace_lines};

use super::bucket::Bucket;
use super::client::{self, Answered};
use super::demo;
use super::deployed::Deployed;
use super::files::Outgoing;
use super::follow::{Ended, Patience, follow};
use super::progress::Progress;
use super::report::{self, Place};
use super::upload::send_all;

const HELP: &str = "\
Uploads half a year of exhibitions of invented programs, their slots of the next four weeks, and, as a dry run, a file with three rows \
that are deliberately wrong; follows them to their reports, asks the API for the predictions of one program, and shows what the \
importer logged. The files are the same in every run of a week, so a second run changes nothing. On stages other than local they are \
taken back at the end, also after a failure, unless they are to be kept; one that is still being read then stays, and `infra revert \
analytics` takes it back. `infra upload analytics` uploads your own.

Examples:
  infra invoke analytics
  infra invoke analytics --stage dev --keep
  infra invoke analytics --json | jq .answer.body

Exit codes: 0 the files were read as expected and the API answered; 1 they were not, or it failed; 64 nothing is deployed, or the \
arguments are wrong; 75 AWS, the database or the API was busy or unavailable, or the files were not read in time.";

/// What happens to the files.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Invoke {
    /// Do not take the files back on stages other than local.
    #[arg(long)]
    keep: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// The demo files were not read as expected.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("{key} is {summary}")]
    NotTaken { key: String, summary: String },
    #[error("of {key} {rejected} rows were rejected, and {expected} are wrong")]
    OtherRows { key: String, rejected: u64, expected: u64 },
    #[error("nothing has moved for {seconds} s; `infra status analytics --stage {stage}` tells more")]
    NotFinished { seconds: u64, stage: StageName },
    #[error("interrupted")]
    Interrupted,
}

impl DemoError {
    fn how(&self) -> How {
        match self {
            Self::NotTaken { .. } | Self::OtherRows { .. } => How::Failed,
            Self::NotFinished { .. } => How::Retryable,
            Self::Interrupted => How::Interrupted,
        }
    }
}

impl From<DemoError> for Failed {
    fn from(error: DemoError) -> Self {
        Self::new(error.how(), error)
    }
}

/// How long to wait for the API and for log lines. On AWS a database may have to resume, and CloudWatch shows lines some seconds late.
fn patience(stage: StageName) -> (Duration, Duration) {
    match stage {
        StageName::Local => (Duration::from_secs(20), Duration::from_secs(5)),
        _ => (Duration::from_secs(60), Duration::from_secs(30)),
    }
}

pub(super) async fn run(site: &Site<'_>, arguments: &Invoke) -> Result<(), Failed> {
    let (stage, console) = (site.stage, site.console);
    let deployed = Deployed::find(site).await?;
    // The functions' clocks may differ from ours.
    let begun = Timestamp::now() - SignedDuration::from_mins(1);
    let monday = demo::monday(Timestamp::now().to_zoned(TimeZone::UTC).date());
    let kept = [
        Outgoing::text(demo::AUDIENCE, demo::audience(monday)),
        Outgoing::text(demo::AVAILABILITY, demo::availability(monday)),
    ];
    let checked = [Outgoing::text(demo::WITH_ERRORS, demo::with_errors(monday))];
    let place = Place { url: &deployed.url, needs_token: deployed.needs_token() };

    let mut reports = Vec::new();
    let (wait_answer, wait_lines) = patience(stage);
    let question = format!("{}/analytics/program?program_code={}", deployed.url, demo::PROGRAM);
    let demonstrated = async {
        for (files, dry_run) in [(&kept[..], false), (&checked[..], true)] {
            let before = reports.len();
            let read = through(site, &deployed, files, dry_run, &mut reports).await;
            for report in reports[before..].iter().filter(|_| !arguments.json) {
                report::lines(report, &place).iter().for_each(|line| console.data(line));
                console.data("");
            }
            read?;
        }
        let answer = client::get(&question, wait_answer).await?;
        if !arguments.json {
            show(&question, &answer).iter().for_each(|line| console.data(line));
        }
        let sources = importer(&deployed).await?;
        let trace = traces(&deployed, &sources, begun, &reports, wait_lines).await?;
        Ok::<_, Failed>((answer, sources, trace))
    };
    let demonstrated = demonstrated.await;
    let reverted = match stage == StageName::Local || arguments.keep {
        true => Ok(Vec::new()),
        false => take_back(&deployed, &reports).await,
    };
    // What was asked for comes first when both failed.
    let (answer, sources, Trace { lines, silent }) = demonstrated?;
    let reverted = reverted?;

    if arguments.json {
        let lines =
            lines.iter().map(|(place, line)| json!({"function": sources[*place].function, "line": line.document}));
        let document = json!({
            "schema": 1, "stage": stage.as_str(), "api_url": deployed.url, "bucket": deployed.bucket, "reports": reports,
            "question": question, "answer": {"status": answer.status.as_u16(), "body": answer.body}, "reverted": reverted,
            "answered_ms": answer.took.as_millis() as u64, "trace": lines.collect::<Vec<_>>(), "without_lines": silent,
        });
        console.data(&document.to_string());
        return Ok(());
    }
    console.data("");
    trace_lines(&sources, &lines).iter().for_each(|line| console.data(line));
    if !silent.is_empty() {
        console
            .note(&format!("not all lines have come yet; `infra logs analytics --stage {stage}` shows the logs again"));
    }
    for upload in reverted {
        console.data(&format!("{}: taken back", report::key(&upload.key)));
    }
    if stage == StageName::Local {
        try_it(&deployed.url).iter().for_each(|line| console.note(line));
    }
    Ok(())
}

/// Sends files and follows them to their end, which must be the expected one. The reports that there are, are added also when it is not.
async fn through(
    site: &Site<'_>,
    deployed: &Deployed,
    files: &[Outgoing],
    dry_run: bool,
    reports: &mut Vec<Report>,
) -> Result<(), Failed> {
    let bucket = Bucket::new(site.config, &deployed.bucket, dry_run);
    let mut progress = Progress::new(site.console, files, None);
    let mut sent = Vec::new();
    send_all(&bucket, site, files, &progress, &mut sent).await?;
    let (of_files, ended) = follow(deployed, &sent, &mut progress, Patience::of(site.stage), site.stop).await;
    let before = reports.len();
    reports.extend(of_files.into_iter().flatten());
    match ended {
        Ended::Final => {}
        Ended::Failed(error) => return Err(error),
        Ended::Still(time) => {
            return Err(DemoError::NotFinished { seconds: time.as_secs(), stage: site.stage }.into());
        }
        Ended::Interrupted => return Err(DemoError::Interrupted.into()),
    }
    reports[before..].iter().try_for_each(|report| Ok(as_expected(&report.upload)?))
}

fn as_expected(upload: &Upload) -> Result<(), DemoError> {
    let (key, rejected) = (upload.key.clone(), upload.rows_rejected);
    let (state, expected) = if upload.dry_run { (State::Checked, demo::ERRORS) } else { (State::Applied, 0) };
    match upload.state {
        of if of != state => Err(DemoError::NotTaken { key, summary: report::summary(upload) }),
        _ if rejected != expected => Err(DemoError::OtherRows { key, rejected, expected }),
        _ => Ok(()),
    }
}

/// The question, and the answer as a table.
fn show(question: &str, answer: &Answered) -> Vec<String> {
    let Answered { status, body, took } = answer;
    let mut lines = vec![format!("GET {question}"), format!("{} after {} ms", status.as_u16(), took.as_millis())];
    if !status.is_success() {
        lines.push("reading needs authorisation on this stage".to_owned());
        return lines;
    }
    let mut table = Table::new(&["signal", "weekday", "available time", "predicted audience"], &[2, 3]);
    let rows = body["body"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    const SHOWN: usize = 8;
    for row in rows.iter().take(SHOWN) {
        let predicted =
            row["predicted_audience"].as_f64().map_or("-".to_owned(), |number| grouped(number.round() as u64));
        let available = row["available_time"].as_u64().map_or("-".to_owned(), grouped);
        table.row(vec![text(&row["signal"]), text(&row["weekday"]), available, predicted]);
    }
    lines.extend(table.lines());
    if rows.len() > SHOWN {
        lines.push(format!("and {} more", rows.len() - SHOWN));
    }
    lines
}

/// The importer and its log.
async fn importer(deployed: &Deployed) -> Result<Vec<Source>, Failed> {
    let mut sources = sources(&deployed.stack.cloud, &deployed.stack.inventory).await?;
    sources.retain(|source| source.function == CSV_IMPORTER.name);
    Ok(sources)
}

/// What was logged about each file, whose trace id is its key, since this run began.
async fn traces(
    deployed: &Deployed,
    sources: &[Source],
    begun: Timestamp,
    reports: &[Report],
    limit: Duration,
) -> Result<Trace, Failed> {
    let mut all = Trace::default();
    for Report { upload, .. } in reports {
        let Trace { lines, silent } = trace(&deployed.stack.cloud, sources, begun, &upload.key, limit).await?;
        all.lines.extend(lines.into_iter().filter(|(_, line)| is_about(line, upload)));
        all.silent.extend(silent);
    }
    all.lines.sort_by_key(|(_, line)| line.at);
    Ok(all)
}

/// Whether a line is about this upload, and not about one before it under the same key.
fn is_about(line: &Line, upload: &Upload) -> bool {
    line.fields.iter().all(|(name, value)| !name.ends_with("upload") || *value == upload.id)
}

async fn take_back(deployed: &Deployed, reports: &[Report]) -> Result<Vec<Upload>, Failed> {
    let mut reverted = Vec::new();
    for Report { upload, .. } in reports.iter().filter(|report| report.upload.state == State::Applied) {
        reverted.push(deployed.ask(&Request::Revert { id: upload.id.clone() }).await?);
    }
    Ok(reverted)
}

/// Commands that go on from here.
fn try_it(url: &str) -> Vec<String> {
    let program = demo::PROGRAM;
    vec![
        String::new(),
        "try it".to_owned(),
        format!("  curl '{url}/analytics/program?program_code={program}'"),
        format!("  curl '{url}/analytics/explain?program_code={program}&signal=BR&weekday=Monday'"),
        format!("  curl {url}/analytics/programs"),
        format!("  curl {url}/analytics/uploads"),
        "  target/debug/infra upload analytics FILE --dry-run".to_owned(),
        "  target/debug/infra status analytics".to_owned(),
        format!("  {url}/analytics/ in a browser shows predictions and takes files"),
        format!("  {url}/docs in a browser describes the API"),
    ]
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::super::report::tests::upload;
    use super::*;

    #[test]
    fn the_demo_fails_when_a_file_is_read_otherwise_than_expected() {
        let with = |state, dry_run, rejected| {
            let mut upload = upload(state);
            (upload.dry_run, upload.rows_rejected) = (dry_run, rejected);
            as_expected(&upload).map_err(|error| error.to_string())
        };
        assert_eq!(with(State::Applied, false, 0), Ok(()));
        assert_eq!(with(State::Checked, true, demo::ERRORS), Ok(()));
        assert_eq!(
            with(State::Applied, false, 1),
            Err("of march.csv 1 rows were rejected, and 0 are wrong".to_owned())
        );
        assert_eq!(with(State::Checked, true, 0), Err("of march.csv 0 rows were rejected, and 3 are wrong".to_owned()));
        assert_eq!(with(State::Rejected, false, 0), Err("march.csv is rejected".to_owned()));
    }

    #[test]
    fn an_answer_is_a_table_and_a_missing_prediction_a_dash() {
        let row = |weekday: &str, predicted: Value| json!({"signal": "BR", "program_code": "LUAR", "weekday": weekday, "available_time": 1_045, "predicted_audience": predicted});
        let body = json!({"body": [row("Monday", json!(27_123_456.5)), row("Tuesday", Value::Null)]});
        let answer = Answered { status: StatusCode::OK, body, took: Duration::from_millis(7) };
        assert_eq!(
            show("https://api.example/x", &answer),
            [
                "GET https://api.example/x",
                "200 after 7 ms",
                "signal  weekday  available time  predicted audience",
                "BR      Monday            1,045          27,123,457",
                "BR      Tuesday           1,045                   -",
            ]
        );
        let refused = Answered { status: StatusCode::UNAUTHORIZED, body: Value::Null, took: Duration::ZERO };
        assert_eq!(show("x", &refused)[1..], ["401 after 0 ms", "reading needs authorisation on this stage"]);
    }
}
