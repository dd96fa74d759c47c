//! Showing what takes time: on a terminal, a line for each task and one for all; elsewhere, only
//! notes.
//!
//! `indicatif` knows when to draw and what to erase. What a line shows is decided here, for the
//! width that the terminal has at that moment: it is never broken into two, and it has a bar only
//! once there is a size.

use std::fmt;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{
    MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike,
};
use rustix::termios::tcgetwinsize;
use unicode_width::UnicodeWidthStr as _;
use usher_shims::error::{Error, Escaped};

use crate::cli::output::{self, Line, Meaning, Screen, Text};
use crate::files::interrupt::on_interrupt;
use crate::http::Progress;
use crate::session::reporter::{Notice, Reporter, Task};
use crate::text::human_size;

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(100);

/// How often is drawn in a second, at most, but for what is drawn at once.
const DRAWS: u8 = 20;

/// A narrower terminal shows neither rate nor time left.
const WIDE: usize = 80;

/// The columns at the end of a line that stay free: a terminal shows `^C` there when it is typed, and
/// must not begin a new line for it.
const FREE_COLUMNS: usize = 3;

/// The least and the most columns of a bar.
const BAR: (usize, usize) = (6, 24);

/// The least columns of a name that is shortened.
const MIN_NAME: usize = 8;

/// The columns of an amount: `999.9 kB`.
const AMOUNT: usize = 8;

/// What spins.
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const ASCII_SPINNER: [char; 4] = ['-', '\\', '|', '/'];

/// The lines at the bottom of the terminal: one display for the whole process.
pub struct ProgressDisplay {
    lines: MultiProgress,
    batch: Mutex<Option<Batch>>,
    is_shown: bool,
}

/// Several downloads, and the line with their total.
struct Batch {
    line: ProgressBar,
    /// How many have a size so far. The total is shown with the second.
    sized: usize,
}

/// The line of one task.
struct TaskLine<'a> {
    display: &'a ProgressDisplay,
    line: ProgressBar,
    label: Arc<Mutex<Label>>,
}

/// What a line says.
#[derive(Debug, Clone)]
struct Label {
    /// What happens: `unpacking`.
    step: String,
    /// With what it happens: `node 22.3.0`.
    name: String,
    bytes: Bytes,
}

/// Which bytes a line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bytes {
    /// None.
    Uncounted,
    /// Those of a download whose size isn't known.
    Unsized,
    /// Those of a download, up to its size.
    Sized,
}

/// Standard error, on which `indicatif` draws.
///
/// It fills every line with blanks to the terminal's edge and relies on the terminal to begin a new
/// one. Here lines end with their text, and `^C` is shown behind the last one, where it is erased
/// with it.
#[derive(Debug, Default)]
struct Drawing {
    frame: Mutex<Frame>,
    /// Whether only lines are cleared from now on.
    interrupted: Arc<AtomicBool>,
}

/// What is written at once.
#[derive(Debug, Default)]
struct Frame {
    text: String,
    /// Whether a line was written and ended.
    line_ended: bool,
}

/// A line at one moment.
struct Moment<'a> {
    label: &'a Label,
    /// How often the spinner has moved.
    ticks: usize,
    done: u64,
    total: u64,
    /// Bytes in a second.
    rate: u64,
    left: Duration,
}

/// The reporter of a session; tasks are shown only if they can be drawn.
pub fn reporter(draws: bool) -> Box<dyn Reporter + Sync> {
    Box::new(ProgressDisplay::new(draws))
}

