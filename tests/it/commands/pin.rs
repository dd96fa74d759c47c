//! `use TOOL[@REQUEST]…` in a project: which file changes, and that nothing else does.

use std::os::unix::fs::symlink;

use serde_json::json;

use super::{assert_unchanged, offline_sandbox, sandbox};
use crate::support::{Misbehaviour, Upstream};

#[test]
fn a_project_without_a_pin_gets_one() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    pinned node 12 (12.22.12) in .tool-versions
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: node 12.22.12 is ready ([TIME])
    ");
    assert_eq!(sandbox.read("project/.tool-versions"), "nodejs 12\n");
    sandbox.command("node").argument("--version").run().succeeds().stdout_is("v12.22.12");

    let again = sandbox.use_command(&["node@12"]).run();
    insta::assert_snapshot!(again.transcript(), @"
    exit status: 0
    --- standard output
    node 12 (12.22.12) is already pinned in .tool-versions
    --- standard error
    ");
    assert_eq!(sandbox.read("project/.tool-versions"), "nodejs 12\n");
}

#[test]
fn pinning_prints_json() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["--json", "node@12", "python@3.12"]).run().succeeds();
    let file = sandbox.project().join(".tool-versions");
    assert_eq!(
        outcome.json(),
        json!({ "format": 1, "pins": [
            { "tool": "node", "request": "12", "version": "12.22.12", "file": file, "changed": true },
            { "tool": "python", "request": "3.12", "version": "3.12.12", "file": file, "changed": true },
        ] })
    );
    assert_eq!(sandbox.read("project/.tool-versions"), "nodejs 12\npython 3.12\n");
}

#[test]
fn without_a_request_the_default_version_is_pinned() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "10\n");
    let outcome = sandbox.use_command(&["node", "python"]).run();
    insta::assert_snapshot!(outcome.sorted_transcript(), @"
    exit status: 0
    --- standard output
    pinned node 24.11.0 in .nvmrc (lts)
    pinned python 3.14.0 in .tool-versions (latest)
    --- standard error
    usher: fetching node 24.11.0 from 127.0.0.1:[PORT]
    usher: fetching python 3.14.0 from 127.0.0.1:[PORT]
    usher: node 24.11.0 is ready ([TIME])
    usher: python 3.14.0 is ready ([TIME])
    ");
    assert_eq!(sandbox.read("project/.nvmrc"), "24.11.0\n");
    assert_eq!(sandbox.read("project/.tool-versions"), "python 3.14.0\n");
}

#[test]
fn a_program_that_runs_in_place_of_the_shim_is_a_warning() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.fake_program("other/node");
    sandbox.reshim();
    let path = format!("{}:{}", sandbox.root().join("other").display(), sandbox.shims().display());
    let run = |words: &[&str]| {
        let command = sandbox.use_command(words).variable("PATH", &path);
        command.variable("SHELL", "/bin/sh").run().succeeds()
    };
    insta::assert_snapshot!(run(&["node@12.22.12"]).transcript(), @"
    exit status: 0
    --- standard output
    pinned node 12.22.12 in .tool-versions
    --- standard error
    warning: node on this PATH is [SANDBOX]/other/node, not the shim
      hint: use setup
    ");
    run(&[]).stderr_contains("warning: node on this PATH is [SANDBOX]/other/node, not the shim");
    sandbox.use_command(&["setup", "sh", "--yes"]).run().succeeds();
    insta::assert_snapshot!(run(&["setup"]).transcript(), @"
    exit status: 0
    --- standard output
    sh: already set up
    --- standard error
    warning: [SANDBOX]/other/node comes before the shims on PATH and hides one
      hint: change what puts [SANDBOX]/other first in the files of your sh
    ");
}

#[test]
fn a_broken_pin_is_replaced_and_named() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    let pin = || sandbox.use_command(&["node@12.22.12"]).run().succeeds().stdout;
    for (file, before, after, old) in [
        (".nvmrc", "# ours\nfoo bar # ?\n", "# ours\n12.22.12 # ?\n", "“foo bar”"),
        (".nvmrc", "../../x\n", "12.22.12\n", "“../../x”"),
        (".nvmrc", "lts/hydorgen\n", "12.22.12\n", "“lts/hydorgen”"),
        (".nvmrc", "10\nbad one\n", "12.22.12\n", "“10 bad one”"),
        (".nvmrc", "a:b\n", "12.22.12\n", "an invalid version"),
        (".tool-versions", "node foo # ?\nx y z\n", "node 12.22.12 # ?\nx y z\n", "“foo”"),
    ] {
        let path = sandbox.file(format!("project/{file}"), before);
        assert_eq!(pin(), format!("pinned node 12.22.12 in {file}, in place of {old}\n"));
        assert_eq!(sandbox.read(format!("project/{file}")), after);
        std::fs::remove_file(path).unwrap();
    }
    sandbox.file("project/.nvmrc", "10\n");
    assert_eq!(pin(), "pinned node 12.22.12 in .nvmrc\n");
}

