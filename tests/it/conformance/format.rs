//! The form of the conformance suite's files: a subject's cases, as people write them.
//!
//! Knows no resolver and no disk: the runners do, one of which is `bench/src/bin/conformance`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A file of the suite.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subject {
    /// What it is about, in a few words: a heading of the human page.
    pub(crate) about: String,
    /// The defaults of every case.
    #[serde(default)]
    usual: Case,
    /// Lists of texts for cases that are true of each of them.
    #[serde(default)]
    list: BTreeMap<String, Vec<String>>,
    /// The cases.
    case: Vec<Case>,
    /// What should hold and doesn't yet: nothing runs these.
    #[serde(default)]
    pub(crate) open: Vec<Case>,
}

/// A machine, a call, and what comes of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Case {
    /// What is shown, in a few words; no other case of the subject has the same.
    pub(crate) name: String,
    /// Where the rule comes from: an address, or a document's name.
    pub(crate) rule: String,
    /// Files by their names: in the project, below `~/`, or anywhere.
    pub(crate) files: BTreeMap<String, Content>,
    /// The working directory, likewise; the project's folder itself where it is empty.
    #[serde(rename = "in")]
    pub(crate) directory: String,
    /// What is odd about the working directory.
    pub(crate) cwd: Option<Cwd>,
    /// Variables.
    pub(crate) env: BTreeMap<String, String>,
    /// The call as it is typed.
    pub(crate) call: String,
    /// Versions on disk: `node 12.22.12`, `python 3.7.16 of pyenv`, `node 14.0.0 with node npm`.
    pub(crate) installed: Option<Vec<String>>,
    /// Programs on PATH, each with the version that usher's index knows it to be, if it does:
    /// `/usr/bin/python3.11 python 3.11.2`.
    pub(crate) path: Vec<String>,
    /// The user's default.
    pub(crate) default: Option<String>,
    /// The machine's default.
    pub(crate) machine: Option<String>,
    /// The setting `ceiling`: a folder.
    pub(crate) ceiling: Option<String>,
    /// The setting `ignore_variables`.
    pub(crate) ignore: Vec<String>,
    /// The list whose texts replace `{each}` in files, variables, the call and what follows.
    pub(crate) each: String,
    /// The result: `node 12.22.12`, `missing node 14`, `path /usr/bin/node`,
    /// `error 126: a part of the message … and a later one`.
    pub(crate) gives: String,
    /// The origin: `.nvmrc:1`, `NODE_VERSION`, `not pinned`; not for errors.
    pub(crate) by: String,
    /// The file name of the program that runs, where it isn't the one that was called.
    pub(crate) program: String,
    /// The arguments that the program gets, where that is the point.
    pub(crate) arguments: Option<String>,
    /// All variables that are set for the program, where that is the point.
    pub(crate) sets: Option<BTreeMap<String, String>>,
    /// A part of the note about what is skipped.
    pub(crate) note: String,
    /// No store and no program was looked up.
    pub(crate) untouched: Option<bool>,
    /// It runs through the real shim as well.
    pub(crate) real: Option<bool>,
    /// What other tools do with the same, where that differs: `node 10.15.3`, `error`, `nothing`;
    /// more may follow a colon.
    pub(crate) others: BTreeMap<String, String>,
    /// Why it is open.
    pub(crate) why: String,
}

/// What a file contains, or what is in its place.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
    /// Text.
    Text(String),
    /// Something else.
    Odd(Odd),
}

/// Content that isn't plain text.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Odd {
    /// Bytes in hexadecimal.
    Hex(String),
    /// UTF-16 with a mark, the low byte first.
    Utf16Le(String),
    /// UTF-16 with a mark, the high byte first.
    Utf16Be(String),
    /// A hundred thousand times this.
    Long(String),
    /// No file at all.
    Is(Kind),
}

/// What is at a file's path instead of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A folder.
    Folder,
    /// A FIFO without a writer.
    Fifo,
    /// A socket.
    Socket,
    /// `/dev/zero`, by way of a link.
    Device,
    /// A link that leads nowhere.
    Dangling,
    /// A link that leads to itself.
    Loop,
    /// 10 GB of zeros.
    Sparse,
    /// A file that no user may read.
    Closed,
    /// A folder that no user may search.
    ClosedFolder,
}

/// What is odd about a working directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cwd {
    /// It was deleted.
    Deleted,
    /// It is 5,000 folders below.
    Deep,
}

