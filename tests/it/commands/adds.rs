//! Calls that add programs: the variables that make the manager install into the toolchain.

use std::path::Path;

use super::offline_sandbox;
use crate::support::{Outcome, Sandbox};

/// A script for a manager, which prints its settings and the path that PATH gives for it.
const PRINT_SETTINGS: &str =
    "#!/bin/sh\nenv | grep -E '^(YARN|BUN|DENO|npm|pnpm)_' | sort\ncommand -v \"${0##*/}\"\n";

/// A sandbox with the system's programs on PATH.
fn with_shims_on_path() -> Sandbox {
    let sandbox = offline_sandbox();
    let path = format!("{}:/usr/bin:/bin", sandbox.shims().display());
    // Nothing that the sandbox itself sets is to be seen.
    sandbox.with_variable("PATH", path).with_variable("npm_config_registry", "")
}

/// A call of a manager in a toolchain, with these variables.
fn call(sandbox: &Sandbox, line: &str, variables: &[(&str, &str)]) -> Outcome {
    let mut words = line.split(' ');
    let command = sandbox.command(words.next().expect("a program")).arguments(words);
    variables.iter().fold(command, |command, (name, value)| command.variable(name, value)).run()
}

/// Puts a script in the place of what may be a link to a fake that all tests share.
fn put(sandbox: &Sandbox, path: &Path, script: &str) {
    if path.exists() {
        std::fs::remove_file(path).expect("remove a fake");
    }
    sandbox.executable(path, script);
}

fn with_manager(tool: &str, version: &str, manager: &str) -> Sandbox {
    let sandbox = with_shims_on_path();
    let root = sandbox.fake_toolchain(tool, version);
    put(&sandbox, &root.join("bin").join(manager), PRINT_SETTINGS);
    sandbox.file("project/.tool-versions", format!("{tool} {version}\n"));
    sandbox.reshim();
    sandbox
}

#[test]
fn package_managers_install_global_packages_in_the_toolchain() {
    let check = |tool: &str, manager: &str, line: &str, expected: &str| {
        let sandbox = with_manager(tool, "1.2.3", manager);
        let outcome = call(&sandbox, line, &[]).succeeds();
        let printed = sandbox.mask(&outcome.stdout);
        let root = format!("[SANDBOX]/home/.local/share/usher/toolchains/{tool}/1.2.3");
        let shim = format!("[SANDBOX]/home/.local/share/usher/shims/{manager}");
        let expected = expected.replace("{root}", &root).replace("{shim}", &shim);
        let printed: Vec<&str> =
            printed.lines().filter(|line| *line != "npm_config_registry=").collect();
        assert_eq!(printed.join(" "), expected, "{line}: {outcome}");
    };
    check(
        "node",
        "yarn",
        "yarn global add x",
        "YARN_GLOBAL_FOLDER={root}/lib/yarn YARN_PREFIX={root} {shim}",
    );
    check("node", "yarn", "yarn add x", "{shim}");
    check(
        "node",
        "pnpm",
        "pnpm add --global x",
        "npm_config_global_bin_dir={root}/bin npm_config_global_dir={root}/lib/pnpm-global \
         pnpm_config_global_bin_dir={root}/bin pnpm_config_global_dir={root}/lib/pnpm-global {shim}",
    );
    check("node", "pnpm", "pnpm run x", "{shim}");
    check("node", "corepack", "corepack enable", "{root}/bin/corepack");
    check("node", "corepack", "corepack prepare pnpm@9 --activate", "{root}/bin/corepack");
    check("node", "corepack", "corepack cache clean", "{shim}");
    let bun =
        "BUN_INSTALL_BIN={root}/global/bin BUN_INSTALL_GLOBAL_DIR={root}/install/global {shim}";
    check("bun", "bun", "bun add -g x", bun);
    check("deno", "deno", "deno install -g x", "DENO_INSTALL_ROOT={root}/global {shim}");
}

#[test]
fn a_users_package_folder_variable_is_unchanged() {
    let sandbox = with_manager("node", "12.0.0", "yarn");
    let outcome = call(&sandbox, "yarn global add x", &[("YARN_PREFIX", "/mine")]).succeeds();
    outcome.stdout_has_line("YARN_PREFIX=/mine");
}

#[test]
fn adopted_toolchains_get_no_package_folder_variables() {
    let sandbox = with_shims_on_path();
    let bin = "home/.nvm/versions/node/v12.22.12/bin";
    sandbox.fake_program(format!("{bin}/node"));
    sandbox.executable(format!("{bin}/yarn"), PRINT_SETTINGS);
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    let outcome = call(&sandbox, "yarn global add x", &[]).succeeds();
    assert!(!outcome.stdout.contains("YARN_"), "{outcome}");
}

