//! Showing downloads: on a terminal, a bar for each and one for all; elsewhere, only notes.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use usher_shims::error::Error;

use crate::cli::output;
use crate::http::Progress;
use crate::session::reporter::{Notice, Reporter};

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(100);

/// The progress bars at the bottom of the terminal: one display for the whole process.
pub struct ProgressDisplay {
    bars: MultiProgress,
    total: OnceLock<ProgressBar>,
    is_shown: bool,
}

/// The bar of one toolchain.
struct DownloadBar<'a> {
    display: &'a ProgressDisplay,
    line: ProgressBar,
    name: String,
}

impl ProgressDisplay {
    /// A display on standard error, which draws only if `is_shown`.
    pub fn new(is_shown: bool) -> Self {
        let target = match is_shown {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bars = MultiProgress::with_draw_target(target);
        Self { bars, total: OnceLock::new(), is_shown }
    }
}

/// The reporter of a session; downloads are shown only if they can be drawn.
pub fn reporter(draws: bool) -> Box<dyn Reporter + Sync> {
    Box::new(ProgressDisplay::new(draws))
}

impl Reporter for ProgressDisplay {
    fn draws(&self) -> bool {
        self.is_shown
    }

    fn begin_batch(&self, count: usize) {
        if count > 1 {
            let total = self.total.get_or_init(|| self.bars.add(ProgressBar::new(0)));
            style(total, "{msg} {bytes}/{total_bytes} {bytes_per_sec}");
            total.set_message(format!("{count} toolchains"));
            // A new state is drawn at once, even if another one follows soon.
            total.force_draw();
        }
    }

    fn end_batch(&self) {
        if let Some(total) = self.total.get() {
            total.finish_and_clear();
        }
    }

    fn download(&self, name: &str) -> Box<dyn Progress + '_> {
        let bar = match self.total.get() {
            Some(total) => self.bars.insert_before(total, ProgressBar::new(0)),
            None => self.bars.add(ProgressBar::new(0)),
        };
        bar.set_message(name.to_owned());
        Box::new(DownloadBar { display: self, line: bar, name: name.to_owned() })
    }

    /// Above all bars.
    fn notice(&self, notice: &Notice) {
        self.bars.suspend(|| output::print_notice(notice));
    }

    fn error(&self, error: &Error) {
        self.bars.suspend(|| output::print_error(error));
    }
}

impl DownloadBar<'_> {
    fn total(&self, change: impl Fn(&ProgressBar)) {
        if let Some(total) = self.display.total.get() {
            change(total);
        }
    }
}

impl Progress for DownloadBar<'_> {
    fn begin(&self, total: Option<u64>) {
        let template = match total {
            Some(_) => "{msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            None => "{msg} {spinner} {bytes} {bytes_per_sec}",
        };
        style(&self.line, template);
        // Bytes of an earlier attempt don't count.
        let (discarded, expected) = (self.line.position(), self.line.length().unwrap_or(0));
        self.line.reset();
        self.line.set_length(total.unwrap_or(0));
        self.total(|sum| {
            sum.set_position(sum.position().saturating_sub(discarded));
            sum.dec_length(expected);
            sum.inc_length(total.unwrap_or(0));
        });
    }

    fn advance(&self, bytes: u64) {
        self.line.inc(bytes);
        self.total(|sum| sum.inc(bytes));
    }

    fn end(&self) {
        style(&self.line, "{msg} {spinner}");
        self.line.set_message(format!("unpacking {}", self.name));
        self.line.force_draw();
        if self.display.is_shown {
            self.line.enable_steady_tick(TICK);
        }
    }
}

impl Drop for DownloadBar<'_> {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}

fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
}
