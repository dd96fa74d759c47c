//! The supported peers: where each has its versions, and how it is called.
//!
//! A peer is pointed to by a variable (`BENCH_MISE=/path/of/mise`, `BENCH_NVM=/path/of/nvm.sh`), or
//! found on PATH. None of them sees the caller's variables.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use usher_bench::contestant;

use crate::Result;
use crate::format::{Case, place};

/// A peer: which of the suite's tools it knows, and how it is set up and called.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// Each tool with its program.
    tools: &'static [(&'static str, &'static str)],
    /// The files that it reads: a case with others is none for it.
    reads: &'static [&'static str],
    /// Words of which a case's files must have one, where that is not every file's content.
    mentions: &'static [&'static str],
    /// Where a version's programs are, from the home folder.
    store: fn(tool: &str, version: &str) -> String,
    /// The command that runs a program by its rules.
    command: fn(&Path, &Path, &str) -> Result<Command>,
    /// A command that prints something only if a requested version isn't installed, for managers that
    /// then run what else is on PATH.
    missing: Option<fn(&Path, &str) -> Command>,
}

/// What peers print for a valid version that isn't installed, in lower case: most of them
/// would fetch it.
const MISSING: [&str; 6] = [
    "is not installed",
    "not yet installed",
    "missing:",
    "could not download",
    "could not fetch",
    "not installed",
];

const PEERS: [Peer; 5] = [
    Peer {
        name: "pyenv",
        tools: &[("python", "python")],
        reads: &[".python-version"],
        mentions: &[],
        store: |_, version| format!(".pyenv/versions/{version}/bin"),
        command: |found, home, program| Ok(exec(found, ("PYENV_ROOT", ".pyenv"), home, program)),
        missing: None,
    },
    Peer {
        name: "rbenv",
        tools: &[("ruby", "ruby")],
        reads: &[".ruby-version"],
        mentions: &[],
        store: |_, version| format!(".rbenv/versions/{version}/bin"),
        command: |found, home, program| Ok(exec(found, ("RBENV_ROOT", ".rbenv"), home, program)),
        missing: None,
    },
    Peer {
        name: "nvm",
        tools: &[("node", "node")],
        reads: &[".nvmrc"],
        mentions: &[],
        store: |_, version| format!(".nvm/versions/node/v{version}/bin"),
        command: nvm,
        missing: None,
    },
    Peer {
        name: "mise",
        tools: &[
            ("node", "node"),
            ("python", "python"),
            ("ruby", "ruby"),
            ("go", "go"),
            ("java", "java"),
            ("erlang", "erl"),
            ("elixir", "elixir"),
            ("deno", "deno"),
            ("bun", "bun"),
        ],
        reads: &[
            "mise.toml",
            ".mise.toml",
            ".tool-versions",
            ".nvmrc",
            ".node-version",
            ".python-version",
            ".python-versions",
            ".ruby-version",
            "Gemfile",
            ".go-version",
            ".java-version",
            ".sdkmanrc",
            ".exenv-version",
            ".deno-version",
            ".bun-version",
        ],
        mentions: &[],
        store: |tool, version| format!(".local/share/mise/installs/{tool}/{version}/bin"),
        command: mise,
        missing: Some(mise_missing),
    },
    Peer {
        name: "volta",
        tools: &[("node", "node")],
        reads: &["package.json"],
        mentions: &["volta"],
        store: |_, version| format!(".volta/tools/image/node/{version}/bin"),
        command: volta,
        missing: None,
    },
];

impl Peer {
    pub(crate) fn named(name: &str) -> Option<Self> {
        PEERS.into_iter().find(|peer| peer.name == name)
    }

    pub(crate) fn usage() -> String {
        format!("name one of {}", PEERS.map(|peer| peer.name).join(", "))
    }

    /// Whether it knows the tool, and the case needs nothing that is usher's own.
    pub(crate) fn supports(&self, case: &Case) -> bool {
        let is_known = self.tools.iter().any(|(_, program)| *program == case.call);
        let is_its = case.default.is_none() && case.machine.is_none() && case.ceiling.is_none();
        let is_plain = case.each.is_empty() && case.cwd.is_none() && case.ignore.is_empty();
        let is_read = |name: &String| {
            self.reads.contains(&name.rsplit('/').next().unwrap_or(name)) && !name.starts_with('/')
        };
        let is_inside = case.files.keys().all(is_read) && !case.directory.starts_with('/');
        let is_project = case.files.values().all(|content| content.bytes().is_ok());
        let mentions = |word| {
            let texts = case.files.values().filter_map(|content| content.bytes().ok());
            texts.into_iter().any(|text| String::from_utf8_lossy(&text).contains(word))
        };
        let is_mentioned = !case.files.is_empty()
            && (self.mentions.is_empty() || self.mentions.iter().any(mentions));
        // Whose versions are adopted, and what is set for programs, is usher's own affair.
        let is_adopted = case.gives.contains(" of ") && !case.gives.ends_with(" of pyenv");
        let is_common = !is_adopted && case.sets.is_none();
        let is_pinned = case.by != "not pinned" && !case.by.starts_with("the variable");
        is_known
            && is_its
            && is_plain
            && is_inside
            && is_project
            && is_mentioned
            && is_common
            && is_pinned
    }

