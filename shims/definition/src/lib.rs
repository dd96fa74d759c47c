//! The fields of a tool's file in the registry that `usher-tool` doesn't declare: where versions
//! come from, where other managers have them, what its package manager does.
//!
//! The build script of the hot half reads the files for its tables; the cold half reads them again
//! for these fields. A field's comment is its row in `registry/README.md`; a test compares them.
//! Nothing here reads the disk or the network.

use serde::Deserialize;
use std::collections::BTreeMap;

mod check;
mod common;
mod date;
mod end_of_life;
mod index;
mod platform;
mod read;
mod source;
pub mod template;
mod variable;
mod venvs;
mod version_file;

pub use check::{CheckRules, LockfileRule, Notation, UnreadFile};
pub use common::Common;
pub use date::Date;
pub use end_of_life::EndOfLife;
pub use index::{IndexFormat, IndexSource, Mirror, OneOf, ReleaseRule};
pub use platform::{PLATFORMS, entry_for, split as split_platform};
pub use read::{DefinitionError, line_of};
pub use source::{CompanionPackage, NpmSource, PypiSource, Source, SourceKind};
pub use venvs::{VenvCommand, VenvRules};

use usher_tool::Tool;

/// The fields of a tool's file in the registry that no call of a shim needs; the others are in
/// [`Tool`].
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Definition {
    /// Its main programs and package managers. Only these get shims if nothing but the operating
    /// system provides the tool, and only these get versioned shims: `pip3.7`. By default the
    /// main programs.
    #[serde(default)]
    pub core_programs: Vec<String>,
    /// How many numbers name a release line: 1 for `node12`, 2 for `php8.2`. Only with it, a
    /// version that the operating system provides has versioned shims. `use available` lists the
    /// newest version of each line; without it, as many numbers as those of `end_of_life` count,
    /// else 1, or 2 behind a zero.
    pub release_line: Option<usize>,
    /// Programs that have versioned shims with those numbers beside the main program's, in versions
    /// that have them: `["npm"]` for `npm12`.
    #[serde(default)]
    pub companions: Vec<String>,
    /// Other flavours that sources have. A request may be a flavour alone, for its newest version:
    /// `["pypy"]`.
    #[serde(default)]
    pub flavours: Vec<String>,
    /// The rest of [`Tool::package_calls`].
    #[serde(default)]
    pub package_calls: Vec<PackageCallRule>,
    /// The last day on which each release line is maintained: `"16" = "2023-09-11"`; see
    /// [`EndOfLife`].
    #[serde(default)]
    pub end_of_life: EndOfLife,
    /// How global packages are migrated from one version to another; see [`PackageMigrationRule`].
    pub migrate: Option<PackageMigrationRule>,
    /// Links to create in a new version, unless upstream has such a file: link = target.
    /// `"bin/python" = "python3"`.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Where package managers install global packages, relative to the version's folder:
    /// `lib/node_modules/*`. `use verify` accepts files there, and `use repair` keeps them; see
    /// below.
    #[serde(default)]
    pub package_paths: Vec<String>,
    /// Caches that programs write while they run: `**/__pycache__`. `use verify` ignores them, and
    /// `use repair` drops them.
    #[serde(default)]
    pub caches: Vec<String>,
    /// Environments outside of a version that link to it, and break when it is removed; see
    /// [`VenvRules`]. `use prune` removes only versions of this tool that the user names.
    pub venvs: Option<VenvRules>,
    /// Where other managers store this tool; see [`ForeignStore`].
    #[serde(default)]
    pub store: Vec<ForeignStore>,
    /// The file in a version's folder that states its version; see [`VersionInfoFile`].
    pub version_info: Option<VersionInfoFile>,
    /// How the operating system's own copies are found; see [`System`].
    pub system: Option<System>,
    /// Where versions come from, in the order in which they are tried; see [`Source`].
    #[serde(default)]
    pub source: Vec<Source>,
    /// A call that shows that a version works: `[smoke]`; see [`Smoke`].
    pub smoke: Option<Smoke>,
    /// What `use check` reads besides version files; see [`CheckRules`].
    #[serde(default)]
    pub check: CheckRules,
}

