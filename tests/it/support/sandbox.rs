//! A temporary folder with its own home and project, where usher is installed.
//!
//! A sandbox knows usher's folders and the variables that point it to an upstream. It doesn't know
//! what `use` prints or does.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketType};
use tempfile::TempDir;
use usher_shims::index::INDEX_FILE;

use super::command::{self, TestCommand};
use super::{Outcome, Tree, Upstream, built, executables, upstream};

/// The variables that name a proxy, in lower case, which every program reads.
const PROXIES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

/// The variable that lists hosts to connect to without a proxy.
const NO_PROXY: &str = "no_proxy";

/// A temporary folder, isolated from the rest of the machine. Removed when dropped.
#[derive(Debug)]
pub(crate) struct Sandbox {
    root: PathBuf,
    variables: BTreeMap<OsString, OsString>,
    /// Removes the folder.
    _folder: TempDir,
}

impl Sandbox {
    /// An empty home and an empty project; usher isn't installed yet. The proxy variables send
    /// all requests that would leave loopback to a closed port.
    pub(crate) fn new() -> Self {
        let folder =
            tempfile::Builder::new().prefix("usher-").tempdir().expect("create the sandbox");
        let root = folder.path().canonicalize().expect("resolve the sandbox's path");
        for name in ["home", "project"] {
            fs::create_dir(root.join(name)).expect("create a folder of the sandbox");
        }
        let mut path = root.join("home/.local/share/usher/shims").into_os_string();
        path.push(":/usr/bin:/bin");
        let mut variables =
            BTreeMap::from([("HOME".into(), root.join("home").into()), ("PATH".into(), path)]);
        variables.extend(PROXIES.map(|name| (name.into(), closed_address().into())));
        variables.insert(NO_PROXY.into(), "127.0.0.1,localhost,::1".into());
        Self { root, variables, _folder: folder }
    }

    /// Lets all commands use the network, with the network variables of the test run.
    pub(crate) fn with_network(mut self, variables: &[(OsString, OsString)]) -> Self {
        for name in PROXIES.iter().chain([&NO_PROXY]) {
            self.variables.remove(OsStr::new(name));
        }
        self.variables.extend(variables.iter().cloned());
        self
    }

    /// Sends all `http` requests through this proxy, including those to loopback.
    pub(crate) fn through_proxy(mut self, proxy: &str) -> Self {
        self.variables.remove(OsStr::new(NO_PROXY));
        self.with_variable("http_proxy", proxy)
    }

    /// Sets a variable for all commands.
    pub(crate) fn with_variable(
        mut self,
        name: impl Into<OsString>,
        value: impl Into<OsString>,
    ) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Points all commands to a fake upstream, with the variables that users set.
    pub(crate) fn with_upstream(self, upstream: &Upstream) -> Self {
        self.with_upstream_at(upstream.base())
    }

    /// Points all commands to an address that refuses connections at once.
    pub(crate) fn offline(self) -> Self {
        self.with_upstream_at(closed_address())
    }

    fn with_upstream_at(self, base: &str) -> Self {
        let sandbox = self.with_variable("NODEJS_ORG_MIRROR", upstream::node_dist(base));
        let sandbox = sandbox.with_variable("npm_config_registry", upstream::npm_registry(base));
        let sandbox = sandbox.with_variable("PIP_INDEX_URL", upstream::pypi(base));
        let sandbox = sandbox.with_variable("UV_ASTRAL_MIRROR_URL", upstream::astral(base));
        sandbox.with_variable("UV_PYTHON_INSTALL_MIRROR", upstream::python_builds(base))
    }

    /// Installs usher as `install.sh` does, and creates the shims.
    pub(crate) fn install(&self) {
        self.install_binaries();
        self.reuse_machine_index();
        self.reshim();
    }

    /// Installs usher, and then replaces each shim by another build.
    pub(crate) fn install_with(&self, shim: &Path) {
        self.install();
        let entries = fs::read_dir(self.shims()).expect("list the shims").flatten();
        let is_shim = |name: &str| !["use", "usher", INDEX_FILE].contains(&name);
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let shims = names.filter(|name| is_shim(name)).map(|name| self.shim(&name));
        for path in shims.chain([self.usher().join("shim")]) {
            fs::remove_file(&path).expect("remove a shim");
            executables::place(shim, &path);
        }
    }

    /// Installs `use` and the shim's binary, without creating shims.
    fn install_binaries(&self) {
        let [program, shim] = built::installed();
        fs::create_dir_all(self.shims()).expect("create the shim folder");
        executables::place(program, &self.shim("use"));
        executables::place(program, &self.shim("usher"));
        executables::place(shim, &self.usher().join("shim"));
    }

