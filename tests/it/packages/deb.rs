//! The Debian package, in a root of its own.

use std::path::PathBuf;

use super::{Manager, Packages, find, live_through};
use crate::support::Sandbox;

/// dpkg with a scratch root, whose programs are run from outside.
struct Dpkg {
    dpkg: PathBuf,
}

impl Dpkg {
    fn run(&self, sandbox: &Sandbox, arguments: &[&str]) {
        let root = sandbox.folder("root/var/lib/dpkg/updates");
        sandbox.folder("root/var/lib/dpkg/info");
        for name in ["status", "available"] {
            let path = root.with_file_name(name);
            if !path.exists() {
                sandbox.file(path, "");
            }
        }
        let dpkg = sandbox.command(&self.dpkg).argument("--root");
        let dpkg = dpkg.argument(sandbox.root().join("root"));
        // dpkg wants programs on PATH that maintainer scripts might run, and root's rights.
        let dpkg = dpkg.variable("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let dpkg = dpkg.arguments(["--force-not-root", "--force-architecture", "--log=/dev/null"]);
        dpkg.arguments(arguments).with_long_timeout().run().succeeds();
    }
}

impl Manager for Dpkg {
    fn install(&self, sandbox: &Sandbox, packages: &Packages) {
        let folder = sandbox.folder(format!("debs-{}", packages.version));
        let file = packages.write(".deb", &folder);
        self.run(sandbox, &["--install", file.to_str().expect("a path in UTF-8")]);
    }

    fn remove(&self, sandbox: &Sandbox) {
        self.run(sandbox, &["--remove", "usher"]);
    }

    fn program(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.root().join("root/usr/bin/use")
    }

    fn hint(&self) -> &'static str {
        "hint: sudo apt-get install --only-upgrade usher"
    }
}

#[test]
fn dpkg_installs_upgrades_and_removes_usher() {
    let Some(dpkg) = find("dpkg") else { return };
    live_through(&Dpkg { dpkg });
}
