//! The index: what the shims know of usher's folders, settings and stores. `use` writes it beside
//! them.
//!
//! It can be regenerated at any time. It has lines of fields, separated by tabs; tabs, line feeds
//! and backslashes in a field are escaped. A custom tool is a field of bytes, encoded by
//! [`crate::tool`]. The file is read and replaced as a whole.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::folders::{Folders, LINKS, Relocation};
use crate::name::Name;
use crate::policy::Policy;
use crate::settings::{Overrides, SharedSettings};
use crate::tool::{CustomTool, Tool, Tools};
use crate::toolchain::{Store, Toolchain};
use crate::version::Version;
use crate::world::FileMeta;

/// The name of the index in the shim folder; a folder that holds it is a shim folder.
pub const INDEX_FILE: &str = ".usher";

/// The first line of an index; another first line is another format.
const HEADER: &str = "usher index 1";

/// The version of usher, of both halves.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// usher's folders, settings and stores.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Index {
    /// usher's folders.
    pub folders: Folders,
    /// The settings from files.
    pub settings: SharedSettings,
    /// The settings from this process's variables, which override them; never written.
    pub overrides: Overrides,
    /// The machine's policy; never written.
    pub policy: Policy,
    /// The machine's own stores, with usher's own layout.
    pub shared_stores: Vec<PathBuf>,
    /// The user's own builds, by the names that `use link` gave them.
    pub links: Vec<Link>,
    /// Stores of other version managers.
    pub adopted_stores: Vec<AdoptedStore>,
    /// Toolchains of other managers whose version is read from a file.
    pub read_toolchains: Vec<ReadToolchain>,
    /// The operating system's own programs.
    pub system_programs: Vec<SystemProgram>,
    /// The operating system's programs that are rejected; only the cold half reads these.
    pub rejected_programs: Vec<RejectedProgram>,
    /// The programs of global packages, and the tools whose toolchains have them.
    pub global_packages: Vec<GlobalPackage>,
    /// The tools.
    pub tools: Tools,
}

/// A folder with a toolchain, built by the user, that `use link` gave a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The tool.
    pub tool: String,
    /// The name: a version, or a word.
    pub name: Name,
    /// The folder.
    pub root: PathBuf,
}

impl Link {
    /// The version that the name is; `None` for a word.
    pub fn version(&self) -> Option<Version> {
        Version::parse(self.name.as_str()).filter(|version| version.as_str() == self.name.as_str())
    }

    /// The toolchain in the folder, whether it is there or not.
    pub fn toolchain(&self) -> Toolchain {
        Toolchain {
            version: self.version(),
            root: self.root.clone(),
            store: Store::Linked(self.name.clone()),
        }
    }
}

/// A store of another version manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedStore {
    /// The tool in it.
    pub tool: String,
    /// The manager: `pyenv`.
    pub manager: String,
    /// The folder, with one folder per version.
    pub folder: PathBuf,
    /// The prefix of such a folder's name, before the version.
    pub prefix: String,
    /// The text that ends the version in the name; empty if none does.
    pub version_ends_at: String,
    /// The toolchain's own folder below that; may be empty.
    pub subdir: String,
}

/// A main program of the operating system, with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemProgram {
    /// The tool.
    pub tool: String,
    /// The version it prints.
    pub version: Version,
    /// The file.
    pub path: PathBuf,
    /// The suffix of its name, which the tool's other programs have too: `3.11`.
    pub suffix: String,
    /// The file's fingerprint when it ran.
    pub fingerprint: String,
}

/// A toolchain whose version was read from a file in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadToolchain {
    /// The tool.
    pub tool: String,
    /// Its manager, or `system`.
    pub manager: String,
    /// The version in the file.
    pub version: Version,
    /// The toolchain's folder.
    pub root: PathBuf,
    /// The file.
    pub file: PathBuf,
    /// The file's fingerprint when it was read.
    pub fingerprint: String,
}

