//! The operations that the tests interrupt, one constant each.

use std::path::{Path, PathBuf};

use usher_shims::index::VERSION;

use crate::support::{ReleaseKey, Sandbox, Upstream, own_releases};

use super::state::{State, restore};
use super::tracer::{self, Injection, Traced};

/// The version that the operations install and remove.
pub(super) const CHANGED: &str = "12.22.12";

/// Another installed version, which must not change.
pub(super) const OTHER: &str = "10.24.1";

/// The release of usher that replaces this one.
const RELEASE: &str = "9.9.9";

/// The unit of a shim that exists before each operation but the first install.
const NODE_SHIM: &str = "/.local/share/usher/shims/node";

/// An operation that changes toolchains or shims.
pub(super) struct Operation {
    /// Its name in messages.
    pub(super) name: &'static str,
    /// Prepares the sandbox, where `OTHER` is already installed.
    prepare: fn(&Sandbox),
    /// The command line.
    pub(super) command: &'static [&'static str],
    /// Whether it deletes things temporarily that exist before and after.
    passes_absence: bool,
    /// Whether it runs the program in the end. A retry then may not create versioned shims or clean
    /// up staging, because a shim that finds its program writes nothing. `use reshim` does both.
    pub(super) becomes_program: bool,
}

pub(super) const INSTALL: Operation = Operation {
    name: "install",
    prepare: |_| (),
    command: &["use", "install", "node@12.22.12"],
    passes_absence: false,
    becomes_program: false,
};

pub(super) const SHIM_INSTALL: Operation = Operation {
    name: "a shim that installs",
    prepare: |_| (),
    command: &["node", "+12.22.12", "--version"],
    passes_absence: false,
    becomes_program: true,
};

pub(super) const UNINSTALL: Operation = Operation {
    name: "uninstall",
    prepare: with_changed,
    command: &["use", "uninstall", "node@12.22.12", "--yes"],
    passes_absence: false,
    becomes_program: false,
};

pub(super) const REINSTALL: Operation = Operation {
    name: "reinstall",
    prepare: with_changed,
    command: &["sh", "-c", "use uninstall node@12.22.12 --yes; use install node@12.22.12"],
    passes_absence: true,
    becomes_program: false,
};

pub(super) const REPAIR: Operation = Operation {
    name: "repair",
    prepare: |sandbox| {
        with_changed(sandbox);
        let license = sandbox.toolchain("node", CHANGED).join("LICENSE");
        std::fs::write(license, "another\n").expect("damage the toolchain");
    },
    command: &["use", "repair", "node@12.22.12"],
    passes_absence: false,
    becomes_program: false,
};

pub(super) const PRUNE: Operation = Operation {
    name: "prune",
    prepare: with_changed,
    command: &["use", "prune", "--yes", "node@12.22.12"],
    passes_absence: false,
    becomes_program: false,
};

/// Shims that are missing, that are superfluous, that are of another build.
pub(super) const RESHIM: Operation = Operation {
    name: "reshim",
    prepare: |sandbox| {
        std::fs::remove_file(sandbox.shim("npm")).expect("remove a shim");
        sandbox.executable("home/.local/share/usher/shims/unknown", "an old usher-shim\n");
        std::fs::copy(sandbox.shim("node"), sandbox.shim("node99")).expect("copy a shim");
    },
    command: &["use", "reshim"],
    passes_absence: false,
    becomes_program: false,
};

/// Another version of usher takes the place of this one, with its shims.
pub(super) const SELF_UPDATE: Operation = Operation {
    name: "self update",
    prepare: with_release,
    command: &["sh", "../update"],
    passes_absence: false,
    becomes_program: false,
};

/// A build of the user's own gets a name, which another one had.
pub(super) const LINK: Operation = Operation {
    name: "link",
    prepare: |sandbox| {
        for folder in ["one", "two"] {
            sandbox.executable(format!("{folder}/bin/node"), "#!/bin/sh\necho v23.1.0\n");
            sandbox.executable(format!("{folder}/bin/{folder}"), "#!/bin/sh\n");
        }
        sandbox.use_command(&["link", "node@mine", "../one"]).run().succeeds();
    },
    command: &["use", "link", "node@mine", "../two"],
    passes_absence: false,
    becomes_program: false,
};