#[test]
fn an_installed_version_in_place_of_the_newest_is_not_called_that() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("python", "3.12.1");
    let outcome = sandbox.use_command(&["python"]).variable("USHER_OFFLINE", "1").run().succeeds();
    outcome.stdout_is("pinned python 3.12.1 in .tool-versions");
    let preferred = sandbox.use_command(&["python"]).variable("USHER_PREFER_INSTALLED", "1");
    preferred.run().succeeds().stdout_is("python 3.12.1 is already pinned in .tool-versions");
}

#[test]
fn a_word_is_written_as_the_setting_says() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    for (pin_as, text) in [("line", "nodejs 24\n"), ("request", "nodejs lts\n")] {
        let command = sandbox.use_command(&["node@lts"]).variable("USHER_PIN_AS", pin_as);
        command.run().succeeds();
        assert_eq!(sandbox.read("project/.tool-versions"), text);
        std::fs::remove_file(sandbox.project().join(".tool-versions")).unwrap();
    }
    let wrong = sandbox.use_command(&["node@lts"]).variable("USHER_PIN_AS", "major").run();
    insta::assert_snapshot!(wrong.transcript(), @r#"
    exit status: 65
    --- standard output
    --- standard error
    error: invalid value “major” for USHER_PIN_AS
      expected "exact", "line" or "request"
      hint: unset USHER_PIN_AS
    "#);
    // A default may change its meaning.
    sandbox.use_command(&["--global", "node@lts"]).run().succeeds();
    assert_eq!(sandbox.read("home/.config/usher/tool-versions"), "nodejs lts\n");
}

/// A project's file before and after `use`, with everything else unchanged byte for byte.
struct Case {
    file: &'static str,
    before: &'static str,
    words: &'static str,
    after: &'static str,
}

#[test]
fn the_file_that_pins_the_tool_is_edited_in_its_own_syntax() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_program("bin/node");
    for case in CASES {
        let (file, words) = (format!("project/{}", case.file), case.words);
        sandbox.file(&file, case.before);
        let before = sandbox.tree("project");
        sandbox.use_command(&words.split(' ').collect::<Vec<_>>()).run().succeeds();
        assert_eq!(sandbox.read(&file), case.after, "{file} after `use {words}`");
        let changes = before.changes(&sandbox.tree("project"));
        assert_eq!(changes, [format!("~ {file}")], "`use {words}` changes {file} alone");
        std::fs::remove_file(sandbox.root().join(&file)).unwrap();
    }
}