/// A call of the main program that shows that a toolchain works.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// Its arguments: `["-p", "process.version"]`.
    pub arguments: Vec<String>,
    /// The text that its output, on either stream, must contain: `v{version}`. `{numbers}` is the
    /// version's numbers alone.
    pub expect: String,
}

/// The fields of [`PackageCall`](usher_tool::PackageCall) that no shim needs: the same entries in
/// the same order.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackageCallRule {
    /// Variables that make it install into the version instead of another folder; set only if they
    /// are unset, and only for versions in usher's own store. `{root}` is the version's folder,
    /// `{programs}` the one in it for programs, and `{prefix}` the one above that.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Files to create before such a call unless they exist, with `{}` in them: otherwise it uses
    /// one in a folder above, which is the version's own. `["install/global/package.json"]`.
    #[serde(default)]
    pub create: Vec<String>,
    /// Where to put the folder for programs on the call's PATH, if it looks for them there; see
    /// [`PathPosition`].
    pub path_position: Option<PathPosition>,
    /// Arguments of which the call has one if it installs a program for more than the project:
    /// `["--global", "-g"]`. If that program is a tool of which another version is pinned, a note
    /// says so.
    #[serde(default)]
    pub global: Vec<String>,
    /// What happens to the tool if the program upgrades itself; see [`SelfUpgrade`].
    pub self_upgrade: Option<SelfUpgrade>,
    /// For `self_upgrade`: arguments with which it changes nothing: `["--dry-run"]`.
    #[serde(default)]
    pub harmless: Vec<String>,
    /// Folders of the user's own into which it puts programs for all versions: `["$GOBIN",
    /// "~/go/bin"]`. `$NAME` at the start is a variable, `~` the home folder. Programs that a call
    /// puts there get shims; programs that were there before don't.
    #[serde(default)]
    pub folders: Vec<String>,
    /// A setting that names such a folder as well; see [`FolderSetting`].
    pub folder_setting: Option<FolderSetting>,
}

/// A setting of a package manager's for the folder above the one of its programs, `bin`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FolderSetting {
    /// The user's files with it: `["$npm_config_userconfig", "~/.npmrc"]`. The first that exists
    /// counts; a variable that is set names the only one. They have lines `KEY=value`, as npm
    /// reads them.
    pub files: Vec<String>,
    /// Its key: `prefix`.
    pub key: String,
    /// The variables that are stronger: `["npm_config_prefix"]`. If the setting names another
    /// version than the one that runs, the first is set to that one's folder.
    pub variables: Vec<String>,
}

/// What a call does that upgrades the program itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SelfUpgrade {
    /// It replaces the version's own files, and is refused.
    InPlace,
    /// It installs another version elsewhere, and a note says that a pinned one still runs.
    Elsewhere,
}

/// A position on PATH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PathPosition {
    /// Before all others.
    First,
    /// After all others.
    Last,
}

/// How a package manager lists the global packages of a toolchain, and installs them in another
/// one.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PackageMigrationRule {
    /// The program that is called: `npm`.
    pub program: String,
    /// The arguments that list global packages.
    pub list: Vec<String>,
    /// For a list in JSON: the field with an object of packages by name, each with a `version`.
    /// Without it, the list has a package per line.
    pub path: Option<String>,
    /// The separator between a package's name and its version: `@`.
    pub separator: String,
    /// The form of a line of the list, if it isn't name and separator and version: `{name}
    /// ({version})`. Text before it is ignored, and so are other lines; of several versions,
    /// separated by commas, the first counts.
    pub line: Option<String>,
    /// The prefix of the version of a package that is bundled with the tool, which isn't migrated:
    /// `default: `.
    pub bundled_prefix: Option<String>,
    /// The field that marks a package which didn't come from a registry. It isn't migrated, since a
    /// registry may have another package of that name.
    pub local_field: Option<String>,
    /// Packages that every version has, which aren't migrated.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// The arguments that install packages; the packages follow.
    pub install: Vec<String>,
}