/// A program of the operating system that is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedProgram {
    /// The tool.
    pub tool: String,
    /// The file.
    pub path: PathBuf,
    /// The file's fingerprint when it ran.
    pub fingerprint: String,
    /// The reason.
    pub reason: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// A program of a global package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalPackage {
    /// Its name.
    pub program: Name,
    /// The tools whose toolchains have it.
    pub tools: Vec<String>,
}

/// A text that changes when a file is replaced or modified.
pub fn fingerprint(seen: &FileMeta) -> String {
    format!("{}:{}:{}:{}", seen.identity.device, seen.identity.inode, seen.size, seen.modified)
}

impl Index {
    /// Variables that request no version.
    pub fn ignore_variables(&self) -> &[String] {
        self.overrides.ignore_variables.as_ref().unwrap_or(&self.settings.ignore_variables)
    }

    /// The topmost folder in which version files are searched for.
    pub fn ceiling(&self) -> Option<&Path> {
        self.overrides.ceiling.as_deref().or(self.settings.ceiling.as_deref())
    }

    /// Shared stores: folders like usher's data folder.
    pub fn stores(&self) -> &[PathBuf] {
        self.overrides.stores.as_ref().unwrap_or(&self.settings.stores)
    }

    /// The user's folder for global packages of a toolchain outside usher's own store.
    pub fn global_packages_folder(&self, tool: &Tool, toolchain: &Toolchain) -> Option<PathBuf> {
        match toolchain.store {
            Store::Own | Store::Folder => None,
            Store::Linked(ref name) if toolchain.version.is_none() => {
                Some(self.packages_folder_of_link(tool, name))
            }
            Store::Shared | Store::Adopted(_) | Store::Linked(_) | Store::System(_) => {
                toolchain.version.as_ref().map(|version| self.packages_folder(tool, version))
            }
        }
    }

    /// The user's folder for global packages of a folder that was linked under a word.
    pub fn packages_folder_of_link(&self, tool: &Tool, name: &Name) -> PathBuf {
        // No version is called so: each has a number.
        self.folders.additions().join(tool.name).join(LINKS).join(name.as_str())
    }

    /// The user's folder for global packages of a version, wherever that is or was installed.
    pub fn packages_folder(&self, tool: &Tool, version: &Version) -> PathBuf {
        self.folders.additions().join(tool.name).join(version.as_str())
    }

    /// The folder in a toolchain for programs that package managers add, if that isn't the one of
    /// its own programs.
    pub fn package_programs(&self, tool: &Tool, toolchain: &Toolchain) -> Option<PathBuf> {
        match toolchain.store {
            Store::Own | Store::Shared => Some(toolchain.root.join(tool.package_programs?)),
            Store::Adopted(_) | Store::Linked(_) | Store::System(_) | Store::Folder => None,
        }
    }

    /// The folder of programs that the user installed for all versions of a tool: links to the
    /// programs.
    pub fn user_wide_programs(&self, tool: &Tool) -> PathBuf {
        // No version is called so: each has a number.
        self.folders.additions().join(tool.name).join("bin")
    }

    /// The tools whose toolchains have this program of a global package.
    pub fn tools_with_program(&self, program: &str) -> &[String] {
        let found =
            self.global_packages.iter().find(|addition| addition.program.as_str() == program);
        found.map_or(&[], |addition| &addition.tools)
    }

    /// Adds what the machine's index knows of a program and this one, an account's, doesn't: the
    /// machine's may be newer. Both are the parts for that program.
    pub fn add_unknown(&mut self, machine: &mut Self) {
        let store = machine.folders.toolchains();
        if !self.shared_stores.iter().any(|known| known.as_os_str() == store.as_os_str()) {
            self.shared_stores.push(store);
        }
        if self.global_packages.is_empty() {
            std::mem::swap(&mut self.global_packages, &mut machine.global_packages);
        }
        for link in machine.links.drain(..) {
            self.add_link(link);
        }
        for store in machine.adopted_stores.drain(..) {
            if !self.adopted_stores.iter().any(|known| known.folder == store.folder) {
                self.adopted_stores.push(store);
            }
        }
        self.tools.add_unknown(&mut machine.tools);
    }

