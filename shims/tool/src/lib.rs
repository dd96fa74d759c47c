//! What a tool's file in the registry may say, as far as every call of a shim needs it: the hot
//! half of a definition. The cold half is in `usher-definition`.
//!
//! A field is declared here and nowhere else. Its TOML, the tables that are compiled in, an own
//! tool's row in the shims' index and its line in `registry/README.md`, which is its comment, all
//! follow from the declaration.
//!
//! All is `'static`: the tables are constants, and what is read while usher runs is leaked, since a
//! process reads it once and keeps it to its end.

use serde::{Deserialize, Deserializer, Serialize};

/// Changes whenever this file does: what was written by other types can't be read by these.
pub const FORMAT: u64 = {
    let (source, mut hash, mut place) = (include_bytes!("lib.rs"), 0xcbf2_9ce4_8422_2325_u64, 0);
    while place < source.len() {
        hash = (hash ^ source[place] as u64).wrapping_mul(0x0100_0000_01b3);
        place += 1;
    }
    hash
};

/// A tool: what is versioned as one.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
pub struct Tool {
    /// The tool's name: `node`. It names the folder of its versions, so it can't change later.
    pub name: &'static str,
    /// What people call it: `Node.js`.
    pub title: &'static str,
    /// Other names it goes by on the command line and in version files; the first is the one that
    /// `.tool-versions` uses: `nodejs`.
    #[serde(default, deserialize_with = "list")]
    pub names: &'static [&'static str],
    /// The programs that it ships, the interpreter first: a folder that holds the first one is a
    /// version of this tool.
    #[serde(deserialize_with = "list")]
    pub programs: &'static [&'static str],
    /// The variables that request a version, strongest first. The first is also what a call's own
    /// request is passed on in.
    #[serde(deserialize_with = "list")]
    pub variables: &'static [&'static str],
    /// Whether a first argument `+REQUEST` is usher's; `true` unless it says `false`, as for a
    /// program that knows such arguments itself.
    #[serde(default = "yes")]
    pub plus_requests: bool,
    /// In which language ranges are written; see [`Dialect`].
    pub dialect: Dialect,
    /// How many numbers an exact version has: 3 for `12.22.12`.
    pub version_components: u8,
    /// What may stand in front of a version: `node-`, `python@`.
    #[serde(default, deserialize_with = "list")]
    pub prefixes: &'static [&'static str],
    /// Other spellings of versions and what they mean, `{}` standing for digits and dots:
    /// `[["{}u{}", "{}.0.{}"]]` makes 8.0.402 of `8u402`. `{_}` at the end stands for anything. The
    /// first that fits the whole text is applied.
    #[serde(default, deserialize_with = "list")]
    pub normalize: &'static [(&'static str, &'static str)],
    /// Flavours of which any will do where a request names none, the usual one first: `["temurin",
    /// "zulu"]`.
    #[serde(default, deserialize_with = "list")]
    pub vendors: &'static [&'static str],
    /// The tool whose versions run this one's programs, and may ship some of the same name: `node`
    /// for yarn. Such a tool sets `plus = false`, since `+12` is the host's.
    pub runtime: Option<&'static str>,
    /// What this one's programs run on without coming with it, and what its versions are built for:
    /// erlang for elixir; see [`BuiltFor`].
    pub built_for: Option<BuiltFor>,
    /// The lines with long-term support, oldest first; see [`LtsLine`].
    #[serde(default, deserialize_with = "list")]
    pub lts: &'static [LtsLine],
    /// The tool's own files that can name a version, in the order in which they are asked within a
    /// folder, after those that `common.toml` puts before and before those that it puts after; see
    /// [`VersionFile`].
    #[serde(rename = "file", default, deserialize_with = "list")]
    pub files: &'static [VersionFile],
    /// Variables that programs need; see [`EnvRule`].
    #[serde(default, deserialize_with = "list")]
    pub environment: &'static [EnvRule],
    /// Calls that add programs to a version or take some away; see [`PackageCall`].
    #[serde(default, deserialize_with = "list")]
    pub package_calls: &'static [PackageCall],
}