/// A folder of another version manager's toolchains, one folder per version.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ForeignStore {
    /// The manager: `pyenv`.
    pub manager: String,
    /// The folders to look in; `$NAME` at the start is a variable, `~` the home folder. All that
    /// exist are used.
    pub folders: Vec<String>,
    /// The prefix before the version in a folder's name: `cpython-`.
    #[serde(default)]
    pub prefix: String,
    /// The text that ends the version in a folder's name: `-` in `3.12.3-linux-x86_64-gnu`.
    pub version_ends_at: Option<String>,
    /// The toolchain's own folder below it: `installation`.
    #[serde(default)]
    pub subdir: String,
    /// `true` if folders may have any name: the version is read from the file under
    /// `[version_info]`. Of several names for one folder the first counts, and links count last.
    #[serde(default)]
    pub version_from_file: bool,
}

/// A file of lines `KEY="value"` in a toolchain that states its version.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VersionInfoFile {
    /// The file, relative to the version's folder, with lines `KEY="value"`: `release`. It is read
    /// again only after it changes.
    pub file: String,
    /// The keys for the version; the first that is there counts. Text after its numbers, dots, `_`
    /// and `+` is ignored: `17.0.15+6-Debian-1` is 17.0.15+6.
    pub version: Vec<String>,
    /// The key for the vendor.
    pub vendor: Option<String>,
    /// The vendors' names and the flavour of each: `[["Eclipse Adoptium", "temurin"]]`. Any other
    /// vendor has no flavour.
    #[serde(default)]
    pub vendors: Vec<[String; 2]>,
}

/// How the operating system's own copies of a tool are found.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct System {
    /// The folders to search; `$NAME` at the start is a variable, `~` the home folder, and `*` is
    /// nothing or numbers with dots: `/usr/lib/go-*/bin`.
    pub folders: Vec<String>,
    /// File names of the main program; `*` is nothing or numbers with dots: `python*`. The tool's
    /// other programs have the same numbers in their names: `pip3.11` beside `python3.11`.
    pub programs: Vec<String>,
    /// The arguments that print its version: the first word of the output that is a version in any
    /// of the tool's spellings. A file runs again only after it changes.
    pub probe: Vec<String>,
    /// What it must be able to do to be used; see [`Needs`].
    pub needs: Option<Needs>,
}

/// What the operating system's copy must be able to do to be used.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// Arguments with which it succeeds if it can: `-c "import ensurepip"`.
    pub probe: Vec<String>,
    /// The message behind its version if it can't: `can't create a venv with pip`.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
}

impl VersionInfoFile {
    /// What is impossible in it.
    fn fault(&self) -> Option<String> {
        if !is_inside(&self.file) || self.file.contains("..") {
            return Some(format!("version_info: `{}` isn't in a toolchain", self.file));
        }
        self.version.is_empty().then(|| "version_info: `version` names no key".to_owned())
    }
}

impl ForeignStore {
    /// What is impossible in it, given the tool's file that contains a version.
    fn fault(&self, release: Option<&VersionInfoFile>) -> Option<String> {
        let is_named = !self.prefix.is_empty() || self.version_ends_at.is_some();
        let fault = match (self.version_from_file, release) {
            (true, None) => "`version_from_file` needs a `[version_info]`",
            (true, Some(_)) if is_named => "a version is in the folder's name or read, not both",
            (true, Some(_)) | (false, _) => return None,
        };
        Some(format!("store `{}`: {fault}", self.manager))
    }
}

impl Definition {
    /// Reads one tool's file, whole: what the shims need of it, and the rest.
    ///
    /// Unknown keys, missing ones, wrong types and impossible values are refused.
    pub fn parse(text: &str) -> Result<(Tool, Self), DefinitionError> {
        let (tool, definition): (Tool, Self) = read::two(text)?;
        let fault = tool_fault(&tool).or_else(|| definition.fault());
        let fault = fault.or_else(|| definition.end_of_life.fault(&tool));
        match fault.or_else(|| definition.foreign_core_program(&tool)) {
            None => Ok((tool, definition)),
            Some(reason) => Err(DefinitionError { line: None, reason }),
        }
    }

    /// Reads a file that the build script has accepted, without the fields that are compiled in.
    pub fn parse_rest(text: &str) -> Result<Self, DefinitionError> {
        read::rest(text)
    }

    /// A core program or a companion that isn't one of the tool's.
    fn foreign_core_program(&self, tool: &Tool) -> Option<String> {
        let fields = [("core_programs", &self.core_programs), ("companions", &self.companions)];
        fields.into_iter().find_map(|(field, programs)| {
            let is_foreign = |program: &&String| !tool.programs.contains(&program.as_str());
            let foreign = programs.iter().find(is_foreign)?;
            Some(format!("`{foreign}` in `{field}` isn't one of the `programs`"))
        })
    }

