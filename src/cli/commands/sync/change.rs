//! What `use sync` changed: a line for a person, an object for programs, a message for the system's
//! log.

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;
use usher_shims::error::{Error, Result, Shown};
use usher_shims::pin::Origin;

use crate::cli::output;
use crate::cli::output::json::{ErrorReport, RequestOrigin};
use crate::files::clock::unix_seconds;
use crate::session::reporter::Reporter;

/// Where changes are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogTarget {
    /// The system's log.
    Syslog,
    /// Standard output, a JSON object on each line.
    Json,
}

/// The socket of the system's log.
const SYSLOG: &str = "/dev/log";

/// The facility `daemon`, times 8.
const FACILITY: u8 = 3 << 3;

/// All changes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SyncAnswer<'a> {
    /// The changes, in the order in which they were made.
    pub(super) changes: &'a [Change],
}

/// A change.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Change {
    /// The seconds since 1970.
    time: u64,
    /// What was done.
    pub(super) action: Action,
    /// The tool.
    tool: String,
    /// The version.
    version: String,
    /// The newest version of that line until now.
    from: Option<String>,
    /// The number of the account that requested it.
    account: Option<u32>,
    /// The line that wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<RequestOrigin>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorReport>,
    /// Why, in words.
    reason: Option<String>,
    /// `false` with `--dry-run`.
    done: bool,
}

/// What was done with a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    /// A version of the list was installed.
    Installed,
    /// A newer version of the list was installed.
    Upgraded,
    /// A version was installed for an account.
    Served,
    /// An account's request was refused.
    Refused,
    /// The list no longer wants a version.
    Retired,
    /// A retired version was removed.
    Removed,
}

impl Change {
    /// A change of a version.
    pub(super) fn new(action: Action, tool: &str, version: &impl ToString) -> Self {
        Self {
            time: unix_seconds(),
            action,
            tool: tool.to_owned(),
            version: version.to_string(),
            from: None,
            account: None,
            requested_by: None,
            error: None,
            reason: None,
            done: true,
        }
    }

    /// The same, from another version.
    pub(super) fn from(self, version: Option<String>) -> Self {
        Self { from: version, ..self }
    }

    /// The same, for an account.
    pub(super) fn for_account(self, account: u32) -> Self {
        Self { account: Some(account), ..self }
    }

    /// The same, because a line of the list wants it.
    pub(super) fn wanted_by(self, origin: &Origin) -> Self {
        let requested_by = Some(RequestOrigin::of(origin));
        Self { requested_by, ..self.because(format!("wanted by {origin}")) }
    }

    /// The same, because of an error.
    pub(super) fn refused(self, error: &Error) -> Self {
        Self { error: Some(ErrorReport::of(error)), ..self.because(error.line()) }
    }

    /// The same, for this reason.
    pub(super) fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// `upgraded node 12.22.11 to 12.22.12 (wanted by /etc/usher/wanted-versions:1)`.
    fn text(&self) -> String {
        let Self { tool, version, .. } = self;
        let verb = match (self.done, self.action) {
            (true, Action::Installed) => "installed",
            (true, Action::Upgraded) => "upgraded",
            (true, Action::Served) => "served",
            (true, Action::Refused) => "refused",
            (true, Action::Retired) => "retired",
            (true, Action::Removed) => "removed",
            (false, Action::Installed) => "would install",
            (false, Action::Upgraded) => "would upgrade",
            (false, Action::Served) => "would serve",
            (false, Action::Refused) => "would refuse",
            (false, Action::Retired) => "would retire",
            (false, Action::Removed) => "would remove",
        };
        let text = match &self.from {
            Some(from) => format!("{verb} {tool} {from} to {version}"),
            None => format!("{verb} {tool} {version}"),
        };
        let text = match self.account {
            Some(account) => format!("{text}, requested by account {account}"),
            None => text,
        };
        match &self.reason {
            Some(reason) => format!("{text} ({reason})"),
            None => text,
        }
    }

    /// A message of syslog. The receiver adds the time and the host.
    ///
    /// By hand: the crate `syslog` formats dates with a library of time zones, for one line.
    fn syslog(&self) -> String {
        let severity = if self.action == Action::Refused { 4 } else { 6 };
        format!("<{}>usher[{}]: {}", FACILITY | severity, std::process::id(), self.text())
    }
}

/// Prints and logs changes as they happen.
pub(super) struct ChangeLog<'a> {
    pub(super) target: Option<LogTarget>,
    /// Whether all changes are printed as one JSON list in the end.
    pub(super) as_json: bool,
    pub(super) is_quiet: bool,
    pub(super) is_dry_run: bool,
    pub(super) reporter: &'a dyn Reporter,
    changes: Vec<Change>,
}

impl<'a> ChangeLog<'a> {
    pub(super) fn new(reporter: &'a dyn Reporter) -> Self {
        Self {
            target: None,
            as_json: false,
            is_quiet: false,
            is_dry_run: false,
            reporter,
            changes: Vec::new(),
        }
    }

    /// Records a change. A log that can't be reached is a note: the change is made.
    pub(super) fn record(&mut self, change: Change) -> Result<()> {
        let change = Change { done: !self.is_dry_run, ..change };
        match self.target {
            Some(LogTarget::Syslog) if change.done => {
                if let Err(error) = send(Path::new(SYSLOG), &change.syslog()) {
                    self.reporter.note(&error.to_string());
                }
            }
            Some(LogTarget::Json) => output::print_answer_line(&change)?,
            Some(LogTarget::Syslog) | None => {}
        }
        let is_text = !self.is_quiet && !self.as_json && self.target != Some(LogTarget::Json);
        let printed = if is_text { output::print_line(change.text()) } else { Ok(()) };
        self.changes.push(change);
        printed
    }

    /// All changes.
    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes
    }
}

/// Sends a message to a log's socket.
fn send(socket: &Path, message: &str) -> Result<()> {
    UnixDatagram::unbound()
        .and_then(|sender| sender.send_to(message.as_bytes(), socket))
        .map(drop)
        .map_err(|error| Error::io("write to the log", socket, error))
        .map_err(|error| error.because(format!("not logged: {}", Shown(Path::new(message)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_line_for_people_and_a_message_for_the_log() {
        let upgraded = Change::new(Action::Upgraded, "node", &"12.22.12")
            .from(Some("12.22.11".to_owned()))
            .because("wanted by /etc/usher/wanted-versions:1");
        let text = "upgraded node 12.22.11 to 12.22.12 (wanted by /etc/usher/wanted-versions:1)";
        assert_eq!(upgraded.text(), text);
        let process = std::process::id();
        assert_eq!(upgraded.syslog(), format!("<30>usher[{process}]: {text}"));
        let refused = Change::new(Action::Refused, "node", &"17.0.0").for_account(1001);
        assert_eq!(refused.text(), "refused node 17.0.0, requested by account 1001");
        assert!(refused.syslog().starts_with("<28>"));
        let planned = Change { done: false, ..refused };
        assert_eq!(planned.text(), "would refuse node 17.0.0, requested by account 1001");
    }

    #[test]
    fn a_message_is_one_datagram() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("log");
        assert!(send(&socket, "lost").is_err());
        let receiver = UnixDatagram::bind(&socket).unwrap();
        send(&socket, "<30>usher[1]: installed node 12.0.0").unwrap();
        let mut buffer = [0; 100];
        let length = receiver.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"<30>usher[1]: installed node 12.0.0");
    }
}