    /// The folder that is linked under this name.
    pub fn link(&self, tool: &Tool, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.tool == tool.name && link.name.as_str() == name)
    }

    /// Adds a link, unless there is one of this name.
    pub fn add_link(&mut self, link: Link) {
        if !self.links.iter().any(|known| known.tool == link.tool && known.name == link.name) {
            self.links.push(link);
        }
    }

    /// The version of usher whose shims an index is for, whatever its format is.
    pub fn writer(index: &[u8]) -> Option<Version> {
        let mut lines = index.split(|byte| *byte == b'\n').skip(1);
        let version = lines.find_map(|line| line.strip_prefix(b"usher\t"))?;
        Version::parse(str::from_utf8(version).ok()?)
    }

    /// Reads an index; `None` if it has another format. A custom tool in another version's encoding
    /// is left out: the cold half reads its file again.
    pub fn parse(index: &[u8]) -> Option<Self> {
        Self::parse_part(index, None, None)
    }

    /// Reads the part of an index that one program needs: of the global packages only that program.
    /// The paths are those after the relocation, if there is one.
    pub fn parse_part(
        index: &[u8],
        program: Option<&str>,
        relocation: Option<&Relocation<'_>>,
    ) -> Option<Self> {
        let is_needed = |line: &[u8]| match (program, line.strip_prefix(b"program\t")) {
            (None, _) => true,
            (Some(program), Some(rest)) => {
                rest.strip_prefix(program.as_bytes()).is_some_and(|rest| rest.starts_with(b"\t"))
            }
            (Some(_), None) => !line.starts_with(b"refused\t"),
        };
        let mut lines = index.split(|byte| *byte == b'\n');
        if lines.next()? != HEADER.as_bytes() {
            return None;
        }
        let mut found = Self::default();
        for line in lines.filter(|line| !line.is_empty() && is_needed(line)) {
            let fields: Vec<OsString> = line.split(|byte| *byte == b'\t').map(unescape).collect();
            let is_optional = program.is_none() && line.starts_with(b"tool\t");
            found.parse_record(&fields, relocation).or(is_optional.then_some(()))?;
        }
        (!found.folders.data.as_os_str().is_empty()).then_some(found)
    }

    fn parse_record(
        &mut self,
        fields: &[OsString],
        relocation: Option<&Relocation<'_>>,
    ) -> Option<()> {
        let text =
            |place: usize| fields.get(place).and_then(|field| field.to_str()).map(str::to_owned);
        let path = |place: usize| path_in(fields, place, relocation);
        match fields.first()?.to_str()? {
            // What wrote it; see `writer`.
            "usher" => {}
            "data" => self.folders.data = path(1)?,
            "config" => self.folders.config = path(1)?,
            "cache" => self.folders.cache = path(1)?,
            "user" => self.folders.user_home = path(1),
            "machine" => self.folders.machine_config = path(1)?,
            "accounts" => self.folders.is_system_wide = true,
            "listed" => self.settings.stores.push(path(1)?),
            "shared" => self.shared_stores.push(path(1)?),
            "ceiling" => self.settings.ceiling = path(1),
            "ignore" => self.settings.ignore_variables.push(text(1)?),
            "link" => self.links.push(Link {
                tool: text(1)?,
                name: Name::parse(&text(2)?)?,
                root: path(3)?,
            }),
            "store" => self.adopted_stores.push(AdoptedStore {
                tool: text(1)?,
                manager: text(2)?,
                folder: path(3)?,
                prefix: text(4)?,
                version_ends_at: text(5)?,
                subdir: text(6)?,
            }),
            "toolchain" => self.read_toolchains.push(ReadToolchain {
                tool: text(1)?,
                manager: text(2)?,
                version: Version::parse(&text(3)?)?,
                root: path(4)?,
                file: path(5)?,
                fingerprint: text(6)?,
            }),
            "refused" => self.rejected_programs.push(RejectedProgram {
                tool: text(1)?,
                path: path(2)?,
                fingerprint: text(3)?,
                reason: text(4)?,
                hint: text(5)?,
            }),
            "tool" => self.tools.add(CustomTool {
                tool: crate::tool::decode_tool(fields.get(3)?.as_bytes())?,
                file: path(1)?,
                fingerprint: text(2)?,
            }),
            "system" => self.system_programs.push(SystemProgram {
                tool: text(1)?,
                version: Version::parse(&text(2)?)?,
                path: path(3)?,
                suffix: text(4)?,
                fingerprint: text(5)?,
            }),
            "program" => self.global_packages.push(GlobalPackage {
                program: Name::parse(&text(1)?)?,
                tools: (2..fields.len()).filter_map(text).collect(),
            }),
            _ => return None,
        }
        Some(())
    }

    /// The text of the index, beside shims of this version.
    pub fn print(&self) -> Vec<u8> {
        self.print_for(VERSION)
    }

    /// The text of the index, beside shims of another version, which are about to be replaced.
    pub fn print_for(&self, version: &str) -> Vec<u8> {
        let mut index = IndexText(format!("{HEADER}\n").into_bytes());
        index.line(&["usher".as_ref(), version.as_ref()]);
        index.line(&["data".as_ref(), self.folders.data.as_os_str()]);
        index.line(&["config".as_ref(), self.folders.config.as_os_str()]);
        index.line(&["cache".as_ref(), self.folders.cache.as_os_str()]);
        if let Some(folder) = &self.folders.user_home {
            index.line(&["user".as_ref(), folder.as_os_str()]);
        }
        index.line(&["machine".as_ref(), self.folders.machine_config.as_os_str()]);
        if self.folders.is_system_wide {
            index.line(&["accounts".as_ref()]);
        }
        for (kind, folders) in [("listed", &self.settings.stores), ("shared", &self.shared_stores)]
        {
            for folder in folders {
                index.line(&[kind.as_ref(), folder.as_os_str()]);
            }
        }
        if let Some(ceiling) = &self.settings.ceiling {
            index.line(&["ceiling".as_ref(), ceiling.as_os_str()]);
        }
        for variable in &self.settings.ignore_variables {
            index.line(&["ignore".as_ref(), variable.as_ref()]);
        }
        for Link { tool, name, root } in &self.links {
            let [tool, name] = [tool, name.as_str()].map(OsStr::new);
            index.line(&["link".as_ref(), tool, name, root.as_os_str()]);
        }
        for store in &self.adopted_stores {
            let AdoptedStore { tool, manager, folder, prefix, version_ends_at, subdir } = store;
            let [tool, manager, prefix, version_ends_at, subdir] =
                [tool, manager, prefix, version_ends_at, subdir].map(OsStr::new);
            index.line(&[
                "store".as_ref(),
                tool,
                manager,
                folder.as_os_str(),
                prefix,
                version_ends_at,
                subdir,
            ]);
        }
        for toolchain in &self.read_toolchains {
            let ReadToolchain { tool, manager, version, root, file, fingerprint } = toolchain;
            let [tool, manager, version, fingerprint] =
                [tool, manager, version.as_str(), fingerprint].map(OsStr::new);
            let [root, file] = [root, file].map(|path| path.as_os_str());
            index.line(&["toolchain".as_ref(), tool, manager, version, root, file, fingerprint]);
        }
        for program in &self.system_programs {
            let SystemProgram { tool, version, path, suffix, fingerprint } = program;
            let [tool, suffix, fingerprint] = [tool, suffix, fingerprint].map(OsStr::new);
            index.line(&[
                "system".as_ref(),
                tool,
                version.as_str().as_ref(),
                path.as_os_str(),
                suffix,
                fingerprint,
            ]);
        }
        for RejectedProgram { tool, path, fingerprint, reason, hint } in &self.rejected_programs {
            let [tool, fingerprint, reason, hint] =
                [tool, fingerprint, reason, hint].map(OsStr::new);
            index.line(&["refused".as_ref(), tool, path.as_os_str(), fingerprint, reason, hint]);
        }
        for own in self.tools.custom() {
            let row = crate::tool::encode_tool(own.tool);
            let (file, row) = (own.file.as_os_str(), OsStr::from_bytes(&row));
            index.line(&["tool".as_ref(), file, own.fingerprint.as_ref(), row]);
        }
        for addition in &self.global_packages {
            let tools = addition.tools.iter().map(OsStr::new);
            let fields: Vec<&OsStr> = [OsStr::new("program"), addition.program.as_str().as_ref()]
                .into_iter()
                .chain(tools)
                .collect();
            index.line(&fields);
        }
        index.0
    }
}