    /// What is impossible in a definition that has the right shape.
    fn fault(&self) -> Option<String> {
        let release = self.version_info.as_ref();
        let fault = self.store.iter().find_map(|store| store.fault(release));
        if let Some(fault) = release.and_then(VersionInfoFile::fault).or(fault) {
            return Some(fault);
        }
        for link in self.links.keys().chain(self.links.values()) {
            if !is_inside(link) {
                return Some(format!("link `{link}` leads out of the toolchain"));
            }
        }
        for pattern in self.package_paths.iter().chain(&self.caches) {
            if !is_pattern(pattern) {
                return Some(format!("`{pattern}` isn't a pattern of a path in the toolchain"));
            }
        }
        self.source
            .iter()
            .find_map(Source::fault)
            .or_else(|| self.check.fault())
            .or_else(|| self.venvs.as_ref().and_then(VenvRules::fault))
            .or_else(|| self.smoke.as_ref().and_then(Smoke::fault))
            .or_else(|| self.migrate.as_ref().and_then(PackageMigrationRule::fault))
            .or_else(|| self.package_calls.iter().find_map(PackageCallRule::fault))
    }
}

/// What is impossible in what the shims need.
fn tool_fault(tool: &Tool) -> Option<String> {
    if let Some(folder) = tool.package_programs.filter(|folder| !is_inside(folder)) {
        return Some(format!("`package_programs`: `{folder}` isn't in the version's folder"));
    }
    if tool.programs.is_empty() {
        return Some("`programs` names no program".to_owned());
    }
    let built_for = tool.built_for.map(|built_for| built_for.tool);
    let mut names = tool.all_names().chain(tool.programs.iter().copied()).chain(built_for);
    if let Some(name) = names.find(|name| !is_name(name)) {
        return Some(format!("`{name}` can't be a name"));
    }
    if tool.built_for.is_some_and(|built_for| built_for.mark.is_empty()) {
        return Some("`built_for`: `mark` is empty".to_owned());
    }
    if tool.environment.iter().any(|rule| rule.value.contains("{additions}")) {
        return Some("`{additions}` is called `{global_packages}` now".to_owned());
    }
    let environment = tool.environment.iter().map(|rule| ("environment", rule.variable));
    let variables = tool.variables.iter().map(|variable| ("variables", *variable));
    environment
        .chain(variables)
        .find_map(|(field, variable)| variable::fault(field, variable))
        .or_else(|| {
            // Nothing is added to these.
            let mut names = tool.folder_variables.iter();
            names.find_map(|variable| variable::name_fault("folder_variables", variable))
        })
        .or_else(|| tool.files.iter().find_map(version_file::fault))
}

impl PackageMigrationRule {
    /// What is impossible in it.
    fn fault(&self) -> Option<String> {
        let line = self.line.as_deref()?;
        let (_, rest) = line.split_once("{name}").unwrap_or_default();
        let (between, _) = rest.split_once("{version}").unwrap_or_default();
        between.is_empty().then(|| {
            format!("`migrate`: `{line}` has no `{{name}}` with a `{{version}}` some way behind it")
        })
    }
}

impl PackageCallRule {
    /// What is impossible in it.
    fn fault(&self) -> Option<String> {
        let setting = self.folder_setting.iter().flat_map(|setting| &setting.variables);
        let set = self.set.keys().map(|name| ("set", name));
        let mut all = set.chain(setting.map(|name| ("folder_setting", name)));
        if let Some(fault) = all.find_map(|(field, name)| variable::fault(field, name)) {
            return Some(format!("`package_calls`: {fault}"));
        }
        if let Some(file) = self.create.iter().find(|file| !is_inside(file)) {
            return Some(format!("`package_calls`: `{file}` isn't in the version's folder"));
        }
        let is_somewhere = |folder: &&String| !folder.starts_with(['$', '~', '/']);
        let folder = self.folders.iter().find(is_somewhere)?;
        Some(format!("`package_calls`: `{folder}` isn't a folder of the user's"))
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
        template::fill(&self.expect, &value).unwrap_or_else(|_| self.expect.clone())
    }

