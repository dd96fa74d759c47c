//! Measures what `use check` costs in a project of 12,000 folders, beside programs that list its
//! files, in one run.
//!
//! ```text
//! cargo run --release -p usher-bench --bin check [ROUNDS]
//! ```
//!
//! Each folder has a `package.json` with a range of node. Every program runs with what it reads in
//! memory, and with the page cache dropped first, which root alone can do. Prints a table.
#![allow(clippy::disallowed_methods, reason = "what only developers run prints paths as they are")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use usher::files::durable::sync_file_system;
use usher_bench::{contestant, machine};

/// An error is printed and ends the run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How often each is run, unless an argument sets it.
const ROUNDS: usize = 9;

/// How many folders the project has, and how many of them are side by side.
const FOLDERS: (usize, usize) = (12_000, 100);

/// Where the kernel is told to forget what it has in memory.
const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";

#[expect(clippy::disallowed_methods, reason = "its one argument")]
fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).map_or(Some(ROUNDS), |rounds| rounds.parse().ok());
    let ended = match rounds.filter(|rounds| *rounds > 0) {
        Some(rounds) => run(rounds),
        None => Err("usage: check [ROUNDS]".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A program that reads the project.
struct Contestant {
    name: String,
    program: PathBuf,
    arguments: &'static [&'static str],
    /// Seconds with what it reads in memory, and without.
    warm: Vec<f64>,
    cold: Vec<f64>,
    /// The most memory that it had at once, in MiB.
    memory: f64,
}

fn run(rounds: usize) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("bench/ has no parent")?;
    print("building");
    let build = ["build", "--quiet", "--release", "--bin", "use"];
    if !Command::new("cargo").current_dir(root).args(build).status()?.success() {
        return Err("cargo build failed".into());
    }
    // On the sources' disk: a folder in memory is never cold.
    let folder = tempfile::Builder::new().prefix("usher-bench-").tempdir_in(root.join("target"))?;
    let (home, project) = (folder.path().join("home"), folder.path().join("project"));
    fs::create_dir_all(&home)?;
    make_project(&project, &home)?;
    let mut contestants = contestants(root);
    print("measuring: keep the machine quiet");
    let is_cold = fs::write(DROP_CACHES, "3").is_ok();
    for round in 0..=rounds {
        for one in &mut contestants {
            let (warm, memory) = once(one, &home, &project)?;
            if is_cold {
                // What isn't written yet can't be dropped.
                sync_file_system(&fs::File::open(&project)?)?;
                fs::write(DROP_CACHES, "3")?;
            }
            let (cold, _) = once(one, &home, &project)?;
            // The first round makes everyone's files.
            if round > 0 {
                one.warm.push(warm);
                one.cold.extend(is_cold.then_some(cold));
                one.memory = one.memory.max(memory);
            }
        }
        // The cold runs have dropped what the next warm ones need.
        for one in &contestants {
            once(one, &home, &project)?;
        }
    }
    print(&section(contestants, rounds)?);
    Ok(())
}

fn contestants(root: &Path) -> Vec<Contestant> {
    let contestant = |name: String, program: PathBuf, arguments| Contestant {
        name,
        program,
        arguments,
        warm: Vec::new(),
        cold: Vec::new(),
        memory: 0.0,
    };
    let mut all =
        vec![contestant("`use check`".to_owned(), root.join("target/release/use"), &["check"])];
    let others: [(&[&str], &'static [&'static str], &str); 3] = [
        (&["git"], &["ls-files"], "git ls-files"),
        (
            &["git"],
            &["ls-files", "--cached", "--others", "--exclude-standard"],
            "git ls-files --cached --others",
        ),
        (&["fd", "fdfind"], &["--hidden", "^package.json$"], "fd --hidden ^package.json$"),
    ];
    for (names, arguments, shown) in others {
        match names.iter().find_map(|name| contestant::find(name)) {
            Some(program) => {
                let version = contestant::version(&program);
                all.push(contestant(format!("`{shown}` ({version})"), program, arguments));
            }
            None => print(&format!("left out: {shown}")),
        }
    }
    all
}

/// A repository with a package in each of its folders, and nothing that pins node.
fn make_project(project: &Path, home: &Path) -> Result<()> {
    let (folders, side_by_side) = FOLDERS;
    for number in 0..folders {
        let folder = project.join(format!("packages/{}/{number}", number / side_by_side));
        fs::create_dir_all(&folder)?;
        let text = serde_json::json!({
            "name": format!("@acme/{number}"),
            "version": "1.0.0",
            "scripts": {"build": "tsc --project .", "test": "jest"},
            "engines": {"node": ">=18"},
            "dependencies": {"lodash": "^4.17.21", "react": "^18.2.0", "zod": "^3.22.4"},
        });
        fs::write(folder.join("package.json"), serde_json::to_vec_pretty(&text)?)?;
    }
    for arguments in [["init", "--quiet", "."], ["add", "--all", "."]] {
        let mut git = contestant::command("git", home);
        if !git.current_dir(project).args(arguments).status()?.success() {
            return Err("git can't make the repository".into());
        }
    }
    Ok(())
}

/// Runs a program once: seconds, and MiB.
fn once(one: &Contestant, home: &Path, project: &Path) -> Result<(f64, f64)> {
    let mut command = contestant::command(&one.program, home);
    command.args(one.arguments).current_dir(project);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let child = command.spawn()?;
    let mut status = 0;
    // SAFETY: a structure of numbers, for which zeros are values.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the process is our child and wasn't waited for; both pointers are to our variables.
    let waited = unsafe {
        libc::wait4(libc::pid_t::try_from(child.id())?, &raw mut status, 0, &raw mut usage)
    };
    let time = began.elapsed().as_secs_f64();
    if waited < 0 || status != 0 {
        return Err(format!("{} failed", one.name).into());
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of KiB")]
    let memory = usage.ru_maxrss as f64 / 1024.0;
    Ok((time, memory))
}

fn section(contestants: Vec<Contestant>, rounds: usize) -> Result<String> {
    let mut page = format!(
        "## What `use check` costs\n\n\
         In a repository of {} folders with a `package.json` each, all with `engines.node`.\n\
         *Cold* is with the page cache dropped. The figures are medians of {rounds}, with the commands in turn.\n\
         `git ls-files` alone reads one file, the index; the others search the folders. `use check` also reads every `package.json`.\n\
         `cargo run --release -p usher-bench --bin check` repeats it, as root.\n\n\
         {}\n\n\
         | command | warm, s | cold, s | peak memory, MiB |\n|---|---:|---:|---:|\n",
        FOLDERS.0,
        machine::description()
    );
    for mut one in contestants {
        let (warm, cold) = (median(&mut one.warm), median(&mut one.cold));
        writeln!(page, "| {} | {warm:.3} | {cold:.3} | {:.0} |", one.name, one.memory)?;
    }
    Ok(page)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stderr, reason = "this program's one printer")]
fn print(text: &str) {
    eprintln!("{text}");
}
