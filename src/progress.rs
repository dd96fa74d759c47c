//! How a download is shown: a bar on a terminal, elsewhere nothing but what the caller tells.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::fetch::Progress;

/// A bar on standard error.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// A bar for something of this name; hidden where progress isn't shown.
    pub fn new(name: &str, is_shown: bool) -> Self {
        let target =
            if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_message(name.to_owned());
        Self { bar }
    }
}

impl Progress for Bar {
    fn begin(&self, total: Option<u64>) {
        let template = match total {
            Some(_) => "{msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            None => "{msg} {spinner} {bytes} {bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.reset();
        if let Some(total) = total {
            self.bar.set_length(total);
        }
    }

    fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