    fn fault(&self) -> Option<String> {
        match template::placeholders(&self.expect) {
            Err(fault) => Some(format!("`smoke`: {fault}")),
            Ok(placeholders) => placeholders
                .into_iter()
                .find(|hole| !["version", "numbers"].contains(hole))
                .map(|hole| format!("`smoke`: nothing fills `{{{hole}}}`")),
        }
    }
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

    const SMALLEST: &str = "name = 'x'\ntitle = 'X'\nprograms = ['x']\nvariables = []\ndialect = 'npm'\nversion_components = 3\n";

    fn check(more: &str, line: Option<usize>, reason: &str) {
        let refusal = Definition::parse(&format!("{SMALLEST}{more}")).unwrap_err();
        assert_eq!(refusal.line, line, "{more}: {refusal:?}");
        assert!(refusal.reason.contains(reason), "{more}: {refusal:?}");
    }

    #[test]
    fn the_smallest_definition_is_accepted() {
        assert_eq!(Definition::parse(SMALLEST).unwrap().0.name, "x");
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_errors_with_their_line() {
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
        check(
            "\n[[package_calls]]\nprogram = 'x'\nnews = 1",
            Some(10),
            "unknown field `package_calls.0.news`",
        );
        check("\nruntime = 'y'\n\n'a.b' = 1", Some(10), "unknown field `a.b`");
    }

    #[test]
    fn impossible_definitions_are_errors() {
        check("names = ['../x']", None, "`../x` can't be a name");
        check("[[file]]\nname = 'x.json'\nreader = 'json'", None, "all others need some");
        check("built_for = { tool = '../y', mark = '-y-' }", None, "`../y` can't be a name");
        check("built_for = { tool = 'y', mark = '' }", None, "`mark` is empty");
        check("core_programs = ['y']", None, "`y` in `core_programs` isn't one of the `programs`");
        check("companions = ['y']", None, "`y` in `companions` isn't one of the `programs`");
        let value = "[[environment]]\nvariable = 'V'\nvalue = '{additions}/x'";
        check(value, None, "`{additions}` is called `{global_packages}` now");
        let preload = "[[environment]]\nvariable = 'LD_PRELOAD'\nvalue = '{root}/x.so'";
        check(preload, None, "`environment`: `LD_PRELOAD` steers other programs too");
        let path = "[[package_calls]]\nprogram = 'p'\nset = { PATH = '{root}' }";
        check(path, None, "`package_calls`: `set`: `PATH` steers other programs too");
        check("[links]\n'/bin/x' = 'y'", None, "leads out of the toolchain");
        for pattern in ["/bin/*", "bin/../*", "bin/**", "bin//x", "a*b*", ""] {
            check(&format!("package_paths = ['{pattern}']"), None, "isn't a pattern");
            check(&format!("caches = ['**/{pattern}']"), None, "isn't a pattern");
        }
        check("[[source]]\nname = 's'", None, "give one of `index`, `npm` and `pypi`");
        check("[check]\nimages = ['x:1']", None, "a name with at most one");
        check("[check]\nimages = ['x*y*']", None, "at most one `*`");
        let store = "[[store]]\nmanager = 'm'\nfolders = []\nversion_from_file = true\n";
        check(store, None, "needs a `[version_info]`");
        let release = "[version_info]\nfile = 'x'\nversion = ['V']\n";
        check(&format!("{store}version_ends_at = '-'\n{release}"), None, "not both");
        check("[version_info]\nfile = '../x'\nversion = ['V']", None, "isn't in a toolchain");
        check("[version_info]\nfile = 'x'\nversion = []", None, "names no key");
        let lock = "[check]\nlocks = [{ name = 'x', notation = 'json', fields = [] }]";
        check(lock, None, "lock `x`: it has no fields");
        for line in ["{name}", "{version} {name}", "{name}{version}", "x"] {
            let carry = "[migrate]\nprogram = 'p'\nlist = []\nseparator = '@'\ninstall = []\n";
            check(&format!("{carry}line = '{line}'"), None, "no `{name}` with a `{version}`");
        }
        let adds = "[[package_calls]]\nprogram = 'p'\nfolders = ['bin']";
        check(adds, None, "`bin` isn't a folder of the user's");
    }
}
