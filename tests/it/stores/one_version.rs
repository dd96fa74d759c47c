//! One version of a tool in a folder: the shims, `use`, `use which`, `use why`, `use list` and `use
//! env` agree for all programs of a tool, in every situation; and a program is never another
//! version's.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::sandbox;
use crate::support::Sandbox;

const PROGRAMS: [&str; 4] = ["python", "python3", "pip", "pydoc"];

/// A script that prints its own path.
const PRINTS_ITSELF: &str = "#!/bin/sh\necho \"$0\"\n";

/// What decides in a folder, and the version that runs then: `None` for the system's.
struct Situation {
    about: &'static str,
    file: &'static str,
    text: &'static str,
    default: &'static str,
    version: Option<&'static str>,
    has_system: bool,
}

const SITUATIONS: &[Situation] = &[
    Situation {
        about: "nothing is requested",
        file: "other",
        text: "",
        default: "",
        version: None,
        has_system: true,
    },
    Situation {
        about: "nothing is requested, and PATH has no main program",
        file: "other",
        text: "",
        default: "",
        version: Some("3.13.0"),
        has_system: false,
    },
    Situation {
        about: "a pin",
        file: ".python-version",
        text: "3.11\n",
        default: "",
        version: Some("3.11.7"),
        has_system: true,
    },
    Situation {
        about: "the system's is requested",
        file: ".python-version",
        text: "system\n",
        default: "",
        version: None,
        has_system: true,
    },
    Situation {
        about: "a constraint that the system's doesn't satisfy",
        file: "pyproject.toml",
        text: "[project]\nrequires-python = '>=3.9,<3.12'\n",
        default: "",
        version: Some("3.11.7"),
        has_system: true,
    },
    Situation {
        about: "a default",
        file: "other",
        text: "",
        default: "python 3.11\n",
        version: Some("3.11.7"),
        has_system: true,
    },
];

/// A sandbox with a Python of the system's, without `python` and `pydoc`, and two of pyenv's.
fn with_pythons() -> Sandbox {
    let sandbox = sandbox();
    for name in ["python3", "pip"] {
        sandbox.executable(format!("bin/{name}"), PRINTS_ITSELF);
    }
    for (version, programs) in [("3.13.0", &PROGRAMS[..]), ("3.11.7", &PROGRAMS[..3])] {
        for name in programs {
            let path = format!("home/.pyenv/versions/{version}/bin/{name}");
            sandbox.executable(path, PRINTS_ITSELF);
        }
    }
    sandbox.reshim();
    sandbox
}

/// Where a program must be; `None` if the version lacks it.
fn expected(sandbox: &Sandbox, situation: &Situation, program: &str) -> Option<PathBuf> {
    let bin = |version| sandbox.home().join(".pyenv/versions").join(version).join("bin");
    match (situation.version, program) {
        (None | Some("3.11.7"), "pydoc") => None,
        (None, "python" | "python3") => Some(sandbox.root().join("bin/python3")),
        (None, program) => Some(sandbox.root().join("bin").join(program)),
        (Some(version), program) => Some(bin(version).join(program)),
    }
}

#[test]
fn all_commands_agree_on_the_programs_of_a_folder() {
    let sandbox = with_pythons();
    for situation in SITUATIONS {
        let about = situation.about;
        let main = sandbox.root().join("bin/python3");
        match situation.has_system {
            true => drop(sandbox.executable(&main, PRINTS_ITSELF)),
            false => std::fs::remove_file(&main).unwrap(),
        }
        let file = sandbox.file(Path::new("project").join(situation.file), situation.text);
        let default = sandbox.file("home/.config/usher/tool-versions", situation.default);
        for program in PROGRAMS {
            let expected = expected(&sandbox, situation, program);
            let path = expected.as_ref().map(|path| path.to_string_lossy().into_owned());
            let code = if path.is_some() { 0 } else { 127 };
            let printed = path.clone().unwrap_or_default();
            let shim = sandbox.command(program).run().fails_with(code);
            assert_eq!(shim.stdout.trim(), printed, "{about}: {program}: {shim}");
            let which = sandbox.use_command(&["which", program]).run().fails_with(code);
            assert_eq!(which.stdout.trim(), printed, "{about}: {program}: {which}");
            let why = sandbox.use_command(&["why", program, "--json"]).run().succeeds().json();
            assert_eq!(
                why["programs"][0]["path"],
                path.map_or(Value::Null, Value::from),
                "{about}: {program}"
            );
        }
        check_tool(&sandbox, situation);
        std::fs::remove_file(file).unwrap();
        std::fs::remove_file(default).unwrap();
    }
}

/// What the commands print of the tool as a whole.
fn check_tool(sandbox: &Sandbox, situation: &Situation) {
    let about = situation.about;
    let rows = sandbox.use_command(&["--json"]).run().succeeds().json();
    let row = rows["tools"].as_array().unwrap().iter().find(|row| row["tool"] == "python");
    let row = row.unwrap_or_else(|| panic!("{about}: {rows}"));
    let path = row["main_program"].as_str().unwrap_or_default();
    let why = sandbox.use_command(&["why", "python3", "--json"]).run().succeeds().json();
    assert_eq!(row["version"], why["programs"][0]["tools"][0]["version"], "{about}");
    let list = sandbox.use_command(&["list", "python", "--json"]).run().succeeds().json();
    let marked = list["versions"].as_array().unwrap().iter().filter(|row| row["active"] == true);
    let marked: Vec<&Value> = marked.map(|row| &row["version"]).collect();
    let env = sandbox.use_command(&["env", "python", "--json"]).run().succeeds().json();
    let Some(version) = situation.version else {
        assert_eq!(Path::new(path), sandbox.root().join("bin/python3"), "{about}");
        assert!(marked.is_empty(), "{about}: {list}");
        let programs = env["tools"][0]["programs"].as_str().unwrap_or_default();
        assert_eq!(Path::new(programs), sandbox.root().join("bin"), "{about}: {env}");
        assert!(env["tools"][0]["path"].is_null(), "{about}: {env}");
        return;
    };
    assert_eq!(row["version"], version, "{about}");
    assert_eq!(marked, [version], "{about}");
    assert_eq!(env["tools"][0]["path"], row["path"], "{about}");
}

