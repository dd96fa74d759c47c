//! usher's own calls: the usual one, the slower ones, and how they grow.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use usher_bench::contestant;

use crate::Result;
use crate::hyperfine::{Call, Measured, measure};
use crate::programs::Programs;

/// Versions that are on disk in the usual case.
const USUAL: [&str; 3] = ["12.20.0", "12.21.0", "12.22.12"];

/// How the time grows.
pub(crate) struct Growth {
    /// With what: `folders up to the version file`.
    pub(crate) with: &'static str,
    /// The number of it, and the time then.
    pub(crate) points: Vec<(usize, Measured)>,
}

/// The calls of the table: the usual one first, then the slower ones.
pub(crate) fn calls(programs: &Programs, folder: &Path) -> Result<Vec<Call>> {
    let usual = home(programs, &folder.join("usual"), USUAL.iter().map(ToString::to_string))?;
    let project = folder.join("project");
    let deep = project.join("a/b/c");
    fs::create_dir_all(&deep)?;
    fs::write(project.join(".nvmrc"), "12\n")?;
    let manifest = folder.join("manifest");
    fs::create_dir_all(manifest.join("a/b/c"))?;
    fs::write(manifest.join("package.json"), big_manifest())?;
    let many = home(programs, &folder.join("many"), (0..200).map(|patch| format!("12.{patch}.0")))?;
    let mut calls = vec![
        call(&usual, "node", &deep).named("usher: `.nvmrc` three folders up, 3 versions"),
        call(&usual, "node", &manifest.join("a/b/c"))
            .named("usher: `package.json` of 50 kB three folders up"),
        call(&many, "node", &deep).named("usher: `.nvmrc`, 200 versions"),
    ];
    if let Some(shim) = &programs.host_shim {
        let host = home(programs, &folder.join("host"), USUAL.map(String::from))?;
        // All shims may be one file with many names: only this name changes.
        fs::remove_file(host.join("shims/node"))?;
        fs::copy(shim, host.join("shims/node"))?;
        calls.push(call(&host, "node", &deep).named("usher: the usual call, shim not static"));
    }
    calls.push(
        call(&usual, "npm", &deep)
            .argument("install")
            .argument("--global")
            .argument("x")
            .named("usher: `npm install --global`, which `use` runs"),
    );
    match calls.iter().find(|call| !call.becomes_program()) {
        Some(call) => Err(format!("{} didn't become the program", call.name).into()),
        None => Ok(calls),
    }
}

/// How resolution grows with depth and with versions.
pub(crate) fn growth(programs: &Programs, rounds: usize, folder: &Path) -> Result<Vec<Growth>> {
    let usual = folder.join("usual");
    let mut depth = Vec::new();
    for folders in [1, 5, 10, 20, 40] {
        let top = folder.join(format!("deep-{folders}"));
        let inside: PathBuf = std::iter::once(top.clone())
            .chain((0..folders).map(|level| format!("f{level}").into()))
            .collect();
        fs::create_dir_all(&inside)?;
        fs::write(top.join(".nvmrc"), "12\n")?;
        depth.push((folders, call(&usual, "node", &inside)));
    }
    let mut versions = Vec::new();
    for count in [1, 10, 100, 1000] {
        let home = home(
            programs,
            &folder.join(format!("versions-{count}")),
            (0..count).map(|minor| format!("12.{minor}.0")),
        )?;
        versions.push((count, call(&home, "node", &folder.join("project/a/b/c"))));
    }
    Ok(vec![
        Growth::measured("folders up to the version file", depth, rounds, folder)?,
        Growth::measured("installed versions, partial request", versions, rounds, folder)?,
    ])
}

impl Growth {
    fn measured(
        with: &'static str,
        calls: Vec<(usize, Call)>,
        rounds: usize,
        folder: &Path,
    ) -> Result<Self> {
        let (numbers, calls): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
        Ok(Self {
            with,
            points: numbers.into_iter().zip(measure(&calls, rounds, folder)?).collect(),
        })
    }
}

/// A call of a program's shim. HOME is a folder in which usher has nothing: it finds its own home
/// from where the shim is.
fn call(home: &Path, program: &str, directory: &Path) -> Call {
    let shims = home.join("shims");
    Call::new(shims.join(program), &home.join("account")).directory(directory).on_path(shims)
}

/// A home of usher's with these versions of node.
fn home(
    programs: &Programs,
    home: &Path,
    versions: impl IntoIterator<Item = String>,
) -> Result<PathBuf> {
    fs::create_dir_all(home.join("account"))?;
    for version in versions {
        let bin = home.join("toolchains/node").join(version).join("bin");
        fs::create_dir_all(&bin)?;
        for program in ["node", "npm"] {
            fs::hard_link(&programs.nothing, bin.join(program))?;
        }
    }
    let status = contestant::command(&programs.usher, &home.join("account"))
        .args(["self", "install"])
        .env("USHER_HOME", home)
        .stdout(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(home.to_path_buf()),
        false => Err("usher can't be installed for the benchmark".into()),
    }
}

/// A manifest of 50 kB, with its `engines` at the end and a pin of Volta's.
fn big_manifest() -> String {
    let dependencies: Vec<String> = (0..1000)
        .map(|number| format!("    \"some-package-{number}\": \"^{number}.2.3-beta.4\""))
        .collect();
    format!(
        "{{\n  \"name\": \"big\",\n  \"dependencies\": {{\n{}\n  }},\n  \"engines\": {{ \"node\": \">=12\" }},\n  \"volta\": {{ \"node\": \"12.22.12\" }}\n}}\n",
        dependencies.join(",\n")
    )
}
