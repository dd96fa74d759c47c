//! `use list --accounts [TOOL[@VERSION]…]`: who uses the versions of the machine's store, for root.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::toolchain::Store;

use super::verify::{matches_argument, not_installed_error};
use super::{ToolArgument, count_of, tool_arguments};
use crate::cli::output::json::ErrorReport;
use crate::cli::output::{self, Line, Meaning, Report, ReportPath, Table, Text};
use crate::config::retired::RetiredVersions;
use crate::files::confined::command;
use crate::inventory::accounts::require_root;
use crate::session::Session;
use crate::session::reporter::Notice;
use crate::store::account_use::{AccountUse, AccountUses, UnreadUse, UseKind, is_for_all};
use crate::store::contents::StoreContents;
use crate::store::location::InstallLocation;
use crate::store::prune::last_use::{days_unused, last_use};

/// The most notes on what can't be read.
const MOST_NOTES: usize = 5;

/// The versions of the machine's store, and who uses them.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct AccountsReport {
    /// The versions.
    versions: Vec<VersionRow>,
    /// What can't be read, and so may use any version.
    unread: Vec<UnreadRow>,
    /// Whether versions were named, so that each use has a line.
    #[serde(skip)]
    is_detailed: bool,
}

/// A version, and who uses it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VersionRow {
    /// The tool.
    tool: &'static str,
    /// The version.
    version: String,
    /// Its folder.
    path: ReportPath,
    /// How many accounts use it.
    accounts: usize,
    /// For how many whole days no program of it was used; `null` if that is unknown.
    unused_days: Option<u64>,
    /// The day from which on the machine may remove it.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<String>,
    /// Who uses it.
    uses: Vec<UseRow>,
}

/// A use of a version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UseRow {
    /// The account's name; its number if it has none.
    account: String,
    /// How it uses the version: `pin`, `default`, `shim`, `packages`, `environment` or `process`.
    kind: &'static str,
    /// The file or folder that uses it; `null` for a process.
    path: Option<ReportPath>,
    /// The place as people see it: a file with its line, a folder, `process 17`.
    #[serde(rename = "text")]
    origin: String,
    #[serde(skip)]
    kind_order: UseKind,
}

/// What can't be read.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct UnreadRow {
    /// The account's name, if one is known.
    account: Option<String>,
    /// What can't be read, and why.
    error: ErrorReport,
    /// The same in one line, for people.
    #[serde(skip)]
    line: String,
}

/// Runs the command.
pub fn run(
    session: &Session,
    words: &[String],
    projects: &[PathBuf],
    as_json: bool,
) -> Result<i32> {
    check_caller(session)?;
    let uses = AccountUses::find(session, projects)?;
    let words = tool_arguments(session, words)?;
    let contents =
        StoreContents::of(&session.registry, &session.folders.toolchains(), &Store::Own)?;
    let report = decide(session, &words, &contents, &uses)?;
    output::print(&report, as_json, &*session.reporter)
}

/// Refuses callers that aren't root, and a store that is only root's own.
fn check_caller(session: &Session) -> Result<()> {
    let sudo = command("sudo", &[&session.program]);
    require_root("see what other accounts use")
        .map_err(|error| error.hint(format!("{sudo} list --accounts")))?;
    if is_for_all(session) {
        return Ok(());
    }
    let what = format!("{} is not for all accounts", Shown(&session.folders.data));
    let error = Error::new(ErrorKind::Usage, what);
    let machine = session.machine.join("shims/use");
    Err(match machine.exists() {
        true => error.hint(format!("{} list --accounts", Shown(&machine))),
        false => error.because("this machine has no store for all accounts").hint("use list"),
    })
}

