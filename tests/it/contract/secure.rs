//! A process with more rights than its caller is not steered by the caller's variables.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};

use super::{can_change_owners, each, skipped, text};

#[test]
fn a_set_user_id_shim_ignores_variables_of_its_caller() {
    if !can_change_owners() {
        return skipped("a set-user-ID shim", "only root may make one of another account's");
    }
    each(|stage| {
        let sandbox = &stage.sandbox;
        let shim = sandbox.shim("node");
        let (copy, home) = (sandbox.shims().join("copied"), sandbox.folder("evil"));
        fs::copy(&shim, &copy).expect("copy the shim");
        fs::rename(&copy, &shim).expect("put the copy in place");
        chown(&shim, Some(65534), None).expect("give the shim away");
        stage.script("10.0.0", "#!/bin/sh\necho steered\n");
        sandbox.executable("evil/bin/node", "#!/bin/sh\necho steered\n");
        sandbox.file("evil/shims/.usher", "usher index 1\n");
        sandbox.file("project/below/.node-version", "12.22.12");
        sandbox.file("project/.nvmrc", "10.0.0");
        let steered = [
            ("USHER_HOME", text(&home)),
            ("USHER_DEBUG", "1".to_owned()),
            ("USHER_IGNORE_VARIABLES", "NODE_VERSION".to_owned()),
            ("NODE_VERSION", format!("path:{}", home.display())),
            ("NODE_VERSION", "10.0.0".to_owned()),
            ("USHER_REENTRY", "1:node".to_owned()),
        ];
        let run = |name: &str, value: &str, mode: u32| {
            fs::set_permissions(&shim, Permissions::from_mode(mode)).expect("set the mode");
            let command = sandbox.command("node").directory("project/below");
            command.variable(name, value).run()
        };
        for (name, value) in &steered {
            let secure = run(name, value, 0o4755).succeeds();
            let expected = format!("secure 1, executed as {}", stage.program().display());
            assert!(secure.stdout.contains(&expected), "{secure}");
            assert!(secure.stderr.is_empty(), "{secure}");
        }
        // Without the bit each of these but two does steer.
        let effects = steered.iter().filter(|(name, value)| {
            let outcome = run(name, value, 0o755);
            !outcome.stdout.contains("secure 0, executed as") || !outcome.stderr.is_empty()
        });
        assert_eq!(effects.count(), steered.len() - 2);
        sandbox.file("home/.config/usher/tool-versions", format!("node {}\n", super::VERSION));
        // A ceiling of the caller's would hide the pin.
        let ceiling = |mode: u32| {
            fs::set_permissions(&shim, Permissions::from_mode(mode)).expect("set the mode");
            let command = sandbox
                .command(&shim)
                .directory("project/empty")
                .variable("USHER_CEILING", sandbox.folder("project/empty"));
            command.variable("PATH", "/nowhere").run()
        };
        ceiling(0o4755).succeeds().stdout_is("steered");
        ceiling(0o755).succeeds().stdout_has_line(&format!(
            "secure 0, executed as {}",
            sandbox.mask(&text(&stage.program()))
        ));
    });
}
