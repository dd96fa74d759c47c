//! Measures what installing a toolchain costs, usher beside others, in one run.
//!
//! ```text
//! cargo run --release -p usher-bench --bin install [ROUNDS]
//! ```
//!
//! All install the same archive of node's shape from the same server on loopback, in turn, into
//! fresh homes, once in memory and once on disk. Beside them stand plain `tar` with a sync after it,
//! and inflating alone with the library that usher uses. A peer that isn't there, or that fails, is
//! left out and named. Writes `docs/benchmark-install.md`.
#![allow(clippy::disallowed_methods, reason = "what only developers run prints paths as they are")]

mod archive;
mod contestants;
mod mirror;
mod report;
mod runs;
mod stages;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use archive::Archive;
use mirror::Mirror;

/// An error is printed and ends the run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How often each is run, unless an argument sets it.
const ROUNDS: usize = 9;

#[expect(clippy::disallowed_methods, reason = "it runs itself to inflate in a process alone")]
fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let ended = match &arguments[..] {
        [] => run(ROUNDS),
        [rounds] if count(rounds).is_some() => run(count(rounds).unwrap_or(ROUNDS)),
        [verb, archive] if verb == Path::new("inflate") => stages::inflate(archive).map(|_| ()),
        _ => Err("usage: install [ROUNDS]".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn count(argument: &Path) -> Option<usize> {
    argument.to_str()?.parse().ok().filter(|count| *count > 0)
}

fn run(rounds: usize) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("bench/ has no parent")?;
    print("building");
    build(root, &["--release", "--bin", "use"])?;
    let archive = Archive::made(root)?;
    let mirror = Mirror::serving(&archive)?;
    let (contestants, mut absent) = contestants::all(root, &archive, &mirror.address)?;
    let mut page = report::head(&archive, rounds);
    let places = places(root)?;
    let mut tables = Vec::new();
    for place in &places {
        print(&format!("measuring {}: keep the machine quiet", place.title));
        let (measured, failed) = runs::measure(&contestants, place, rounds)?;
        absent.extend(failed);
        tables.push(measured);
    }
    // Last, since what this process has in memory is counted for those that it starts.
    for (place, measured) in places.iter().zip(&tables) {
        let stages = stages::measure(&archive, &mirror.address, place, rounds)?;
        page += &report::place(place.title, measured, &stages);
    }
    absent.sort();
    absent.dedup();
    page += &report::left_out(&absent);
    std::fs::write(root.join("docs/benchmark-install.md"), &page)?;
    print(&page);
    Ok(())
}

fn build(root: &Path, what: &[&str]) -> Result<()> {
    let built =
        Command::new("cargo").current_dir(root).args(["build", "--quiet"]).args(what).status()?;
    match built.success() {
        true => Ok(()),
        false => Err(format!("cargo build {} failed", what.join(" ")).into()),
    }
}

/// Where homes are.
struct Place {
    title: &'static str,
    folder: tempfile::TempDir,
    /// When they are removed.
    homes_go: Go,
}

/// When homes are removed.
enum Go {
    /// After each run: there is little room, and on a virtual machine memory that was never used
    /// before is slow.
    AtOnce,
    /// When all is measured: ext4 searches long for an inode while many were freed a minute ago.
    AtTheEnd,
}

/// In memory, and on the sources' disk.
fn places(root: &Path) -> Result<[Place; 2]> {
    let folder = |parent: &Path| tempfile::Builder::new().prefix("usher-bench-").tempdir_in(parent);
    let (memory, disk) = (folder(Path::new("/dev/shm"))?, folder(&root.join("target"))?);
    Ok([
        Place { title: "In memory (tmpfs)", folder: memory, homes_go: Go::AtOnce },
        Place { title: "On disk", folder: disk, homes_go: Go::AtTheEnd },
    ])
}

#[expect(clippy::print_stderr, reason = "this program's one printer")]
fn print(text: &str) {
    eprintln!("{text}");
}
