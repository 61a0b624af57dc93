//! `infra revert analytics`: takes an upload back and tells what counts now. Whether it can be taken back is the importer's decision.

use analytics_contract::{Request, State, Status, Upload};
use clap::Args;
use serde_json::json;
use system::{Failed, Site, grouped};

use super::deployed::Deployed;
use super::report;

const HELP: &str = "\
The version of the same key that the upload had replaced counts again, and so do rows that other keys have as well. It can be taken \
back for 30 days; uploading the file again has the same effect as before. `infra status analytics` shows the ids.

Examples:
  infra revert analytics 6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11 --stage dev

Exit codes: 0 taken back, now or before; 1 it failed; 64 there is no such upload, it does not count, it is too old, or the arguments \
are wrong; 75 AWS or the database was busy or unavailable.";

/// Which upload.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Revert {
    /// The id of the upload.
    #[arg(value_name = "UPLOAD")]
    upload: String,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(site: &Site<'_>, arguments: &Revert) -> Result<(), Failed> {
    let deployed = Deployed::find(site).await?;
    let reverted: Upload = deployed.ask(&Request::Revert { id: arguments.upload.clone() }).await?;
    let status: Status = deployed.ask(&Request::Status).await?;
    let counts = counting(&reverted, &status);
    if arguments.json {
        let document = json!({
            "schema": 1, "stage": site.stage.as_str(), "reverted": reverted, "counts_again": counts,
            "exhibitions": status.exhibitions, "slots": status.slots,
        });
        site.console.data(&document.to_string());
        return Ok(());
    }
    lines(&reverted, counts, &status).iter().for_each(|line| site.console.data(line));
    Ok(())
}

/// The version of the key that counts now, if it is among the latest uploads.
fn counting<'a>(reverted: &Upload, status: &'a Status) -> Option<&'a Upload> {
    status.uploads.iter().find(|upload| upload.key == reverted.key && upload.state == State::Applied)
}

fn lines(reverted: &Upload, counts: Option<&Upload>, status: &Status) -> Vec<String> {
    let key = report::key(&reverted.key);
    let rows = grouped(reverted.rows_taken);
    let mut lines = vec![format!("{key}: upload {} is taken back, {rows} rows", reverted.id)];
    if let Some(Upload { id, rows_taken, .. }) = counts {
        lines.push(format!("{key}: upload {id} counts instead, {} rows", grouped(*rows_taken)));
    }
    lines.push(totals(status));
    lines
}

/// How many rows there are in the uploads that count: to count each once would read them all.
pub(super) fn totals(status: &Status) -> String {
    let (exhibitions, slots) = (grouped(status.exhibitions), grouped(status.slots));
    format!(
        "the uploads that count have {exhibitions} exhibitions and {slots} slots; what several of them have counts once"
    )
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::upload;
    use super::*;

    #[test]
    fn the_version_that_counts_again_is_told_with_its_rows() {
        let (reverted, mut before, mut other) =
            (upload(State::Reverted), upload(State::Applied), upload(State::Applied));
        (before.id, before.rows_taken) = ("before".to_owned(), 7);
        other.key = "april.csv".to_owned();
        let mut status = Status { uploads: vec![reverted.clone(), other, before], exhibitions: 8_994, slots: 0 };
        let told = lines(&reverted, counting(&reverted, &status), &status);
        assert_eq!(
            told,
            [
                "march.csv: upload 6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11 is taken back, 8,987 rows",
                "march.csv: upload before counts instead, 7 rows",
                "the uploads that count have 8,994 exhibitions and 0 slots; what several of them have counts once",
            ]
        );
        status.uploads.truncate(2);
        assert_eq!(counting(&reverted, &status), None);
    }
}
