//! The fields of a tool's file in the registry that every call of a shim needs: the hot half of a
//! definition. The cold half is in `usher-definition`.
//!
//! A field is declared here and nowhere else. Its TOML, the compiled tables, a custom tool's record
//! in the index and its row in `registry/README.md` (its comment) all follow from the declaration.
//!
//! Everything is `'static`: the tables are constants, and what is read at run time is leaked, since
//! a process reads it once.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

/// A hash of this file: tools that were encoded by other types can't be decoded by these.
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
pub struct Tool {
    /// The tool's name: `node`. It names the folder of its versions, so it can't change later.
    pub name: &'static str,
    /// What people call it: `Node.js`.
    pub title: &'static str,
    /// Other names on the command line and in version files. The first is the name in
    /// `.tool-versions`: `nodejs`.
    #[serde(default, deserialize_with = "list")]
    pub names: &'static [&'static str],
    /// The programs that it provides, the main one first: a folder with that program is a version
    /// of this tool.
    #[serde(deserialize_with = "list")]
    pub programs: &'static [&'static str],
    /// The names of the main program on PATH, in the order in which they are looked for: `["python3",
    /// "python"]`. The first one found decides which version the system provides, and is also run
    /// for the others. By default the first of `programs`.
    #[serde(default, deserialize_with = "list")]
    pub main_programs: &'static [&'static str],
    /// The variables that request a version, strongest first. The first one also passes a call's
    /// own request (`+12`) to child processes.
    #[serde(deserialize_with = "list")]
    pub variables: &'static [&'static str],
    /// Whether usher reads a first argument `+REQUEST`. `true` by default; `false` for a program
    /// that has such arguments itself.
    #[serde(default = "yes")]
    pub plus_requests: bool,
    /// The syntax of ranges; see [`Dialect`].
    pub dialect: Dialect,
    /// How many numbers an exact version has: 3 for `12.22.12`.
    pub version_components: u8,
    /// Prefixes that a version may have: `node-`, `python@`.
    #[serde(default, deserialize_with = "list")]
    pub prefixes: &'static [&'static str],
    /// Other spellings of versions and what they mean. `{}` matches digits and dots: `[["{}u{}",
    /// "{}.0.{}"]]` turns `8u402` into 8.0.402. `{_}` at the end matches anything. The first
    /// rule that matches the whole text applies.
    #[serde(default, deserialize_with = "list")]
    pub normalize: &'static [(&'static str, &'static str)],
    /// Flavours that match a request without a flavour, the preferred one first: `["temurin",
    /// "zulu"]`.
    #[serde(default, deserialize_with = "list")]
    pub vendors: &'static [&'static str],
    /// The tool that runs this tool's programs and may bundle programs of the same name: `node` for
    /// yarn. Set `plus_requests = false` then, since `+12` requests the runtime.
    pub runtime: Option<&'static str>,
    /// The tool that this tool's versions are built for, and need to run: erlang for elixir; see
    /// [`BuiltFor`].
    pub built_for: Option<BuiltFor>,
    /// The release lines with long-term support, oldest first; see [`LtsLine`].
    #[serde(default, deserialize_with = "list")]
    pub lts: &'static [LtsLine],
    /// The tool's own version files, in the order in which they are read within a folder: after the
    /// files under `before` in `common.toml`, and before those under `after`; see [`VersionFile`].
    #[serde(rename = "file", default, deserialize_with = "list")]
    pub files: &'static [VersionFile],
    /// Files of other managers in which a user keeps a default, in the order in which they are read:
    /// after usher's own default; see [`DefaultFile`].
    #[serde(rename = "default", default, deserialize_with = "list")]
    pub defaults: &'static [DefaultFile],
    /// Variables that name the folder of a version or files in it, or a list of them, or options with
    /// them: `GOROOT`, `GEM_PATH`, `RUBYOPT`. A path or option of another version than the one that
    /// runs is left out.
    #[serde(default, deserialize_with = "list")]
    pub folder_variables: &'static [&'static str],
    /// Variables that its programs need; see [`EnvRule`].
    #[serde(default, deserialize_with = "list")]
    pub environment: &'static [EnvRule],
    /// Calls that install or remove global packages; see [`PackageCall`].
    #[serde(default, deserialize_with = "list")]
    pub package_calls: &'static [PackageCall],
    /// The folder in a version into which package managers put programs, if not `bin`:
    /// `global/bin`. What they put there never replaces a program of the version's own.
    pub package_programs: Option<&'static str>,
}

