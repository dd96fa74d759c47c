//! macOS, as far as it can be checked on another system: nothing is run.

use crate::zig::Zig;
use crate::{Outcome, Result, checkout, macho, process, setup};

/// The machines that macOS runs on.
pub(crate) const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

/// Clippy for both machines: all of it compiles there, without a warning. Tests are the same for both.
pub(crate) fn macos() -> Result<Outcome> {
    let zig = match tools() {
        Ok(zig) => zig,
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    // What `use` would carry is not compiled into anything here: any file will do.
    let shim = checkout().join("Cargo.toml");
    for target in TARGETS {
        let mut clippy = zig.clippy(target);
        clippy.arg("--workspace").env("USHER_SHIM", &shim);
        if target == TARGETS[0] {
            clippy.arg("--all-targets");
        }
        process::run(clippy.args(["--", "-D", "warnings"]))?;
    }
    Ok(Outcome::default())
}

/// Builds the shim and `use` for both machines as they are released, and checks the files.
pub(crate) fn macos_link() -> Result<Outcome> {
    let zig = match tools() {
        Ok(zig) => zig,
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    for target in TARGETS {
        let shim = zig.build_shim(target)?;
        macho::check(&shim, target)?;
        macho::check(&zig.build_use(target, &shim, |command| command)?, target)?;
    }
    Ok(Outcome::default())
}

/// What builds for macOS; the error says what is missing.
fn tools() -> Result<Zig> {
    if let Some(missing) = TARGETS.into_iter().find(|target| !setup::has_target(target)) {
        return Err(format!("no target {missing} here: rustup target add {missing}"));
    }
    Zig::find()
}
