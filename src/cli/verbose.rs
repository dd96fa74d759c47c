//! `--verbose`: what a command does, a line each, on standard error.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use usher_shims::error::{Error, Shown};
use usher_shims::policy::policy_file;
use usher_shims::resolve::Selection;
use usher_shims::world::World as _;

use super::output;
use crate::http::NoProgress;
use crate::session::Session;
use crate::session::active::active_selection;
use crate::session::reporter::{Notice, Reporter, Task};

/// Prints lines in place of progress bars, and each detail once.
#[derive(Debug, Default)]
pub struct LineReporter {
    printed: Mutex<BTreeSet<String>>,
}

impl Reporter for LineReporter {
    fn notice(&self, notice: &Notice) {
        output::print_notice(notice);
    }

    fn detail(&self, text: &str) {
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        if printed.insert(text.to_owned()) {
            output::print_notice(&Notice::note(text));
        }
    }

    fn error(&self, error: &Error) {
        output::print_error(error);
    }

    fn draws(&self) -> bool {
        false
    }

    fn begin_batch(&self, _: usize) {}

    fn end_batch(&self) {}

    fn task(&self, _: &str, _: &str) -> Box<dyn Task + '_> {
        Box::new(NoProgress)
    }
}

/// Reports details from now on, whatever the settings say; first the files that this session read, and
/// those that decide here.
pub fn begin(session: &mut Session) {
    session.settings.quiet = false;
    session.reporter = Box::new(LineReporter::default());
    let (folders, reporter) = (&session.folders, &session.reporter);
    reporter.detail(&format!("usher's versions and shims: {}", Shown(&folders.data)));
    for file in [folders.settings_file(), folders.machine_settings_file(), policy_file()] {
        if session.world.metadata(&file).is_ok_and(|seen| seen.is_some()) {
            reporter.detail(&format!("read {}", Shown(&file)));
        }
    }
    for custom in session.registry.tools().custom() {
        reporter.detail(&format!("{} is defined by {}", custom.tool.name, Shown(&custom.file)));
    }
    for known in session.registry.all() {
        // A command that needs the tool reports its error.
        if let Ok(selection) = active_selection(session, known)
            && let Some(decision) = decision(&selection)
        {
            reporter.detail(&format!("{} {decision}", known.tool.name));
        }
    }
}

/// What requests a version here, and where the version is.
fn decision(selection: &Selection) -> Option<String> {
    let (pin, found) = match selection {
        Selection::Toolchain(toolchain, pin) => (pin.as_ref()?, Shown(&toolchain.root).to_string()),
        Selection::System(main, pin) => (pin.as_ref()?, Shown(main).to_string()),
        Selection::Missing(missing) => (&missing.pin, "not installed".to_owned()),
        Selection::Nothing(pin) => (pin.as_ref()?, "nothing to install".to_owned()),
        Selection::Stale => return None,
    };
    Some(format!("{} is requested by {}: {found}", pin.request()?, pin.origin))
}
