//! The wheel, in a virtual environment of Python's.

use std::path::PathBuf;
use std::process::Command;

use super::{Manager, Packages, find, live_through, skipped};
use crate::support::{Sandbox, stdout_if_success};

struct Pip {
    python: PathBuf,
}

impl Pip {
    fn run(&self, sandbox: &Sandbox, arguments: &[&str]) {
        let environment = sandbox.root().join("environment");
        if !environment.exists() {
            let made = sandbox.command(&self.python).arguments(["-m", "venv"]);
            made.argument(&environment).with_long_timeout().run().succeeds();
        }
        let pip = sandbox.command(environment.join("bin/python")).arguments(["-m", "pip"]);
        let pip = pip.arguments(["--disable-pip-version-check"]).arguments(arguments);
        pip.with_long_timeout().run().succeeds();
    }
}

impl Manager for Pip {
    fn install(&self, sandbox: &Sandbox, packages: &Packages) {
        let folder = sandbox.folder(format!("wheels-{}", packages.version));
        packages.write(&format!("{}.whl", std::env::consts::ARCH), &folder);
        let request = format!("usher=={}", packages.version);
        let links = folder.to_str().expect("a path in UTF-8");
        self.run(sandbox, &["install", "--no-index", "--find-links", links, &request]);
    }

    fn remove(&self, sandbox: &Sandbox) {
        self.run(sandbox, &["uninstall", "--yes", "usher"]);
    }

    fn program(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.root().join("environment/bin/use")
    }

    fn hint(&self) -> &'static str {
        "hint: pip install --upgrade usher"
    }
}

#[test]
fn pip_installs_upgrades_and_removes_usher() {
    let Some(python) = find("python3") else { return };
    if stdout_if_success(Command::new(&python).args(["-c", "import ensurepip, venv"])).is_none() {
        return skipped("the wheel: python3 has no venv");
    }
    live_through(&Pip { python });
}