/// The tool that another tool's versions are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct BuiltFor {
    /// The other tool: `erlang`.
    pub tool: &'static str,
    /// The text in a version before the first number of the runtime that it was built for, which is
    /// also the oldest one it runs on: `-otp-`. A build without it counts as the one for the oldest
    /// runtime.
    pub mark: &'static str,
}

/// The syntax of ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// `1.22`: the minimum
    Minimum,
    /// `5.036`: the minimum, 5.36.0
    Perl,
}

/// A long-term support line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct LtsLine {
    /// Its code name in lower case: `hydrogen`.
    pub name: &'static str,
    /// Its versions, in the tool's dialect: `^18.12.0`. The first one is the first LTS release.
    pub versions: &'static str,
}

/// A folder of other people's code, where version files are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct IgnoredFolder {
    /// The folder's name, or the end of its path: `node_modules`, `vendor/bundle`.
    pub folder: &'static str,
    /// Only if one of these files is beside it: `["composer.json"]`.
    #[serde(default, deserialize_with = "list")]
    pub beside: &'static [&'static str],
}

/// A project's file that can name a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct VersionFile {
    /// The file's name: `.nvmrc`. It may be in a folder: `gradle/gradle-daemon-jvm.properties`.
    pub name: &'static str,
    /// All the places where it may be, strongest first, if there are several: `["mise.local.toml",
    /// "mise.toml"]`. Each is a file of its own.
    #[serde(default, deserialize_with = "list")]
    pub places: &'static [&'static str],
    /// How it is read; see [`Reader`].
    pub reader: Reader,
    /// Whether the file exists for versions alone, so that it is an error if it can't be read or
    /// parsed, instead of a warning. By default `true` for `plain` and `tool-versions`, else `false`.
    pub version_only: Option<bool>,
    /// `true` if it counts only where no other file of the project, in any folder, pins the tool:
    /// `.env`. What looks like no release there, such as an image's tag, is a warning.
    #[serde(default)]
    pub fallback: bool,
    /// `true` if a program writes it, so that `use` never changes it: `Gemfile.lock`.
    #[serde(default)]
    pub generated: bool,
    /// `true` if it may hold secrets: nothing of it is quoted, and the one in the home folder, or
    /// above it, is not read: `.npmrc`.
    #[serde(default)]
    pub secret: bool,
    /// The syntax of its ranges, if it isn't the tool's.
    pub dialect: Option<Dialect>,
    /// Where in it versions are, strongest first; for every reader except `plain` and
    /// `tool-versions`; see [`VersionField`].
    #[serde(rename = "field", default, deserialize_with = "list")]
    pub fields: &'static [VersionField],
}

/// A file in which another manager keeps the user's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct DefaultFile {
    /// The folders that may have it; the first one that has counts. `$NAME` at the start is a
    /// variable, `~` the home folder: `["$NVM_DIR/alias", "~/.nvm/alias"]`.
    #[serde(deserialize_with = "list")]
    pub folders: &'static [&'static str],
    /// The file, as under `[[file]]`. In a `plain` one, a word that is the name of a file in the same
    /// folder is what that file says, as nvm's aliases are.
    pub file: VersionFile,
}

/// How a version file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(rename_all = "kebab-case")]
pub enum Reader {
    /// A request per line.
    Plain,
    /// Lines of a tool and its requests.
    ToolVersions,
    /// Fields of a JSON document.
    Json,
    /// Fields of a TOML document. An array of strings is a list of alternatives; a number counts as
    /// written (`3.10`).
    Toml,
    /// Lines `KEY=value`; the last line with a key counts.
    Keys,
    /// Patterns that match a line.
    Lines,
    /// A method call in Ruby's syntax: requirements, and the options `engine`, `engine_version`,
    /// `patchlevel` and `file`.
    Call,
}