const CASES: &[Case] = &[
    Case { file: ".nvmrc", before: "10\n", words: "node@12", after: "12\n" },
    Case {
        file: ".nvmrc",
        before: "# ours\r\n  v10.24.1  # until spring\r\n",
        words: "node@12.22.11",
        after: "# ours\r\n  v12.22.11  # until spring\r\n",
    },
    Case { file: ".nvmrc", before: "10", words: "node@lts", after: "24.11.0" },
    Case { file: ".nvmrc", before: "lts/erbium\n", words: "node@lts", after: "lts/*\n" },
    Case { file: ".nvmrc", before: "10\n", words: "node@lts/erbium", after: "12.22.12\n" },
    Case { file: ".nvmrc", before: "lts/*\n", words: "node@latest", after: "stable\n" },
    Case {
        file: ".tool-versions",
        before: "node lts\n",
        words: "node@lts",
        after: "node 24.11.0\n",
    },
    Case {
        file: ".node-version",
        before: "\u{feff}10.24.1\n",
        words: "node@12",
        after: "\u{feff}12\n",
    },
    Case { file: ".node-version", before: "10\n", words: "node@lts", after: "24.11.0\n" },
    Case { file: ".python-version", before: "3.8\n3.7\n", words: "python@3.12", after: "3.12\n" },
    Case {
        file: "package.json",
        before: "{\r\n\t\"name\": \"kresus\",\r\n\t\"volta\": { \"node\" : \"10.24.1\", \"yarn\": \"1.22.0\" }\r\n}",
        words: "node@12",
        after: "{\r\n\t\"name\": \"kresus\",\r\n\t\"volta\": { \"node\" : \"12.22.12\", \"yarn\": \"1.22.0\" }\r\n}",
    },
    Case {
        file: "package.json",
        before: "{\n  \"devEngines\": {\n    \"runtime\": [\n      { \"name\": \"bun\", \"version\": \"1\" },\n      { \"name\": \"node\", \"version\": \"^10\", \"onFail\": \"warn\" }\n    ]\n  },\n  \"engines\": { \"node\": \">=10\" }\n}\n",
        words: "node@12",
        after: "{\n  \"devEngines\": {\n    \"runtime\": [\n      { \"name\": \"bun\", \"version\": \"1\" },\n      { \"name\": \"node\", \"version\": \"12\", \"onFail\": \"warn\" }\n    ]\n  },\n  \"engines\": { \"node\": \">=10\" }\n}\n",
    },
    Case {
        file: ".tool-versions",
        before: "# all of us\nruby 3.3.0\nnodejs 10.24.1   # until spring\npython 3.8\n",
        words: "node@12 python@3.12",
        after: "# all of us\nruby 3.3.0\nnodejs 12.22.12   # until spring\npython 3.12\n",
    },
    Case {
        file: ".tool-versions",
        before: "node 10 system\n",
        words: "node@12",
        after: "node 12\n",
    },
    Case {
        file: ".tool-versions",
        before: "ruby 3.3.0",
        words: "node@12.22.11",
        after: "ruby 3.3.0\nnodejs 12.22.11\n",
    },
    Case {
        file: "mise.toml",
        before: "\u{feff}# ours\r\n[tools]\r\nnode = \"10\"   # until spring\r\nruby = '3.3'\r\n[env]\r\nX = \"1\"",
        words: "node@12",
        after: "\u{feff}# ours\r\n[tools]\r\nnode = \"12\"   # until spring\r\nruby = '3.3'\r\n[env]\r\nX = \"1\"",
    },
    Case {
        file: ".mise.toml",
        before: "[tools]\nnode = ['10', \"8\"]\npython = { version = \"3.8\", virtualenv = \".venv\" }\n",
        words: "node@12 python@3.12",
        after: "[tools]\nnode = ['12']\npython = { version = \"3.12\", virtualenv = \".venv\" }\n",
    },
    Case {
        file: ".prototools",
        before: "node = \"10.24.1\"\npython = 3.8 # a number\n\n[settings]\nauto-install = true\n",
        words: "node@lts python@3.12",
        after: "node = \"24.11.0\"\npython = \"3.12\" # a number\n\n[settings]\nauto-install = true\n",
    },
    Case {
        file: ".env",
        before: "# ours\nSECRET=\"a # b\"\nexport NODE_VERSION='10'  # why\nPYTHON_VERSION = 3.8\n",
        words: "node@12 python@3.12",
        after: "# ours\nSECRET=\"a # b\"\nexport NODE_VERSION='12'  # why\nPYTHON_VERSION = 3.12\n",
    },
    Case {
        file: ".env",
        before: "NODE_VERSION=8\r\nNODE_VERSION=v10.24.1\r\nX=1",
        words: "node@12",
        after: "NODE_VERSION=8\r\nNODE_VERSION=v12\r\nX=1",
    },
    Case {
        file: "mise.local.toml",
        before: "# mine\n[tools]\nnode = \"10\"\n",
        words: "node@12",
        after: "# mine\n[tools]\nnode = \"12\"\n",
    },
    Case {
        file: ".config/mise/config.toml",
        before: "[tools]\nnode = \"{{ get_env(name='NODE') }}\" # why\n",
        words: "node@12",
        after: "[tools]\nnode = \"12\" # why\n",
    },
    Case {
        file: "pnpm-workspace.yaml",
        before: "packages:\n  - a/*\nuseNodeVersion: 10.24.1 # why\n",
        words: "node@12",
        after: "packages:\n  - a/*\nuseNodeVersion: 12.22.12 # why\n",
    },
    Case {
        file: ".npmrc",
        before: "//x.example/:_authToken=abc\nuse-node-version = 10.24.1\n",
        words: "node@12",
        after: "//x.example/:_authToken=abc\nuse-node-version = 12.22.12\n",
    },
    Case { file: ".naverc", before: "10\n", words: "node@12", after: "12\n" },
    Case {
        file: "phoenix_static_buildpack.config",
        before: "# why\nnode_version=10.24.1\nnpm_version=6\n",
        words: "node@12",
        after: "# why\nnode_version=12\nnpm_version=6\n",
    },
    Case {
        file: ".tool-versions",
        before: "nodejs 10\n",
        words: "node@system",
        after: "nodejs system\n",
    },
];

