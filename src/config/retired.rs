//! The machine's list of retired versions, `/etc/usher/retired`: reading and changing it.
//!
//! A retired version still runs. Its accounts are told when it is removed; what removes versions asks
//! [`RetiredVersions::due`]. The form of a line is the hot half's ([`usher_shims::retired`]).

use std::path::{Path, PathBuf};

use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::retired::{lines, removal_date, retired_file};
use usher_shims::tool::Tool;
use usher_shims::version::Version;

use crate::files::clock::Date;
use crate::files::durable::make_folders;
use crate::files::own_folder;
use crate::files::replace::{Durability, FileMode, FileReplacement};

/// How the name of an unfinished list begins.
const UNFINISHED: &str = ".retired-";

/// The machine's list of retired versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetiredVersions {
    path: PathBuf,
    text: String,
}

/// An entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirement {
    /// The tool's name, as it is written.
    pub tool: String,
    /// The request; every version that matches is retired.
    pub request: String,
    /// The day from which on the versions may be removed.
    pub date: Date,
    /// Its line, counted from 1.
    pub line: u32,
}

impl RetiredVersions {
    /// Reads the machine's list; an absent one is empty. An error if another account could have
    /// written it, or if it isn't text.
    pub fn read(folders: &Folders) -> Result<Self> {
        let path = retired_file(&folders.machine_config);
        let content = own_folder::read(&path)?;
        let bytes = content.map(|content| content.bytes).unwrap_or_default();
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::new(ErrorKind::BadFile, format!("can't parse {}", Shown(&path)))
                .because("it is not UTF-8 text")
        })?;
        Ok(Self { path, text })
    }

    /// The list's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All entries, in the order of the file. An error names the first line that is none.
    pub fn entries(&self) -> Result<Vec<Retirement>> {
        let entry = |number: u32, what: &str| {
            let place = format!("{}:{number}", Shown(&self.path));
            Error::new(ErrorKind::BadFile, format!("can't parse {place}"))
                .because(what.to_owned())
                .because("a line has a tool, a version and a date: node 8 2027-01-31")
        };
        let parsed = lines(&self.text).map(|line| {
            let line = line.map_err(|number| entry(number, "it is not an entry"))?;
            let date = line.date.parse().map_err(|reason| entry(line.number, reason))?;
            let (tool, request) = (line.tool.to_owned(), line.request.to_owned());
            Ok(Retirement { tool, request, date, line: line.number })
        });
        parsed.collect()
    }

    /// The day from which on a version may be removed; `None` if it isn't retired. Lines that can't be
    /// parsed count for nothing.
    pub fn date_of(&self, tool: &Tool, version: &Version) -> Option<Date> {
        removal_date(&self.text, tool, version)?.parse().ok()
    }

    /// Whether a version is retired and its day has come: `since` is the day itself.
    pub fn due(&self, tool: &Tool, version: &Version, today: Date) -> Option<Date> {
        self.date_of(tool, version).filter(|date| *date <= today)
    }

    /// The list with an entry for this request, in place of the tool's entry for the same request.
    #[must_use]
    pub fn with(&self, tool: &Tool, request: &str, date: Date) -> Self {
        let mut list = self.without(tool, request).unwrap_or_else(|| self.clone());
        if !list.text.is_empty() && !list.text.ends_with('\n') {
            list.text.push('\n');
        }
        list.text.extend([tool.name, " ", request, " ", &date.to_string(), "\n"]);
        list
    }

    /// The list without the tool's entries for this request; `None` if there is none.
    pub fn without(&self, tool: &Tool, request: &str) -> Option<Self> {
        let is_entry = |line: &str| {
            let entry = lines(line).next().and_then(std::result::Result::ok);
            entry.is_some_and(|entry| {
                entry.request == request && tool.all_names().any(|name| name == entry.tool)
            })
        };
        let kept = self.text.split_inclusive('\n').filter(|line| !is_entry(line));
        let text: String = kept.collect();
        (text != self.text).then(|| Self { path: self.path.clone(), text })
    }

    /// Replaces the machine's list by this one, in one step.
    pub fn write(&self) -> Result<()> {
        let Some(folder) = self.path.parent() else { return Ok(()) };
        make_folders(folder)?;
        let replacement = FileReplacement {
            target: &self.path,
            staging: folder,
            prefix: UNFINISHED,
            mode: FileMode::Exact(0o644),
            durability: Durability::Synced,
        };
        replacement.write(self.text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::tool::TOOLS;

    use super::*;

    fn list(text: &str) -> RetiredVersions {
        RetiredVersions { path: "/etc/usher/retired".into(), text: text.to_owned() }
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn an_entry_replaces_that_of_the_same_request_and_nothing_else() {
        let node = Tool::named(TOOLS, "node").unwrap();
        let before =
            list("# ours\nnode 8 2027-01-31 # soon\npython 3.6 2027-01-31\nnodejs 8 2027-02-28");
        assert_eq!(
            before.with(node, "8", date("2028-01-31")).text,
            "# ours\npython 3.6 2027-01-31\nnode 8 2028-01-31\n"
        );
        assert_eq!(
            before.with(node, "9", date("2028-01-31")).text,
            format!("{}\nnode 9 2028-01-31\n", before.text)
        );
        assert_eq!(before.without(node, "8").unwrap().text, "# ours\npython 3.6 2027-01-31\n");
        assert_eq!(before.without(node, "8.1"), None);
    }

    #[test]
    fn a_version_is_due_from_its_day_on() {
        let node = Tool::named(TOOLS, "node").unwrap();
        let list = list("node 8 2027-01-31\nnode 10 2027-02-30\n");
        let [eight, ten] = ["8.17.0", "10.1.0"].map(|text| Version::parse(text).unwrap());
        assert_eq!(list.due(node, &eight, date("2027-01-30")), None);
        assert_eq!(list.due(node, &eight, date("2027-01-31")), Some(date("2027-01-31")));
        assert_eq!(list.date_of(node, &ten), None, "that day doesn't exist");
    }

    #[test]
    fn a_line_that_is_no_entry_is_an_error_that_names_it() {
        let entries = list("node 8 2027-01-31\n").entries().unwrap();
        assert_eq!((entries.len(), entries[0].line), (1, 1));
        let error = list("\nnode 8\n").entries().unwrap_err();
        assert_eq!(error.what, "can't parse /etc/usher/retired:2");
        let error = list("node 8 2027-02-30\n").entries().unwrap_err();
        assert!(error.to_string().contains("this day does not exist"), "{error}");
    }
}
