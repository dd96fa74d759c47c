//! What a tool's file in the registry may say, field by field.
//!
//! These types are read twice: by the build script of the hot half, which turns them into static
//! tables, and by the cold half, which needs the sources as well. `registry/README.md` explains
//! every field for people; keep the two in step. Nothing here touches the disk or the network.

use serde::Deserialize;
use std::collections::BTreeMap;

mod check;
mod common;
mod file;
mod index;
mod platform;
mod source;
pub mod template;

pub use check::{Check, Lock, Notation};
pub use common::Common;
pub use file::{Asks, Field, File, Reader};
pub use index::{Form, IndexSource, Mirror, OneOf, Take};
pub use platform::{PLATFORMS, entry_for, split as split_platform};
pub use source::{Beside, NpmSource, PypiSource, Source, SourceKind};

/// One tool: a file of the registry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The tool's name: `node`.
    pub name: String,
    /// What people call it: `Node.js`.
    pub title: String,
    /// Other names it goes by on a command line and in version files, the one that
    /// `.tool-versions` uses first: `nodejs`.
    #[serde(default)]
    pub names: Vec<String>,
    /// The programs that it ships, the interpreter first.
    pub programs: Vec<String>,
    /// The variables that request a version, strongest first.
    pub variables: Vec<String>,
    /// Whether a first argument `+REQUEST` is ours.
    #[serde(default = "yes")]
    pub plus: bool,
    /// In which language its ranges are written.
    pub dialect: Dialect,
    /// How many numbers an exact version has.
    pub parts: u8,
    /// What may stand in front of a version: `node-`, `python-`.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// Other spellings of versions and what they mean, `{}` standing for digits and dots, `{_}` at
    /// the end for anything: `["{}u{}", "{}.0.{}"]`. The first that fits the whole text is applied.
    #[serde(default)]
    pub respell: Vec<[String; 2]>,
    /// Flavours of which any will do where a request names none, the usual one first: `temurin`.
    #[serde(default)]
    pub vendors: Vec<String>,
    /// Other flavours that sources have, which a request may name alone: `pypy`.
    #[serde(default)]
    pub flavours: Vec<String>,
    /// The tool whose toolchains run this one's programs, and may ship some of that name: `node`.
    pub host: Option<String>,
    /// The tool that this one's programs run on and don't come with, where versions are built for
    /// certain ones of that tool.
    pub runs_on: Option<RunsOn>,
    /// The long-term support lines, oldest first.
    #[serde(default)]
    pub lts: Vec<Lts>,
    /// The project files that can name a version, in the order in which they are asked.
    /// [`Common`] has those of all tools, around these.
    #[serde(default)]
    pub file: Vec<File>,
    /// Variables the programs need.
    #[serde(default)]
    pub environment: Vec<Environment>,
    /// Calls that add programs to a toolchain.
    #[serde(default)]
    pub adds: Vec<Adds>,
    /// How what was added to one toolchain is added to another one.
    pub carry: Option<Carry>,
    /// Links made in a new toolchain where upstream left the name free: link → target.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Where package managers put what they add to a toolchain, from its folder; a `*` stands for
    /// anything within a name: `lib/node_modules/*`.
    #[serde(default)]
    pub additions: Vec<String>,
    /// What programs make for themselves while they run and can make again: `**/__pycache__`, the
    /// `**/` standing for any folder.
    #[serde(default)]
    pub caches: Vec<String>,
    /// Whether environments outside of a toolchain point into it, and break when it goes.
    #[serde(default)]
    pub venvs: bool,
    /// Where other version managers keep this tool.
    #[serde(default)]
    pub store: Vec<Store>,
    /// The file in a toolchain that says which version it is.
    pub release: Option<Release>,
    /// How the operating system's own is found.
    pub system: Option<System>,
    /// Where releases come from, in the order in which they are tried.
    #[serde(default)]
    pub source: Vec<Source>,
    /// A call that shows that a toolchain works.
    pub smoke: Option<Smoke>,
    /// What `use check` looks for beside version files.
    #[serde(default)]
    pub check: Check,
}

/// What a tool's programs run on, where its versions are built for certain ones of another tool.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunsOn {
    /// The other tool: `erlang`.
    pub tool: String,
    /// What stands in a version before the first number of the version that it was built for, and
    /// that is the least that it runs on: `-otp-`.
    pub mark: String,
}