    /// What it does: `node 12.22.12`, `nothing` where it leaves the call to what else is on PATH,
    /// `error: …`.
    pub(crate) fn ask(&self, case: &Case) -> Result<String> {
        let folder = tempfile::Builder::new().prefix("usher-conformance-").tempdir()?;
        let home = folder.path();
        for installed in case.versions() {
            let Some((_, program)) = self.tools.iter().find(|(tool, _)| *tool == installed.tool)
            else {
                continue;
            };
            let path = home.join((self.store)(installed.tool, installed.version)).join(program);
            script(&path, &format!("{} {}", installed.tool, installed.version))?;
        }
        script(&home.join("path").join(&case.call), "nothing")?;
        for (name, content) in &case.files {
            let path = place(home, name);
            fs::create_dir_all(path.parent().unwrap_or(home))?;
            fs::write(path, content.bytes().map_err(|_| "a case whose file is none")?)?;
        }
        let directory = place(home, &case.directory);
        fs::create_dir_all(&directory)?;
        let found = contestant::find(self.name);
        let found = found.ok_or_else(|| format!("{} isn't installed", self.name))?;
        let output = run((self.command)(&found, home, &case.call)?, home, &directory)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let last = printed.lines().last().unwrap_or_default().to_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        let first = complaint.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let is_missing = MISSING
            .iter()
            .find_map(|words| complaint.lines().find(|line| line.to_lowercase().contains(words)));
        Ok(match is_missing {
            Some(line) => format!("missing: {line}"),
            None if !output.status.success() || last.is_empty() => format!("error: {first}"),
            None if last == "nothing" && self.wants_more(case, (&found, home, &directory))? => {
                "missing".to_owned()
            }
            None => last,
        })
    }

    fn wants_more(
        &self,
        case: &Case,
        (found, home, directory): (&Path, &Path, &Path),
    ) -> Result<bool> {
        let tool = self.tools.iter().find(|(_, program)| *program == case.call);
        let (Some(missing), Some((tool, _))) = (self.missing, tool) else { return Ok(false) };
        let output = run(missing(found, tool), home, directory)?;
        Ok(!output.stdout.trim_ascii().is_empty())
    }
}

/// Runs a command with a home of its own. Nothing is fetched: the proxy doesn't exist.
fn run(mut command: Command, home: &Path, directory: &Path) -> Result<Output> {
    let path = format!("{}:{}", home.join("path").display(), contestant::FOLDERS);
    let proxy = "http://127.0.0.1:9";
    command.current_dir(directory).env("HOME", home).env("PATH", path);
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
        command.env(name, proxy);
    }
    Ok(command.output()?)
}

/// A program that prints one line.
fn script(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, format!("#!/bin/sh\necho {text}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// `pyenv exec python` and the like.
fn exec(found: &Path, (variable, root): (&str, &str), home: &Path, program: &str) -> Command {
    let mut command = contestant::command(found, home);
    command.args(["exec", program]).env(variable, home.join(root));
    command
}

fn nvm(found: &Path, home: &Path, program: &str) -> Result<Command> {
    let folder = home.join(".nvm");
    // What nvm keeps of the index of releases: the lines with long-term support.
    let lines = [
        ("dubnium", "10.24.1"),
        ("hydrogen", "18.20.8"),
        ("iron", "20.9.0"),
        ("jod", "22.11.0"),
        ("krypton", "24.11.0"),
    ];
    let aliases = folder.join("alias/lts");
    fs::create_dir_all(&aliases)?;
    for (line, version) in lines {
        fs::write(aliases.join(line), format!("v{version}\n"))?;
    }
    fs::write(aliases.join("*"), "lts/krypton\n")?;
    let mut command = contestant::command("/bin/bash", home);
    command
        .args(["-c", ". \"$0\" --no-use && nvm use --silent > /dev/null && \"$1\""])
        .arg(found)
        .arg(program)
        .env("NVM_DIR", folder);
    Ok(command)
}

fn mise(found: &Path, home: &Path, program: &str) -> Result<Command> {
    let shims = home.join(".local/share/mise/shims");
    fs::create_dir_all(&shims)?;
    symlink(found, shims.join(program))?;
    let mut command = contestant::command(shims.join(program), home);
    mise_settings(&mut command, home);
    Ok(command)
}

fn mise_missing(found: &Path, tool: &str) -> Command {
    let mut command = contestant::command(found, Path::new("/"));
    command.args(["ls", "--current", "--missing", "--no-header", tool]);
    mise_settings(&mut command, Path::new("/"));
    command
}

fn mise_settings(command: &mut Command, trusted: &Path) {
    // The settings of a user who has other managers' version files read.
    let tools = "node,python,ruby,go,java,erlang,elixir,deno,bun";
    command
        .env("MISE_IDIOMATIC_VERSION_FILE_ENABLE_TOOLS", tools)
        .env("MISE_OFFLINE", "1")
        .env("MISE_NOT_FOUND_AUTO_INSTALL", "0")
        .env("MISE_EXEC_AUTO_INSTALL", "0")
        .env("MISE_TRUSTED_CONFIG_PATHS", trusted);
}

fn volta(found: &Path, home: &Path, program: &str) -> Result<Command> {
    let folder = home.join(".volta");
    let images = folder.join("tools/image/node");
    let inventory = folder.join("tools/inventory/node");
    fs::create_dir_all(&inventory)?;
    fs::create_dir_all(&images)?;
    for entry in fs::read_dir(images)?.flatten() {
        let version = entry.file_name().to_string_lossy().into_owned();
        fs::write(inventory.join(format!("node-v{version}-npm")), "6.14.16")?;
    }
    fs::write(folder.join("layout.v4"), "")?;
    let shim = folder.join("bin").join(program);
    fs::create_dir_all(folder.join("bin"))?;
    symlink(found.with_file_name("volta-shim"), &shim)?;
    let mut command = contestant::command(shim, home);
    command.env("VOLTA_HOME", folder);
    Ok(command)
}