/// A tool that the programs of another one run on, whose versions are built for certain ones of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct BuiltFor {
    /// The other tool: `erlang`.
    pub tool: &'static str,
    /// What stands in a version before the first number of the version that it was built for, and
    /// that is the least that it runs on: `-otp-`. A version without it was built for the least of
    /// those that its others were built for.
    pub mark: &'static str,
}

/// In which language ranges are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// `>=10 <12 || 14.x`
    Npm,
    /// `>=3.8,<3.13`
    Pep440,
    /// `^3.11 || ~3.9`
    Poetry,
    /// `~> 3.1.2, != 3.1.4`
    Gem,
    /// `~> 1.15 or >= 2.0.0 and < 3.0.0`
    Elixir,
    /// `^8.1 || ~8.2.0`
    Composer,
    /// `1.22`: the least that will do
    Minimum,
    /// `5.036`: the least that will do, 5.36.0
    Perl,
}

/// A long-term support line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct LtsLine {
    /// The line's code name in small letters: `hydrogen`.
    pub name: &'static str,
    /// The versions it comprises, in the tool's dialect: `^18.12.0`. The first version is the first
    /// that was published as LTS.
    pub versions: &'static str,
}

/// A folder that holds other people's code, where version files decide nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct IgnoredFolder {
    /// The folder's name, or the end of its path: `node_modules`, `vendor/bundle`.
    pub folder: &'static str,
    /// Only where one of these files lies beside it: `["composer.json"]`.
    #[serde(default, deserialize_with = "list")]
    pub beside: &'static [&'static str],
}

/// A project file that can name a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct VersionFile {
    /// The file's name: `.nvmrc`.
    pub name: &'static str,
    /// How it is read; see [`Reader`].
    pub reader: Reader,
    /// Whether the file exists for versions alone, so that what is wrong with it is an error and no
    /// note; unless said, `plain` and `tool-versions` do and the others don't.
    pub version_only: Option<bool>,
    /// `true` where a program writes it, so that `use` leaves it alone: `Gemfile.lock`.
    #[serde(default)]
    pub generated: bool,
    /// In which language its ranges are written, where that isn't the tool's.
    pub dialect: Option<Dialect>,
    /// What in it names a version, in the order in which it counts; for every reader but `plain`
    /// and `tool-versions`; see [`VersionField`].
    #[serde(rename = "field", default, deserialize_with = "list")]
    pub fields: &'static [VersionField],
}

/// How a version file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(rename_all = "kebab-case")]
pub enum Reader {
    /// Requests as plain text, a line each.
    Plain,
    /// Lines of tool and requests.
    ToolVersions,
    /// Fields of a JSON document.
    Json,
    /// Fields of a TOML document; an array of texts is a list of what will do instead, and a number
    /// is what stands there.
    Toml,
    /// `KEY=value` on lines; of two lines with one key the last counts.
    Keys,
    /// Patterns on lines.
    Lines,
}

/// What names a version in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct VersionField {
    /// Where it is: for `json` and `toml` the way to it, keys separated by dots: `volta.node`; for
    /// `keys` the key; for `lines` a pattern.
    pub path: &'static str,
    /// The field is an object, or a list of objects, with `name` and `version`, or text of the form
    /// `name@version`: the one of this name is meant.
    pub entry_name: Option<&'static str>,
    /// What it asks for; see [`FieldRole`].
    #[serde(default)]
    pub role: FieldRole,
    /// In which language its ranges are written, where that isn't the file's.
    pub dialect: Option<Dialect>,
    /// How many numbers of the version count: 2 makes 8.2 of `8.2.0`.
    #[serde(default = "all")]
    pub version_components: u8,
    /// `true` where an exact version is wanted: `volta.node`, `packageManager`. `use TOOL@REQUEST`
    /// then writes the version and not the request, as it does where `version_components` is given.
    #[serde(default)]
    pub exact: bool,
    /// For `lines`: only right below a line that says this.
    #[serde(default)]
    pub after_line: &'static str,
    /// `true` where it names another file of the same kind, from this file's folder, whose fields
    /// of the same part are read in its place: `volta.extends`.
    #[serde(default)]
    pub extends: bool,
}

