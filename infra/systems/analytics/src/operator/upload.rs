//! `infra upload analytics`: sends files and follows them to their reports.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use analytics_contract::{Report, State};
use clap::Args;
use serde_json::{Value, json};
use system::{Failed, How, Site, StageName, grouped};

use super::bucket::Bucket;
use super::deployed::Deployed;
use super::files::{Outgoing, outgoing};
use super::follow::{Ended, Patience, Sent, follow};
use super::progress::Progress;
use super::report::{self, Place};
use super::sending::{Objects, send};

const HELP: &str = "\
A file is of exhibitions or of slots, told by its header; the columns may stand in any order, between commas, semicolons, tabs or pipes:

  signal,program_code,exhibition_date,program_start_time,average_audience
  signal;program_code;date;available_time

It is put into the bucket under its name. Uploading another file under the same key replaces the rows of the one before; rows that \
two keys have count once, as the later upload has them. Rows with faults are left out and reported, the others count, unless so many are at fault that the whole file is \
rejected. What a file replaced is in its report. How many of its rows other uploads have as well, how many another of the same file replaces, and what a dry run would change is \
counted for files of up to 200,000 rows. Bars show the \
progress on a terminal. With --dry-run a file has a key of its own, which S3 removes after a day, and what counts is not touched. A file of more than 16 MiB is sent in parts, which are removed again when not all of them arrive.

