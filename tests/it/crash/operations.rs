//! What is broken off at every point: a row an operation.

use crate::support::{Sandbox, Upstream};

use super::state::{State, restore};
use super::tracer::{self, Injection, Traced};

/// The toolchain that comes and goes.
pub(super) const CHANGED: &str = "12.22.12";

/// The one beside it, which nothing may touch.
pub(super) const OTHER: &str = "10.24.1";

/// Something that changes toolchains or shims.
pub(super) struct Operation {
    /// What it is called in messages.
    pub(super) name: &'static str,
    /// What is on disk before, beside the other toolchain.
    prepare: fn(&Sandbox),
    /// The command line.
    command: &'static [&'static str],
    /// Whether things go on the way that are there in the end.
    passes_absence: bool,
    /// Whether it ends as the program. The next try then leaves the shims' names with versions,
    /// and what is half-made, to a verb that makes shims: a shim that finds its program runs it,
    /// and writes nothing.
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
    name: "a shim that fetches",
    prepare: |_| (),
    command: &["node", "+12.22.12", "--version"],
    passes_absence: false,
    becomes_program: true,
};

pub(super) const UNINSTALL: Operation = Operation {
    name: "uninstall",
    prepare: with_changed,
    command: &["use", "uninstall", "node@12.22.12"],
    passes_absence: false,
    becomes_program: false,
};

pub(super) const REINSTALL: Operation = Operation {
    name: "reinstall",
    prepare: with_changed,
    command: &["sh", "-c", "use uninstall node@12.22.12; use install node@12.22.12"],
    passes_absence: true,
    becomes_program: false,
};

pub(super) const REPAIR: Operation = Operation {
    name: "repair",
    prepare: |sandbox| {
        with_changed(sandbox);
        let license = sandbox.toolchain("node", CHANGED).join("LICENSE");
        std::fs::write(license, "another\n").expect("break a toolchain");
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

/// Shims that lack, that are too many, that are of another build.
pub(super) const RESHIM: Operation = Operation {
    name: "reshim",
    prepare: |sandbox| {
        std::fs::remove_file(sandbox.shim("npm")).expect("take a shim away");
        sandbox.executable("home/.local/share/usher/shims/gone", "an old usher-shim\n");
        std::fs::copy(sandbox.shim("node"), sandbox.shim("node99")).expect("make an old shim");
    },
    command: &["use", "reshim"],
    passes_absence: false,
    becomes_program: false,
};

fn with_changed(sandbox: &Sandbox) {
    sandbox.use_command(&["install", &format!("node@{CHANGED}")]).run().succeeds();
}

/// An operation in a sandbox that can be put back to what it was before, as often as needed.
pub(super) struct OperationSandbox<'a> {
    pub(super) operation: &'a Operation,
    pub(super) sandbox: Sandbox,
    pub(super) before: State,
    pub(super) after: State,
    /// The calls that the undisturbed operation made.
    pub(super) traced: Traced,
}

impl<'a> OperationSandbox<'a> {
    /// Furnishes a sandbox, and has the operation undisturbed once.
    pub(super) fn new(operation: &'a Operation, upstream: &Upstream) -> Self {
        // From one source: where a socket fails, another would be asked, whose files are others.
        let sandbox = Sandbox::new().with_upstream(upstream);
        let sandbox = sandbox.with_variable("USHER_SOURCE", "node=nodejs.org");
        // No authority is asked for: reading the machine's hundreds would be most of the calls.
        let sandbox = sandbox.with_variable("SSL_CERT_FILE", "/nowhere");
        sandbox.install();
        sandbox.use_command(&["install", &format!("node@{OTHER}")]).run().succeeds();
        (operation.prepare)(&sandbox);
        restore(&sandbox.home(), &sandbox.root().join("saved"));
        let before = State::of(&sandbox);
        let traced = tracer::run(&sandbox, Injection::Count, operation.command);
        let after = State::of(&sandbox);
        let code = traced.outcome.status.code();
        assert_eq!(code, Some(0), "{}: {}", operation.name, traced.outcome);
        Self { operation, sandbox, before, after, traced }
    }

    /// Puts the home back to what it was before.
    pub(super) fn reset(&self) {
        restore(&self.sandbox.root().join("saved"), &self.sandbox.home());
    }

    /// The operation, disturbed.
    pub(super) fn run(&self, injection: Injection) -> Traced {
        tracer::run(&self.sandbox, injection, self.operation.command)
    }

    /// What isn't whole now.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = State::of(&self.sandbox).faults(&self.before, &self.after);
        faults.retain(|fault| !(self.operation.passes_absence && fault.ends_with(" is lost")));
        let other = self.sandbox.command("node").arguments([&format!("+{OTHER}"), "-v"]).run();
        if other.stdout.trim() != format!("v{OTHER}") {
            faults.push(format!("the other toolchain doesn't run: {other}"));
        }
        faults
    }

    /// What the next try, which nothing disturbs, doesn't make good.
    pub(super) fn faults_after_retry(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let retry = self.sandbox.command(self.operation.command[0]);
        let retry = retry.arguments(&self.operation.command[1..]).run();
        if self.operation.becomes_program {
            self.sandbox.reshim();
        }
        let now = State::of(&self.sandbox);
        // What was uninstalled isn't there to be uninstalled once more.
        let takes_away = ["uninstall", "prune"].contains(&self.operation.name);
        let was_done = retry.status.code() == Some(127) && takes_away;
        if !retry.status.success() && !was_done {
            faults.push(format!("the next try fails: {retry}"));
        }
        if now != self.after {
            let gone = self.after.0.keys().filter(|name| !now.0.contains_key(*name));
            let differing =
                now.0.iter().filter(|(name, content)| self.after.0.get(*name) != Some(content));
            faults.push(format!(
                "the next try leaves it otherwise: gone {:?}, differing {differing:?}",
                gone.collect::<Vec<_>>(),
                differing = differing.collect::<Vec<_>>()
            ));
        }
        let staging = self.sandbox.usher().join("staging");
        let left = staging.read_dir().into_iter().flatten().count();
        if left > 0 {
            faults.push(format!("{left} half-made things are left"));
        }
        faults
    }
}