/// The text of an index while it is written.
struct IndexText(Vec<u8>);

impl IndexText {
    fn line(&mut self, fields: &[&OsStr]) {
        for (place, field) in fields.iter().enumerate() {
            if place > 0 {
                self.0.push(b'\t');
            }
            for byte in field.as_bytes() {
                match byte {
                    b'\t' => self.0.extend(b"\\t"),
                    b'\n' => self.0.extend(b"\\n"),
                    b'\\' => self.0.extend(b"\\\\"),
                    other => self.0.push(*other),
                }
            }
        }
        self.0.push(b'\n');
    }
}

fn unescape(field: &[u8]) -> OsString {
    let mut plain = Vec::with_capacity(field.len());
    let mut bytes = field.iter();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\\' => match bytes.next() {
                Some(b't') => b'\t',
                Some(b'n') => b'\n',
                Some(other) => *other,
                None => b'\\',
            },
            other => *other,
        };
        plain.push(byte);
    }
    OsString::from_vec(plain)
}

/// The path in a field.
fn path_in(
    fields: &[OsString],
    place: usize,
    relocation: Option<&Relocation<'_>>,
) -> Option<PathBuf> {
    let path = Path::new(fields.get(place)?);
    Some(relocation.map_or_else(|| path.to_path_buf(), |relocation| relocation.apply(path)))
}