Examples:
  infra upload analytics march.csv --stage dev
  infra upload analytics march.csv --dry-run
  infra upload analytics data/*.csv --prefix 2026/ --stage dev --watch
  infra upload analytics out.csv --key march.csv --json | jq '.files[].report'

Exit codes:
  0    every row counts, or would after a dry run
  1    a file was rejected as a whole, or does not count
  5    rows were rejected, or a file without any replaced some; the others count
  64   the arguments are wrong, or nothing is deployed; nothing was sent
  75   AWS was busy or unavailable, or a file was not read in time
  130  interrupted; what had been sent as a whole is read all the same";

/// Which files, and what happens to them.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Upload {
    /// CSV files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The key of a single file, instead of its name.
    #[arg(long)]
    key: Option<String>,
    /// Put before each key as it is, for example 2026/.
    #[arg(long, default_value = "", hide_default_value = true)]
    prefix: String,
    /// Check the files and tell what they would change, without a change.
    #[arg(long)]
    dry_run: bool,
    /// Show the progress as lines where there are no bars.
    #[arg(long)]
    watch: bool,
    /// End as soon as the files are sent, without their reports.
    #[arg(long, conflicts_with = "watch")]
    no_wait: bool,
    /// Seconds without any progress after which to give up; by default 120 on the stage local and 900 elsewhere.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// Why not everything counts.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    #[error("{}", .files.join("; "))]
    NotTaken { files: Vec<String> },
    #[error(
        "{} not finished and nothing has moved for {seconds} s; `infra status analytics --stage {stage}` tells more",
        are(files)
    )]
    NotFinished { files: Vec<String>, seconds: u64, stage: StageName },
    /// Rows were rejected, or replaced by a file that has none.
    #[error("{}", .files.join("; "))]
    Incomplete { files: Vec<String> },
    #[error("interrupted; what was sent is read all the same; `infra status analytics --stage {stage}` shows it")]
    Interrupted { stage: StageName },
    #[error("not all files were sent; {} sent and read all the same", were(sent))]
    NotAllSent { sent: Vec<String>, source: Box<dyn std::error::Error + Send + Sync> },
}

impl UploadError {
    fn how(&self) -> How {
        match self {
            Self::NotTaken { .. } => How::Failed,
            Self::NotFinished { .. } => How::Retryable,
            Self::Incomplete { .. } => How::Incomplete,
            Self::Interrupted { .. } => How::Interrupted,
            Self::NotAllSent { .. } => How::Failed,
        }
    }
}

impl From<UploadError> for Failed {
    fn from(error: UploadError) -> Self {
        Self::new(error.how(), error)
    }
}

fn are(names: &[String]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

fn were(names: &[String]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "was" } else { "were" })
}

/// Between two lines about a file that is read, where there are no bars.
fn pace(stage: StageName) -> Duration {
    Duration::from_secs(if stage == StageName::Local { 2 } else { 10 })
}

pub(super) async fn run(site: &Site<'_>, arguments: &Upload) -> Result<(), Failed> {
    let (stage, console, stop) = (site.stage, site.console, site.stop);
    let files = outgoing(&arguments.files, arguments.key.as_deref(), &arguments.prefix)?;
    let deployed = stop.unless_asked(Deployed::find(site)).await;
    let deployed = deployed.unwrap_or_else(|| Err(Failed::new(How::Interrupted, "interrupted; nothing was sent")))?;
    let bucket = Bucket::new(site.config, &deployed.bucket, arguments.dry_run);
    let mut progress = Progress::new(console, &files, arguments.watch.then(|| pace(stage)));
    let mut sent = Vec::new();
    let all_sent = send_all(&bucket, site, &files, &progress, &mut sent).await;
    let is_followed = all_sent.is_ok() && !arguments.no_wait;
    let (reports, ended) = match is_followed {
        false => (vec![None; sent.len()], Ended::Final),
        true => {
            let mut patience = Patience::of(stage);
            patience.rest = arguments.timeout.map_or(patience.rest, Duration::from_secs);
            follow(&deployed, &sent, &mut progress, patience, stop).await
        }
    };
    drop(progress);
    if arguments.json {
        console.data(&document(&deployed, arguments.dry_run, &files, &sent, &reports).to_string());
    } else {
        print(site, &deployed, &sent, &reports, is_followed);
    }
    all_sent?;
    if is_followed { verdict(stage, &sent, &reports, ended) } else { Ok(()) }
}

/// Sends the files one after the other, and adds those that arrived, also when not all did.
pub(super) async fn send_all(
    bucket: &impl Objects,
    site: &Site<'_>,
    files: &[Outgoing],
    progress: &Progress<'_>,
    sent: &mut Vec<Sent>,
) -> Result<(), Failed> {
    for (index, file) in files.iter().enumerate() {
        let begun = Instant::now();
        match send(bucket, file, site.stop, |bytes| progress.sending(index, bytes)).await {
            Ok(version) => sent.push(Sent { key: file.key.clone(), version }),
            Err(error) if sent.is_empty() => return Err(error.into()),
            Err(error) => {
                let Failed { how, source } = error.into();
                let sent = files[..index].iter().map(Outgoing::name).collect();
                return Err(Failed::new(how, UploadError::NotAllSent { sent, source }));
            }
        }
        progress.sent(index, begun.elapsed());
    }
    Ok(())
}

fn print(site: &Site<'_>, deployed: &Deployed, sent: &[Sent], reports: &[Option<Report>], is_followed: bool) {
    let place = Place { url: &deployed.url, needs_token: deployed.needs_token() };
    for (index, (Sent { key, version }, report)) in sent.iter().zip(reports).enumerate() {
        if index > 0 && is_followed {
            site.console.data("");
        }
        let key = report::key(key);
        match report {
            Some(report) => report::lines(report, &place).iter().for_each(|line| site.console.data(line)),
            None if !is_followed => site.console.data(&format!("{key}: sent, version {version}")),
            None => site.console.data(&format!("{key}: sent, version {version}, and not read yet")),
        }
    }
}

fn document(
    deployed: &Deployed,
    dry_run: bool,
    files: &[Outgoing],
    sent: &[Sent],
    reports: &[Option<Report>],
) -> Value {
    let of = |((file, sent), report): ((&Outgoing, &Sent), &Option<Report>)| json!({"file": file.name(), "key": sent.key, "version": sent.version, "bytes": file.bytes, "report": report});
    let files: Vec<Value> = files.iter().zip(sent).zip(reports).map(of).collect();
    json!({
        "schema": 1, "stage": deployed.stack.stage.as_str(), "bucket": deployed.bucket, "dry_run": dry_run, "files": files,
    })
}

/// Success if every row of every file counts; the worst of what happened otherwise.
fn verdict(stage: StageName, sent: &[Sent], reports: &[Option<Report>], ended: Ended) -> Result<(), Failed> {
    match ended {
        Ended::Failed(error) => return Err(error),
        Ended::Interrupted => return Err(UploadError::Interrupted { stage }.into()),
        Ended::Final | Ended::Still(_) => {}
    }
    let uploads = || reports.iter().flatten().map(|report| &report.upload);
    let not_taken = uploads().filter(|it| it.state.is_final() && !matches!(it.state, State::Applied | State::Checked));
    let files: Vec<String> =
        not_taken.map(|it| format!("{} does not count: {}", report::key(&it.key), report::state(it))).collect();
    if !files.is_empty() {
        return Err(UploadError::NotTaken { files }.into());
    }
    if let Ended::Still(time) = ended {
        let is_final = |report: &Option<Report>| report.as_ref().is_some_and(|it| it.upload.state.is_final());
        let open = sent.iter().zip(reports).filter(|(_, report)| !is_final(report));
        let files = open.map(|(sent, _)| report::key(&sent.key)).collect();
        return Err(UploadError::NotFinished { files, seconds: time.as_secs(), stage }.into());
    }
    let with_faults = uploads().filter(|upload| upload.rows_rejected > 0);
    let mut files: Vec<String> = with_faults
        .map(|upload| {
            let all = grouped(upload.rows_taken + upload.rows_rejected);
            let rejected = grouped(upload.rows_rejected);
            format!("{rejected} of the {all} rows of {} were rejected", report::key(&upload.key))
        })
        .collect();
    files.extend(uploads().filter_map(report::emptied));
    if files.is_empty() { Ok(()) } else { Err(UploadError::Incomplete { files }.into()) }
}

#[cfg(test)]
mod tests {
    use analytics_contract::Replaced;

    use super::super::report::tests::upload;
    use super::*;

    fn ended(states: &[(Option<State>, u64)], ended: Ended) -> Result<(), (How, String)> {
        let sent: Vec<Sent> =
            (1..=states.len()).map(|number| Sent { key: format!("{number}.csv"), version: "v".to_owned() }).collect();
        let report = |((state, rejected), sent): (&(Option<State>, u64), &Sent)| {
            let mut upload = upload((*state)?);
            (upload.key, upload.rows_taken, upload.rows_rejected) = (sent.key.clone(), 10, *rejected);
            Some(Report { upload, rejected: Vec::new() })
        };
        let reports: Vec<Option<Report>> = states.iter().zip(&sent).map(report).collect();
        verdict(StageName::Dev, &sent, &reports, ended).map_err(|failed| (failed.how, failed.to_string()))
    }

    #[test]
    fn only_files_of_which_every_row_counts_are_a_success() {
        let (applied, checked) = (Some(State::Applied), Some(State::Checked));
        assert_eq!(ended(&[(applied, 0), (checked, 0)], Ended::Final), Ok(()));
        assert_eq!(
            ended(&[(applied, 2), (checked, 0), (checked, 1_990)], Ended::Final),
            Err((
                How::Incomplete,
                "2 of the 12 rows of 1.csv were rejected; 1,990 of the 2,000 rows of 3.csv were rejected".to_owned()
            ))
        );
    }

    #[test]
    fn a_file_without_a_row_that_replaced_some_is_no_success() {
        let mut upload = upload(State::Applied);
        upload.rows_taken = 0;
        let verdict = |upload: &Report| {
            let sent = [Sent { key: upload.upload.key.clone(), version: "v".to_owned() }];
            verdict(StageName::Dev, &sent, &[Some(upload.clone())], Ended::Final).map_err(|failed| failed.how)
        };
        let mut report = Report { upload, rejected: Vec::new() };
        assert_eq!(verdict(&report), Ok(()));
        report.upload.replaced = Some(Replaced { id: "before".to_owned(), rows: 7 });
        assert_eq!(verdict(&report), Err(How::Incomplete));
    }

    #[test]
    fn a_file_that_does_not_count_weighs_more_than_rejected_rows() {
        for state in [State::Rejected, State::Superseded, State::Reverted] {
            let (how, told) = ended(&[(Some(State::Applied), 2), (Some(state), 0)], Ended::Final).unwrap_err();
            assert_eq!((how, told), (How::Failed, format!("2.csv does not count: {}", state.as_str())));
        }
    }

    #[test]
    fn a_file_that_is_not_finished_is_named_with_the_command_that_tells_more() {
        let states = [(Some(State::Applied), 2), (Some(State::Reading), 0), (None, 0)];
        let (how, told) = ended(&states, Ended::Still(Duration::from_secs(900))).unwrap_err();
        assert_eq!(how, How::Retryable);
        assert_eq!(
            told,
            "2.csv, 3.csv are not finished and nothing has moved for 900 s; `infra status analytics --stage dev` tells more"
        );
        assert_eq!(ended(&states, Ended::Interrupted).unwrap_err().0, How::Interrupted);
    }
}
