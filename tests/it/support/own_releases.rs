//! Releases of usher itself, in the folder `releases` of a sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use usher_shims::index::VERSION;

use super::{ReleaseKey, Sandbox, executables, sha256};

/// The name of the program for this platform in a release's folder.
pub(crate) fn file_name() -> String {
    usher::own_release::file_name()
}

/// `use` as it is where releases are built (`signed_use.rs`).
pub(crate) fn signed_use() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_use")).with_file_name("examples/signed_use");
    assert!(built.exists(), "cargo build --example signed_use");
    built
}

/// A copy of it in a sandbox.
pub(crate) fn small_signed_use(sandbox: &Sandbox) -> PathBuf {
    let copy = sandbox.root().join("signed");
    copy_small(&signed_use(), &copy);
    copy
}

/// Copies a program, without its debug information where the machine has `strip`: in tests, that is
/// most of it.
pub(crate) fn copy_small(program: &Path, copy: &Path) {
    executables::copy(program, copy);
    let _ = executables::stdout_if_success(Command::new("strip").arg(copy));
}

/// The same program with another version, which is as long as the real one. The shim that it carries
/// is of that version, too.
pub(crate) fn with_version(program: &Path, version: &str) -> Vec<u8> {
    assert_eq!(version.len(), VERSION.len(), "{version}");
    let mut program = fs::read(program).expect("read a built `use`");
    let found = memchr::memmem::find_iter(&program, VERSION);
    for place in found.collect::<Vec<_>>() {
        program[place..place + VERSION.len()].copy_from_slice(version.as_bytes());
    }
    program
}

/// Publishes a release: its program, its hashes, and their signature.
pub(crate) fn publish(sandbox: &Sandbox, key: &ReleaseKey, version: &str, program: &[u8]) {
    let name = file_name();
    sandbox.file(format!("releases/{version}/{name}"), program);
    let sums = format!("{}  {name}\n", sha256(program));
    sign(sandbox, version, &sums, (key, &format!("usher {version}")));
    sandbox.file("releases/latest", format!("{version}\n"));
}

/// Publishes the hashes of a release, and their signature by a key with a trusted comment.
pub(crate) fn sign(
    sandbox: &Sandbox,
    version: &str,
    sums: &str,
    (key, comment): (&ReleaseKey, &str),
) {
    sandbox.file(format!("releases/{version}/SHA256SUMS"), sums);
    let signature = key.sign(sums, comment);
    sandbox.file(format!("releases/{version}/SHA256SUMS.minisig"), signature);
}