#[test]
fn java_has_the_version_behind_the_link_on_path() {
    let sandbox = sandbox();
    let jdk = "home/.sdkman/candidates/java/17.0.9-tem";
    sandbox.executable(format!("{jdk}/bin/java"), PRINTS_ITSELF);
    let java = sandbox.root().join("bin/java");
    std::os::unix::fs::symlink(sandbox.root().join(jdk).join("bin/java"), &java).unwrap();
    sandbox.reshim();
    let rows = sandbox.use_command(&["--json"]).run().succeeds().json();
    let row = rows["tools"].as_array().unwrap().iter().find(|row| row["tool"] == "java").unwrap();
    assert_eq!(row["version"], "temurin-17.0.9");
    assert_eq!(Path::new(row["main_program"].as_str().unwrap()), java);
    let list = sandbox.use_command(&["list", "java", "--json"]).run().succeeds().json();
    let marked = list["versions"].as_array().unwrap().iter().filter(|row| row["active"] == true);
    assert_eq!(marked.map(|row| &row["version"]).collect::<Vec<_>>(), ["temurin-17.0.9"]);
}

/// As Bundler 2 and 1 set the variables for a program: only what the user added reaches a program of
/// another version.
#[test]
fn what_bundle_exec_sets_is_for_its_own_version() {
    let sandbox = sandbox();
    let names = "RUBYOPT RUBYLIB BUNDLE_BIN_PATH BUNDLER_VERSION GEM_HOME";
    for version in ["3.1.4", "3.3.0"] {
        sandbox.fake_toolchain("ruby", version);
    }
    sandbox.reshim();
    sandbox.file("project/.ruby-version", "3.3.0\n");
    let bundler = |version: &str| {
        let gems = sandbox.toolchain("ruby", version).join("lib/ruby/gems/x/gems/bundler-2.3.15");
        gems.to_string_lossy().into_owned()
    };
    let seen = |version: &str, options: &str, library: &str| {
        let bundler = bundler(version);
        let ruby = sandbox.command("ruby").variable("FAKE_SHOWS", names);
        let ruby = ruby.variable("RUBYOPT", options.replace("BUNDLER", &bundler));
        let ruby = ruby.variable("RUBYLIB", library.replace("BUNDLER", &bundler));
        let ruby = ruby.variable("BUNDLE_BIN_PATH", format!("{bundler}/exe/bundle"));
        let ran = ruby.variable("BUNDLER_VERSION", "2.3.15").run().succeeds();
        let ran = ran.stdout_has_line("ruby 3.3.0").stdout_has_line("BUNDLER_VERSION=2.3.15");
        let values =
            ran.stdout.lines().filter(|line| line.contains("RUBY") || line.contains("BIN"));
        values.collect::<Vec<_>>().join("; ").replace(&bundler, "BUNDLER")
    };
    let unset = "RUBYOPT is unset; RUBYLIB is unset; BUNDLE_BIN_PATH is unset";
    assert_eq!(seen("3.1.4", "-rBUNDLER/lib/bundler/setup", "BUNDLER/lib"), unset);
    assert_eq!(
        seen("3.1.4", "-W0 -rBUNDLER/lib/bundler/setup -I/mine", "/mine:BUNDLER/lib"),
        "RUBYOPT=-W0 -I/mine; RUBYLIB=/mine; BUNDLE_BIN_PATH is unset"
    );
    // Its name is looked for in the program's own version.
    assert_eq!(
        seen("3.1.4", "-rbundler/setup", "BUNDLER/lib"),
        "RUBYOPT=-rbundler/setup; RUBYLIB is unset; BUNDLE_BIN_PATH is unset"
    );
    assert_eq!(
        seen("3.3.0", "-rBUNDLER/lib/bundler/setup", "BUNDLER/lib"),
        "RUBYOPT=-rBUNDLER/lib/bundler/setup; RUBYLIB=BUNDLER/lib; \
         BUNDLE_BIN_PATH=BUNDLER/exe/bundle"
    );
}

#[test]
fn a_variable_of_another_version_is_not_inherited() {
    let sandbox = sandbox();
    let shows = "#!/bin/sh\necho \"${GOROOT-unset}\"\n";
    let root = |version: &str| sandbox.toolchain("go", version);
    for version in ["1.22.10", "1.23.9"] {
        sandbox.executable(root(version).join("bin/go"), shows);
    }
    sandbox.reshim();
    sandbox.file("project/.go-version", "1.22\n");
    let go = |value: PathBuf| {
        let outcome = sandbox.command("go").variable("GOROOT", value).run().succeeds();
        outcome.stdout.trim().to_owned()
    };
    assert_eq!(go(root("1.23.9")), "unset");
    assert_eq!(PathBuf::from(go(root("1.22.10"))), root("1.22.10"));
    assert_eq!(go("/opt/go".into()), "/opt/go");
    let doctor = sandbox.use_command(&["doctor"]).variable("GOROOT", "/opt/go").run();
    doctor.stdout_has_line("note   GOROOT=/opt/go applies to every version of go");
}
