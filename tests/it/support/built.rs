//! Programs that the tests need and cargo doesn't build for them: the shim (another package), the
//! fake tool, and C programs.
//!
//! Each is built once, until its source changes. Processes wait for each other on a kernel lock;
//! cargo or the source's hash finds a build that is up to date.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::archives::hex;
use super::executables;

/// The shim that is embedded in `use`.
pub(crate) fn shim() -> &'static Path {
    Path::new(env!("USHER_CARRIED_SHIM"))
}

/// `use` and the shim as an installed usher has them: nobody may write to them. They are copies, so
/// that what cargo built keeps its mode.
pub(crate) fn installed() -> &'static [PathBuf; 2] {
    static INSTALLED: OnceLock<[PathBuf; 2]> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let folder = folder();
        let _lock = locked(&folder);
        [("use", Path::new(env!("CARGO_BIN_EXE_use"))), ("shim", shim())].map(|(name, built)| {
            let copy = folder.join(format!("installed-{name}"));
            if !is_copy(built, &copy) {
                let unfinished = folder.join("installed-unfinished");
                executables::copy(built, &unfinished);
                fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o555))
                    .expect("a mode");
                fs::rename(&unfinished, &copy).expect("rename the copy");
            }
            copy
        })
    })
}

/// Whether a copy is newer than what it is of, and as long.
fn is_copy(built: &Path, copy: &Path) -> bool {
    let [built, copy] = [built, copy].map(|path| fs::metadata(path).ok());
    let time = |seen: &fs::Metadata| seen.modified().ok();
    built
        .zip(copy)
        .is_some_and(|(built, copy)| built.len() == copy.len() && time(&built) < time(&copy))
}

/// The shims that the contract tests run with: the one that `USHER_TEST_SHIM` names, else the
/// embedded one and a debug build for the host, which checks for overflow.
pub(crate) fn shims() -> &'static [(&'static str, PathBuf)] {
    static SHIMS: OnceLock<Vec<(&'static str, PathBuf)>> = OnceLock::new();
    SHIMS.get_or_init(|| match prebuilt_shim() {
        Some(shim) => vec![("brought along", shim)],
        None => vec![("carried", shim().to_path_buf()), ("host", build_shim())],
    })
}

/// Compiles a C file to a program.
pub(crate) fn c_program(name: &str, source: &str) -> PathBuf {
    c_file(name, source, &[])
}

/// Compiles a C file to a shared library for `LD_PRELOAD`.
pub(crate) fn c_library(name: &str, source: &str) -> PathBuf {
    c_file(name, source, &["-shared", "-fPIC"])
}

fn c_file(name: &str, source: &str, options: &[&str]) -> PathBuf {
    let folder = folder();
    let _lock = locked(&folder);
    let binary = folder.join(format!("{name}-{}", &hex(&Sha256::digest(source))[..16]));
    if binary.exists() {
        return binary;
    }
    let (text, unfinished) = (folder.join("unfinished.c"), folder.join("c-unfinished"));
    fs::write(&text, source).expect("write the C source");
    let mut command = Command::new("cc");
    command.args(["-O1", "-Wall", "-Wextra"]).args(options).arg("-o").arg(&unfinished).arg(&text);
    output(&mut command);
    fs::rename(&unfinished, &binary).expect("rename the finished program");
    binary
}

/// The fake tool's binary. `fake.rs` describes what it does.
pub(crate) fn fake() -> &'static Path {
    static FAKE: OnceLock<PathBuf> = OnceLock::new();
    FAKE.get_or_init(build_fake)
}

#[expect(clippy::disallowed_methods, reason = "USHER_TEST_SHIM chooses the shim to test")]
fn prebuilt_shim() -> Option<PathBuf> {
    std::env::var_os("USHER_TEST_SHIM").filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn build_shim() -> PathBuf {
    let folder = folder();
    let _lock = locked(&folder);
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--package", "usher-shims", "--bin", "shim"]);
    command.args(["--config", "profile.dev.strip=true"]);
    command.args(["--message-format", "json-render-diagnostics", "--target-dir"]).arg(&folder);
    let messages = output(&mut command).stdout;
    let built = messages.split(|byte| *byte == b'\n').find_map(|line| {
        let message: serde_json::Value = serde_json::from_slice(line).ok()?;
        let shim = message["target"]["name"] == "shim";
        message["executable"].as_str().filter(|_| shim).map(PathBuf::from)
    });
    built.expect("cargo prints the path of the shim")
}

fn build_fake() -> PathBuf {
    let source = include_str!("fake.rs");
    let folder = folder();
    let _lock = locked(&folder);
    let target = static_target();
    let named = format!("{source}{target:?}");
    let binary = folder.join(format!("fake-{}", &hex(&Sha256::digest(named))[..16]));
    if binary.exists() {
        return binary;
    }
    let unfinished = folder.join("fake-unfinished");
    let mut command = Command::new("rustc");
    command.args(["--edition", "2024", "--crate-name", "fake", "-O", "-C", "strip=symbols"]);
    if let Some(target) = target {
        command.args(["--target", &target]);
    }
    command.arg("-o").arg(&unfinished).arg("tests/it/support/fake.rs");
    output(&mut command);
    fs::rename(&unfinished, &binary).expect("rename the finished fake tool");
    binary
}

/// The musl target, if its standard library is installed. Users get shims built for it, because
/// static programs start fastest.
fn static_target() -> Option<String> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let mut command = Command::new("rustc");
    let output = command.args(["--print", "target-libdir", "--target", &target]).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && Path::new(folder.trim()).is_dir()).then_some(target)
}

/// A target folder of its own, so that no build waits for the cargo that runs the tests.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("shim-under-test");
    fs::create_dir_all(&folder).expect("create the build folder");
    folder
}

fn locked(folder: &Path) -> File {
    let file = File::create(folder.join(".build-lock")).expect("open the build lock");
    file.lock().expect("take the build lock");
    file
}

fn output(command: &mut Command) -> Output {
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = executables::start(command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let output = child.wait_with_output().expect("wait for a build");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {complaint}");
    output
}
