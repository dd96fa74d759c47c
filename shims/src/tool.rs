//! What the hot half knows of a tool: static tables, made from `registry/` by the build script.
//!
//! No tool is named in Rust code: what is true of one tool is a field in its file.

mod own;

use crate::range::Dialect;
use crate::version::Version;

pub(crate) use own::read;
pub use own::{Own, Tools, printed};

/// A tool: what is versioned as one.
#[derive(Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name: `node`.
    pub name: &'static str,
    /// What people call it: `Node.js`.
    pub title: &'static str,
    /// Other names, the one that `.tool-versions` uses first: `nodejs`.
    pub names: &'static [&'static str],
    /// The programs that it ships, the interpreter first.
    pub programs: &'static [&'static str],
    /// The variables that request a version, strongest first.
    pub variables: &'static [&'static str],
    /// Whether a first argument `+REQUEST` is ours.
    pub plus: bool,
    /// In which language its ranges are written.
    pub dialect: Dialect,
    /// How many numbers an exact version has.
    pub parts: u8,
    /// What may stand in front of a version: `node-`.
    pub prefixes: &'static [&'static str],
    /// Other spellings of versions, and what they mean.
    pub respell: &'static [(&'static str, &'static str)],
    /// Flavours of which any will do where a request names none, the usual one first.
    pub vendors: &'static [&'static str],
    /// The tool whose toolchains run this one's programs, and may ship some of that name.
    pub host: Option<&'static str>,
    /// What its programs run on and don't come with.
    pub runs_on: Option<RunsOn>,
    /// The long-term support lines, oldest first.
    pub lts: &'static [LtsLine],
    /// Folders that hold other people's code.
    pub pass_over: &'static [PassOver],
    /// The project files that can name a version, in the order in which they are asked.
    pub files: &'static [VersionFile],
    /// Variables the programs need.
    pub environment: &'static [Needed],
    /// Calls that add programs to a toolchain.
    pub adds: &'static [Adds],
}

/// A tool that the programs of another one run on, whose versions are built for certain ones of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunsOn {
    /// `erlang`.
    pub tool: &'static str,
    /// What stands in a version before the first number of what it was built for: `-otp-`.
    pub mark: &'static str,
}

impl RunsOn {
    /// The least that a version runs on, the one it was built for; `None` where it says nothing.
    pub fn least(&self, version: &Version) -> Option<u64> {
        version.tail().rsplit_once(self.mark)?.1.parse().ok()
    }

    /// A version without what it was built for.
    pub fn without_mark<'v>(&self, version: &'v Version) -> &'v str {
        let text = version.as_str();
        match self.least(version) {
            Some(_) => text.rsplit_once(self.mark).map_or(text, |(bare, _)| bare),
            None => text,
        }
    }
}

/// A long-term support line: its code name, and a range of versions in the tool's dialect.
#[derive(Debug, PartialEq, Eq)]
pub struct LtsLine {
    /// `hydrogen`.
    pub name: &'static str,
    /// `^18.12.0`.
    pub versions: &'static str,
}

/// A folder that holds other people's code, where version files decide nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct PassOver {
    /// The end of its path: `node_modules`, `vendor/bundle`.
    pub folder: &'static str,
    /// Only where one of these files lies beside it.
    pub beside: &'static [&'static str],
}

impl PassOver {
    /// The last part of its path.
    pub fn name(&self) -> &'static str {
        self.folder.rsplit('/').next().unwrap_or(self.folder)
    }
}

/// A project file that can name a version.
#[derive(Debug, PartialEq, Eq)]
pub struct VersionFile {
    /// Its name.
    pub name: &'static str,
    /// How it is read.
    pub reader: Reader,
    /// Whether it exists for versions alone, so that one that can't be understood is an error.
    pub alone: bool,
    /// Whether a program writes it, so that nobody else should.
    pub generated: bool,
}

/// How a version file is read.
#[derive(Debug, PartialEq, Eq)]
pub enum Reader {
    /// Requests as plain text, a line each.
    Plain,
    /// Tool and requests on a line.
    ToolVersions,
    /// Fields of a JSON document.
    Json(&'static [Field]),
    /// Fields of a TOML document.
    Toml(&'static [Field]),
    /// `KEY=value` on a line.
    Keys(&'static [Field]),
    /// Patterns on lines.
    Lines(&'static [Field]),
}

impl Reader {
    /// What in a file names a version, in the order in which it counts; nothing in files of
    /// requests alone.
    pub fn fields(&self) -> &'static [Field] {
        match self {
            Self::Plain | Self::ToolVersions => &[],
            Self::Json(fields) | Self::Toml(fields) | Self::Keys(fields) | Self::Lines(fields) => {
                fields
            }
        }
    }
}

/// What names a version in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Where it is: the keys on the way to it (`volta.node`), a key on a line, or a pattern on one
    /// (`ruby "{}"`).
    pub at: &'static str,
    /// The field is an object, or a list of them, with `name` and `version`, or text of the form
    /// `name@version`: the one of this name is meant.
    pub named: Option<&'static str>,
    /// Whether it pins.
    pub asks: Asks,
    /// In which language its ranges are written.
    pub dialect: Dialect,
    /// How many numbers of the version count.
    pub parts: u8,
    /// Whether an exact version is wanted there.
    pub exact: bool,
    /// For lines: only right below a line that says this, where it isn't empty.
    pub below: &'static str,
    /// It names another file of the same kind, which is read in its place.
    pub extends: bool,
}

impl Field {
    /// A field that pins, is nothing but text, and of which all counts.
    pub const fn pinning(at: &'static str, dialect: Dialect) -> Self {
        let (named, asks, parts) = (None, Asks::Pin, u8::MAX);
        Self { at, named, asks, dialect, parts, exact: false, below: "", extends: false }
    }
}

/// What a field asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// It pins.
    Pin,
    /// It is a constraint.
    Constraint,
    /// A version pins, a range is a constraint.
    Either,
}

/// A variable that programs need, set only where it is unset.
#[derive(Debug, PartialEq, Eq)]
pub struct Needed {
    /// Its name.
    pub variable: &'static str,
    /// Its value; `{root}` stands for the toolchain's folder, `{additions}` for the account's own
    /// folder of what is added to a toolchain that it can't write to.
    pub value: &'static str,
    /// For these programs only; empty means all.
    pub programs: &'static [&'static str],
    /// Only where this holds.
    pub when: Option<When>,
    /// Only for a toolchain that isn't usher's, and that the account can't write to.
    pub unwritable: bool,
}

