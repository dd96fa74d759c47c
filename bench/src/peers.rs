//! The peers: whichever is installed, each with a home of its own in which a version is the same
//! static program. A peer is pointed to by a variable (`BENCH_MISE=/path/of/mise`) or found on PATH.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use usher_bench::contestant;

use crate::Result;
use crate::hyperfine::Call;
use crate::programs::Programs;

/// A peer: its name, the page's remark on it, and how a call of its shim is set up in a
/// home of its own.
struct Peer {
    name: &'static str,
    /// Its program.
    program: &'static str,
    /// What it does in this call that others don't, and whether it has a faster way.
    remark: &'static str,
    set_up: fn(&Path, &Programs, &Path) -> Result<Call>,
}

/// The page's remark on a contestant.
pub(crate) struct Remark {
    /// Its name in the table.
    pub(crate) name: String,
    pub(crate) text: &'static str,
}

/// The peers that can be measured, a remark on each, and those that can't.
#[derive(Default)]
pub(crate) struct Peers {
    pub(crate) calls: Vec<Call>,
    pub(crate) remarks: Vec<Remark>,
    pub(crate) absent: Vec<String>,
}

const PEERS: [Peer; 8] = [
    Peer {
        name: "mise",
        program: "mise",
        remark: "The version is in `.tool-versions`. The shim is the whole program, 150 MB. The faster way is `mise activate`: a shell hook that changes PATH before each prompt. A call then costs nothing, but each prompt does (below). A script that changes to another folder keeps the versions of the first, and so does a program that the shim started.",
        set_up: mise,
    },
    Peer {
        name: "Volta",
        program: "volta",
        remark: "The version is in `package.json`; Volta accepts only exact versions. There is no faster way. A nested call keeps the version of the first.",
        set_up: volta,
    },
    Peer {
        name: "pnpm",
        program: "pnpm",
        remark: "Its `node` shim, made by `pnpm shim add node`: the whole program, 65 MB, under another name. The version is in `devEngines.runtime` of `package.json`. pnpm can't download node without node's own site, so the version was put where pnpm looks for it. A nested call is resolved again, as with usher.",
        set_up: pnpm,
    },
    Peer {
        name: "Vite+",
        program: "vp",
        remark: "Its `node` shim, a link to `vp`. The version is in `.node-version`. It caches resolved versions in a file and looks there first. `vp` can't download node without node's own site, so the version was put where `vp` looks for it. A nested call keeps the version of the first.",
        set_up: vite_plus,
    },
    Peer {
        name: "asdf",
        program: "asdf",
        remark: "The version is in `.tool-versions`. The shim is a bash script that runs asdf, a Go program. The plugin is empty: a real one may add a hook that runs on each call. A nested call keeps the version of the first.",
        set_up: asdf,
    },
    Peer {
        name: "rustup",
        program: "rustup",
        remark: "A link to `rustup` named `rustc`. The toolchain is in `rust-toolchain`. There is no faster way. A nested call keeps the toolchain of the first.",
        set_up: rustup,
    },
    Peer {
        name: "pyenv",
        program: "pyenv",
        remark: "The version is in `.python-version`. The shim is a bash script that runs other scripts. There is no faster way. A nested call keeps the version of the first.",
        set_up: pyenv,
    },
    Peer {
        name: "rbenv",
        program: "rbenv",
        remark: "The version is in `.ruby-version`. Otherwise like pyenv.",
        set_up: rbenv,
    },
];

/// Sets the peers up, each in a folder of its own.
pub(crate) fn set_up(programs: &Programs, folder: &Path) -> Peers {
    let mut peers = Peers::default();
    for peer in &PEERS {
        match set_up_one(peer, programs, folder) {
            Ok(call) => {
                peers.remarks.push(Remark { name: call.name.clone(), text: peer.remark });
                peers.calls.push(call);
            }
            Err(error) => peers.absent.push(format!("{}: {error}", peer.name)),
        }
    }
    peers
}

fn set_up_one(peer: &Peer, programs: &Programs, folder: &Path) -> Result<Call> {
    let found = contestant::find(peer.program).ok_or("isn't installed")?;
    let home = home(folder, peer.program);
    fs::create_dir_all(&home)?;
    let call = (peer.set_up)(&found, programs, &home)?;
    match call.becomes_program() {
        true => Ok(call.named(format!("{} {}", peer.name, own_version(&found, &home)))),
        false => Err("didn't become the program".into()),
    }
}

/// The home of a peer's, by the name of its program.
pub(crate) fn home(folder: &Path, program: &str) -> PathBuf {
    folder.join(program)
}

/// The version of what was found; of `vp`, which installs itself before it prints anything, by the
/// copy that takes itself for installed.
fn own_version(found: &Path, home: &Path) -> String {
    let set_up = home.join(VITE_PLUS);
    contestant::version(if set_up.exists() { &set_up } else { found })
}

/// Where `vp` is, in a home of its own.
const VITE_PLUS: &str = "current/bin/vp";

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