/// The first command on a machine: there is not even a data folder.
pub(super) const FIRST_INSTALL: Operation = Operation {
    name: "first install",
    prepare: |sandbox| {
        restore(&sandbox.folder("empty"), &sandbox.home());
        own_releases::copy_small(Path::new(env!("CARGO_BIN_EXE_use")), &sandbox.root().join("use"));
    },
    command: &["sh", "-c", "exec ../use install node@12.22.12"],
    passes_absence: false,
    becomes_program: false,
};

/// A pin in a file that exists.
pub(super) const PIN: Operation = Operation {
    name: "pin",
    prepare: |sandbox| {
        with_changed(sandbox);
        sandbox.file("project/.nvmrc", "10.24.1\n");
    },
    command: &["use", "node@12.22.12"],
    passes_absence: false,
    becomes_program: false,
};

/// A pin in a new file, and the install of its version.
pub(super) const FIRST_PIN: Operation = Operation {
    name: "first pin",
    prepare: |sandbox| {
        sandbox.file("project/package.json", "{}\n");
    },
    command: &["use", "node@12.22.12"],
    passes_absence: false,
    becomes_program: false,
};

pub(super) const DEFAULT: Operation = Operation {
    name: "default",
    prepare: with_changed,
    command: &["use", "--global", "node@12.22.12"],
    passes_absence: false,
    becomes_program: false,
};

/// A versioned shim, which is also recorded in the settings folder.
pub(super) const SHIM: Operation = Operation {
    name: "versioned shim",
    prepare: |_| (),
    command: &["use", "shim", "node@10.24"],
    passes_absence: false,
    becomes_program: false,
};

pub(super) const REMOVE_SHIM: Operation = Operation {
    name: "removal of a versioned shim",
    prepare: |sandbox| {
        sandbox.use_command(&["shim", "node@10.24"]).run().succeeds();
    },
    command: &["use", "shim", "--remove", "node@10.24"],
    passes_absence: false,
    becomes_program: false,
};

pub(super) const SETUP: Operation = Operation {
    name: "setup",
    prepare: |sandbox| {
        sandbox.file("home/.bashrc", "# mine\n");
    },
    command: &["use", "setup", "bash", "--yes"],
    passes_absence: false,
    becomes_program: false,
};

/// The shell's file that setup made is deleted.
pub(super) const UNDO_SETUP: Operation = Operation {
    name: "undoing a setup",
    prepare: |sandbox| {
        sandbox.use_command(&["setup", "bash", "--yes"]).run().succeeds();
    },
    command: &["use", "setup", "bash", "--undo", "--yes"],
    passes_absence: false,
    becomes_program: false,
};

/// Publishes a release, and installs a `use` that was built for it. The script `update` has its key.
fn with_release(sandbox: &Sandbox) {
    let (key, program) = (ReleaseKey::new(1), own_releases::small_signed_use(sandbox));
    own_releases::publish(sandbox, &key, RELEASE, &own_releases::with_version(&program, RELEASE));
    sandbox.command(program).arguments(["self", "install"]).run().succeeds();
    let script = format!(
        "TEST_RELEASES=${{HOME%/*}}/releases TEST_RELEASE_KEY={} exec use self update\n",
        key.public()
    );
    sandbox.file("update", script);
}

fn with_changed(sandbox: &Sandbox) {
    sandbox.use_command(&["install", &format!("node@{CHANGED}")]).run().succeeds();
}

/// An operation, and a sandbox that can be reset to the state before it.
pub(super) struct OperationSandbox<'a> {
    pub(super) operation: &'a Operation,
    pub(super) sandbox: Sandbox,
    pub(super) before: State,
    pub(super) after: State,
    /// The system calls of the operation without faults.
    pub(super) traced: Traced,
}

impl<'a> OperationSandbox<'a> {
    /// Prepares a sandbox, and runs the operation once without faults.
    pub(super) fn new(operation: &'a Operation, upstream: &Upstream) -> Self {
        Self::traced(operation, upstream, Injection::Count)
    }

