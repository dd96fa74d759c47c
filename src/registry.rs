//! The definitions of all tools, with their sources and stores: built-in ones, and custom ones,
//! which replace built-in ones of the same name.

mod custom;

use std::collections::BTreeMap;
use std::path::Path;

use usher_definition::{Common, Definition, UnreadFile, VenvRules};
use usher_shims::error::{Error, ErrorKind, Escaped, Result};
use usher_shims::tool::{COMMON, CustomTool, DEFINITIONS, TOOLS, Tool, Tools};
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use crate::files::clock::Date;
use crate::text::closest;

pub use custom::{CustomToolFile, files};

/// Names that never get a shim for a global package: they are usher's own.
const RESERVED: [&str; 3] = ["use", "usher", "shim"];

/// The verbs of `use` and their aliases, which mean no tool: a tool of such a name is only reached with
/// a version, `list@1.2`.
pub const VERBS: [&str; 40] = [
    "available",
    "cache",
    "check",
    "completions",
    "config",
    "current",
    "doctor",
    "env",
    "exec",
    "help",
    "install",
    "link",
    "list",
    "lock",
    "ls",
    "ls-remote",
    "outdated",
    "policy",
    "prune",
    "remove",
    "repair",
    "reshim",
    "retire",
    "rm",
    "schema",
    "self",
    "setup",
    "shim",
    "status",
    "sync",
    "uninstall",
    "unpin",
    "up",
    "update",
    "upgrade",
    "verify",
    "where",
    "which",
    "why",
    "x",
];

/// All tools.
#[derive(Debug)]
pub struct Registry {
    definitions: Vec<(Definition, &'static Tool)>,
    common: Common,
    tools: Tools,
    faults: Vec<Error>,
}

/// A tool: the hot half's table and the rest of its definition.
#[derive(Debug, Clone, Copy)]
pub struct KnownTool<'a> {
    /// The hot half's table.
    pub tool: &'static Tool,
    /// The rest of its definition.
    pub definition: &'a Definition,
}

impl<'a> KnownTool<'a> {
    /// Its main programs and package managers.
    pub fn core_programs(&self) -> impl Iterator<Item = &str> {
        let main_programs = match self.definition.core_programs.is_empty() {
            true => self.tool.main_programs(),
            false => &[],
        };
        let of_tool = |program: &&str| self.tool.programs.contains(program);
        let core = self.definition.core_programs.iter().map(String::as_str);
        core.chain(main_programs.iter().copied().filter(of_tool))
    }

    /// Whether a name alone requests releases: it is a flavour that sources have.
    pub fn has_flavour(&self, name: &str) -> bool {
        self.flavours().any(|flavour| flavour == name)
    }

    /// The flavours that its sources have.
    pub fn flavours(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let flavours = self.definition.flavours.iter().map(String::as_str);
        flavours.chain(self.tool.vendors.iter().copied())
    }

    /// The release line of a version: as many of its first numbers as the registry says, else its first
    /// one, or two where that is 0.
    pub fn release_line(&self, version: &Version) -> String {
        let lines = &self.definition.end_of_life;
        let count = self.definition.release_line;
        let count = count.or_else(|| lines.line_components(version.flavour()));
        let is_zero = version.numbers().as_slice().first() == Some(&0);
        first_numbers(version, count.unwrap_or(if is_zero { 2 } else { 1 }))
    }

    /// The last day on which the release line of a version is maintained, if it is known.
    pub fn end_of_life(&self, version: &Version) -> Option<Date> {
        self.definition.end_of_life.date_of(version.flavour(), version.numbers().as_slice())
    }
}

/// The first numbers of a version: `3.12`.
pub fn first_numbers(version: &Version, count: usize) -> String {
    let numbers = version.numbers().as_slice().iter().take(count);
    numbers.map(ToString::to_string).collect::<Vec<_>>().join(".")
}

impl Registry {
    /// Reads the built-in definitions.
    pub fn load() -> Result<Self> {
        let refused = |file: &str, reason: &str| {
            Error::new(ErrorKind::BadFile, format!("registry/{file}: {reason}"))
        };
        let common =
            Common::parse(COMMON).map_err(|error| refused("common.toml", &error.reason))?;
        let definitions = TOOLS.iter().zip(DEFINITIONS).map(|(tool, (file, text))| {
            let definition = Definition::parse_rest(text);
            Ok((definition.map_err(|error| refused(file, &error.reason))?, tool))
        });
        let definitions = definitions.collect::<Result<_>>()?;
        Ok(Self { definitions, common, tools: Tools::default(), faults: Vec::new() })
    }