fn decide(
    session: &Session,
    words: &[ToolArgument<'_>],
    contents: &StoreContents<'_>,
    uses: &AccountUses,
) -> Result<AccountsReport> {
    let is_named = |location: &InstallLocation<'_>, word| matches_argument(location, word);
    for word in words {
        if !contents.locations.iter().any(|location| is_named(location, word)) {
            return Err(not_installed_error(word, contents));
        }
    }
    let retired = RetiredVersions::read(&session.folders)?;
    let named = contents
        .locations
        .iter()
        .filter(|location| words.is_empty() || words.iter().any(|word| is_named(location, word)));
    let versions = named.map(|location| {
        let (tool, version) = (location.known.tool, &location.version);
        let last = last_use(tool, &location.toolchain());
        let uses: Vec<UseRow> = uses.of(&location.root).iter().map(UseRow::of).collect();
        VersionRow {
            tool: tool.name,
            version: version.to_string(),
            path: ReportPath::new(&location.root),
            accounts: uses.iter().map(|one| &one.account).collect::<BTreeSet<_>>().len(),
            unused_days: days_unused(last, SystemTime::now()),
            retired: retired.date_of(tool, version).map(|date| date.to_string()),
            uses,
        }
    });
    let versions = versions.collect();
    let unread = uses.unread.iter().map(UnreadRow::of).collect();
    Ok(AccountsReport { versions, unread, is_detailed: !words.is_empty() })
}

impl UseRow {
    fn of(one: &AccountUse) -> Self {
        Self {
            account: one.account.clone(),
            kind: one.kind.name(),
            origin: one.origin.clone(),
            path: one.path.as_ref().map(ReportPath::new),
            kind_order: one.kind,
        }
    }
}

impl UnreadRow {
    fn of(one: &UnreadUse) -> Self {
        Self {
            account: one.account.clone(),
            error: ErrorReport::of(&one.error),
            line: one.error.line(),
        }
    }
}

impl VersionRow {
    fn cells(&self) -> [Line; 6] {
        let meaning = if self.accounts == 0 { Meaning::Muted } else { Meaning::Plain };
        let last = match self.unused_days {
            None => "unknown".to_owned(),
            Some(0) => "today".to_owned(),
            Some(1) => "yesterday".to_owned(),
            Some(days) => format!("{days} days ago"),
        };
        let retired = self.retired.as_ref();
        [
            self.tool.into(),
            (&self.version).into(),
            Line::of(meaning, self.accounts),
            last.into(),
            retired.map_or_else(Line::new, |date| Line::of(Meaning::Warning, date)),
            self.kinds().into(),
        ]
    }

    /// What the accounts use it by: `2 defaults, 1 pin`.
    fn kinds(&self) -> String {
        let mut kinds: Vec<(UseKind, &str, usize)> = Vec::new();
        for one in &self.uses {
            match kinds.iter_mut().find(|(kind, ..)| *kind == one.kind_order) {
                Some((.., count)) => *count += 1,
                None => kinds.push((one.kind_order, one.kind, 1)),
            }
        }
        kinds.sort_unstable();
        let kinds = kinds.iter().map(|(kind, name, count)| match kind {
            UseKind::Packages => format!("packages of {count}"),
            UseKind::Process if *count > 1 => format!("{count} processes"),
            _ => count_of(*count, name),
        });
        kinds.collect::<Vec<_>>().join(", ")
    }
}

impl Report for AccountsReport {
    fn text(&self) -> Text {
        if self.versions.is_empty() {
            return "no version is installed in this store".into();
        }
        let headings = ["TOOL", "VERSION", "ACCOUNTS", "LAST USED", "RETIRED", "USES"];
        let mut table = Table::with_headings(headings);
        self.versions.iter().for_each(|version| table.row(version.cells()));
        let mut text = Text::from(table.without_empty_columns());
        let mut uses = Table::with_headings(["USED", "BY", "AS", "IN"]);
        for version in self.versions.iter().filter(|_| self.is_detailed) {
            let name = format!("{} {}", version.tool, version.version);
            version.uses.iter().for_each(|one| {
                uses.row([&name, one.account.as_str(), one.kind, &one.origin]);
            });
        }
        if !uses.is_empty() {
            text.gap();
            text.table(uses);
        }
        text
    }

    fn notes(&self) -> Vec<Notice> {
        let note =
            |one: &UnreadRow| Notice::warning(format!("can't see what is used: {}", one.line));
        let mut notes: Vec<Notice> = self.unread.iter().take(MOST_NOTES).map(note).collect();
        let more = self.unread.len().saturating_sub(MOST_NOTES);
        if more > 0 {
            let what = format!("{more} more can't be read");
            notes.push(Notice::note(what).hint("use list --accounts --json"));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::at_widths;

    fn report(is_detailed: bool) -> AccountsReport {
        let one = |account: &str, kind: UseKind, origin: &str| UseRow {
            account: account.to_owned(),
            kind: kind.name(),
            origin: origin.to_owned(),
            path: None,
            kind_order: kind,
        };
        let uses = vec![
            one("alice", UseKind::Pin, "/home/alice/app/.nvmrc:1"),
            one("alice", UseKind::Process, "process 17"),
            one("bob", UseKind::Default, "/home/bob/.config/usher/tool-versions:1"),
            one("bob", UseKind::Process, "process 18"),
        ];
        let version = |version: &str, uses: Vec<UseRow>, accounts, unused_days| VersionRow {
            tool: "node",
            version: version.to_owned(),
            path: ReportPath::new("/opt/usher/toolchains/node"),
            accounts,
            unused_days,
            retired: (accounts == 0).then(|| "2027-01-31".to_owned()),
            uses,
        };
        let versions = vec![
            version("8.17.0", Vec::new(), 0, Some(400)),
            version("12.22.12", uses, 2, Some(0)),
        ];
        let unread = |account: &str| {
            let error = Error::new(ErrorKind::Io, format!("can't read /home/{account}"));
            UnreadRow {
                account: Some(account.to_owned()),
                error: ErrorReport::of(&error),
                line: error.line(),
            }
        };
        let unread = ["a", "b", "c", "d", "e", "f", "g"].map(unread).into();
        AccountsReport { versions, unread, is_detailed }
    }

    #[test]
    fn each_version_has_a_row_and_each_use_of_a_named_one() {
        insta::assert_snapshot!(at_widths(&report(false).text()), @"
        --- 60
        TOOL  VERSION   ACCOUNTS  LAST USED     RETIRED
            USES
        node  8.17.0    0         400 days ago  2027-01-31
        node  12.22.12  2         today
            1 pin, 1 default, 2 processes
        --- 80
        TOOL  VERSION   ACCOUNTS  LAST USED     RETIRED     USES
        node  8.17.0    0         400 days ago  2027-01-31
        node  12.22.12  2         today                     1 pin, 1 default, 2
                                                            processes
        --- 120
        TOOL  VERSION   ACCOUNTS  LAST USED     RETIRED     USES
        node  8.17.0    0         400 days ago  2027-01-31
        node  12.22.12  2         today                     1 pin, 1 default, 2 processes
        --- colours
        <heading>TOOL</>  <heading>VERSION</>   <heading>ACCOUNTS</>  <heading>LAST USED</>     <heading>RETIRED</>     <heading>USES</>
        node  8.17.0    <muted>0</>         400 days ago  <warning>2027-01-31</>
        node  12.22.12  2         today                     1 pin, 1 default, 2 processes
        ");
        insta::assert_snapshot!(at_widths(&report(true).text()), @"
        --- 60
        TOOL  VERSION   ACCOUNTS  LAST USED     RETIRED
            USES
        node  8.17.0    0         400 days ago  2027-01-31
        node  12.22.12  2         today
            1 pin, 1 default, 2 processes

        USED           BY     AS       IN
        node 12.22.12  alice  pin      /home/alice/app/.nvmrc:1
        node 12.22.12  alice  process  process 17
        node 12.22.12  bob    default  /home/bob/.config/usher/
                                       tool-versions:1
        node 12.22.12  bob    process  process 18
        --- 80
        TOOL  VERSION   ACCOUNTS  LAST USED     RETIRED     USES
        node  8.17.0    0         400 days ago  2027-01-31
        node  12.22.12  2         today                     1 pin, 1 default, 2
                                                            processes

        USED           BY     AS       IN
        node 12.22.12  alice  pin      /home/alice/app/.nvmrc:1
        node 12.22.12  alice  process  process 17
        node 12.22.12  bob    default  /home/bob/.config/usher/tool-versions:1
        node 12.22.12  bob    process  process 18
        --- 120
        TOOL  VERSION   ACCOUNTS  LAST USED     RETIRED     USES
        node  8.17.0    0         400 days ago  2027-01-31
        node  12.22.12  2         today                     1 pin, 1 default, 2 processes

        USED           BY     AS       IN
        node 12.22.12  alice  pin      /home/alice/app/.nvmrc:1
        node 12.22.12  alice  process  process 17
        node 12.22.12  bob    default  /home/bob/.config/usher/tool-versions:1
        node 12.22.12  bob    process  process 18
        --- colours
        <heading>TOOL</>  <heading>VERSION</>   <heading>ACCOUNTS</>  <heading>LAST USED</>     <heading>RETIRED</>     <heading>USES</>
        node  8.17.0    <muted>0</>         400 days ago  <warning>2027-01-31</>
        node  12.22.12  2         today                     1 pin, 1 default, 2 processes

        <heading>USED</>           <heading>BY</>     <heading>AS</>       <heading>IN</>
        node 12.22.12  alice  pin      /home/alice/app/.nvmrc:1
        node 12.22.12  alice  process  process 17
        node 12.22.12  bob    default  /home/bob/.config/usher/tool-versions:1
        node 12.22.12  bob    process  process 18
        ");
    }

    #[test]
    fn what_cannot_be_read_is_a_warning_up_to_a_limit() {
        let notes = report(false).notes();
        assert_eq!(notes.len(), MOST_NOTES + 1);
        assert_eq!(notes[0], Notice::warning("can't see what is used: can't read /home/a"));
        assert_eq!(notes[5], "2 more can't be read\n  hint: use list --accounts --json");
    }
}