#[test]
fn an_extended_file_is_edited_only_inside_the_project() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let extending = "{ \"volta\": { \"extends\": \"../base/volta.json\" } }";
    sandbox.file("project/app/package.json", extending);
    let base = "{ \"volta\": { \"node\": \"10.24.1\" } }\n";
    sandbox.file("project/base/volta.json", base);
    let app = sandbox.folder("project/app");
    let outcome = sandbox.use_command(&["node@12"]).directory(&app).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    pinned node 12 (12.22.12) in .tool-versions
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: node 12.22.12 is ready ([TIME])
    usher: node 10.24.1 (requested by [SANDBOX]/project/base/volta.json (volta.node)) no longer applies here
    ");
    assert_eq!(sandbox.read("project/base/volta.json"), base);

    std::fs::remove_file(sandbox.root().join("project/app/package.json")).unwrap();
    sandbox.file("project/package.json", extending.replace("../", ""));
    let outcome = sandbox.use_command(&["node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    pinned node 12.22.12 in [SANDBOX]/project/base/volta.json
    --- standard error
    ");
    assert_eq!(sandbox.read("project/base/volta.json"), base.replace("10.24.1", "12.22.12"));
    assert_eq!(sandbox.read("project/package.json"), extending.replace("../", ""));
    assert!(!sandbox.project().join(".tool-versions").exists());
}

#[test]
fn files_that_need_an_exact_version_refuse_other_pins() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let text = "{ \"volta\": { \"node\": \"10.24.1\" } }\n";
    sandbox.file("project/package.json", text);
    sandbox.file("project/.python-version", "3.8\n");
    let outcome = sandbox.use_command(&["python@3.12", "node@system"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 65
    --- standard output
    --- standard error
    error: package.json (volta.node) needs an exact version of node
      node system is not an exact version
      hint: use available node
    ");
    assert_eq!(sandbox.read("project/package.json"), text);
    assert_eq!(sandbox.read("project/.python-version"), "3.8\n");
}

#[test]
fn pinning_keeps_constraints() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let text = "[project]\nrequires-python = \">=3.8\"\n";
    sandbox.file("project/pyproject.toml", text);
    sandbox.use_command(&["python@3.12"]).run().succeeds();
    assert_eq!(sandbox.read("project/pyproject.toml"), text);
    assert_eq!(sandbox.read("project/.tool-versions"), "python 3.12\n");
}

#[test]
fn the_project_is_the_nearest_folder_with_a_marker_file() {
    let upstream = Upstream::start();
    for (mark, written) in [
        ("project/.git/config", "project/.tool-versions"),
        ("project/app/package.json", "project/app/.tool-versions"),
        ("project/app/.python-version", "project/app/.tool-versions"),
        ("project/app/Cargo.toml", "project/app/.tool-versions"),
        ("project/app/src/.nvmrc", "project/app/src/.nvmrc"),
    ] {
        let sandbox = sandbox(&upstream);
        let deep = sandbox.folder("project/app/src/deep");
        sandbox.file("project/.tool-versions", "nodejs 10\n");
        sandbox.file(mark, if mark.ends_with("json") { "{}" } else { "3.8\n" });
        sandbox.use_command(&["node@12.22.12"]).directory(&deep).run().succeeds();
        let text = sandbox.read(written);
        assert!(text.contains("12.22.12"), "with {mark}, {written} is {text}");
        if written != "project/.tool-versions" {
            assert_eq!(sandbox.read("project/.tool-versions"), "nodejs 10\n", "with {mark}");
        }
    }
}

#[test]
fn nothing_above_the_project_is_edited() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file(".tool-versions", "nodejs 10\n");
    sandbox.file(".nvmrc", "10\n");
    sandbox.use_command(&["node@12"]).run().succeeds();
    assert_eq!(sandbox.read(".tool-versions"), "nodejs 10\n");
    assert_eq!(sandbox.read(".nvmrc"), "10\n");
    assert_eq!(sandbox.read("project/.tool-versions"), "nodejs 12\n");
}