/// Where a version is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct VersionField {
    /// For `json` and `toml` the path to it, keys separated by dots: `volta.node`. For `keys` the
    /// key. For `lines` a pattern. For `call` the method's name.
    pub path: &'static str,
    /// For a field that is an object or a list of objects with `name` and `version`, or a string
    /// `name@version`: the name to look for.
    pub entry_name: Option<&'static str>,
    /// Whether it pins or limits; see [`FieldRole`].
    #[serde(default)]
    pub role: FieldRole,
    /// The syntax of its ranges, if it isn't the file's.
    pub dialect: Option<Dialect>,
    /// How many numbers of the version count: 2 turns `8.2.0` into 8.2.
    #[serde(default = "all")]
    pub version_components: u8,
    /// `true` if it must be an exact version: `volta.node`, `packageManager`. `use TOOL@REQUEST`
    /// then writes the version instead of the request, as it also does with `version_components`.
    #[serde(default)]
    pub exact: bool,
    /// `true` if it is the path of another file of this kind, from this file's folder; that file's
    /// fields of the same part are read in its place: `volta.extends`. For `call` it is the option
    /// `file`: a version file in this folder or below.
    #[serde(default)]
    pub extends: bool,
    /// `true` if a TOML value may also be a table with the version under `version` or `prefix`, or
    /// a list of such tables. One whose list `os` lacks this operating system is ignored; `ref`
    /// and `path` are invalid.
    #[serde(default)]
    pub table: bool,
    /// Conditions under which it counts, for the few fields that have some; see
    /// [`FieldCondition`].
    #[serde(default, deserialize_with = "leaked")]
    pub only: Option<&'static FieldCondition>,
}

/// When a field counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct FieldCondition {
    /// For `lines`: only directly after this line.
    #[serde(default)]
    pub after_line: &'static str,
    /// Another field of the file: a version below the one there is ignored, as Go ignores a
    /// `toolchain` older than its `go` line.
    pub at_least: Option<&'static str>,
    /// Not if this file is in the same folder or above: `go.work`.
    pub unless_above: Option<&'static str>,
}

/// Whether a field pins or limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(rename_all = "kebab-case")]
pub enum FieldRole {
    /// It pins a version (the default).
    #[default]
    Pin,
    /// It only limits which versions are allowed: `engines.node`.
    Constraint,
    /// An exact or partial version pins, a range is a constraint: `ruby` in a `Gemfile`.
    Either,
}

/// A variable that programs need; set only if it is unset, or names another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct EnvRule {
    /// Its name.
    pub variable: &'static str,
    /// Its value. `{root}` is the version's folder; `{global_packages}` is the user's own folder
    /// for global packages of a version that they can't write to.
    pub value: &'static str,
    /// Only for these programs; by default for all.
    #[serde(default, deserialize_with = "list")]
    pub programs: &'static [&'static str],
    /// Only under this condition; see [`When`].
    pub when: Option<When>,
    /// `true` if only a version outside usher's own store needs it whose folder the user can't
    /// write to: `NPM_CONFIG_PREFIX = "{global_packages}"`.
    #[serde(default)]
    pub unwritable: bool,
    /// Only if this folder exists: `{global_packages}/lib`. A call that installs global packages
    /// makes it first.
    pub needs_folder: Option<&'static str>,
}

/// A condition on a JSON file inside the toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
#[serde(deny_unknown_fields)]
pub struct When {
    /// A JSON file, relative to the version's folder.
    pub file: &'static str,
    /// The field in it with a version.
    pub field: &'static str,
    /// The range that this version must satisfy, in the tool's dialect.
    pub versions: &'static str,
}

/// Calls of one program that install or remove global packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bake", derive(databake::Bake), databake(path = usher_tool))]
pub struct PackageCall {
    /// The program that is called: `npm`.
    pub program: &'static str,
    /// Arguments that must come first, in this order: `["-m", "pip"]`. One with a leading slash
    /// matches a file of that name in any folder: `/composer`.
    #[serde(default, deserialize_with = "list")]
    pub after: &'static [&'static str],
    /// The call matches if any later argument before a `--` is one of these verbs; without `verbs`,
    /// if there is any later argument.
    #[serde(default, deserialize_with = "list")]
    pub verbs: &'static [&'static str],
    /// `true` if calls of the system's version run as a child of `use` too: they would put programs
    /// into the folder of the shims.
    #[serde(default)]
    pub system: bool,
}