/// A call of a shim in this folder, with the shim's own folder on PATH.
fn shim_call(shim: &Path, home: &Path, directory: PathBuf) -> Result<Call> {
    let folder = shim.parent().ok_or("a shim is in a folder")?;
    fs::create_dir_all(folder)?;
    Ok(Call::new(shim, home).directory(directory).on_path(folder))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

fn mise(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let data = home.join(".local/share/mise");
    let versions = ["12.20.0", "12.21.0", "12.22.12"]
        .map(|version| data.join("installs/node").join(version).join("bin/node"));
    place(programs, &versions)?;
    let directory = project(home, ".tool-versions", "node 12.22.12\n")?;
    let shim = data.join("shims/node");
    let call = shim_call(&shim, home, directory)?;
    symlink(program, &shim)?;
    Ok(call)
}

fn volta(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    place(programs, &[home.join("tools/image/node/12.22.12/bin/node")])?;
    fs::create_dir_all(home.join("tools/inventory/node"))?;
    fs::write(home.join("tools/inventory/node/node-v12.22.12-npm"), "6.14.16")?;
    fs::write(home.join("layout.v4"), "")?;
    let directory = project(home, "package.json", r#"{"volta":{"node":"12.22.12"}}"#)?;
    let node = home.join("bin/node");
    let call = shim_call(&node, home, directory)?.variable("VOLTA_HOME", home);
    symlink(program.with_file_name("volta-shim"), &node)?;
    Ok(call)
}

/// pnpm keeps a runtime in its store, and for each request a folder with a link to it. The folder's
/// name is a hash: a first call, which can't fetch anything, makes it.
fn pnpm(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let own = home.join("pnpm");
    let manifest = r#"{"devEngines":{"runtime":{"name":"node","version":"22.11.0"}}}"#;
    let directory = project(home, "package.json", manifest)?;
    let call = shim_call(&own.join("bin/node"), home, directory)?.variable("PNPM_HOME", &own);
    let path = format!("{}:{}", own.join("bin").display(), contestant::FOLDERS);
    run(contestant::command(program, home)
        .args(["shim", "add", "node"])
        .env("PATH", path)
        .env("PNPM_HOME", &own))?;
    call.command().env("HTTPS_PROXY", "http://127.0.0.1:9").output()?;
    let folder = fs::read_dir(home.join(".local/state/pnpm/global-shim-runtimes"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.is_dir())
        .ok_or("it keeps runtimes elsewhere")?;
    let links = fs::read_dir(own.join("store"))?.next().ok_or("it has no store")??;
    let runtime = links.path().join("links/node/22.11.0/bench/node_modules/node");
    place(programs, &[runtime.join("bin/node")])?;
    let manifest = r#"{"name":"node","version":"22.11.0","bin":{"node":"bin/node"}}"#;
    fs::write(runtime.join("package.json"), manifest)?;
    fs::create_dir_all(folder.join("node_modules"))?;
    symlink(&runtime, folder.join("node_modules/node"))?;
    Ok(call)
}

/// `vp` installs itself at its first call, with a node of its own, unless a file records that it is
/// installed.
fn vite_plus(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let own = home.join(VITE_PLUS);
    fs::create_dir_all(own.parent().ok_or("it is in a folder")?)?;
    fs::copy(program, &own)?;
    fs::write(own.with_file_name(".vp-setup-complete"), "")?;
    place(programs, &[home.join("js_runtime/node/22.11.0/bin/node")])?;
    let directory = project(home, ".node-version", "22.11.0\n")?;
    let node = home.join("bin/node");
    let call = shim_call(&node, home, directory)?.variable("VP_HOME", home);
    symlink(own, &node)?;
    Ok(call)
}

fn asdf(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let data = home.join(".asdf");
    let versions = ["12.20.0", "12.21.0", "12.22.12"]
        .map(|version| data.join("installs/nodejs").join(version).join("bin/node"));
    place(programs, &versions)?;
    fs::create_dir_all(data.join("plugins/nodejs/bin"))?;
    run(contestant::command(program, home).arg("reshim"))?;
    let directory = project(home, ".tool-versions", "nodejs 12.22.12\n")?;
    let folder = program.parent().ok_or("it is in no folder")?;
    Ok(shim_call(&data.join("shims/node"), home, directory)?.on_path(folder))
}

fn rustup(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let toolchain = home.join("toolchain");
    place(programs, &[toolchain.join("bin/rustc")])?;
    // Without this folder, it isn't a toolchain to rustup.
    fs::create_dir_all(toolchain.join("lib"))?;
    run(contestant::command(program, home).args(["toolchain", "link", "bench"]).arg(&toolchain))?;
    let directory = project(home, "rust-toolchain", "bench\n")?;
    let proxy = home.join(".cargo/bin/rustc");
    let call = shim_call(&proxy, home, directory)?;
    symlink(program, &proxy)?;
    Ok(call)
}

fn pyenv(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let versions = [".pyenv/versions", "python"];
    let shim = script_shim(program, programs, home, versions)?;
    shim_call(&shim, home, project(home, ".python-version", "3.9.1\n")?)
}

fn rbenv(program: &Path, programs: &Programs, home: &Path) -> Result<Call> {
    let versions = [".rbenv/versions", "ruby"];
    let shim = script_shim(program, programs, home, versions)?;
    shim_call(&shim, home, project(home, ".ruby-version", "3.9.1\n")?)
}

/// Three versions, and the shim that the manager's `rehash` makes for them.
fn script_shim(
    manager: &Path,
    programs: &Programs,
    home: &Path,
    [versions, program]: [&str; 2],
) -> Result<PathBuf> {
    let versions = home.join(versions);
    let placed =
        ["3.7.1", "3.8.1", "3.9.1"].map(|version| versions.join(version).join("bin").join(program));
    place(programs, &placed)?;
    run(contestant::command(manager, home).arg("rehash"))?;
    Ok(versions.with_file_name("shims").join(program))
}
