//! All output: data to stdout, the rest to stderr, bars on a terminal and lines elsewhere.
//! No colours and no bars if the output is not a terminal.

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use system::{Answers, Bars, Console};
use tokio::sync::Notify;

use crate::exit::Failure;
use crate::ui::paint::Paint;

/// Where output goes.
pub(crate) struct Terminal {
    bars: Option<MultiProgress>,
    /// Lines that are redrawn below everything else.
    frame: RefCell<Vec<ProgressBar>>,
    /// A question is open: the frame waits, so as not to overwrite it.
    is_asking: Cell<bool>,
    hang_up: Notify,
}

impl Terminal {
    /// Bars when stderr is a terminal.
    pub(crate) fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars, frame: RefCell::default(), is_asking: Cell::new(false), hang_up: Notify::new() }
    }

    /// Whether stderr is a terminal.
    pub(crate) fn is_interactive(&self) -> bool {
        self.bars.is_some()
    }

    /// Whether stderr is a terminal and stdin can answer.
    pub(crate) fn can_ask(&self) -> bool {
        self.is_interactive() && std::io::stdin().is_terminal()
    }

    /// Colours of [`Self::data`].
    pub(crate) fn data_paint(&self) -> Paint {
        Paint::of(std::io::stdout().is_terminal())
    }

    /// Colours of [`Self::note`].
    pub(crate) fn note_paint(&self) -> Paint {
        Paint::of(self.is_interactive())
    }

    /// A line of the result, to stdout. If its reader has closed the pipe (`| head`), there is nothing left to do.
    pub(crate) fn data(&self, line: &str) {
        self.suspended(|| {
            if writeln!(std::io::stdout(), "{line}").is_err() {
                std::process::exit(0);
            }
        });
    }

    /// The same for work that has to continue when its reader is gone.
    pub(crate) fn stream(&self, line: &str) {
        self.suspended(|| _ = writeln!(std::io::stdout(), "{line}"));
    }

    /// A line about progress, to stderr. The work continues when its reader is gone.
    pub(crate) fn note(&self, line: &str) {
        self.suspended(|| _ = writeln!(std::io::stderr(), "{line}"));
    }

    /// An error and all its causes, once.
    pub(crate) fn error(&self, failure: &Failure) {
        self.clear_frame();
        let mut text = format!("{} {failure}", self.note_paint().red("error:"));
        for cause in failure.causes() {
            text.push_str(&format!("\n  because {cause}"));
        }
        self.note(&text);
    }

    /// A spinner for something that takes a while. `None` without a terminal.
    pub(crate) fn spinner(&self, message: String) -> Option<ProgressBar> {
        let bar = self.bars.as_ref()?.add(ProgressBar::new_spinner());
        bar.set_style(style("{spinner} {elapsed} {wide_msg}"));
        bar.set_message(message);
        bar.enable_steady_tick(Duration::from_millis(100));
        Some(bar)
    }

    /// A bar with a name, a count and a rate. `None` without a terminal.
    pub(crate) fn bar(&self, name: &str) -> Option<ProgressBar> {
        let bar = self.bars.as_ref()?.add(ProgressBar::new(0));
        bar.set_style(style("{prefix:8} {bar:28} {human_pos:>7}/{human_len:7} {wide_msg}"));
        bar.set_prefix(name.to_owned());
        Some(bar)
    }

    /// A line below the bars. `None` without a terminal.
    pub(crate) fn line(&self) -> Option<ProgressBar> {
        let line = self.bars.as_ref()?.add(ProgressBar::new(0));
        line.set_style(style("{wide_msg}"));
        Some(line)
    }

    /// Draws `lines` in place of those drawn before; lines beyond the screen's height are counted instead. Does nothing
    /// without a terminal, or while a question is open.
    pub(crate) fn frame(&self, lines: &[String]) {
        if self.bars.is_none() || self.is_asking.get() {
            return;
        }
        let rows = usize::from(console::Term::stderr().size().0).max(6) - 2;
        let mut shown: Vec<String> = lines.iter().take(rows).cloned().collect();
        if lines.len() > rows {
            shown.pop();
            shown.push(format!("  .. and {} more lines", lines.len() + 1 - rows));
        }
        let mut frame = self.frame.borrow_mut();
        let kept = shown.len().min(frame.len());
        for bar in frame.drain(kept..) {
            self.take(&bar);
        }
        while frame.len() < shown.len() {
            let Some(line) = self.line() else { return };
            frame.push(line);
        }
        for (bar, line) in frame.iter().zip(shown) {
            bar.set_message(line);
        }
    }

    /// Removes the frame.
    pub(crate) fn clear_frame(&self) {
        if let Some(bars) = &self.bars {
            _ = bars.clear();
        }
        for bar in self.frame.borrow_mut().drain(..) {
            self.take(&bar);
        }
    }

    fn take(&self, bar: &ProgressBar) {
        if let Some(bars) = &self.bars {
            bars.remove(bar);
        }
    }

    /// Asks on a terminal; returns the trimmed answer, empty at the end of input. Other work continues meanwhile; the text of a
    /// dropped question stays on the screen.
    pub(crate) async fn ask(&self, question: &str) -> std::io::Result<String> {
        self.clear_frame();
        let _asking = Asking::new(&self.is_asking);
        self.suspended(|| {
            _ = write!(std::io::stderr(), "{question} ");
            _ = std::io::stderr().flush();
        });
        tokio::select! {
            line = next_line() => Ok(line?.trim().to_owned()),
            () = self.hang_up.notified() => {
                self.note("");
                Ok(String::new())
            }
        }
    }

    /// Withdraws the open question, if there is one: its answer is empty.
    pub(crate) fn hang_up(&self) {
        self.hang_up.notify_waiters();
    }

    fn suspended(&self, print: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }
}