    /// Adds custom tools, weakest first. An invalid one is left out and affects no other tool;
    /// [`Registry::faults`] has the reason.
    #[must_use]
    pub fn with_custom_tools(mut self, files: &[CustomToolFile]) -> Self {
        let mut read = Vec::new();
        for file in files {
            match custom::definition(file, &self.common) {
                Ok((definition, tool)) => read.push((file, definition, tool)),
                Err(fault) => self.faults.push(fault),
            }
        }
        let tools: Vec<&'static Tool> = read.iter().map(|(.., tool)| *tool).chain(TOOLS).collect();
        for (file, definition, tool) in read {
            if let Some(verb) = tool.all_names().find(|name| VERBS.contains(name)) {
                self.faults.push(custom::named_as_verb(file, verb));
            }
            let mut hosts =
                tool.runtime.into_iter().chain(tool.built_for.map(|built_for| built_for.tool));
            match hosts.find(|host| !can_be_runtime(&tools, host)) {
                Some(host) => self.faults.push(custom::missing_runtime(file, host)),
                None => self.add(file, definition, tool),
            }
        }
        self.definitions.sort_by_key(|(_, tool)| tool.name);
        self
    }

    fn add(&mut self, file: &CustomToolFile, definition: Definition, tool: &'static Tool) {
        self.definitions.retain(|(_, known)| known.name != tool.name);
        self.definitions.push((definition, tool));
        self.tools.add(CustomTool {
            tool,
            file: file.path.clone(),
            fingerprint: file.fingerprint.clone(),
        });
    }

    /// The hot half's tables of all tools.
    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    /// The errors in custom tools' files. What can't be used is left out; a tool that is named as a
    /// verb isn't.
    pub fn definition_errors(&self) -> &[Error] {
        &self.faults
    }

    /// The custom tools that replace a built-in one, each with its file.
    pub fn replaced_tools(&self) -> impl Iterator<Item = (&'static Tool, &Path)> {
        let is_compiled_in =
            |own: &&CustomTool| TOOLS.iter().any(|tool| tool.name == own.tool.name);
        self.tools.custom().iter().filter(is_compiled_in).map(|own| (own.tool, own.file.as_path()))
    }

    /// The registry with the mirrors from the settings: a tool with a mirror has it as its only
    /// source.
    pub fn with_mirrors(mut self, chosen: &BTreeMap<String, String>) -> Result<Self> {
        for (definition, tool) in &mut self.definitions {
            let address = chosen.get(tool.name).filter(|source| source.contains("://"));
            let Some(address) = address else { continue };
            let Some(source) = definition.source.iter().find_map(|source| source.at(address))
            else {
                let name = tool.name;
                let what = format!("{name} has no source that can have a mirror");
                let because = format!("the setting source is {}", Escaped(address));
                return Err(Error::new(ErrorKind::BadSetting, what).because(because));
            };
            definition.source = vec![source];
        }
        Ok(self)
    }

    /// All tools.
    pub fn all(&self) -> impl Iterator<Item = KnownTool<'_>> {
        self.definitions.iter().map(|(definition, tool)| KnownTool { tool, definition })
    }

    /// The tools that have virtual environments, with their rules.
    pub fn with_venvs(&self) -> impl Iterator<Item = (KnownTool<'_>, &VenvRules)> {
        self.definitions.iter().filter_map(|(definition, tool)| {
            Some((KnownTool { tool, definition }, definition.venvs.as_ref()?))
        })
    }

    /// The version files of a tool that no shim reads.
    pub fn unread_files<'a>(
        &'a self,
        known: KnownTool<'a>,
    ) -> impl Iterator<Item = &'a UnreadFile> {
        known.definition.check.files.iter().chain(&self.common.unread)
    }

    /// Whether a file is a program, a document, a template or a copy by its ending, even if its name
    /// begins like another file's: `dockerfile.go`.
    pub fn is_document(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = name.to_ascii_lowercase();
        self.common.document_endings.iter().any(|ending| name.ends_with(ending))
    }

    /// The other manager's command that removes a toolchain, if it is known: `pyenv uninstall
    /// 3.7.16`.
    pub fn uninstall_command(&self, tool: &Tool, toolchain: &Toolchain) -> Option<String> {
        let Store::Adopted(manager) = &toolchain.store else { return None };
        let command = self.common.uninstall.get(manager)?;
        let version = toolchain.version.as_ref()?;
        let is_versions = |name: &&str| usher_shims::normalize::version(name, tool).is_some();
        // Some stores have the toolchain's own folder below the version's.
        let names = toolchain.root.ancestors().take(3);
        let mut names = names.filter_map(|folder| folder.file_name()?.to_str());
        let name = names.find(is_versions).unwrap_or(version.as_str());
        Some(command.replace("{tool}", tool.asdf_name()).replace("{name}", name))
    }

    /// Whether a program of a global package can have a shim of this name: not one that is usher's own,
    /// that the operating system's scripts rely on, or that isn't called as a program.
    pub fn allows_shim(&self, name: &str) -> bool {
        let is_command = self.common.system_commands.iter().any(|command| command == name);
        let mut endings = self.common.unshimmed_endings.iter();
        !RESERVED.contains(&name) && !is_command && !endings.any(|ending| name.ends_with(ending))
    }

    /// The tool with this name, or an error with the nearest one.
    pub fn named(&self, name: &str) -> Result<KnownTool<'_>> {
        self.all()
            .find(|known| known.tool.all_names().any(|one| one == name))
            .ok_or_else(|| self.unknown(name))
    }

    /// The name of a tool that a misspelled one is close to.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        closest(name, self.all().flat_map(|known| known.tool.all_names()))
    }

    fn unknown(&self, name: &str) -> Error {
        let error = Error::new(ErrorKind::UnknownTool, format!("unknown tool “{}”", Escaped(name)));
        if let Some(nearest) = self.nearest(name) {
            return error.because(format!("nearest: {nearest}")).hint(format!("use {nearest}"));
        }
        let names: Vec<&str> = self.all().map(|known| known.tool.name).collect();
        error.because(format!("tools: {}", names.join(", ")))
    }
}

