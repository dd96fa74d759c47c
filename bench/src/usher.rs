//! usher's own calls: the usual one, the heavier ones of the issue, and how they grow.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

/// The calls of the table.
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
    Ok(vec![
        call("usher: `.nvmrc` three folders up, 3 versions", &usual, &deep),
        call("usher: `package.json` of 50 kB three folders up", &usual, &manifest.join("a/b/c")),
        call("usher: partial request, 200 versions", &many, &deep),
    ])
}

/// How resolution grows with depth and with versions.
pub(crate) fn growth(programs: &Programs, folder: &Path) -> Result<Vec<Growth>> {
    let usual = folder.join("usual");
    let mut depth = Vec::new();
    for folders in [1, 5, 10, 20, 40] {
        let top = folder.join(format!("deep-{folders}"));
        let inside: PathBuf = std::iter::once(top.clone())
            .chain((0..folders).map(|level| format!("f{level}").into()))
            .collect();
        fs::create_dir_all(&inside)?;
        fs::write(top.join(".nvmrc"), "12\n")?;
        depth.push((folders, call("", &usual, &inside)));
    }
    let mut versions = Vec::new();
    for count in [1, 10, 100, 1000] {
        let home = home(
            programs,
            &folder.join(format!("versions-{count}")),
            (0..count).map(|minor| format!("12.{minor}.0")),
        )?;
        versions.push((count, call("", &home, &folder.join("project/a/b/c"))));
    }
    Ok(vec![
        Growth::measured("folders up to the version file", depth, folder)?,
        Growth::measured("versions on disk, partial request", versions, folder)?,
    ])
}

impl Growth {
    fn measured(with: &'static str, calls: Vec<(usize, Call)>, folder: &Path) -> Result<Self> {
        let (numbers, calls): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
        Ok(Self { with, points: numbers.into_iter().zip(measure(&calls, folder)?).collect() })
    }
}

fn call(name: &str, home: &Path, directory: &Path) -> Call {
    let shims = home.join("shims");
    let path = format!("{}:/usr/bin:/bin", shims.display());
    Call::new(name, shims.join("node")).directory(directory).variable("PATH", path)
}

/// A home of usher's with these versions of node.
fn home(
    programs: &Programs,
    home: &Path,
    versions: impl Iterator<Item = String>,
) -> Result<PathBuf> {
    for version in versions {
        let bin = home.join("toolchains/node").join(version).join("bin");
        fs::create_dir_all(&bin)?;
        fs::hard_link(&programs.nothing, bin.join("node"))?;
    }
    let status = Command::new(&programs.cold)
        .arg("__install")
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