#[test]
fn without_a_project_the_working_directory_becomes_one() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let folder = sandbox.folder("home/new/folder");
    sandbox.use_command(&["node@12"]).directory(&folder).run().succeeds();
    assert_eq!(sandbox.read("home/new/folder/.tool-versions"), "nodejs 12\n");
    assert!(!sandbox.home().join(".tool-versions").exists());
}

#[test]
fn pinning_in_the_home_folder_sets_the_default() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("home/.nvmrc", "10\n");
    let outcome = sandbox.use_command(&["node@12"]).directory(sandbox.home()).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    pinned node 12 (12.22.12) as your default (.config/usher/tool-versions)
    --- standard error
    usher: no project here: pinning your default (--global)
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: node 12.22.12 is ready ([TIME])
    ");
    assert_eq!(sandbox.read("home/.config/usher/tool-versions"), "nodejs 12\n");
    assert_eq!(sandbox.read("home/.nvmrc"), "10\n", "a file in the home folder isn't a project's");
}

#[test]
fn the_default_applies_without_a_project_pin() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["--global", "node@12", "python@3.12"]).run();
    insta::assert_snapshot!(outcome.sorted_transcript(), @"
    exit status: 0
    --- standard output
    pinned node 12 (12.22.12) as your default (~/.config/usher/tool-versions)
    pinned python 3.12 (3.12.12) as your default (~/.config/usher/tool-versions)
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: fetching python 3.12.12 from 127.0.0.1:[PORT]
    usher: node 12.22.12 is ready ([TIME])
    usher: python 3.12.12 is ready ([TIME])
    ");
    assert_eq!(sandbox.read("home/.config/usher/tool-versions"), "nodejs 12\npython 3.12\n");
    assert!(!sandbox.project().join(".tool-versions").exists());
    let version = |program: &str| sandbox.command(program).argument("--version").run().succeeds();
    version("node").stdout_is("v12.22.12");
    version("python").stdout_is("Python 3.12.12");

    sandbox.use_command(&["node@10"]).run().succeeds();
    version("node").stdout_is("v10.24.1");
    assert_eq!(sandbox.read("home/.config/usher/tool-versions"), "nodejs 12\npython 3.12\n");
}

#[test]
fn pinning_edits_the_target_of_a_linked_file() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/shared/nvmrc", "10\n");
    let link = sandbox.project().join(".nvmrc");
    symlink("shared/nvmrc", &link).unwrap();
    let outcome = sandbox.use_command(&["node@12.22.12"]).run().succeeds();
    outcome.stdout_is("pinned node 12.22.12 in [SANDBOX]/project/shared/nvmrc");
    assert_eq!(sandbox.read("project/shared/nvmrc"), "12.22.12\n");
    assert!(link.is_symlink());
}