impl Subject {
    /// Reads a subject; the error states what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let subject: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        subject.case.iter().chain(&subject.open).try_for_each(|case| subject.fault(case))?;
        Ok(subject)
    }

    /// Its cases, complete.
    pub(crate) fn cases(&self) -> Vec<Case> {
        self.case.iter().map(|case| case.over(&self.usual)).collect()
    }

    /// The texts that replace `{each}`, for a case that is true of several.
    pub(crate) fn texts(&self, case: &Case) -> Vec<String> {
        self.list.get(&case.each).cloned().unwrap_or_else(|| vec![String::new()])
    }

    fn fault(&self, case: &Case) -> Result<(), String> {
        let whole = case.over(&self.usual);
        let is_error = whole.gives.starts_with("error ");
        let complaint = match () {
            () if case.name.is_empty() => "has no name",
            () if whole.rule.is_empty() => "has no `rule`",
            () if whole.gives.is_empty() => "has no `gives`",
            () if whole.by.is_empty() && !is_error => "has no `by`",
            () if self.case.iter().filter(|other| other.name == case.name).count() > 1 => {
                "isn't the only one of its name"
            }
            () if !case.each.is_empty() && !self.list.contains_key(&case.each) => {
                "names no list of this file"
            }
            () => return Ok(()),
        };
        Err(format!("the case “{}” {complaint}", case.name))
    }
}

impl Case {
    /// The case with what it leaves unsaid from another one.
    fn over(&self, usual: &Self) -> Self {
        let text = |own: &String, usual: &String| if own.is_empty() { usual } else { own }.clone();
        Self {
            rule: text(&self.rule, &usual.rule),
            call: text(&self.call, &usual.call),
            by: text(&self.by, &usual.by),
            gives: text(&self.gives, &usual.gives),
            installed: self.installed.clone().or_else(|| usual.installed.clone()),
            path: [usual.path.clone(), self.path.clone()].concat(),
            files: usual.files.clone().into_iter().chain(self.files.clone()).collect(),
            env: usual.env.clone().into_iter().chain(self.env.clone()).collect(),
            default: self
                .default
                .clone()
                .or_else(|| usual.default.clone())
                .filter(|d| !d.is_empty()),
            untouched: self.untouched.or(usual.untouched),
            real: self.real.or(usual.real),
            ..self.clone()
        }
    }

    /// The case for one of the texts that it is true of.
    pub(crate) fn with(&self, each: &str) -> Self {
        let put = |text: &String| text.replace("{each}", each);
        let content = |content: &Content| match content {
            Content::Text(text) => Content::Text(put(text)),
            Content::Odd(odd) => Content::Odd(odd.clone()),
        };
        Self {
            files: self.files.iter().map(|(name, found)| (put(name), content(found))).collect(),
            env: self.env.iter().map(|(name, value)| (name.clone(), put(value))).collect(),
            default: self.default.as_ref().map(put),
            gives: put(&self.gives),
            by: put(&self.by),
            arguments: self.arguments.as_ref().map(put),
            each: each.to_owned(),
            ..self.clone()
        }
    }

    /// The words of the call.
    pub(crate) fn words(&self) -> Vec<String> {
        self.call.split(' ').map(|word| word.replace("{each}", &self.each)).collect()
    }

    /// The versions on disk.
    pub(crate) fn versions(&self) -> Vec<Installed<'_>> {
        self.installed.iter().flatten().map(|text| Installed::of(text)).collect()
    }
}

impl Content {
    /// The bytes of a file; `None` where it is none.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Kind> {
        let with_mark = |text: &str, bytes: fn(u16) -> [u8; 2]| {
            [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Odd(Odd::Hex(text)) => Ok(from_hex(text)),
            Self::Odd(Odd::Utf16Le(text)) => Ok(with_mark(text, u16::to_le_bytes)),
            Self::Odd(Odd::Utf16Be(text)) => Ok(with_mark(text, u16::to_be_bytes)),
            Self::Odd(Odd::Long(text)) => Ok(text.repeat(100_000).into_bytes()),
            Self::Odd(Odd::Is(kind)) => Err(*kind),
        }
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let starts = (0..digits.len()).step_by(2);
    starts.filter_map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
}

/// A version on disk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Installed<'a> {
    /// Of which tool.
    pub(crate) tool: &'a str,
    /// Which version, as the tool spells it, or the name of a folder.
    pub(crate) version: &'a str,
    /// In whose store; usher's own where it is empty.
    pub(crate) manager: &'a str,
    /// What its folder is called there, where that isn't the version.
    pub(crate) folder: &'a str,
    /// The programs it has, where these aren't all of the tool's.
    pub(crate) programs: &'a str,
}

impl<'a> Installed<'a> {
    fn of(text: &'a str) -> Self {
        let (text, programs) = text.split_once(" with ").unwrap_or((text, ""));
        let (text, folder) = text.split_once(" as ").unwrap_or((text, ""));
        let (text, manager) = text.split_once(" of ").unwrap_or((text, ""));
        let (tool, version) = text.split_once(' ').unwrap_or((text, ""));
        Self { tool, version, manager, folder, programs }
    }
}

/// The path of a file of a case.
pub(crate) fn place(home: &Path, name: &str) -> PathBuf {
    match name.strip_prefix("~/") {
        Some(below) => home.join(below),
        None => home.join("project").join(name),
    }
}
