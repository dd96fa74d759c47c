//! The oldest Rust that builds all of this: `rust-version` in Cargo.toml.

use serde_json::Value;

use crate::{Outcome, Result, lint, process};

/// Checks that no dependency needs a newer Rust than Cargo.toml promises, that no function of the
/// standard library is newer, and, where that toolchain is installed, that it really builds.
pub(crate) fn msrv() -> Result<Outcome> {
    let promised = promised()?;
    let newer = newer_dependencies(&promised)?;
    if !newer.is_empty() {
        return Err(format!("these need a newer Rust than {promised}: {}", newer.join(", ")));
    }
    // Finds what is newer in the standard library: clippy::incompatible_msrv.
    lint::clippy()?;
    if !is_installed(&promised) {
        return Ok(Outcome::skipped(format!(
            "Rust {promised} is not installed, so nothing was built with it: \
             rustup toolchain install {promised} --profile minimal"
        )));
    }
    let mut check = process::command("cargo");
    // Of its own, so that the other toolchain's builds stay what they are.
    check.args(["check", "--workspace", "--all-targets", "--locked", "--target-dir"]);
    check.arg(process::target_folder().join(format!("rust-{promised}")));
    process::run(check.env("RUSTUP_TOOLCHAIN", &promised).env_remove("CARGO").env_remove("RUSTC"))?;
    Ok(Outcome::default())
}

/// `rust-version` of the workspace.
fn promised() -> Result<String> {
    let own = process::metadata(&["--no-deps"])?;
    let mut versions = packages(&own).filter_map(|package| package["rust_version"].as_str());
    let first = versions.next().ok_or("Cargo.toml has no rust-version")?;
    if versions.any(|version| version != first) {
        return Err("the members of the workspace have different rust-versions".to_owned());
    }
    Ok(first.to_owned())
}

/// The dependencies that declare a newer Rust.
fn newer_dependencies(promised: &str) -> Result<Vec<String>> {
    let promised = numbers(promised);
    let all = process::metadata(&["--locked"])?;
    let newer = packages(&all).filter(|package| {
        package["rust_version"].as_str().is_some_and(|needed| numbers(needed) > promised)
    });
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let named = newer.map(|package| {
        let [name, version, needed] =
            ["name", "version", "rust_version"].map(|key| text(&package[key]));
        format!("{name} {version} ({needed})")
    });
    Ok(named.collect())
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

/// `1.88` and `1.88.0` are one version.
fn numbers(version: &str) -> [u32; 3] {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// Whether rustup has this toolchain; it is not made to fetch it.
fn is_installed(toolchain: &str) -> bool {
    let mut command = process::command("rustc");
    command.arg("--version").env("RUSTUP_TOOLCHAIN", toolchain).env("RUSTUP_AUTO_INSTALL", "0");
    let expected = format!("rustc {toolchain}.");
    process::output(&mut command).is_some_and(|version| version.starts_with(&expected))
}
