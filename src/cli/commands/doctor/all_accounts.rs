//! Whether the machine's files put the shims on every account's PATH; for the machine's own home.

use std::path::Path;

use crate::cli::system_setup::{Disk, ETC, SystemChange, plan};
use crate::session::Session;
use crate::text::short_list;

/// What was found.
#[derive(Debug)]
pub(super) struct AllAccountsNotice {
    /// What is so.
    pub(super) what: String,
    /// What to type, if something is missing.
    pub(super) hint: Option<&'static str>,
}

/// The state of the machine's files; `None` in an account's home.
pub(super) fn path_of_all_accounts(session: &Session) -> Option<AllAccountsNotice> {
    if !session.folders.is_system_wide {
        return None;
    }
    let planned = plan(Path::new(ETC), &session.folders.shims(), &Disk);
    let path = |change: &SystemChange| change.file.path.to_string_lossy().into_owned();
    let files = planned.map(|plan| plan.changes.iter().map(path).collect::<Vec<_>>());
    let hint = Some("use setup --system");
    Some(match files {
        Err(error) => AllAccountsNotice { what: error.line(), hint },
        Ok(files) if !files.is_empty() => {
            let what = format!("not every account has the shims on PATH: {}", short_list(&files));
            AllAccountsNotice { what, hint }
        }
        Ok(_) => {
            let what = "the files in /etc put the shims on every account's PATH".to_owned();
            AllAccountsNotice { what, hint: None }
        }
    })
}
