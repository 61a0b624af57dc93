//! All that is printed: data to stdout, the rest to stderr, bars on a terminal and lines elsewhere.
//! Refuses colours and bars where nobody watches.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where output goes.
pub(crate) struct Terminal {
    bars: Option<MultiProgress>,
}

impl Terminal {
    /// Bars when stderr is a terminal.
    pub(crate) fn new() -> Self {
        Self { bars: std::io::stderr().is_terminal().then(MultiProgress::new) }
    }

    /// Whether somebody watches.
    pub(crate) fn is_interactive(&self) -> bool {
        self.bars.is_some()
    }

    /// A line of the result, to stdout. Whoever reads it may stop in the middle (`| head`): then there is nothing left to do.
    pub(crate) fn data(&self, line: &str) {
        self.suspended(|| {
            if writeln!(std::io::stdout(), "{line}").is_err() {
                std::process::exit(0);
            }
        });
    }

    /// A line about what happens, to stderr. The work goes on when nobody reads it.
    pub(crate) fn note(&self, line: &str) {
        self.suspended(|| _ = writeln!(std::io::stderr(), "{line}"));
    }

    /// An error and all that led to it, once.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let mut text = format!("error: {error}");
        for cause in error.chain().skip(1) {
            text.push_str(&format!("\n  because {cause}"));
        }
        self.note(&text);
    }

    /// A line that turns while something takes its time. `None` where nobody watches.
    pub(crate) fn spinner(&self, message: String) -> Option<ProgressBar> {
        let bar = self.bars.as_ref()?.add(ProgressBar::new_spinner());
        bar.set_style(style("{spinner} {elapsed} {wide_msg}"));
        bar.set_message(message);
        bar.enable_steady_tick(Duration::from_millis(100));
        Some(bar)
    }

    /// A bar with a name, a count and a rate. `None` where nobody watches.
    pub(crate) fn bar(&self, name: &str) -> Option<ProgressBar> {
        let bar = self.bars.as_ref()?.add(ProgressBar::new(0));
        bar.set_style(style("{prefix:8} {bar:28} {human_pos:>7}/{human_len:7} {wide_msg}"));
        bar.set_prefix(name.to_owned());
        Some(bar)
    }

    /// A line below the bars. `None` where nobody watches.
    pub(crate) fn line(&self) -> Option<ProgressBar> {
        let line = self.bars.as_ref()?.add(ProgressBar::new(0));
        line.set_style(style("{wide_msg}"));
        Some(line)
    }

    /// Asks on a terminal; the answer without blanks around it.
    pub(crate) fn ask(&self, question: &str) -> std::io::Result<String> {
        self.suspended(|| _ = write!(std::io::stderr(), "{question} "));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }

    fn suspended(&self, print: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