/// A call of the main program that shows that a toolchain works.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// Its arguments: `-p process.version`.
    pub arguments: Vec<String>,
    /// What its answer, on either stream, must hold; `{version}` is the version, `{numbers}` that
    /// without a flavour and what follows the numbers.
    pub answers: String,
}

/// In which language ranges are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// npm's: `>=10 <12 || 14.x`.
    Npm,
    /// Python's PEP 440: `>=3.8,<3.13`.
    Pep440,
    /// Poetry's: `^3.11 || ~3.9`.
    Poetry,
    /// Ruby's: `~> 3.1.2, != 3.1.4`.
    Gem,
    /// Elixir's: `~> 1.15 or >= 2.0.0 and < 3.0.0`.
    Elixir,
    /// Composer's: `^8.1 || ~8.2.0`.
    Composer,
    /// A bare version is the least that will do, as in `go.mod`.
    Minimum,
    /// Perl's: `5.036` is the least that will do, and means 5.36.0.
    Perl,
}

/// One long-term support line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lts {
    /// Its code name: `hydrogen`.
    pub name: String,
    /// The versions it comprises, in the tool's dialect: `^18.12.0`.
    pub versions: String,
}

/// A folder that holds other people's code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassOver {
    /// Its name, or the end of its path: `node_modules`, `vendor/bundle`.
    pub folder: String,
    /// Only where one of these files lies beside it: `composer.json`.
    #[serde(default)]
    pub beside: Vec<String>,
}

/// A variable that programs need, set only where it is unset.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Its name.
    pub variable: String,
    /// Its value; `{root}` stands for the toolchain's folder, `{additions}` for the account's own
    /// folder of what is added to a toolchain that it can't write to.
    pub value: String,
    /// For these programs only; empty means all.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Only where this holds.
    pub when: Option<When>,
    /// Only for a toolchain that isn't usher's, and that the account can't write to.
    #[serde(default)]
    pub unwritable: bool,
}

/// A condition on a JSON file inside the toolchain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The file, from the toolchain's folder.
    pub file: String,
    /// The field that holds a version.
    pub field: String,
    /// The range that the version must satisfy, in the tool's dialect.
    pub versions: String,
}

/// Calls of one program that add programs to a toolchain or take some away.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adds {
    /// The program that is called.
    pub program: String,
    /// Arguments that must come first, one right after the other: `-m pip`.
    #[serde(default)]
    pub after: Vec<String>,
    /// The call is one of these if any argument after those is one of these verbs; without any, if
    /// there is an argument.
    #[serde(default)]
    pub verbs: Vec<String>,
    /// Variables that make it add to the toolchain, set where they are unset; `{root}` stands for the
    /// toolchain's folder.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Where the toolchain's programs stand on the call's PATH, if it looks for them there.
    pub path: Option<Place>,
}

/// A place on PATH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Before all others.
    First,
    /// After all others.
    Last,
}

/// How a package manager lists what it added to a toolchain, and adds it to another one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carry {
    /// The program that is called.
    pub program: String,
    /// The arguments that make it list what it added.
    pub list: Vec<String>,
    /// The list is a JSON object, and this its field with an object of packages by name, each with a
    /// `version`; without it, the list has a package a line.
    pub at: Option<String>,
    /// What stands between a package's name and its version.
    pub separator: String,
    /// The field of a package that came from elsewhere than a registry.
    pub local: Option<String>,
    /// Packages that every toolchain has.
    #[serde(default)]
    pub except: Vec<String>,
    /// The arguments that make it add packages, which follow them.
    pub add: Vec<String>,
}

/// A folder in which another version manager keeps toolchains, one folder a version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The manager: `pyenv`.
    pub manager: String,
    /// Where the folder may lie; `$NAME` at the start is a variable, `~` the home folder.
    pub folders: Vec<String>,
    /// What stands before the version in a folder's name: `cpython-`.
    #[serde(default)]
    pub prefix: String,
    /// The version ends where this begins: `-` in `3.12.3-linux-x86_64-gnu`.
    pub until: Option<String>,
    /// The toolchain's own folder below it: `installation`.
    #[serde(default)]
    pub inside: String,
    /// The folders' names may be any: which version each is, its file says that
    /// [`Definition::release`] names.
    #[serde(default)]
    pub read: bool,
}

