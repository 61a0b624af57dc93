//! What is seen of files on their way: a bar each when a person watches, lines elsewhere.

use std::time::{Duration, Instant};

use analytics_contract::{State, Upload};
use system::{Bars, Console, grouped};

use super::files::Outgoing;
use super::report;

/// Characters of a bar's name.
const NAME: usize = 24;
const WAITING: &str = "waiting";

/// Bars or lines.
pub(super) struct Progress<'a> {
    console: &'a dyn Console,
    bars: Option<Box<dyn Bars>>,
    /// Between two lines about a file that is being read; without it there are none.
    pace: Option<Duration>,
    said: Vec<Instant>,
    names: Vec<String>,
    sizes: Vec<u64>,
}

impl<'a> Progress<'a> {
    /// Starts at zero. `pace` is the time between two lines about reading, where there are no bars.
    pub(super) fn new(console: &'a dyn Console, files: &[Outgoing], pace: Option<Duration>) -> Self {
        let names: Vec<String> = files.iter().map(|file| report::key(&file.key)).collect();
        let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default().min(NAME);
        let padded: Vec<String> = names.iter().map(|name| padded(name, widest)).collect();
        let bars = console.bars(&padded.iter().map(String::as_str).collect::<Vec<_>>());
        let sizes: Vec<u64> = files.iter().map(|file| file.bytes).collect();
        if let Some(bars) = &bars {
            sizes.iter().enumerate().for_each(|(file, size)| bars.set(file, 0, *size, String::new()));
        }
        Self { console, bars, pace, said: vec![Instant::now(); files.len()], names, sizes }
    }

    /// Bytes of a file that have been sent.
    pub(super) fn sending(&self, file: usize, bytes: u64) {
        if let Some(bars) = &self.bars {
            bars.set(file, bytes, self.sizes[file], "sending".to_owned());
        }
    }

    /// A file has been sent.
    pub(super) fn sent(&self, file: usize, took: Duration) {
        match &self.bars {
            Some(bars) => bars.set(file, 0, self.sizes[file], "sent".to_owned()),
            None => {
                let bytes = grouped(self.sizes[file]);
                self.console.note(&format!("{}: {bytes} bytes sent in {:.1} s", self.names[file], took.as_secs_f64()));
            }
        }
    }

    /// How far a file is read; `None` before its event has arrived.
    pub(super) fn reading(&mut self, file: usize, upload: Option<&Upload>) {
        let (done, message) = match upload {
            None => (0, WAITING.to_owned()),
            Some(upload) => (upload.bytes_done, message(upload)),
        };
        // A file in another encoding is read once more from its start.
        let (done, size) = (done.min(self.sizes[file]), self.sizes[file]);
        match &self.bars {
            Some(bars) => bars.set(file, done, size, message),
            None if self.pace.is_some_and(|pace| self.said[file].elapsed() >= pace) => {
                self.said[file] = Instant::now();
                let percent = done * 100 / size.max(1);
                self.console.note(&format!("{}: {percent} % read, {message}", self.names[file]));
            }
            None => {}
        }
    }

    /// A remark about all of them.
    pub(super) fn note(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.line(text.to_owned()),
            None => self.console.note(text),
        }
    }
}

fn message(upload: &Upload) -> String {
    let rows = match upload.rows_rejected {
        0 => format!("{} rows", grouped(upload.rows_taken)),
        rejected => format!("{} rows, {} rejected", grouped(upload.rows_taken), grouped(rejected)),
    };
    match upload.state {
        State::Waiting => WAITING.to_owned(),
        State::Reading => rows,
        state => format!("{}, {rows}", state.as_str()),
    }
}

fn padded(name: &str, width: usize) -> String {
    let length = name.chars().count();
    match length > width {
        true => format!("..{}", name.chars().skip(length - (width - 2)).collect::<String>()),
        false => format!("{name}{}", " ".repeat(width - length)),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A console without a terminal.
    #[derive(Default)]
    struct Lines(RefCell<Vec<String>>);

    impl Console for Lines {
        fn data(&self, _: &str) {}

        fn note(&self, line: &str) {
            self.0.borrow_mut().push(line.to_owned());
        }

        fn is_interactive(&self) -> bool {
            false
        }

        fn bars(&self, _: &[&str]) -> Option<Box<dyn Bars>> {
            None
        }
    }

    #[test]
    fn without_a_terminal_there_is_a_line_for_what_was_sent_and_on_request_for_what_is_read() {
        let files = [Outgoing::text("march.csv", "x".repeat(2_000))];
        let mut upload = report::tests::upload(State::Reading);
        (upload.bytes_done, upload.rows_rejected) = (1_000, 2);
        for (pace, read) in [(None, None), (Some(Duration::ZERO), Some("march.csv: 50 % read, 8,987 rows, 2 rejected"))]
        {
            let console = Lines::default();
            let mut progress = Progress::new(&console, &files, pace);
            progress.sending(0, 7);
            progress.sent(0, Duration::from_millis(1_260));
            progress.reading(0, Some(&upload));
            let told: Vec<String> =
                ["march.csv: 2,000 bytes sent in 1.3 s"].into_iter().chain(read).map(str::to_owned).collect();
            assert_eq!(console.0.into_inner(), told);
        }
    }

    #[test]
    fn names_of_bars_are_equally_wide() {
        assert_eq!(padded("a.csv", 8), "a.csv   ");
        assert_eq!(padded("2026/march-second.csv", 12), "..second.csv");
    }
}