/// The index file in a shim folder.
pub fn index_file(shims: &Path) -> PathBuf {
    shims.join(INDEX_FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_index_round_trips() {
        let parsed = Index {
            folders: Folders {
                data: OsString::from_vec(b"/home/u\xFF/\t\\data\n".to_vec()).into(),
                config: "/home/u/.config/usher".into(),
                cache: "/home/u/.cache/usher".into(),
                user_home: Some("/home/u".into()),
                machine_config: "/etc/usher".into(),
                is_system_wide: true,
            },
            settings: SharedSettings {
                ignore_variables: vec!["NODE_VERSION".into()],
                ceiling: Some("/srv".into()),
                stores: vec!["/srv/usher".into()],
            },
            policy: Policy::default(),
            overrides: Overrides::default(),
            shared_stores: vec!["/opt/usher/toolchains".into()],
            links: vec![Link {
                tool: "node".into(),
                name: Name::parse("mine").unwrap(),
                root: "/home/u/src/node/out".into(),
            }],
            read_toolchains: vec![ReadToolchain {
                tool: "java".into(),
                manager: "system".into(),
                version: Version::parse("temurin-21.0.5+11").unwrap(),
                root: "/usr/lib/jvm/x".into(),
                file: "/usr/lib/jvm/x/release".into(),
                fingerprint: "1:2:3:4".into(),
            }],
            rejected_programs: vec![RejectedProgram {
                tool: "python".into(),
                path: "/usr/bin/python3.9".into(),
                fingerprint: "1:2:3:5".into(),
                reason: "it gave\tno version".into(),
                hint: String::new(),
            }],
            tools: {
                let mut tools = Tools::default();
                let tool = tools.named("node").unwrap();
                tools.add(CustomTool {
                    tool,
                    file: "/x.toml".into(),
                    fingerprint: "1:2:3:6".into(),
                });
                tools
            },
            adopted_stores: vec![AdoptedStore {
                tool: "python".into(),
                manager: "pyenv".into(),
                folder: "/home/u/.pyenv/versions".into(),
                prefix: String::new(),
                version_ends_at: "-".into(),
                subdir: String::new(),
            }],
            system_programs: vec![SystemProgram {
                tool: "python".into(),
                version: Version::parse("3.11.2").unwrap(),
                path: "/usr/bin/python3.11".into(),
                suffix: "3.11".into(),
                fingerprint: "1:2:3:4".into(),
            }],
            global_packages: vec![GlobalPackage {
                program: Name::parse("yarn").unwrap(),
                tools: vec!["node".into()],
            }],
        };
        assert_eq!(Index::writer(&parsed.print()), Version::parse(VERSION));
        assert_eq!(Index::parse(&parsed.print()), Some(parsed));
    }

    #[test]
    fn the_writer_of_any_format_is_known() {
        let writer = |text: &str| Index::writer(text.as_bytes()).map(|one| one.to_string());
        assert_eq!(writer("usher index 9\nnews\tx\nusher\t9.8.7\n").as_deref(), Some("9.8.7"));
        assert_eq!(writer("usher index 1\ndata\t/x\n"), None);
        assert_eq!(writer("usher\t1.2.3\n"), None);
    }

    #[test]
    fn a_shim_reads_its_own_global_package_only() {
        let index = b"usher index 1\ndata\t/x\nprogram\tyarn\tnode\nprogram\tyarnpkg\tnode\n";
        let parsed = Index::parse_part(index, Some("yarn"), None).unwrap();
        assert_eq!(parsed.tools_with_program("yarn"), ["node"]);
        assert_eq!(parsed.global_packages.len(), 1);
        assert_eq!(Index::parse(index).unwrap().global_packages.len(), 2);
    }

    #[test]
    fn a_custom_tool_in_another_format_is_left_out() {
        let index = b"usher index 1\ndata\t/x\ntool\t/f.toml\t1:2:3:4\tacme\tAcme\t0\t1\tacme\n";
        let parsed = Index::parse(index).expect("`use` reads what else is there");
        assert_eq!((parsed.folders.data, parsed.tools), ("/x".into(), Tools::default()));
        let part = Index::parse_part(index, Some("acme"), None);
        assert_eq!(part, None, "the shim hands off to `use`");
    }

    #[test]
    fn foreign_toolchains_have_a_global_packages_folder() {
        let parsed = Index {
            folders: Folders { data: "/d".into(), ..Folders::default() },
            ..Index::default()
        };
        let tool = parsed.tools.named("node").unwrap();
        let check = |store, version: Option<&str>, expected: Option<&str>| {
            let version = version.and_then(Version::parse);
            let toolchain = Toolchain { version, root: "/t".into(), store };
            let folder = parsed.global_packages_folder(tool, &toolchain);
            assert_eq!(folder, expected.map(PathBuf::from), "{toolchain:?}");
        };
        let folder = Some("/d/additions/node/12.22.12");
        check(Store::Shared, Some("12.22.12"), folder);
        check(Store::Adopted("nvm".into()), Some("12.22.12"), folder);
        check(Store::System(String::new()), Some("12.22.12"), folder);
        check(Store::Own, Some("12.22.12"), None);
        check(Store::Adopted("pyenv".into()), None, None);
        let link = |name| Store::Linked(Name::parse(name).unwrap());
        check(link("12.22.12"), Some("12.22.12"), folder);
        check(link("mine"), None, Some("/d/additions/node/links/mine"));
    }

    #[test]
    fn invalid_indexes_are_rejected() {
        let texts =
            ["", "usher index 2\ndata\t/x\n", "usher index 1\n", "usher index 1\ndata\t/x\nnews\n"];
        for text in texts {
            assert_eq!(Index::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(
            Index::parse(b"usher index 1\ndata\t/x\nprogram\t../x\tnode\n"),
            None,
            "a program's name never leads anywhere"
        );
        assert_eq!(Index::parse(b"usher index 1\ndata\t/x\nlink\tnode\t../x\t/y\n"), None);
    }
}
