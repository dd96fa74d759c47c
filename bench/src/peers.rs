//! The peers: whichever is installed, each with a home of its own in which a version is the same
//! static program. A peer is pointed to by a variable (`BENCH_MISE=/path/of/mise`) or found on PATH.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::hyperfine::Call;
use crate::programs::Programs;

/// A peer: its program, and how a call through its shim is set up.
struct Peer {
    program: &'static str,
    set_up: fn(&Path, &Programs, &Path) -> Result<Call>,
}

const PEERS: [Peer; 5] = [
    Peer { program: "mise", set_up: mise },
    Peer { program: "volta", set_up: volta },
    Peer { program: "pyenv", set_up: pyenv },
    Peer { program: "rbenv", set_up: rbenv },
    Peer { program: "rustup", set_up: rustup },
];

/// The calls of the peers that are there, and what is said of the others.
pub(crate) fn calls(programs: &Programs, folder: &Path) -> (Vec<Call>, Vec<String>) {
    let (mut calls, mut absent) = (Vec::new(), Vec::new());
    for peer in &PEERS {
        let Some(found) = find(peer.program) else {
            absent.push(format!("{} isn't installed", peer.program));
            continue;
        };
        let home = folder.join(peer.program);
        let call = fs::create_dir_all(&home)
            .map_err(Into::into)
            .and_then(|()| (peer.set_up)(&found, programs, &home));
        match call {
            Ok(call) if call.becomes_program() => calls.push(named(call, &found)),
            Ok(_) => absent.push(format!("{} didn't become the program", peer.program)),
            Err(error) => absent.push(format!("{} can't be set up: {error}", peer.program)),
        }
    }
    (calls, absent)
}

fn named(call: Call, program: &Path) -> Call {
    let output = Command::new(program).arg("--version").output();
    let version = output.map(|output| {
        String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
    });
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let version = version.unwrap_or_default();
    let words: Vec<&str> =
        version.split_whitespace().filter(|word| *word != name).take(1).collect();
    call.named(format!("{name} {}", words.join(" ")))
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the benchmark points to peers")]
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let pointed = std::env::var_os(format!("BENCH_{}", program.to_uppercase()));
    pointed.map(PathBuf::from).or_else(|| which::which(program).ok())
}

/// Puts the program that does nothing under these names.
fn place(programs: &Programs, paths: &[PathBuf]) -> Result<()> {
    for path in paths {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        fs::hard_link(&programs.nothing, path)?;
    }
    Ok(())
}

/// A folder three below one that holds a version file.
fn project(home: &Path, file: &str, text: &str) -> Result<PathBuf> {
    let deep = home.join("project/a/b/c");
    fs::create_dir_all(&deep)?;
    fs::write(home.join("project").join(file), text)?;
    Ok(deep)
}

fn quietly(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

fn mise(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let versions = ["12.20.0", "12.21.0", "12.22.12"]
        .map(|version| home.join("data/installs/node").join(version).join("bin/node"));
    place(programs, &versions)?;
    let directory = project(home, ".tool-versions", "node 12.22.12\n")?;
    let variables = [
        ("MISE_DATA_DIR", "data"),
        ("MISE_CONFIG_DIR", "config"),
        ("MISE_CACHE_DIR", "cache"),
        ("MISE_STATE_DIR", "state"),
        ("HOME", ""),
    ];
    let shim = home.join("data/shims/node");
    fs::create_dir_all(home.join("data/shims"))?;
    symlink(program, &shim)?;
    let call = Call::new("", shim)
        .directory(directory)
        .variable("MISE_OFFLINE", "1")
        .variable("MISE_TRUSTED_CONFIG_PATHS", home);
    Ok(variables
        .into_iter()
        .fold(call, |call, (name, folder)| call.variable(name, home.join(folder))))
}

fn volta(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let shim = program.with_file_name("volta-shim");
    place(programs, &[home.join("tools/image/node/12.22.12/bin/node")])?;
    fs::create_dir_all(home.join("tools/inventory/node"))?;
    fs::write(home.join("tools/inventory/node/node-v12.22.12-npm"), "6.14.16")?;
    fs::write(home.join("layout.v4"), "")?;
    let directory = project(home, "package.json", r#"{"volta":{"node":"12.22.12"}}"#)?;
    let node = home.join("bin/node");
    fs::create_dir_all(home.join("bin"))?;
    symlink(shim, &node)?;
    Ok(Call::new("", node).directory(directory).variable("VOLTA_HOME", home))
}

fn pyenv(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    rehashing(program, home, programs, "PYENV_ROOT", "python", ".python-version")
}

fn rbenv(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    rehashing(program, home, programs, "RBENV_ROOT", "ruby", ".ruby-version")
}

/// pyenv and rbenv, which are alike.
fn rehashing(
    manager: &Path,
    home: &Path,
    programs: &Programs,
    variable: &str,
    program: &str,
    file: &str,
) -> Result<Call> {
    let versions = ["3.7.1", "3.8.1", "3.9.1"]
        .map(|version| home.join("versions").join(version).join("bin").join(program));
    place(programs, &versions)?;
    quietly(Command::new(manager).arg("rehash").env(variable, home))?;
    let directory = project(home, file, "3.9.1\n")?;
    Ok(Call::new("", home.join("shims").join(program))
        .directory(directory)
        .variable(variable, home))
}

fn rustup(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let toolchain = home.join("toolchain");
    place(programs, &[toolchain.join("bin/rustc")])?;
    // What has no such folder is no toolchain to rustup.
    fs::create_dir_all(toolchain.join("lib"))?;
    quietly(
        Command::new(program)
            .args(["toolchain", "link", "bench"])
            .arg(&toolchain)
            .env("RUSTUP_HOME", home),
    )?;
    let directory = project(home, "rust-toolchain", "bench\n")?;
    let proxy = home.join("rustc");
    symlink(program, &proxy)?;
    Ok(Call::new("", proxy).directory(directory).variable("RUSTUP_HOME", home))
}
