//! npm packages: one with the program of each platform, and one that depends on all of them, of which
//! a package manager fetches the one that runs here.
//!
//! The command is the program itself: after the install it takes the place of a shell script, which
//! finds and runs it where a package manager runs no install scripts.

use std::io;

use serde_json::{Map, Value, json};

use crate::platform::{Machine, Platform, System};
use crate::release::{Program, Release, ReleaseFile, package_file};
use crate::tree::{Entry, gzip, tar};

/// `@usher/linux-x64`: the program for one platform.
pub(crate) fn program_package(release: &Release<'_>, program: &Program) -> io::Result<ReleaseFile> {
    let platform = program.platform;
    let mut manifest = manifest(release, &package_name(release, platform));
    manifest.insert("os".to_owned(), json!([system(platform)]));
    manifest.insert("cpu".to_owned(), json!([machine(platform)]));
    manifest.insert("preferUnplugged".to_owned(), json!(true));
    let entries = vec![
        Entry::file("package.json", pretty(manifest)),
        Entry::program("bin/use", program.content.as_slice()),
    ];
    archive(release, &format!("{}-{platform}", release.settings.name), entries)
}

/// `usher`: the command.
pub(crate) fn package(release: &Release<'_>) -> io::Result<ReleaseFile> {
    let name = &release.settings.name;
    let mut manifest = manifest(release, name);
    let dependencies = packaged(release)
        .map(|platform| (package_name(release, platform), json!(release.version)))
        .collect::<Map<_, _>>();
    manifest.insert("bin".to_owned(), json!({ "use": "bin/use", "usher": "bin/use" }));
    manifest.insert("scripts".to_owned(), json!({ "postinstall": "sh lib/become-program.sh" }));
    manifest.insert("optionalDependencies".to_owned(), dependencies.into());
    let platforms = packaged(release).map(Platform::to_string).collect::<Vec<_>>().join(", ");
    let find_program = include_str!("../npm/find-program.sh")
        .replace("@SCOPE@", &release.settings.npm_scope)
        .replace("@PLATFORMS@", &platforms);
    let entries = vec![
        Entry::file("package.json", pretty(manifest)),
        Entry::file("README.md", include_str!("../../README.md")),
        Entry::program("bin/use", include_str!("../npm/use.sh")),
        Entry::file("lib/find-program.sh", find_program),
        Entry::file("lib/become-program.sh", include_str!("../npm/become-program.sh")),
    ];
    archive(release, name, entries)
}

/// The platforms that have a package of their own.
fn packaged<'a>(release: &'a Release<'_>) -> impl Iterator<Item = &'static Platform> + 'a {
    let platforms = release.programs.iter().map(|program| program.platform);
    platforms.filter(|platform| platform.is_for_packages())
}

fn package_name(release: &Release<'_>, platform: &Platform) -> String {
    format!("{}/{platform}", release.settings.npm_scope)
}

/// What every `package.json` of these has.
fn manifest(release: &Release<'_>, name: &str) -> Map<String, Value> {
    let mut manifest = Map::new();
    for (key, value) in [
        ("name", name),
        ("version", release.version),
        ("description", &release.settings.summary),
        ("author", &release.settings.maintainer),
        ("license", "MIT OR Apache-2.0"),
    ] {
        manifest.insert(key.to_owned(), json!(value));
    }
    if let Some(page) = release.homepage() {
        manifest.insert("homepage".to_owned(), json!(page));
    }
    manifest
}

fn pretty(manifest: Map<String, Value>) -> String {
    format!("{:#}\n", Value::Object(manifest))
}

/// `NAME-VERSION.tgz`, in which everything is in `package/`.
fn archive(release: &Release<'_>, name: &str, mut entries: Vec<Entry>) -> io::Result<ReleaseFile> {
    let own = &release.settings.name;
    entries.push(package_file(
        &format!("npm, or another package manager for Node.js (the package {own})"),
        &format!("npm install --global {own}@latest"),
        &format!("npm uninstall --global {own}"),
    ));
    let entries: Vec<Entry> = entries.into_iter().map(|entry| entry.below("package")).collect();
    let name = format!("{name}-{}.tgz", release.version);
    Ok(ReleaseFile { name, content: gzip(&tar(&entries)?)? })
}

/// What Node.js calls the system (`process.platform`).
fn system(platform: &Platform) -> &'static str {
    match platform.system {
        System::Linux | System::LinuxGlibc => "linux",
        System::Macos => "darwin",
    }
}

/// What Node.js calls the kind of machine (`process.arch`).
fn machine(platform: &Platform) -> &'static str {
    match platform.machine {
        Machine::X64 => "x64",
        Machine::Arm64 => "arm64",
    }
}