/// A file of lines `KEY="value"` in a toolchain that says which version it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The file, from the toolchain's folder: `release`.
    pub file: String,
    /// The keys that may say the version; the first that does counts.
    pub version: Vec<String>,
    /// The key that says who built it.
    pub vendor: Option<String>,
    /// What that says, and the flavour that it means: `["Eclipse Adoptium", "temurin"]`.
    #[serde(default)]
    pub vendors: Vec<[String; 2]>,
}

/// How the operating system's own copies of a tool are found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Folders that are searched; `$NAME` at the start is a variable, `~` the home folder.
    pub folders: Vec<String>,
    /// File names; `*` stands for a version: `python*`.
    pub programs: Vec<String>,
    /// Arguments that make it print its version.
    pub probe: Vec<String>,
    /// What one must be able to do to count.
    pub needs: Option<Needs>,
}

/// What a program of the operating system's must be able to do to count.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// Arguments with which it succeeds if it can: `-c "import ensurepip"`.
    pub probe: Vec<String>,
    /// What is said of one that can't: `it can make no venv with pip`.
    pub lacking: String,
    /// What to do about it.
    pub hint: String,
}

impl Release {
    /// What is impossible in it.
    fn fault(&self) -> Option<String> {
        if !is_inside(&self.file) || self.file.contains("..") {
            return Some(format!("release: `{}` isn't in a toolchain", self.file));
        }
        self.version.is_empty().then(|| "release: `version` names no key".to_owned())
    }
}

impl Store {
    /// What is impossible in it, given the tool's file that says a version.
    fn fault(&self, release: Option<&Release>) -> Option<String> {
        let is_named = !self.prefix.is_empty() || self.until.is_some();
        let fault = match (self.read, release) {
            (true, None) => "`read` needs a `[release]`",
            (true, Some(_)) if is_named => "a version is in the folder's name or read, not both",
            (true, Some(_)) | (false, _) => return None,
        };
        Some(format!("store `{}`: {fault}", self.manager))
    }
}

fn yes() -> bool {
    true
}

/// A definition that can't be accepted: where, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line, counted from 1, where the reader can tell.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

impl Definition {
    /// Reads one definition.
    ///
    /// Unknown keys, missing ones, wrong types and impossible values are refused.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let definition: Self = from_toml(text)?;
        match definition.fault() {
            None => Ok(definition),
            Some(reason) => Err(Refusal { line: None, reason }),
        }
    }

    /// What is impossible in a definition that has the right shape.
    fn fault(&self) -> Option<String> {
        if self.programs.is_empty() {
            return Some("`programs` names no program".to_owned());
        }
        let runs_on = self.runs_on.as_ref().map(|runs_on| &runs_on.tool);
        let names = self.names.iter().chain(&self.programs).chain([&self.name]).chain(runs_on);
        for name in names {
            if !is_name(name) {
                return Some(format!("`{name}` can't be a name"));
            }
        }
        if self.runs_on.as_ref().is_some_and(|runs_on| runs_on.mark.is_empty()) {
            return Some("`runs_on`: `mark` is empty".to_owned());
        }
        if let Some(fault) = self.file.iter().find_map(File::fault) {
            return Some(fault);
        }
        let release = self.release.as_ref();
        let fault = self.store.iter().find_map(|store| store.fault(release));
        if let Some(fault) = release.and_then(Release::fault).or(fault) {
            return Some(fault);
        }
        for link in self.links.keys().chain(self.links.values()) {
            if !is_inside(link) {
                return Some(format!("link `{link}` leads out of the toolchain"));
            }
        }
        for pattern in self.additions.iter().chain(&self.caches) {
            if !is_pattern(pattern) {
                return Some(format!("`{pattern}` is no pattern of a path in the toolchain"));
            }
        }
        self.source
            .iter()
            .find_map(Source::fault)
            .or_else(|| self.check.fault())
            .or_else(|| self.smoke.as_ref().and_then(Smoke::fault))
    }
}

