//! Packages in the hands of their managers: installed, upgraded to a higher version, and removed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Outcome, Result, checkout, lint, process};

/// The variable that names the `use` of the higher version for tests.
const NEXT_VARIABLE: &str = "USHER_TEST_NEXT";

/// Builds a second version, and runs the tests of packages with both.
pub(crate) fn packages() -> Result<Outcome> {
    let next = build_next()?;
    let mut test = process::cargo();
    test.args(["test", "-p", "usher", "--test", "it", "packages::"]);
    process::run_tests(test.env(NEXT_VARIABLE, next))
}

/// Builds `use` from a copy of this checkout that differs in its version only.
fn build_next() -> Result<PathBuf> {
    let folder = process::target_folder().join("next");
    let copy = folder.join("checkout");
    let _ = fs::remove_dir_all(&copy);
    copy_sources(checkout(), &copy)?;
    for file in ["Cargo.toml", "Cargo.lock"] {
        raise_version(&copy.join(file))?;
    }
    let mut build = process::cargo();
    build.args(["build", "--locked", "--package", "usher", "--bin", "use"]).current_dir(&copy);
    // Dependencies that were built already are not built again.
    build.env("CARGO_BUILD_BUILD_DIR", process::target_folder());
    process::run(build.env("CARGO_TARGET_DIR", &folder))?;
    Ok(folder.join("debug/use"))
}

/// Copies files and folders, without git's and what cargo made.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    let failed = |error| format!("can't copy {}: {error}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(failed)?.is_dir() {
            if !lint::is_foreign(&path) {
                copy_sources(&path, &copy)?;
            }
        } else {
            fs::copy(&path, &copy).map_err(failed)?;
        }
    }
    Ok(())
}

/// Gives the workspace's packages the next version. Those of others are named with their source.
fn raise_version(file: &Path) -> Result<()> {
    let failed = |error| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(failed)?;
    let own = format!("version = \"{}\"\n", env!("CARGO_PKG_VERSION"));
    let next = format!("version = \"{}\"\n", next(env!("CARGO_PKG_VERSION")));
    let raised = text.replace(&format!("{own}dependencies"), &format!("{next}dependencies"));
    let raised = raised.replace(&format!("{own}edition"), &format!("{next}edition"));
    let raised = raised.replace(&format!("{own}\n"), &format!("{next}\n"));
    if raised == text {
        return Err(format!("{}: no package has this version", file.display()));
    }
    fs::write(file, raised).map_err(failed)
}

/// The next higher version: `0.1.0` becomes `0.1.1`.
fn next(version: &str) -> String {
    let (rest, patch) = version.rsplit_once('.').unwrap_or((version, "0"));
    format!("{rest}.{}", patch.parse::<u32>().unwrap_or(0) + 1)
}