#[test]
fn no_pin_is_written_if_one_version_is_unavailable() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("USHER_SHIMS", "");
    sandbox.reshim();
    sandbox.file("project/.nvmrc", "10\n");
    let before = sandbox.tree("project");
    let outcome = sandbox.use_command(&["python@3.12", "node@12.99"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    usher: fetching python 3.12.12 from 127.0.0.1:[PORT]
    usher: python 3.12.12 is ready ([TIME])
    error: no node release matches 12.99 (requested by the command line)
      nearest: 12.22.12, 13.0.0
      hint: use node@12
    ");
    assert_unchanged(&sandbox, "project", &before, "a failed use");
    assert!(sandbox.shim("python").is_file(), "what did come has its shims");
}

#[test]
fn a_named_version_must_be_a_folder_of_a_store() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["node@latets"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: unknown version of node: latets (requested by the command line)
      it is not a version, and nothing is linked or installed under that name
      nearest: latest
      hint: use node@latest
    ");
    assert_eq!(upstream.all_requests().len(), 0);
    assert!(!sandbox.project().join(".tool-versions").exists());
    sandbox.fake_program("home/.pyenv/versions/kresus/bin/python");
    sandbox.file("project/.python-version", "3.8\n");
    let outcome = sandbox.use_command(&["python@kresus"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    pinned python kresus in .python-version
    --- standard error
    ");
    sandbox.command("python").run().succeeds().stdout_has_line("versions kresus");
}

/// A project's files name no paths, so `use` writes none there either.
#[test]
fn path_requests_are_not_written_to_projects() {
    let sandbox = offline_sandbox();
    let program = sandbox.fake_program("own/node/bin/node");
    let folder = program.ancestors().nth(2).unwrap().display();
    let outcome = sandbox.use_command(&[&format!("node@path:{folder}")]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: can't pin path:[SANDBOX]/own/node in a project
      `path:` is accepted on the command line, in a variable and in your own default only
      hint: use --global node@path:[SANDBOX]/own/node
    ");
    assert!(!sandbox.project().join(".tool-versions").exists());
    let outcome = sandbox.use_command(&["--global", &format!("node@path:{folder}")]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    pinned node path:[SANDBOX]/own/node as your default (~/.config/usher/tool-versions)
    --- standard error
    ");
    sandbox.command("node").run().succeeds().stdout_has_line("own node");
    let outcome = sandbox.use_command(&["--global", "node@path:/nonesuch"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: no program /nonesuch/bin/node
    ");
}

/// A pin that breaks a constraint is a pin all the same.
#[test]
fn pinning_warns_of_a_constraint_that_the_version_breaks() {
    let sandbox = offline_sandbox();
    for (tool, version) in
        [("python", "3.12.1"), ("python", "3.11.2"), ("node", "18.1.0"), ("go", "1.21.0")]
    {
        sandbox.fake_toolchain(tool, version);
    }
    sandbox.fake_toolchain("python", "pypy3.10-7.3.19");
    sandbox.reshim();
    sandbox.file("project/pyproject.toml", "[project]\nrequires-python = \">=3.9,<3.12\"\n");
    sandbox.file("project/package.json", r#"{"engines": {"node": ">=20"}}"#);
    sandbox.file("project/go.mod", "module x\n\ngo 1.22.0\n");
    sandbox.folder("project/sub");
    let warnings = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let outcome = sandbox.use_command(&words).directory("project/sub").run().succeeds();
        assert!(
            outcome.stdout.contains("pinned") || outcome.stdout.contains("changed"),
            "{outcome}"
        );
        sandbox.mask(&outcome.stderr)
    };
    insta::assert_snapshot!(warnings("python@3.12.1"), @"warning: python 3.12.1 doesn't satisfy >=3.9,<3.12 (required by [SANDBOX]/project/pyproject.toml:2 (project.requires-python))");
    insta::assert_snapshot!(warnings("node@18.1.0 --json"), @"warning: node 18.1.0 doesn't satisfy >=20 (required by [SANDBOX]/project/package.json (engines.node))");
    insta::assert_snapshot!(warnings("go@1.21.0"), @"warning: go 1.21.0 doesn't satisfy >=1.22.0 (required by [SANDBOX]/project/go.mod:3)");
    assert_eq!(
        sandbox.read("project/.tool-versions"),
        "python 3.12.1\nnodejs 18.1.0\ngolang 1.21.0\n"
    );
    assert_eq!(warnings("python@3.11.2"), "");
    // A range speaks of the usual builds, and a default is for other projects.
    assert_eq!(warnings("python@pypy3.10-7.3.19"), "");
    assert_eq!(warnings("--global python@3.12.1"), "");
}

/// What would be an error at every call is refused when it is typed.
#[test]
fn the_system_is_refused_where_it_has_none() {
    let sandbox = offline_sandbox();
    let before = sandbox.tree("");
    for words in [
        "go@system",
        "--global go@system",
        "install go@system",
        "shim go@system",
        "go@system -- env",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let outcome = sandbox.use_command(&words).run().fails_with(127);
        let verb = match words.first() {
            Some(&verb @ ("install" | "shim" | "--global")) => format!("{verb} "),
            _ => String::new(),
        };
        assert_eq!(
            outcome.stderr,
            format!(
                "error: no system go on PATH (requested by the command line)\n  \
                 hint: use {verb}go@latest\n"
            )
        );
    }
    assert_unchanged(&sandbox, "", &before, "what was refused");
    sandbox.file("project/.tool-versions", "golang system\n");
    sandbox.use_command(&["install"]).run().fails_with(127).stderr_contains("requested by .tool-v");
    // Of python, the system may have only `python3`.
    sandbox.fake_program("bin/python3");
    sandbox.use_command(&["python@system"]).run().succeeds();
    sandbox.command("python").run().succeeds().stdout_has_line("argument 0: [SANDBOX]/bin/python3");
}

#[test]
fn a_release_that_does_not_exist_is_not_pinned() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let mut transcript = String::new();
    for words in [
        "node@lts/hydorgen",
        "install node@lts/hydorgen",
        "--global node@18.99",
        "install node@20,18",
        "python@3.99",
        "install node@banana",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let outcome = sandbox.use_command(&words).run().fails_with(127);
        transcript += &outcome.stderr;
    }
    insta::assert_snapshot!(sandbox.mask(&transcript), @"
    error: no node release matches lts/hydorgen (requested by the command line)
      nearest: lts/hydrogen
      hint: use node@lts/hydrogen
    error: no node release matches lts/hydorgen (requested by the command line)
      nearest: lts/hydrogen
      hint: use install node@lts/hydrogen
    error: no node release matches 18.99 (requested by the command line)
      nearest: 18.20.8, 20.19.5
      hint: use --global node@18
    error: no node release matches 20,18 (requested by the command line)
      hint: use available node
    error: no python release matches 3.99 in the sources that answered (requested by the command line)
      nearest: 3.14.0
      pypy: can't fetch https://downloads.python.org/pypy/versions.json: the proxy 127.0.0.1:[PORT] for downloads.python.org refused the connection
      hint: use available python
    error: unknown version of node: banana (requested by the command line)
      it is not a version, and nothing is linked or installed under that name
      hint: use available node
    ");
    assert!(!sandbox.project().join(".tool-versions").exists());
    assert!(!sandbox.root().join("home/.config/usher/tool-versions").exists());
}

#[test]
fn pinning_warns_of_an_overriding_variable() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["node@12"]).variable("NODE_VERSION", "v10.24.1").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    pinned node 12 (12.22.12) in .tool-versions
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: node 12.22.12 is ready ([TIME])
    usher: NODE_VERSION=v10.24.1 overrides this pin: unset NODE_VERSION
    ");
}

#[test]
fn pinning_without_network_uses_installed_versions() {
    let sandbox = offline_sandbox();
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.reshim();
    let outcome = sandbox.use_command(&["node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    pinned node 12 (12.22.11) in .tool-versions
    --- standard error
    usher: using node 12.22.11, which is installed: can't look up node 12 (requested by the command line): no source answered
      nodejs.org: can't fetch http://127.0.0.1:[PORT]/dist/index.json: 127.0.0.1:[PORT] refused the connection
      npm: can't fetch http://127.0.0.1:[PORT]/npm/node-[PLATFORM]: 127.0.0.1:[PORT] refused the connection
      hint: check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)
    ");
    assert_eq!(sandbox.read("project/.tool-versions"), "nodejs 12\n");
}

#[test]
fn pinning_fetches_a_newer_release_than_installed() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.use_command(&["node@12"]).run().succeeds();
    sandbox.command("node").argument("--version").run().succeeds().stdout_is("v12.22.12");
    // An exact version that is installed needs no request to a source.
    let count = upstream.all_requests().len();
    upstream.misbehave("/dist/index.json", Misbehaviour::Status(500));
    sandbox.use_command(&["node@12.22.11"]).run().succeeds();
    assert_eq!(upstream.all_requests().len(), count);
}