/// Whether the tool with this name can be the runtime of others.
fn can_be_runtime(tools: &[&'static Tool], name: &str) -> bool {
    Tool::named(tools.iter().copied(), name)
        .is_some_and(|host| host.runtime.is_none() && host.built_for.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_programs_are_the_main_ones_by_default() {
        let registry = Registry::load().unwrap();
        let core = |tool: &str| {
            let known = registry.named(tool).unwrap();
            known.core_programs().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(core("java"), "java javac");
        assert_eq!(core("python"), "python python3 pip pip3");
        assert_eq!(core("go"), "go");
        // `nodejs` is a name of the system's, and no program of usher's.
        assert_eq!(core("node"), "node npm npx corepack");
        for known in registry.all() {
            let main = known.tool.main_program();
            assert!(known.core_programs().any(|program| program == main), "{main}");
        }
    }

    #[test]
    fn some_names_get_no_shim_in_global_packages() {
        let registry = Registry::load().unwrap();
        for name in ["use", "usher", "shim", "ls", "sh", "sudo", "aws.cmd", "smtpd.py", "x.ps1"] {
            assert!(!registry.allows_shim(name), "{name}");
        }
        for name in ["aws", "flask", "2to3-3.12", "r.js", "python3.12-config", "user", "lsx", "py"]
        {
            assert!(registry.allows_shim(name), "{name}");
        }
    }

    #[test]
    fn the_lines_that_end_are_the_tools_own_and_in_order() {
        let registry = Registry::load().unwrap();
        let tools = || registry.all().map(|known| known.tool.name).zip(DEFINITIONS);
        assert!(tools().all(|(name, (file, _))| *file == format!("{name}.toml")));
        let mut found = 0;
        for (name, (_, text)) in tools() {
            let known = registry.named(name).unwrap();
            let Some((_, below)) = text.split_once("\n[end_of_life]\n") else { continue };
            let lines = below.lines().take_while(|line| line.starts_with('"'));
            let lines = lines.map(|line| Version::parse(line.split('"').nth(1).unwrap()).unwrap());
            let lines: Vec<Version> = lines.collect();
            assert!(lines.is_sorted(), "{name}: {lines:?}");
            for line in &lines {
                assert!(line.flavour().is_empty() || known.has_flavour(line.flavour()), "{line}");
                assert!(known.end_of_life(line).is_some(), "{line}");
            }
            found += 1;
        }
        assert_eq!(found, 9);
    }

    #[test]
    fn the_end_of_life_is_that_of_the_version_s_line() {
        let registry = Registry::load().unwrap();
        let date = |tool: &str, version: &str| {
            let version = Version::parse(version).unwrap();
            registry.named(tool).unwrap().end_of_life(&version).map(|date| date.to_string())
        };
        for (tool, version, expected) in [
            ("node", "16.20.2", Some("2023-09-11")),
            ("node", "0.10.48", Some("2016-10-31")),
            ("python", "3.1.5", Some("2012-04-09")),
            ("python", "3.13.1t", Some("2029-10-31")),
            ("python", "pypy3.8-7.3.11", None),
            ("java", "temurin-17.0.9+9", Some("2027-10-31")),
            ("java", "zulu-17.0.9", None),
            ("elixir", "1.14.5-otp-25", Some("2025-10-16")),
            ("erlang", "25.3.2.8", Some("2025-05-21")),
            ("ruby", "2.0.0-p648", Some("2016-02-24")),
            ("ruby", "jruby-9.4.5.0", None),
            ("bun", "1.0.0", None),
        ] {
            assert_eq!(date(tool, version).as_deref(), expected, "{tool} {version}");
        }
    }

    #[test]
    fn compiled_tools_equal_their_parsed_definitions() {
        let common = Common::parse(COMMON).unwrap();
        for (known, (file, text)) in TOOLS.iter().zip(DEFINITIONS) {
            let (tool, _) = Definition::parse(text).unwrap();
            assert_eq!(common.complete(&tool), *known, "{file}");
        }
    }
}