/// What a field asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(rename_all = "kebab-case")]
pub enum FieldRole {
    /// It pins; so it is unless said.
    #[default]
    Pin,
    /// It says which versions will do, and not which one is wanted: `engines.node`.
    Constraint,
    /// An exact or partial version pins, a range is a constraint: `ruby` in a `Gemfile`.
    Either,
}

/// A variable that programs need, set only where it is unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct EnvRule {
    /// Its name.
    pub variable: &'static str,
    /// Its value; `{root}` stands for the version's folder, `{global_packages}` for the account's own
    /// folder of what is added to a version that it can't write to.
    pub value: &'static str,
    /// For these programs only; without it, for all.
    #[serde(default, deserialize_with = "list")]
    pub programs: &'static [&'static str],
    /// Only where this holds; see [`When`].
    pub when: Option<When>,
    /// `true` for a variable that only a version needs that isn't in usher's own store, and whose
    /// folder the account can't write to: `NPM_CONFIG_PREFIX = "{global_packages}"`. What a shim set so
    /// for another version is set anew.
    #[serde(default)]
    pub unwritable: bool,
}

/// A condition on a JSON file inside the toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct When {
    /// A JSON file, from the version's folder.
    pub file: &'static str,
    /// The field in it that holds a version.
    pub field: &'static str,
    /// The range that this version must satisfy, in the tool's dialect.
    pub versions: &'static str,
}

/// Calls of one program that add programs to a toolchain or take some away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
pub struct PackageCall {
    /// The program that is called: `npm`.
    pub program: &'static str,
    /// Arguments that must come first, one right after the other: `["-m", "pip"]`. One that begins
    /// with a slash is a file of that name, wherever it lies: `/composer`.
    #[serde(default, deserialize_with = "list")]
    pub after: &'static [&'static str],
    /// The call is one of these if any argument after those, and before a `--`, is one of these
    /// verbs; without `verbs`, if there is any argument.
    #[serde(default, deserialize_with = "list")]
    pub verbs: &'static [&'static str],
}

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
        let is_host = |tool: &&Self| tool.runtime.is_none();
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

impl IgnoredFolder {
    /// The last part of its path.
    pub fn name(&self) -> &'static str {
        self.folder.rsplit('/').next().unwrap_or(self.folder)
    }
}

impl VersionFile {
    /// A file with these fields, of which nothing else is said.
    pub const fn new(name: &'static str, reader: Reader, fields: &'static [VersionField]) -> Self {
        Self { name, reader, version_only: None, generated: false, dialect: None, fields }
    }

    /// Whether it exists for versions alone.
    pub fn is_version_only(&self) -> bool {
        self.version_only.unwrap_or(matches!(self.reader, Reader::Plain | Reader::ToolVersions))
    }
}

impl VersionField {
    /// A field that pins, is nothing but text, and of which all counts.
    pub const fn pinning(at: &'static str) -> Self {
        let (named, role, dialect, parts) = (None, FieldRole::Pin, None, u8::MAX);
        Self {
            path: at,
            entry_name: named,
            role,
            dialect,
            version_components: parts,
            exact: false,
            after_line: "",
            extends: false,
        }
    }
}

impl BuiltFor {
    /// The least that a version runs on, the one it was built for; `None` where it says nothing.
    pub fn least(&self, version: &(impl AsRef<str> + ?Sized)) -> Option<u64> {
        version.as_ref().rsplit_once(self.mark)?.1.parse().ok()
    }

    /// A version without what it was built for.
    pub fn without_mark<'v>(&self, version: &'v (impl AsRef<str> + ?Sized)) -> &'v str {
        let text = version.as_ref();
        match self.least(text) {
            Some(_) => text.rsplit_once(self.mark).map_or(text, |(bare, _)| bare),
            None => text,
        }
    }
}

/// A list, leaked.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de> + 'static>(
    deserializer: D,
) -> Result<&'static [T], D::Error> {
    Vec::deserialize(deserializer).map(|all| &*all.leak())
}

fn yes() -> bool {
    true
}

fn all() -> u8 {
    u8::MAX
}