impl ProgressDisplay {
    /// A display on standard error, which draws only if `is_shown`.
    pub fn new(is_shown: bool) -> Self {
        let interrupted = Arc::<AtomicBool>::default();
        let drawing = Drawing { interrupted: Arc::clone(&interrupted), ..Drawing::default() };
        let target = match is_shown {
            true => ProgressDrawTarget::term_like_with_hz(Box::new(drawing), DRAWS),
            false => ProgressDrawTarget::hidden(),
        };
        let lines = MultiProgress::with_draw_target(target);
        if is_shown {
            let lines = lines.clone();
            on_interrupt(move |_| {
                // A spinner that moves at this moment draws no text any more.
                interrupted.store(true, Ordering::Relaxed);
                let _ = lines.clear();
                lines.set_draw_target(ProgressDrawTarget::hidden());
            });
        }
        Self { lines, batch: Mutex::default(), is_shown }
    }

    fn batch(&self) -> MutexGuard<'_, Option<Batch>> {
        locked(&self.batch)
    }

    /// Draws a line that isn't in the display yet.
    fn show(&self, line: ProgressBar) -> ProgressBar {
        let line = match &*self.batch() {
            Some(batch) if batch.sized > 1 => self.lines.insert_before(&batch.line, line),
            Some(_) | None => self.lines.add(line),
        };
        if self.is_shown {
            line.enable_steady_tick(TICK);
            // A new line is drawn at once, even if another one was drawn just before.
            line.force_draw();
        }
        line
    }

    /// Adds a download with a size to the batch.
    fn add_size(&self) {
        let mut batch = self.batch();
        let Some(batch) = &mut *batch else { return };
        batch.sized += 1;
        if batch.sized == 2 {
            self.lines.add(batch.line.clone());
            batch.line.force_draw();
        }
    }
}

impl Reporter for ProgressDisplay {
    fn draws(&self) -> bool {
        self.is_shown
    }

    fn begin_batch(&self, count: usize) {
        if count > 1 {
            let label = Label { name: format!("{count} versions"), ..Label::of("downloading") };
            let line = new_line(&Arc::new(Mutex::new(Label { bytes: Bytes::Sized, ..label })));
            line.set_length(0);
            *self.batch() = Some(Batch { line, sized: 0 });
        }
    }

    fn end_batch(&self) {
        if let Some(batch) = self.batch().take() {
            batch.line.finish_and_clear();
        }
    }

    fn task(&self, step: &str, name: &str) -> Box<dyn Task + '_> {
        let label = Label { name: Escaped(name).to_string(), ..Label::of(step) };
        let label = Arc::new(Mutex::new(label));
        let line = self.show(new_line(&label));
        Box::new(TaskLine { display: self, line, label })
    }

    /// Above all lines.
    fn notice(&self, notice: &Notice) {
        self.lines.suspend(|| output::print_notice(notice));
    }

    fn error(&self, error: &Error) {
        self.lines.suspend(|| output::print_error(error));
    }
}

impl TaskLine<'_> {
    fn change(&self, change: impl FnOnce(&mut Label)) {
        change(&mut locked(&self.label));
        self.line.force_draw();
    }

    fn total(&self, change: impl Fn(&ProgressBar)) {
        if let Some(batch) = &*self.display.batch() {
            change(&batch.line);
        }
    }
}

impl Progress for TaskLine<'_> {
    fn begin(&self, total: Option<u64>) {
        let was_sized = locked(&self.label).bytes == Bytes::Sized;
        // Bytes of an earlier attempt don't count.
        let (discarded, expected) = (self.line.position(), self.line.length().unwrap_or(0));
        self.line.reset();
        self.line.set_length(total.unwrap_or(0));
        self.total(|sum| {
            sum.set_position(sum.position().saturating_sub(discarded));
            sum.dec_length(expected);
            sum.inc_length(total.unwrap_or(0));
        });
        self.change(|label| {
            "downloading".clone_into(&mut label.step);
            label.bytes = if total.is_some() { Bytes::Sized } else { Bytes::Unsized };
        });
        if total.is_some() && !was_sized {
            self.display.add_size();
        }
    }

    fn advance(&self, bytes: u64) {
        self.line.inc(bytes);
        self.total(|sum| sum.inc(bytes));
    }

    fn end(&self) {
        self.step("verifying");
    }
}

