//! Puts a case to the real shim, on the real operating system: its files are created, and what
//! the fake program prints, or the message, is compared.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use usher_shims::index::AdoptedStore;

use super::format::{Case, Cwd, Kind, place};
use super::has_parts;
use super::machine::{adopted, programs, root};
use crate::support::{Outcome, Sandbox, TestCommand, make_fifo};

/// Sandboxes with usher and versions in them, one for all cases that need the same of these.
#[derive(Default)]
pub(super) struct Machines(BTreeMap<String, Sandbox>);

impl Machines {
    /// Runs a case; the error names what differs from the case.
    pub(super) fn run(&mut self, case: &Case) -> Result<(), String> {
        let key = format!("{:?} {:?}", case.installed, case.path);
        if !is_closed(case) {
            let sandbox = self.0.entry(key).or_insert_with(|| machine(case));
            return run(sandbox, case);
        }
        // Files that only root could read are read by another user, in a sandbox of its own.
        let sandbox = machine(case);
        run(&sandbox, case)
    }
}

fn is_closed(case: &Case) -> bool {
    let is_closed = |kind| matches!(kind, Kind::Closed | Kind::ClosedFolder);
    case.files.values().any(|content| content.bytes().is_err_and(is_closed))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The stores of a case's versions.
fn stores(sandbox: &Sandbox, case: &Case) -> Vec<AdoptedStore> {
    let home = sandbox.home();
    case.versions().iter().filter_map(|installed| adopted(&home, installed)).collect()
}

/// A sandbox with a case's versions and programs, and usher.
fn machine(case: &Case) -> Sandbox {
    let sandbox = Sandbox::new().offline().with_variable("USHER_SHIMS", "all");
    let (local, system) = (sandbox.folder("usr/local/bin"), sandbox.folder("usr/bin"));
    let path = std::env::join_paths([sandbox.shims(), local, system]).expect("a PATH");
    let sandbox = sandbox.with_variable("PATH", path);
    let stores = stores(&sandbox, case);
    for installed in case.versions() {
        let root = root(&sandbox.home(), &installed, &stores);
        for program in programs(&installed) {
            sandbox.fake_program(root.join("bin").join(program));
        }
    }
    for text in &case.path {
        let path = text.split(' ').next().unwrap_or_default();
        sandbox.fake_program(path.trim_start_matches('/'));
    }
    sandbox.install();
    sandbox
}

fn run(sandbox: &Sandbox, case: &Case) -> Result<(), String> {
    let made = furnish(sandbox, case);
    without_system(sandbox);
    let place = Place::of(sandbox, case);
    let is_unprivileged = is_closed(case) && is_root();
    if is_unprivileged {
        sandbox.chown_to_nobody();
    }
    let command = command(sandbox, case, &place);
    let command = if is_unprivileged { command.with_user_nobody() } else { command };
    let outcome = command.run();
    place.leave(sandbox);
    for path in made {
        let removed = if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.unwrap_or_else(|error| panic!("remove {}: {error}", path.display()));
    }
    judge(sandbox, case, &outcome).map_err(|what| format!("  {what}\n{outcome}"))
}

/// Hides the machine's own versions from the shims: only the case's versions exist.
fn without_system(sandbox: &Sandbox) {
    let index = sandbox.shims().join(".usher");
    let text = sandbox.read(&index);
    let remaining = text.lines().filter(|line| {
        let is_of_system = line.starts_with("system\t") || line.starts_with("toolchain\t");
        !is_of_system
    });
    let remaining: String = remaining.flat_map(|line| [line, "\n"]).collect();
    sandbox.file(&index, remaining);
}

/// Writes a case's files, and returns what to remove after it.
fn furnish(sandbox: &Sandbox, case: &Case) -> Vec<PathBuf> {
    let home = sandbox.home();
    let mut made = vec![sandbox.folder("home/project")];
    if let Some(default) = &case.default {
        made.push(sandbox.file("home/.config/usher/tool-versions", default));
    }
    for (name, content) in &case.files {
        let path = place(&home, name);
        match content.bytes() {
            Ok(bytes) => drop(sandbox.file(&path, bytes)),
            Err(kind) => put(sandbox, &path, kind),
        }
        if !path.starts_with(&made[0]) {
            made.push(path);
        }
    }
    made
}

fn put(sandbox: &Sandbox, path: &Path, kind: Kind) {
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("make a folder");
    match kind {
        Kind::Folder | Kind::ClosedFolder => fs::create_dir(path).expect("make a folder"),
        Kind::Fifo => make_fifo(path),
        // The listener is closed; the socket stays.
        Kind::Socket => drop(UnixListener::bind(path).expect("make a socket")),
        Kind::Device => symlink("/dev/zero", path).expect("make a link"),
        Kind::Dangling => symlink("nowhere", path).expect("make a link"),
        Kind::Loop => symlink(path.file_name().expect("a name"), path).expect("make a link"),
        Kind::Sparse => {
            let file = fs::File::create(path).expect("make a file");
            file.set_len(10 << 30).expect("make it long");
        }
        Kind::Closed => {
            sandbox.file(path, "12\n");
            fs::set_permissions(path, fs::Permissions::from_mode(0o000)).expect("close a file");
        }
    }
}

/// Where the call is made.
enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A folder below one that may not be searched, which is closed once the shell is there.
    Closed(PathBuf),
    /// A folder that has no path any more, or none that fits.
    Open(OwnedFd),
}

