//! `use config`: reading settings, and changing `config.toml` without touching the rest of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::offline_sandbox;
use crate::support::Sandbox;

const FILE: &str = "home/.config/usher/config.toml";

/// A sandbox whose variables set nothing.
fn config_sandbox() -> Sandbox {
    offline_sandbox().with_variable("USHER_SHIMS", "")
}

/// What `use config ARGUMENTS` prints.
fn config(sandbox: &Sandbox, arguments: &str) -> String {
    let words: Vec<&str> = ["config"].into_iter().chain(arguments.split(' ')).collect();
    sandbox.use_command(&words).run().transcript()
}

#[test]
fn settings_are_listed_with_their_origins() {
    let sandbox = config_sandbox();
    sandbox.file(
        FILE,
        "# ours\nauto_install = 'locked'\nnpm_registry = 'https://me:hunter2@r.example/'\n",
    );
    let list = sandbox.use_command(&["config", "list"]).variable("USHER_QUIET", "on").run();
    let list = list.succeeds().transcript();
    assert!(!list.contains("hunter2"), "{list}");
    insta::assert_snapshot!(list, @r#"
    exit status: 0
    --- standard output
    SETTING           VALUE                   SET BY
    auto_install      "locked"                [SANDBOX]/home/.config/usher/config.toml:2
    prefer_installed  false                   default
    pin_as            "exact"                 default
    ignore_variables  []                      default
    ceiling           not set                 default
    stores            []                      default
    toolchains        {}                      default
    shims             "auto"                  default
    versioned_shims   []                      default
    npm_registry      "https://…@r.example/"  [SANDBOX]/home/.config/usher/config.toml:3
    pypi_index        not set                 default
    source            {}                      default
    offline           false                   default
    lock_timeout      600                     default
    quiet             true                    USHER_QUIET
    --- standard error
    "#);
    let bare = sandbox.use_command(&["config"]).variable("USHER_QUIET", "on").run().transcript();
    assert_eq!(bare, list);
    let json = sandbox.use_command(&["config", "list", "--json"]).run().succeeds();
    assert!(!json.stdout.contains("hunter2"), "{json}");
    let first = &json.json()["settings"][0];
    let file = sandbox.root().join(FILE);
    assert_eq!(
        first,
        &serde_json::json!({
            "key": "auto_install", "value": "locked",
            "origin": { "kind": "file", "file": file, "line": 2 },
        })
    );
}

#[test]
fn a_setting_is_set_and_removed_and_the_rest_stays() {
    let sandbox = config_sandbox();
    insta::assert_snapshot!(config(&sandbox, "set auto_install locked"), @r#"
    exit status: 0
    --- standard output
    set auto_install = "locked" in [SANDBOX]/home/.config/usher/config.toml
    --- standard error
    "#);
    assert_eq!(sandbox.read(FILE), "auto_install = \"locked\"\n");
    let mode = fs::metadata(sandbox.root().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it may get a password");
    insta::assert_snapshot!(config(&sandbox, "set auto_install locked"), @r#"
    exit status: 0
    --- standard output
    auto_install = "locked" is already set in [SANDBOX]/home/.config/usher/config.toml
    --- standard error
    "#);
    insta::assert_snapshot!(config(&sandbox, "get auto_install"), @"
    exit status: 0
    --- standard output
    locked
    --- standard error
    ");
    insta::assert_snapshot!(config(&sandbox, "get lock_timeout"), @"
    exit status: 0
    --- standard output
    600
    --- standard error
    ");
    insta::assert_snapshot!(config(&sandbox, "get ceiling"), @"
    exit status: 0
    --- standard output
    not set
    --- standard error
    ");

    sandbox.file(FILE, "# ours\r\nquiet = true # at night\r\n\r\n[source]\r\nnode = 'npm'\r\n");
    config(&sandbox, "set lock_timeout 60");
    config(&sandbox, "set quiet no");
    config(&sandbox, "set ignore_variables NODE_VERSION,GO_VERSION");
    let after = "# ours\r\nquiet = false # at night\r\nlock_timeout = 60\r\n\
                 ignore_variables = [\"NODE_VERSION\", \"GO_VERSION\"]\r\n\r\n[source]\r\nnode = 'npm'\r\n";
    assert_eq!(sandbox.read(FILE), after);
    config(&sandbox, "unset lock_timeout");
    config(&sandbox, "unset ignore_variables");
    config(&sandbox, "unset source");
    assert_eq!(sandbox.read(FILE), "# ours\r\nquiet = false # at night\r\n\r\n");
    config(&sandbox, "set source node=npm,go=https://mirror.example/go");
    assert!(
        sandbox
            .read(FILE)
            .contains("source = { go = \"https://mirror.example/go\", node = \"npm\" }"),
        "{}",
        sandbox.read(FILE)
    );
    // A password is written, and never shown.
    let shown = config(&sandbox, "set npm_registry https://me:hunter2@r.example/");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(sandbox.read(FILE).contains("npm_registry = \"https://me:hunter2@r.example/\"\r\n"));
    let got = config(&sandbox, "get npm_registry");
    assert!(!got.contains("hunter2") && got.contains("r.example"), "{got}");
}

#[test]
fn what_is_no_setting_or_value_changes_nothing() {
    let sandbox = config_sandbox();
    let text = "quiet = true\n[source]\n# mine\nnode = 'npm'\n";
    sandbox.file(FILE, text);
    let refused = |arguments: &str| {
        let printed = config(&sandbox, arguments);
        assert!(!printed.contains("exit status: 0"), "{printed}");
        assert_eq!(sandbox.read(FILE), text, "after {arguments}");
        printed
    };
    insta::assert_snapshot!(refused("set auto_instal never"), @"
    exit status: 2
    --- standard output
    --- standard error
    error: unknown setting “auto_instal”
      nearest: auto_install
      hint: use config set auto_install never
    ");
    insta::assert_snapshot!(refused("get something_else"), @"
    exit status: 2
    --- standard output
    --- standard error
    error: unknown setting “something_else”
      hint: use config list
    ");
    insta::assert_snapshot!(refused("set auto_install sometimes"), @r#"
    exit status: 2
    --- standard output
    --- standard error
    error: invalid value “sometimes” for auto_install
      expected "always", "never" or "locked"
      hint: use config set auto_install locked
    "#);
    insta::assert_snapshot!(refused("set lock_timeout soon"), @"
    exit status: 2
    --- standard output
    --- standard error
    error: invalid value “soon” for lock_timeout
      expected a whole number of seconds
      hint: use config set lock_timeout 60
    ");
    insta::assert_snapshot!(refused("set npm_registry https://me:hunter2@"), @"
    exit status: 2
    --- standard output
    --- standard error
    error: invalid value for npm_registry
      expected an address that begins with http://, https:// or file://
      hint: use config set npm_registry https://registry.example/
    ");
    insta::assert_snapshot!(refused("set source node=npm"), @"
    exit status: 65
    --- standard output
    --- standard error
    error: can't change source in [SANDBOX]/home/.config/usher/config.toml
      it is a section with comments, or beside other values
      hint: vi [SANDBOX]/home/.config/usher/config.toml
    ");
    insta::assert_snapshot!(refused("unset offline"), @"
    exit status: 2
    --- standard output
    --- standard error
    error: [SANDBOX]/home/.config/usher/config.toml doesn't set offline
      it has its default
    ");
    insta::assert_snapshot!(refused("set offline"), @"
    exit status: 2
    --- standard output
    --- standard error
    error: missing argument: VALUE
      usage: use config set [OPTIONS] KEY VALUE
      hint: use help config set
    ");
    insta::assert_snapshot!(refused("unset"), @"
    exit status: 2
    --- standard output
    --- standard error
    error: missing argument: KEY
      usage: use config unset [OPTIONS] KEY
      hint: use help config unset
    ");
}

#[test]
fn an_invalid_file_can_be_corrected() {
    let sandbox = config_sandbox();
    sandbox.file(FILE, "auto_install = 'sometimes'\nquiet = true\n");
    insta::assert_snapshot!(config(&sandbox, "list"), @r#"
    exit status: 65
    --- standard output
    --- standard error
    error: invalid value “sometimes” for auto_install ([SANDBOX]/home/.config/usher/config.toml:1)
      expected "always", "never" or "locked"
      example: auto_install = "locked"
    "#);
    config(&sandbox, "set auto_install never");
    assert_eq!(sandbox.read(FILE), "auto_install = \"never\"\nquiet = true\n");
    sandbox.file(FILE, "auto_install = \n");
    insta::assert_snapshot!(config(&sandbox, "set quiet yes"), @"
    exit status: 65
    --- standard output
    --- standard error
    error: invalid TOML ([SANDBOX]/home/.config/usher/config.toml:1)
      string values must be quoted, expected literal string
      hint: vi [SANDBOX]/home/.config/usher/config.toml
    ");
    assert_eq!(sandbox.read(FILE), "auto_install = \n");
}

#[test]
fn a_variable_that_overrides_the_file_is_said() {
    let sandbox = config_sandbox();
    let command = sandbox.use_command(&["config", "set", "shims", "auto"]);
    let outcome = command.variable("USHER_SHIMS", "all").run().succeeds();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 0
    --- standard output
    set shims = "auto" in [SANDBOX]/home/.config/usher/config.toml
    --- standard error
    warning: USHER_SHIMS overrides shims
      hint: unset USHER_SHIMS
    usher: shims read this setting when they are made again
      hint: use reshim
    "#);
    let unset = sandbox.use_command(&["config", "unset", "offline"]).variable("USHER_OFFLINE", "1");
    insta::assert_snapshot!(unset.run().transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: [SANDBOX]/home/.config/usher/config.toml doesn't set offline
      USHER_OFFLINE does
      hint: unset USHER_OFFLINE
    ");
}

#[test]
fn no_link_is_followed_out_of_the_home_folder() {
    let sandbox = config_sandbox();
    let outside = sandbox.file("outside.toml", "quiet = true\n");
    let file = sandbox.root().join(FILE);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    symlink(&outside, &file).unwrap();
    insta::assert_snapshot!(config(&sandbox, "set quiet no"), @"
    exit status: 77
    --- standard output
    --- standard error
    error: [SANDBOX]/home/.config/usher/config.toml is a link out of your home folder, to [SANDBOX]/outside.toml
      hint: rm [SANDBOX]/home/.config/usher/config.toml
    ");
    assert_eq!(fs::read_to_string(&outside).unwrap(), "quiet = true\n");
    // A file of dotfiles in the home folder is one's own.
    fs::remove_file(&file).unwrap();
    let own = sandbox.file("home/dotfiles/usher.toml", "quiet = true\n");
    symlink(&own, &file).unwrap();
    config(&sandbox, "set quiet no");
    assert_eq!(fs::read_to_string(&own).unwrap(), "quiet = false\n");
    assert!(file.is_symlink());
    // One that other accounts may write is refused, as by all that read it.
    fs::remove_file(&file).unwrap();
    sandbox.file(FILE, "quiet = true\n");
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    insta::assert_snapshot!(config(&sandbox, "set quiet no"), @"
    exit status: 77
    --- standard output
    --- standard error
    error: [SANDBOX]/home/.config/usher/config.toml is world-writable
      any account could replace programs there
      hint: chmod o-w '[SANDBOX]/home/.config/usher/config.toml'
    ");
    assert_eq!(sandbox.read(FILE), "quiet = true\n");
}