impl Task for TaskLine<'_> {
    fn step(&self, step: &str) {
        self.change(|label| {
            step.clone_into(&mut label.step);
            label.bytes = Bytes::Uncounted;
        });
    }
}

impl Drop for TaskLine<'_> {
    fn drop(&mut self) {
        self.line.finish_and_clear();
        self.display.lines.remove(&self.line);
    }
}

impl Drawing {
    fn add(&self, text: impl fmt::Display) -> io::Result<()> {
        use fmt::Write as _;
        write!(locked(&self.frame).text, "{text}").map_err(io::Error::other)
    }

    fn move_by(&self, count: usize, direction: char) -> io::Result<()> {
        match count {
            0 => Ok(()),
            _ => self.add(format_args!("\u{1b}[{count}{direction}")),
        }
    }
}

impl TermLike for Drawing {
    fn width(&self) -> u16 {
        u16::try_from(current_screen().width.unwrap_or(WIDE)).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        // A terminal whose size nobody set has no rows.
        tcgetwinsize(io::stderr())
            .map(|size| size.ws_row)
            .ok()
            .filter(|rows| *rows > 0)
            .unwrap_or(24)
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.move_by(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.move_by(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.move_by(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.move_by(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        let text = if self.interrupted.load(Ordering::Relaxed) { "" } else { text };
        self.add(format_args!("{text}\r\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.trim_matches(' ').is_empty() || self.interrupted.load(Ordering::Relaxed) {
            locked(&self.frame).line_ended = true;
            return Ok(());
        }
        let begins_next = std::mem::take(&mut locked(&self.frame).line_ended);
        self.add(format_args!("{}{text}", if begins_next { "\r\n" } else { "" }))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let Frame { text, .. } = std::mem::take(&mut *locked(&self.frame));
        io::stderr().lock().write_all(text.as_bytes())
    }
}

impl Label {
    fn of(step: &str) -> Self {
        let step = Escaped(step).to_string();
        Self { step, name: String::new(), bytes: Bytes::Uncounted }
    }
}

impl Moment<'_> {
    /// The line on a screen.
    fn render(&self, screen: Screen) -> String {
        let Label { step, name, bytes } = self.label;
        let width = screen.width.unwrap_or(WIDE);
        let room = width.saturating_sub(FREE_COLUMNS);
        let (amount, details) = self.amount(width >= WIDE);
        let words = width_of(step) + if name.is_empty() { 0 } else { 1 + width_of(name) };
        // The spinner, and two blanks between the parts.
        let fixed = 2 + if amount.is_empty() { 0 } else { 2 + amount.width() };
        let fixed = fixed + if details.is_empty() { 0 } else { 2 + details.width() };
        let wanted = if *bytes == Bytes::Sized { BAR.0 + 2 } else { 0 };
        // First the name gets shorter, and then the bar goes.
        let missing = (fixed + words + wanted).saturating_sub(room);
        let dots = if screen.ascii { "..." } else { "…" };
        let kept = width_of(name).saturating_sub(missing).max(MIN_NAME);
        let words = [step.as_str(), &shortened(name, kept, dots)].join(" ");
        let left = room.saturating_sub(fixed + words.trim_end().width());
        let words = shortened(words.trim_end(), room.saturating_sub(fixed), dots);
        let spins = if screen.ascii { &ASCII_SPINNER[..] } else { &SPINNER };
        let spinner = spins.get(self.ticks % spins.len()).copied().unwrap_or(' ');
        let mut line = Line::of(Meaning::Active, spinner).then(" ").then(words);
        if *bytes == Bytes::Sized && left >= BAR.0 + 2 {
            let (full, rest) = self.bar((left - 2).min(BAR.1), screen.ascii);
            line = line.then("  ").and(Meaning::Active, full).and(Meaning::Muted, rest);
        }
        for (meaning, part) in [(Meaning::Plain, amount), (Meaning::Muted, details)] {
            if !part.is_empty() {
                line = line.then("  ").and(meaning, part);
            }
        }
        Text::from(line).render(screen).trim_end().to_owned()
    }

    /// How many bytes arrived, and how fast.
    fn amount(&self, with_details: bool) -> (String, String) {
        let done = human_size(self.done);
        let rate = format!("{}/s", human_size(self.rate));
        let (amount, details) = match self.label.bytes {
            Bytes::Uncounted => return (String::new(), String::new()),
            Bytes::Unsized => (done, rate),
            Bytes::Sized => {
                let left = self.left.as_secs();
                let left = format!("{}:{:02} left", left / 60, left % 60);
                let total = human_size(self.total);
                // As wide as it gets, so that the bar doesn't change its width.
                let done = format!("{done:>width$}", width = total.len().max(AMOUNT));
                (format!("{done}/{total}"), format!("{rate}  {left}"))
            }
        };
        let details = if with_details && self.rate > 0 { details } else { String::new() };
        (amount, details)
    }

    /// The part of a bar that is full, and the rest.
    fn bar(&self, width: usize, ascii: bool) -> (String, String) {
        let (full, rest) = if ascii { ("=", "-") } else { ("━", "─") };
        let share = self.done.min(self.total) * width as u64;
        let count = share.checked_div(self.total).unwrap_or(0);
        let count = usize::try_from(count).unwrap_or(width);
        (full.repeat(count), rest.repeat(width - count))
    }
}

/// A line with this label, which isn't shown yet.
fn new_line(label: &Arc<Mutex<Label>>) -> ProgressBar {
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let label = Arc::clone(label);
    let draw = move |state: &ProgressState, text: &mut dyn fmt::Write| {
        let label = locked(&label).clone();
        let ticks = state.elapsed().as_millis() / TICK.as_millis();
        let moment = Moment {
            label: &label,
            ticks: usize::try_from(ticks).unwrap_or(0),
            done: state.pos(),
            total: state.len().unwrap_or(0),
            rate: whole(state.per_sec()),
            left: state.eta(),
        };
        let _ = text.write_str(&moment.render(current_screen()));
    };
    match ProgressStyle::with_template("{line}") {
        Ok(style) => line.with_style(style.with_key("line", draw)),
        // It is a valid template.
        Err(_) => line,
    }
}

/// Bytes in a second, without fractions.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are in range")]
fn whole(rate: f64) -> u64 {
    rate.max(0.0) as u64
}

/// Standard error, as wide as it is now.
fn current_screen() -> Screen {
    let screen = output::err_screen();
    let now = tcgetwinsize(io::stderr()).ok().map(|size| usize::from(size.ws_col));
    Screen { width: now.filter(|columns| *columns > 0).or(screen.width), ..screen }
}

/// Text in at most so many columns.
fn shortened(text: &str, columns: usize, dots: &str) -> String {
    if width_of(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if width_of(&short) + width_of(character.encode_utf8(&mut [0; 4])) + dots.width() > columns
        {
            break;
        }
        short.push(character);
    }
    short + dots
}

fn width_of(text: &str) -> usize {
    text.width()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTF8: Screen = Screen { colors: false, width: Some(80), ascii: false };

    fn moment(step: &str, name: &str, bytes: Bytes) -> Vec<String> {
        let label = Label { name: name.to_owned(), bytes, ..Label::of(step) };
        let left = Duration::from_secs(75);
        let moment = Moment {
            label: &label,
            ticks: 1,
            done: 12_300_000,
            total: 45_600_000,
            rate: 443_000,
            left,
        };
        let widths = [120, 80, 60, 40];
        let screens = widths.map(|width| Screen { width: Some(width), ..UTF8 });
        let ascii = Screen { ascii: true, ..UTF8 };
        let all = screens.into_iter().chain([ascii, Screen { width: Some(60), ..ascii }]);
        let lines = all.map(|screen| {
            let line = moment.render(screen);
            assert!(line.width() + FREE_COLUMNS <= screen.width.unwrap(), "{screen:?} {line}");
            assert!(!screen.ascii || line.is_ascii(), "{line}");
            line
        });
        lines.collect()
    }

    #[test]
    fn a_line_fits_the_screen() {
        let long = "a package whose name is very much longer than others 22.3.0";
        let cases = [
            moment("downloading", "node 22.3.0", Bytes::Sized),
            moment("downloading", long, Bytes::Sized),
            moment("downloading", "node 22.3.0", Bytes::Unsized),
            moment("unpacking", long, Bytes::Uncounted),
            moment(
                "waiting for process 4711 (use), which is changing node-22.3.0",
                "",
                Bytes::Uncounted,
            ),
        ];
        insta::assert_snapshot!(cases.concat().join("\n"), @r"
            ⠙ downloading node 22.3.0  ━━━━━━──────────────────   12.3 MB/45.6 MB  443.0 kB/s  1:15 left
            ⠙ downloading node 22.3.0  ━━───────   12.3 MB/45.6 MB  443.0 kB/s  1:15 left
            ⠙ downloading node 22.3.0  ━━━─────────   12.3 MB/45.6 MB
            ⠙ downloading node…   12.3 MB/45.6 MB
            \ downloading node 22.3.0  ==-------   12.3 MB/45.6 MB  443.0 kB/s  1:15 left
            \ downloading node 22.3.0  ===---------   12.3 MB/45.6 MB
            ⠙ downloading a package whose name is very much longer than others …  ━─────   12.3 MB/45.6 MB  443.0 kB/s  1:15 left
            ⠙ downloading a package who…  ━─────   12.3 MB/45.6 MB  443.0 kB/s  1:15 left
            ⠙ downloading a package whose …  ━─────   12.3 MB/45.6 MB
            ⠙ downloading a pa…   12.3 MB/45.6 MB
            \ downloading a package w...  =-----   12.3 MB/45.6 MB  443.0 kB/s  1:15 left
            \ downloading a package whos...  =-----   12.3 MB/45.6 MB
            ⠙ downloading node 22.3.0  12.3 MB  443.0 kB/s
            ⠙ downloading node 22.3.0  12.3 MB  443.0 kB/s
            ⠙ downloading node 22.3.0  12.3 MB
            ⠙ downloading node 22.3.0  12.3 MB
            \ downloading node 22.3.0  12.3 MB  443.0 kB/s
            \ downloading node 22.3.0  12.3 MB
            ⠙ unpacking a package whose name is very much longer than others 22.3.0
            ⠙ unpacking a package whose name is very much longer than others 22.3.0
            ⠙ unpacking a package whose name is very much longer tha…
            ⠙ unpacking a package whose name is …
            \ unpacking a package whose name is very much longer than others 22.3.0
            \ unpacking a package whose name is very much longer t...
            ⠙ waiting for process 4711 (use), which is changing node-22.3.0
            ⠙ waiting for process 4711 (use), which is changing node-22.3.0
            ⠙ waiting for process 4711 (use), which is changing node…
            ⠙ waiting for process 4711 (use), wh…
            \ waiting for process 4711 (use), which is changing node-22.3.0
            \ waiting for process 4711 (use), which is changing no...
            ");
    }

    #[test]
    fn colours_are_those_of_meanings() {
        let label = Label { name: "node 22".to_owned(), bytes: Bytes::Sized, ..Label::of("x") };
        let moment =
            Moment { label: &label, ticks: 0, done: 1, total: 2, rate: 0, left: Duration::ZERO };
        let screen = Screen { colors: true, ascii: true, width: Some(60) };
        insta::assert_snapshot!(moment.render(screen).replace('\u{1b}', "ESC"), @"ESC[32m-ESC[0m x node 22  ESC[32m============ESC[0mESC[2m------------ESC[0m   1 bytes/2 bytes");
    }
}