/// How deep a deep folder is.
const DEEP: usize = 5000;

impl Place {
    fn of(sandbox: &Sandbox, case: &Case) -> Self {
        let project = sandbox.home().join("project");
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |at: &OwnedFd, name: &str| {
            rustix::fs::openat(at, name, flags, Mode::empty()).expect("open a folder")
        };
        let top = || rustix::fs::open(&project, flags, Mode::empty()).expect("open the project");
        match case.cwd {
            Some(Cwd::Deleted) => {
                let deleted = project.join("deleted");
                fs::create_dir(&deleted).expect("make a folder");
                let folder = open(&top(), "deleted");
                fs::remove_dir(&deleted).expect("delete a folder");
                Self::Open(folder)
            }
            Some(Cwd::Deep) => Self::Open((0..DEEP).fold(top(), |above, _| {
                rustix::fs::mkdirat(&above, "d", 0o755.into()).expect("make a folder");
                open(&above, "d")
            })),
            None => {
                let folder = place(&sandbox.home(), &case.directory);
                fs::create_dir_all(&folder).expect("make a folder");
                let closed =
                    case.files.values().any(|content| content.bytes() == Err(Kind::ClosedFolder));
                if closed { Self::Closed(folder) } else { Self::Folder(folder) }
            }
        }
    }

    /// Leaves nothing behind that the sandbox couldn't remove.
    fn leave(self, sandbox: &Sandbox) {
        match self {
            Self::Folder(_) => {}
            Self::Closed(folder) => {
                let open = fs::Permissions::from_mode(0o755);
                let above = folder.parent().expect("a folder above");
                fs::set_permissions(above, open).expect("open a folder again");
            }
            Self::Open(_) => {
                // From the top: the folder in the first one takes its place, until there is none.
                let project = rustix::fs::open(
                    sandbox.home().join("project"),
                    OFlags::DIRECTORY | OFlags::CLOEXEC,
                    Mode::empty(),
                )
                .expect("open the project");
                while rustix::fs::renameat(&project, "d/d", &project, "e").is_ok() {
                    rustix::fs::unlinkat(&project, "d", AtFlags::REMOVEDIR).expect("remove it");
                    rustix::fs::renameat(&project, "e", &project, "d").expect("rename it");
                }
            }
        }
    }
}