    /// The same, with this kind of trace.
    pub(super) fn traced(
        operation: &'a Operation,
        upstream: &Upstream,
        injection: Injection,
    ) -> Self {
        // One source only: if a socket failed, usher would try the other, which has other files.
        let sandbox = Sandbox::new().with_upstream(upstream);
        let sandbox = sandbox.with_variable("USHER_SOURCE", "node=nodejs.org");
        // No certificates: reading the hundreds of this machine would be most of the calls.
        let sandbox = sandbox.with_variable("SSL_CERT_FILE", "/nowhere");
        sandbox.install();
        sandbox.use_command(&["install", &format!("node@{OTHER}")]).run().succeeds();
        (operation.prepare)(&sandbox);
        let saved = sandbox.folder("saved");
        restore(&sandbox.home(), &saved.join("home"));
        restore(&sandbox.project(), &saved.join("project"));
        let before = State::of(&sandbox);
        let traced = tracer::run(&sandbox, injection, operation.command);
        let after = State::of(&sandbox);
        let code = traced.outcome.status.code();
        assert_eq!(code, Some(0), "{}: {}", operation.name, traced.outcome);
        Self { operation, sandbox, before, after, traced }
    }

    /// Where the home and the project are saved as they were before the operation.
    pub(super) fn saved(&self) -> PathBuf {
        self.sandbox.root().join("saved")
    }

    /// Resets the home and the project to the state before the operation.
    pub(super) fn reset(&self) {
        restore(&self.saved().join("home"), &self.sandbox.home());
        restore(&self.saved().join("project"), &self.sandbox.project());
    }

    /// Runs the operation with a fault.
    pub(super) fn run(&self, injection: Injection) -> Traced {
        tracer::run(&self.sandbox, injection, self.operation.command)
    }

    /// What is missing or damaged now.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = State::of(&self.sandbox).faults(&self.before, &self.after);
        faults.retain(|fault| !(self.operation.passes_absence && fault.ends_with(" is lost")));
        if !self.before.0.contains_key(NODE_SHIM) {
            return faults;
        }
        for name in ["use", "usher"] {
            let own = self.sandbox.command(name).argument("--version").run();
            let is_known = [VERSION, RELEASE].map(|version| format!("use {version}\n"));
            if !own.status.success() || !is_known.contains(&own.stdout) {
                faults.push(format!("usher doesn't run: {own}"));
            }
        }
        let other = self.sandbox.command("node").arguments([&format!("+{OTHER}"), "-v"]).run();
        if other.stdout.trim() != format!("v{OTHER}") {
            faults.push(format!("the other toolchain doesn't run: {other}"));
        }
        faults
    }

    /// What of the operation isn't done. Whether usher's own files are: which shims there are after a
    /// shim's install differs.
    pub(super) fn undone(&self) -> Vec<String> {
        let now = State::of(&self.sandbox);
        let wanted = self.after.0.iter().filter(|(name, _)| name.contains("/toolchains/"));
        let undone = wanted.filter(|(name, content)| now.0.get(*name) != Some(content));
        let undone = undone.map(|(name, _)| format!("{name} isn't as it should be"));
        let extra = now.0.keys().filter(|name| name.contains("/toolchains/"));
        let extra = extra.filter(|name| !self.after.0.contains_key(*name));
        undone.chain(extra.map(|name| format!("{name} is still there"))).collect()
    }

    /// Runs the operation again without faults. What it didn't repair.
    pub(super) fn faults_after_retry(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let retry = self.sandbox.command(self.operation.command[0]);
        let retry = retry.arguments(&self.operation.command[1..]).run();
        if self.operation.becomes_program {
            self.sandbox.reshim();
        }
        let now = State::of(&self.sandbox).without_abandoned(&self.after);
        // What was already removed can't be removed again.
        let was_done = match self.operation.name {
            "uninstall" | "prune" => retry.status.code() == Some(127),
            "removal of a versioned shim" => retry.status.code() == Some(2),
            _ => false,
        };
        if !retry.status.success() && !was_done {
            faults.push(format!("the retry fails: {retry}"));
        }
        if now != self.after {
            let missing = self.after.0.keys().filter(|name| !now.0.contains_key(*name));
            let differing =
                now.0.iter().filter(|(name, content)| self.after.0.get(*name) != Some(content));
            faults.push(format!(
                "the retry leaves another state: missing {:?}, different {differing:?}",
                missing.collect::<Vec<_>>(),
                differing = differing.collect::<Vec<_>>()
            ));
        }
        let staging = self.sandbox.usher().join("staging");
        let left = staging.read_dir().into_iter().flatten().count();
        if left > 0 {
            faults.push(format!("{left} entries are left in staging"));
        }
        faults
    }
}