impl Console for Terminal {
    fn data(&self, line: &str) {
        Terminal::data(self, line);
    }

    fn note(&self, line: &str) {
        Terminal::note(self, line);
    }

    fn is_interactive(&self) -> bool {
        Terminal::is_interactive(self)
    }

    fn bars(&self, names: &[&str]) -> Option<Box<dyn Bars>> {
        let bars = names.iter().map(|name| self.bar(name)).collect::<Option<_>>()?;
        Some(Box::new(NamedBars { bars, line: self.line()? }))
    }
}

impl Answers for Terminal {
    fn is_person(&self) -> bool {
        self.can_ask()
    }

    fn ask<'a>(&'a self, question: &'a str) -> LocalBoxFuture<'a, std::io::Result<Option<String>>> {
        Box::pin(async move {
            match self.can_ask() {
                true => Terminal::ask(self, question).await.map(Some),
                false => Ok(None),
            }
        })
    }

    fn secret<'a>(&'a self, question: &'a str) -> LocalBoxFuture<'a, std::io::Result<String>> {
        Box::pin(async move {
            if !self.can_ask() {
                return next_line().await;
            }
            let _hidden = Hidden::new()?;
            self.suspended(|| {
                _ = write!(std::io::stderr(), "{question} ");
                _ = std::io::stderr().flush();
            });
            next_line().await
        })
    }
}

/// The next line of stdin without its end; empty at the end of input.
async fn next_line() -> std::io::Result<String> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    // A separate thread, which is not joined: reading cannot be interrupted.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        _ = answer.send(read.map(|_| line.trim_end_matches(['\n', '\r']).to_owned()));
    });
    answered.await.unwrap_or_else(|_| Ok(String::new()))
}

/// The terminal shows nothing of what is typed but the end of the line, as long as this lives: also when the question is dropped.
struct Hidden(Termios);

impl Hidden {
    fn new() -> std::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        hidden.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(std::io::stdin(), SetArg::TCSAFLUSH, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // The terminal may be gone, and then so is its setting.
        _ = tcsetattr(std::io::stdin(), SetArg::TCSAFLUSH, &self.0);
    }
}

/// Bars with a line below them.
struct NamedBars {
    bars: Vec<ProgressBar>,
    line: ProgressBar,
}

impl Bars for NamedBars {
    fn set(&self, bar: usize, position: u64, length: u64, message: String) {
        let bar = &self.bars[bar];
        bar.set_length(length);
        bar.set_position(position);
        bar.set_message(message);
    }

    fn line(&self, message: String) {
        self.line.set_message(message);
    }
}

impl Drop for NamedBars {
    fn drop(&mut self) {
        for bar in self.bars.iter().chain([&self.line]) {
            bar.finish_and_clear();
        }
    }
}

/// A question is open as long as this lives.
struct Asking<'a>(&'a Cell<bool>);

impl<'a> Asking<'a> {
    fn new(flag: &'a Cell<bool>) -> Self {
        flag.set(true);
        Self(flag)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