fn command(sandbox: &Sandbox, case: &Case, place: &Place) -> TestCommand {
    let words = case.words();
    let program = sandbox.shim(&words[0]);
    let command = match place {
        Place::Folder(folder) => sandbox.command(program).directory(folder),
        Place::Closed(folder) => {
            let above = folder.parent().and_then(Path::parent).expect("a folder above");
            let inner = folder.strip_prefix(above).expect("a folder below");
            sandbox
                .command("/bin/sh")
                .arguments(["-c", "cd \"$0\" && /bin/chmod 0 .. && exec \"$@\""])
                .argument(inner)
                .argument(program)
                .directory(above)
        }
        Place::Open(folder) => {
            let path = format!("/proc/{}/fd/{}", std::process::id(), folder.as_raw_fd());
            sandbox.command(program).directory(path)
        }
    };
    let command = command.arguments(&words[1..]).variable("USHER_DEBUG", "1");
    case.env.iter().fold(command, |command, (name, value)| command.variable(name, value))
}

fn judge(sandbox: &Sandbox, case: &Case, outcome: &Outcome) -> Result<(), String> {
    let stores = stores(sandbox, case);
    let home = sandbox.home().to_string_lossy().into_owned();
    let stderr = outcome.stderr.replace(&home, "/home/u");
    let code = outcome.status.code().unwrap_or(-1);
    let (kind, rest) = case.gives.split_once(' ').unwrap_or((&case.gives, ""));
    let printed = outcome.stdout.lines().next().unwrap_or_default();
    let expect = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
    if !case.note.is_empty() {
        expect(stderr.contains(&case.note), format!("notes: {}", case.note))?;
    }
    match kind {
        "error" => {
            let message = stderr.rsplit("usher: error: ").next().unwrap_or_default();
            let message = message.split_once("\nusher: ").map_or(message, |(_, message)| message);
            let given = format!("error {code}: {message}");
            expect(has_parts(&given, &case.gives), format!("gives: {}", case.gives))
        }
        "missing" => {
            // The first of the alternatives is installed; a file's folder is printed behind its name.
            let first = rest.split(" or ").next().unwrap_or_default();
            let by = case.by.rsplit('/').next().unwrap_or_default();
            let requested = format!(" {first}");
            let by = format!("(requested by {by}");
            let is_named = stderr.contains(&requested) && stderr.contains(&by);
            expect(code == 127 && is_named, format!("exit code 127 and:{requested} … {by}"))
        }
        "path" => {
            let folder = Path::new(rest).parent().and_then(Path::parent).unwrap_or(Path::new(""));
            let shown = shown(&sandbox.root().join(folder.strip_prefix("/").unwrap_or(folder)));
            expect(code == 0 && printed == shown, format!("runs {rest}, which prints: {shown}"))
        }
        _ => {
            let roots = case.versions().into_iter().map(|installed| {
                let of = match installed.manager {
                    "" => String::new(),
                    manager => format!(" of {manager}"),
                };
                let name = format!("{} {}{of}", installed.tool, installed.version);
                (name, root(&sandbox.home(), &installed, &stores))
            });
            let root =
                roots.into_iter().find(|(name, _)| *name == case.gives).map(|(_, root)| root);
            let shown = root.as_deref().map(shown).unwrap_or_default();
            expect(code == 0 && printed == shown, format!("runs what prints: {shown}"))?;
            let arguments: Vec<&str> = outcome
                .stdout
                .lines()
                .filter(|line| !line.starts_with("argument 0: "))
                .filter_map(|line| line.strip_prefix("argument ")?.split_once(": "))
                .map(|(_, argument)| argument)
                .collect();
            let expected = case.arguments.clone().unwrap_or_else(|| arguments.join(" "));
            expect(arguments.join(" ") == expected, format!("arguments: {expected}"))
        }
    }
}

/// What the fake program prints of its path.
fn shown(root: &Path) -> String {
    let names: Vec<_> = root.iter().rev().take(2).map(|name| name.to_string_lossy()).collect();
    names.into_iter().rev().collect::<Vec<_>>().join(" ")
}