/// A condition on a JSON file inside the toolchain.
#[derive(Debug, PartialEq, Eq)]
pub struct When {
    /// The file, from the toolchain's folder.
    pub file: &'static str,
    /// The field that holds a version.
    pub field: &'static str,
    /// The range that the version must satisfy.
    pub versions: &'static str,
}

/// Calls of one program that add programs to a toolchain or take some away.
#[derive(Debug, PartialEq, Eq)]
pub struct Adds {
    /// The program that is called.
    pub program: &'static str,
    /// Arguments that must come first, one right after the other.
    pub after: &'static [&'static str],
    /// The call is one of these if any argument after those is one of these verbs; without any, if
    /// there is an argument.
    pub verbs: &'static [&'static str],
}

/// The tools that are compiled in, in the order of their names.
pub static TOOLS: &[Tool] = include!(concat!(env!("OUT_DIR"), "/tools.rs"));

/// The files of the registry as they are, each with its name: the cold half reads more of them.
pub static DEFINITIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/definitions.rs"));

/// What holds for every tool, as it is in the registry: the cold half makes own tools by it.
pub static COMMON: &str = include!(concat!(env!("OUT_DIR"), "/common.rs"));

impl Tool {
    /// The tool of this name, or that goes by it.
    pub fn named(
        tools: impl IntoIterator<Item = &'static Self>,
        name: &str,
    ) -> Option<&'static Self> {
        tools.into_iter().find(|tool| tool.all_names().any(|known| known == name))
    }

    /// The tool whose program this is: of several that ship it, the one that runs on none.
    pub fn of_program(
        tools: impl IntoIterator<Item = &'static Self>,
        program: &str,
    ) -> Option<&'static Self> {
        let mut shippers = tools.into_iter().filter(|tool| tool.programs.contains(&program));
        let first = shippers.next()?;
        let is_host = |tool: &&Self| tool.host.is_none();
        Some([first].into_iter().chain(shippers).find(is_host).unwrap_or(first))
    }

    /// All names it goes by, the one that `.tool-versions` uses first.
    pub fn all_names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied().chain([self.name])
    }

    /// The name that `.tool-versions` uses: asdf's.
    pub fn asdf_name(&self) -> &'static str {
        self.names.first().copied().unwrap_or(self.name)
    }

    /// The interpreter itself.
    pub fn main_program(&self) -> &'static str {
        self.programs.first().copied().unwrap_or(self.name)
    }
}

#[cfg(test)]
mod tests {
    mod registry;

    use super::*;

    #[test]
    fn tools_are_found_by_all_their_names() {
        assert_eq!(Tool::named(TOOLS, "nodejs").map(|tool| tool.name), Some("node"));
        assert_eq!(Tool::of_program(TOOLS, "npx").map(|tool| tool.name), Some("node"));
        assert!(Tool::named(TOOLS, "npx").is_none());
    }

    #[test]
    fn no_program_is_shipped_by_two_tools_but_host_and_guest() {
        for tool in TOOLS {
            for program in tool.programs {
                let others = TOOLS.iter().filter(|other| {
                    other.name != tool.name
                        && other.programs.contains(program)
                        && other.host != Some(tool.name)
                        && tool.host != Some(other.name)
                });
                assert_eq!(others.count(), 0, "{program} of {}", tool.name);
            }
        }
    }

    #[test]
    fn names_variables_and_hosts_are_whole() {
        for tool in TOOLS {
            for name in tool.all_names() {
                assert_eq!(Tool::named(TOOLS, name).map(|known| known.name), Some(tool.name));
            }
            if let Some(host) = tool.host {
                assert!(Tool::named(TOOLS, host).is_some_and(|host| host.host.is_none()), "{host}");
            }
            if let Some(runs_on) = &tool.runs_on {
                let host = Tool::named(TOOLS, runs_on.tool);
                assert!(host.is_some_and(|host| host.runs_on.is_none()), "{}", runs_on.tool);
            }
        }
    }
}