    /// Copies `use` and the shim's binary, which a test may then spoil.
    pub(crate) fn copy_binaries(&self) {
        let [program, shim] = built::installed();
        fs::create_dir_all(self.shims()).expect("create the shim folder");
        executables::copy(program, &self.shim("use"));
        executables::copy(shim, &self.usher().join("shim"));
    }

    /// Copies a shim index that was made once for all sandboxes. It has the versions of the
    /// machine's interpreters, so usher doesn't start each of them in every sandbox.
    fn reuse_machine_index(&self) {
        static KNOWN: OnceLock<Vec<u8>> = OnceLock::new();
        let known = KNOWN.get_or_init(|| {
            let other = Self::new();
            other.install_binaries();
            other.reshim();
            fs::read(other.shim(INDEX_FILE)).expect("read the index")
        });
        fs::write(self.shim(INDEX_FILE), known).expect("write the index");
    }

    /// Gives the whole sandbox to the account `nobody`. Needs root. usher's binaries become copies
    /// first, so that the originals, which cargo built, keep their owner.
    pub(crate) fn chown_to_nobody(&self) {
        fs::remove_dir_all(self.shims()).expect("remove the shim folder");
        fs::remove_file(self.usher().join("shim")).expect("remove the shim");
        fs::create_dir(self.shims()).expect("create the shim folder");
        self.copy_binaries();
        self.reshim();
        let owner = format!("{0}:{0}", command::NOBODY);
        let chown = self.command("/bin/chown").argument("-R").argument(owner).argument(&self.root);
        chown.run().succeeds();
    }

    /// Updates the shims to the installed versions.
    pub(crate) fn reshim(&self) -> Outcome {
        self.use_command(&["reshim"]).run().succeeds()
    }