impl Tool {
    /// The tool with this name, or with this other name.
    pub fn named(
        tools: impl IntoIterator<Item = &'static Self>,
        name: &str,
    ) -> Option<&'static Self> {
        tools.into_iter().find(|tool| tool.all_names().any(|known| known == name))
    }

    /// The tool that provides this program; of several, the one without a runtime.
    pub fn of_program(
        tools: impl IntoIterator<Item = &'static Self>,
        program: &str,
    ) -> Option<&'static Self> {
        let mut shippers = tools.into_iter().filter(|tool| tool.programs.contains(&program));
        let first = shippers.next()?;
        let is_host = |tool: &&Self| tool.runtime.is_none();
        Some([first].into_iter().chain(shippers).find(is_host).unwrap_or(first))
    }

    /// All its names, the one in `.tool-versions` first.
    pub fn all_names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied().chain([self.name])
    }

    /// The name in `.tool-versions`, which is asdf's.
    pub fn asdf_name(&self) -> &'static str {
        self.names.first().copied().unwrap_or(self.name)
    }

    /// Its main program.
    pub fn main_program(&self) -> &'static str {
        self.programs.first().copied().unwrap_or(self.name)
    }

    /// The names of its main program on PATH, in the order in which they are looked for.
    pub fn main_programs(&self) -> &'static [&'static str] {
        match self.main_programs.is_empty() {
            true => self.programs.get(..1).unwrap_or_default(),
            false => self.main_programs,
        }
    }
}

impl IgnoredFolder {
    /// The last part of its path.
    pub fn name(&self) -> &'static str {
        self.folder.rsplit('/').next().unwrap_or(self.folder)
    }
}

impl VersionFile {
    /// A file with these fields and defaults for the rest.
    pub const fn new(name: &'static str, reader: Reader, fields: &'static [VersionField]) -> Self {
        Self {
            name,
            places: &[],
            reader,
            version_only: None,
            fallback: false,
            generated: false,
            secret: false,
            dialect: None,
            fields,
        }
    }

    /// The places where it may be, relative to a folder of the project, strongest first.
    pub fn places(&'static self) -> &'static [&'static str] {
        if self.places.is_empty() { std::slice::from_ref(&self.name) } else { self.places }
    }

    /// Whether a path may be such a file.
    pub fn is_at(&'static self, path: &Path) -> bool {
        self.split(path).is_some()
    }

    /// The folder of the project that such a file is of, and the file's place in it.
    pub fn split<'p>(&'static self, path: &'p Path) -> Option<(&'p Path, &'static Path)> {
        let places = self.places().iter().map(Path::new);
        // A longer place is deeper: `.config/mise.toml` is of the folder above.
        let place =
            places.filter(|place| path.ends_with(place)).max_by_key(|it| it.iter().count())?;
        Some((path.ancestors().nth(place.iter().count())?, place))
    }

    /// Whether it exists for versions alone.
    pub fn is_version_only(&self) -> bool {
        self.version_only.unwrap_or(!self.is_document())
    }

    /// Whether it has entries, each of which can be invalid while the others count.
    pub fn is_document(&self) -> bool {
        !matches!(self.reader, Reader::Plain | Reader::ToolVersions)
    }
}

impl VersionField {
    /// A field that pins, with defaults for the rest.
    pub const fn pinning(at: &'static str) -> Self {
        let (named, role, dialect, parts) = (None, FieldRole::Pin, None, u8::MAX);
        Self {
            path: at,
            entry_name: named,
            role,
            dialect,
            version_components: parts,
            exact: false,
            extends: false,
            table: false,
            only: None,
        }
    }

    /// The line that must be directly above it; "" for none.
    pub fn after_line(&self) -> &'static str {
        self.only.map_or("", |only| only.after_line)
    }
}

impl BuiltFor {
    /// The oldest runtime that a version runs on: the one it was built for. `None` if it names
    /// none.
    pub fn minimum_runtime(&self, version: &(impl AsRef<str> + ?Sized)) -> Option<u64> {
        version.as_ref().rsplit_once(self.mark)?.1.parse().ok()
    }

    /// A version without the runtime that it was built for.
    pub fn without_build_suffix<'v>(&self, version: &'v (impl AsRef<str> + ?Sized)) -> &'v str {
        let text = version.as_ref();
        match self.minimum_runtime(text) {
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

/// A value, leaked.
fn leaked<'de, D: Deserializer<'de>, T: Deserialize<'de> + 'static>(
    deserializer: D,
) -> Result<Option<&'static T>, D::Error> {
    let value = Option::<T>::deserialize(deserializer)?;
    Ok(value.map(|value| &*Box::leak(Box::new(value))))
}

fn yes() -> bool {
    true
}

fn all() -> u8 {
    u8::MAX
}