#[test]
fn corepack_does_not_overwrite_shims() {
    let sandbox = with_manager("node", "22.0.0", "corepack");
    let root = sandbox.toolchain("node", "22.0.0");
    // What the real one does: links beside the first of its name on PATH.
    let links = "#!/bin/sh\nfolder=$(dirname \"$(command -v corepack)\")\n\
                 rm -f \"$folder/yarn\"\nln -s corepack \"$folder/yarn\"\n";
    put(&sandbox, &root.join("bin/corepack"), links);
    call(&sandbox, "corepack enable", &[]).succeeds();
    assert!(root.join("bin/yarn").is_symlink());
    assert!(sandbox.shim("yarn").is_file() && !sandbox.shim("yarn").is_symlink());
}

#[test]
fn package_managers_without_subcommands_trigger_a_reshim() {
    let sandbox = with_shims_on_path();
    let root = sandbox.fake_toolchain("perl", "5.40.0");
    let adds = format!("#!/bin/sh\ncp \"$0\" \"{}/bin/ack\"\n", root.display());
    put(&sandbox, &root.join("bin/cpan"), &adds);
    sandbox.file("project/.tool-versions", "perl 5.40.0\n");
    sandbox.reshim();
    call(&sandbox, "cpan App::Ack", &[]).succeeds();
    assert!(sandbox.shim("ack").exists());
}

#[test]
fn user_wide_global_packages_run_with_every_version() {
    let check = |tool: &str, manager: &str, line: &str, folder: &str| {
        let sandbox = with_shims_on_path();
        if tool == "elixir" {
            // It runs on Erlang.
            sandbox.fake_toolchain("erlang", "27.0");
        }
        for version in ["1.2.3", "1.3.0"] {
            let root = sandbox.fake_toolchain(tool, version);
            // A script must not be found in what all sandboxes share.
            let adds = format!(
                "#!/bin/sh\nmkdir -p {folder}\n\
                 printf '#!/bin/sh\\necho hello\\n' > {folder}/greet\nchmod +x {folder}/greet\n"
            );
            put(&sandbox, &root.join("bin").join(manager), &adds);
        }
        // What was there before is the account's own business.
        let there = folder.replace("$HOME", "home").replace("$GOBIN", "home/gobin");
        sandbox.executable(format!("{there}/older"), "#!/bin/sh\n");
        sandbox.file("project/.tool-versions", format!("{tool} 1.2.3\n"));
        sandbox.reshim();
        assert!(!sandbox.shim("older").exists(), "{line}");
        let gobin = sandbox.home().join("gobin");
        let gobin = gobin.to_str().unwrap();
        let variables: &[(&str, &str)] =
            if folder.contains("GOBIN") { &[("GOBIN", gobin)] } else { &[] };
        call(&sandbox, line, variables).succeeds();
        assert!(sandbox.shim("greet").is_file(), "{line}");
        assert!(!sandbox.shim("older").exists(), "{line}");
        call(&sandbox, "greet", &[]).succeeds().stdout_is("hello");
        sandbox.file("project/.tool-versions", format!("{tool} 1.3.0\n"));
        call(&sandbox, "greet", &[]).succeeds().stdout_is("hello");
        let env = sandbox.use_command(&["env"]).run().succeeds();
        assert!(
            sandbox.mask(&env.stdout).contains(&format!("usher/additions/{tool}/bin")),
            "{env}"
        );
        // A removed program isn't one any more.
        std::fs::remove_file(sandbox.root().join(&there).join("greet")).unwrap();
        sandbox.executable(format!("{there}/other"), "#!/bin/sh\n");
        sandbox.reshim();
        assert!(!sandbox.shim("greet").exists(), "{line}");
    };
    check("go", "go", "go install example.com/greet@latest", "$HOME/go/bin");
    check("go", "go", "go install .", "$GOBIN");
    check("python", "pipx", "pipx install greet", "$HOME/.local/bin");
    check("elixir", "mix", "mix escript.install hex greet", "$HOME/.mix/escripts");
    check(
        "php",
        "php",
        "php /usr/local/bin/composer global require x/greet",
        "$HOME/.config/composer/vendor/bin",
    );
}

#[test]
fn env_path_includes_global_packages_of_shared_versions() {
    let sandbox = with_shims_on_path();
    let bin = "home/.nvm/versions/node/v12.22.12/bin";
    sandbox.fake_program(format!("{bin}/node"));
    sandbox.executable(
        "home/.local/share/usher/additions/node/12.22.12/bin/greet",
        "#!/bin/sh\necho hello\n",
    );
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    let env = sandbox.use_command(&["env", "--json"]).run().succeeds();
    let additions = sandbox.usher().join("additions/node/12.22.12/bin");
    let expected = serde_json::json!([additions, sandbox.root().join(bin)]);
    assert_eq!(env.json()["path"], expected);
    call(&sandbox, "greet", &[]).succeeds().stdout_is("hello");
}