    /// A command with the sandbox's environment, in the project's folder. A name without a slash
    /// is looked up on the sandbox's PATH.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> TestCommand {
        let command = TestCommand::new(program.as_ref(), &self.root).directory("project");
        self.variables.iter().fold(command, |command, (name, value)| command.variable(name, value))
    }

    /// `use` with these arguments.
    pub(crate) fn use_command(&self, arguments: &[&str]) -> TestCommand {
        self.command("use").arguments(arguments)
    }

    /// Makes the home and the project writable by every account.
    pub(crate) fn open_to_all(&self) {
        for folder in [self.root().to_path_buf(), self.home(), self.project()] {
            let mode = fs::Permissions::from_mode(0o777);
            fs::set_permissions(folder, mode).expect("set the mode of a sandbox folder");
        }
    }

    /// The shim's binary, as built.
    pub(crate) fn shim_binary() -> &'static Path {
        built::shim()
    }

    /// The sandbox's folder, without symbolic links.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The user's home.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The folder in which commands run by default.
    pub(crate) fn project(&self) -> PathBuf {
        self.root.join("project")
    }

    /// usher's data folder.
    pub(crate) fn usher(&self) -> PathBuf {
        self.root.join("home/.local/share/usher")
    }

    /// The shim folder.
    pub(crate) fn shims(&self) -> PathBuf {
        self.usher().join("shims")
    }

    /// A program's shim.
    pub(crate) fn shim(&self, program: &str) -> PathBuf {
        self.shims().join(program)
    }

    /// A toolchain's folder in usher's own store.
    pub(crate) fn toolchain(&self, tool: &str, version: &str) -> PathBuf {
        self.usher().join("toolchains").join(tool).join(version)
    }

    /// Writes a file. `path` is relative to the sandbox: `project/.nvmrc`.
    pub(crate) fn file(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.place_for(path.as_ref());
        fs::write(&path, text).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
        path
    }

    /// Writes an executable file, such as a script. `path` is relative to the sandbox.
    pub(crate) fn executable(&self, path: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.place_for(path.as_ref());
        executables::write(&path, text);
        path
    }

    /// Creates a folder. `path` is relative to the sandbox.
    pub(crate) fn folder(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = self.root.join(path);
        fs::create_dir_all(&path).unwrap_or_else(|e| panic!("make {}: {e}", path.display()));
        path
    }

    /// The text of a file. `path` is relative to the sandbox.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.root.join(path);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("read {}: {e}", path.display()))
    }

    /// Links the fake tool to any path, for instance in another manager's store. `path` is
    /// relative to the sandbox. `fake.rs` describes what it prints.
    pub(crate) fn fake_program(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = self.place_for(path.as_ref());
        executables::place(built::fake(), &path);
        path
    }

    /// Puts a toolchain of fake programs into usher's own store, and returns its folder. Call
    /// [`Sandbox::install`] or [`Sandbox::reshim`] afterwards to create its shims.
    pub(crate) fn fake_toolchain(&self, tool: &str, version: &str) -> PathBuf {
        let toolchain = self.toolchain(tool, version);
        let programs: &[&str] = match tool {
            "node" => &["node", "npm", "npx"],
            "python" => &["python", "python3", "pip", "pip3"],
            "erlang" => &["erl"],
            other => &[other],
        };
        for program in programs {
            self.fake_program(toolchain.join("bin").join(program));
        }
        toolchain
    }

    /// Copies a folder, without entries named in `skipped`. `path` is relative to the sandbox.
    /// Links stay links.
    pub(crate) fn copy(&self, from: &Path, path: impl AsRef<Path>, skipped: &[&str]) -> PathBuf {
        let path = self.place_for(path.as_ref());
        copy_folder(from, &path, &CopyRule { file: executables::copy, skipped });
        path
    }

    /// Copies a program. `path` is relative to the sandbox.
    pub(crate) fn copy_program(&self, from: &Path, path: impl AsRef<Path>) -> PathBuf {
        let path = self.place_for(path.as_ref());
        executables::copy(from, &path);
        path
    }

    /// Hard-links a program, or copies it if that isn't possible. `path` is relative to the
    /// sandbox.
    pub(crate) fn hard_link_program(&self, from: &Path, path: impl AsRef<Path>) -> PathBuf {
        let path = self.place_for(path.as_ref());
        executables::place(from, &path);
        path
    }

    /// Like `copy`, with hard links where possible. Don't write to the result.
    pub(crate) fn hard_link_folder(&self, from: &Path, path: impl AsRef<Path>) -> PathBuf {
        let path = self.place_for(path.as_ref());
        copy_folder(from, &path, &CopyRule { file: executables::place, skipped: &[] });
        path
    }

    /// Replaces what differs between runs, for snapshots: `[SANDBOX]/home`.
    pub(crate) fn mask(&self, text: &str) -> String {
        command::mask(&self.root, text)
    }

    /// The content of a folder now, to compare with a later one. `path` is relative to the sandbox.
    /// Lock files are left out.
    pub(crate) fn tree(&self, path: impl AsRef<Path>) -> Tree {
        Tree::of(&self.root, &self.root.join(path), &self.usher().join("locks"))
    }

    fn place_for(&self, path: &Path) -> PathBuf {
        let path = self.root.join(path);
        let folder = path.parent().expect("a file has a folder");
        fs::create_dir_all(folder).unwrap_or_else(|e| panic!("make {}: {e}", folder.display()));
        path
    }
}

/// How to copy a folder: how each file, and which names not.
struct CopyRule<'a> {
    file: fn(&Path, &Path),
    skipped: &'a [&'a str],
}

fn copy_folder(from: &Path, to: &Path, rule: &CopyRule<'_>) {
    fs::create_dir_all(to).unwrap_or_else(|error| panic!("make {}: {error}", to.display()));
    let entries = fs::read_dir(from).unwrap_or_else(|e| panic!("list {}: {e}", from.display()));
    for entry in entries.map(|entry| entry.expect("an entry of a folder")) {
        let name = entry.file_name();
        if rule.skipped.iter().any(|skipped| *skipped == name) {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&name));
        let kind = entry.file_type().expect("the type of an entry");
        if kind.is_dir() {
            copy_folder(&source, &target, rule);
        } else if kind.is_symlink() {
            let leads_to = fs::read_link(&source).expect("read a link");
            symlink(leads_to, &target).expect("make a link");
        } else {
            (rule.file)(&source, &target);
        }
    }
}

/// An address that refuses every connection at once. This process binds the port, so that no other
/// process gets it, but doesn't listen on it.
fn closed_address() -> &'static str {
    static CLOSED: OnceLock<(OwnedFd, String)> = OnceLock::new();
    let (_, address) = CLOSED.get_or_init(|| {
        // Not every system can do both at once.
        let socket = executables::without_starting(|| {
            let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
            rustix::io::fcntl_setfd(&socket, FdFlags::CLOEXEC).map(|()| socket)
        });
        let socket = socket.expect("make a socket");
        let any = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
        rustix::net::bind(&socket, &any).expect("bind a port");
        let address = rustix::net::getsockname(&socket).expect("read the port's number");
        let address: SocketAddr = address.try_into().expect("an internet address");
        (socket, format!("http://{address}"))
    });
    address
}