impl Smoke {
    /// What the answer must hold for a version.
    pub fn answer(&self, version: &str, numbers: &str) -> String {
        let value = |hole: &str| match hole {
            "version" => Some(version.to_owned()),
            "numbers" => Some(numbers.to_owned()),
            _ => None,
        };
        template::fill(&self.answers, &value).unwrap_or_else(|_| self.answers.clone())
    }

    fn fault(&self) -> Option<String> {
        match template::holes(&self.answers) {
            Err(fault) => Some(format!("`smoke`: {fault}")),
            Ok(holes) => holes
                .into_iter()
                .find(|hole| !["version", "numbers"].contains(hole))
                .map(|hole| format!("`smoke`: nothing fills `{{{hole}}}`")),
        }
    }
}

fn from_toml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    toml::from_str(text).map_err(|error| Refusal {
        line: error.span().map(|span| line_of(text, span.start)),
        reason: error.message().to_owned(),
    })
}

/// The line, counted from 1, of a place in a text.
pub fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Whether a tool or a program may be called this: `[a-z0-9._-]`, beginning with a letter or digit.
fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// Whether a relative path, or a link's target, stays below the folder it starts from.
///
/// A target may climb (`../lib/x`), but by no more than the depth of the deepest link made here.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && !path.starts_with("../../")
}

/// Whether this is a relative path of plain names, with at most one `*` in each, which `**/` may
/// precede.
fn is_pattern(pattern: &str) -> bool {
    let is_part =
        |part: &str| !matches!(part, "" | "." | ".." | "**") && part.matches('*').count() <= 1;
    pattern.strip_prefix("**/").unwrap_or(pattern).split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str =
        "name = 'x'\ntitle = 'X'\nprograms = ['x']\nvariables = []\ndialect = 'npm'\nparts = 3\n";

    fn check(more: &str, line: Option<usize>, reason: &str) {
        let refusal = Definition::parse(&format!("{SMALLEST}{more}")).unwrap_err();
        assert_eq!(refusal.line, line, "{more}: {refusal:?}");
        assert!(refusal.reason.contains(reason), "{more}: {refusal:?}");
    }

    #[test]
    fn the_smallest_definition_is_accepted() {
        assert_eq!(Definition::parse(SMALLEST).unwrap().name, "x");
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_line() {
        check("news = 1", Some(7), "unknown field `news`");
        check(
            "\n[[file]]\nname = '.x'\nreader = 'plain'\nkind = 1",
            Some(11),
            "unknown field `kind`",
        );
        check("[[file]]\nname = '.x'\nreader = 'yaml'", Some(9), "unknown variant `yaml`");
        check(
            "[system]\nfolders = '/usr/bin'\nprograms = []\nprobe = []",
            Some(8),
            "expected a sequence",
        );
        check("names = [", Some(7), "");
    }

    #[test]
    fn what_is_impossible_is_refused() {
        check("names = ['../x']", None, "`../x` can't be a name");
        check("[[file]]\nname = 'x.json'\nreader = 'json'", None, "all others need some");
        check("runs_on = { tool = '../y', mark = '-y-' }", None, "`../y` can't be a name");
        check("runs_on = { tool = 'y', mark = '' }", None, "`mark` is empty");
        check("[links]\n'/bin/x' = 'y'", None, "leads out of the toolchain");
        for pattern in ["/bin/*", "bin/../*", "bin/**", "bin//x", "a*b*", ""] {
            check(&format!("additions = ['{pattern}']"), None, "is no pattern");
            check(&format!("caches = ['**/{pattern}']"), None, "is no pattern");
        }
        check("[[source]]\nname = 's'", None, "give one of `index`, `npm` and `pypi`");
        check("[check]\nimages = ['x:1']", None, "a name without a tag");
        check("[check]\nimages = ['x*y*']", None, "at most one `*`");
        let store = "[[store]]\nmanager = 'm'\nfolders = []\nread = true\n";
        check(store, None, "needs a `[release]`");
        let release = "[release]\nfile = 'x'\nversion = ['V']\n";
        check(&format!("{store}until = '-'\n{release}"), None, "not both");
        check("[release]\nfile = '../x'\nversion = ['V']", None, "isn't in a toolchain");
        check("[release]\nfile = 'x'\nversion = []", None, "names no key");
        let lock = "[check]\nlocks = [{ name = 'x', notation = 'json', fields = [] }]";
        check(lock, None, "lock `x`: it has no fields");
    }
}
