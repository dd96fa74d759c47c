//! The tarball.

use std::fs;

use super::Packages;
use crate::support::{Sandbox, Upstream};

#[test]
fn a_tarball_has_all_of_usher() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    let archive = Packages::current().write("-PLATFORM.tar.gz", sandbox.root());
    let unpack = sandbox.command("tar").arguments(["-xzf"]).argument(&archive);
    unpack.directory(sandbox.root()).run().succeeds();
    let name = archive.file_name().and_then(|name| name.to_str()).expect("a name");
    let folder = sandbox.root().join(name.trim_end_matches(".tar.gz"));
    for file in ["LICENSE-MIT", "README.md", "share/bash-completion/completions/use"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
    let usher = sandbox.command(folder.join("bin/usher")).arguments(["self", "install"]);
    usher.run().succeeds();
    // Nobody needs the folder any more.
    fs::remove_dir_all(&folder).expect("remove what was unpacked");
    sandbox.use_command(&["node@12"]).run().succeeds();
    sandbox.command("node").argument("--version").run().succeeds().stdout_is("v12.22.12\n");
}
