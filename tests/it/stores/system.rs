//! The system's own interpreters: the real ones of this machine, found, asked for their versions,
//! matched in part, and running programs of their languages. What isn't there is skipped, and says
//! so; `.ci/run` installs it.

use std::path::Path;

use super::{listed, sandbox};
use crate::real::{any_python, pyenv, skipped, with_python};
use crate::support::Sandbox;

/// A tool; its file in a distribution; a program in its language with the arguments to run it,
/// which computes 6 × 7 and prints its own version behind that.
struct Language {
    tool: &'static str,
    file: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
}

const LANGUAGES: &[Language] = &[
    Language {
        tool: "php",
        file: "/usr/bin/php",
        program: "php",
        arguments: &["-n", "-r", "echo array_product([6, 7]), ' ', strtok(PHP_VERSION, '-');"],
    },
    Language {
        tool: "ruby",
        file: "/usr/bin/ruby",
        program: "ruby",
        arguments: &["-e", "print [6, 7].inject(:*), ' ', RUBY_VERSION"],
    },
    Language {
        tool: "perl",
        file: "/usr/bin/perl",
        program: "perl",
        arguments: &["-e", "my $p = 1; $p *= $_ for 6, 7; print $p, ' ', substr($^V, 1)"],
    },
    Language {
        tool: "erlang",
        file: "/usr/bin/erl",
        program: "erl",
        arguments: &[
            "-noshell",
            "-eval",
            "io:format(\"~p ~s\", [lists:foldl(fun(A, B) -> A * B end, 1, [6, 7]), \
             erlang:system_info(otp_release)]), halt().",
        ],
    },
];

#[test]
fn system_versions_are_found_matched_and_run() {
    let sandbox = sandbox();
    for language in LANGUAGES {
        match Path::new(language.file).exists() {
            true => runs(&sandbox, language),
            false => skipped(&format!("there is no {} on this machine", language.file)),
        }
    }
}

fn runs(sandbox: &Sandbox, language: &Language) {
    let tool = language.tool;
    let found = listed(sandbox, tool, "system");
    let physical = Path::new(language.file).canonicalize().unwrap();
    let is_it = |path: &str| Path::new(path).canonicalize().unwrap() == physical;
    let own = found.iter().find(|(_, path)| is_it(path));
    let (version, _) = own.unwrap_or_else(|| panic!("{tool} is not among {found:?}"));
    let parts: Vec<&str> = version.split('.').collect();
    assert!(parts.len() > 1, "{tool} {version}");
    for count in 1..=parts.len() {
        let request = parts[..count].join(".");
        sandbox.file("project/.tool-versions", format!("{tool} {request}\n"));
        let ran = sandbox.command(language.program).arguments(language.arguments).run().succeeds();
        let said = ran.stdout.strip_prefix("42 ").unwrap_or_else(|| panic!("{ran}"));
        // Erlang says its release's first number alone.
        assert!(version == said || version.starts_with(&format!("{said}.")), "{tool}: {ran}");
    }
    let wanted = format!("{tool}@{version}");
    let refused = sandbox.use_command(&["uninstall", &wanted]).run().fails_with(77);
    refused.stderr_contains("was not installed by usher: it belongs to system");
}

#[test]
fn system_programs_are_probed_once() {
    let sandbox = sandbox();
    let index = || sandbox.read(sandbox.shims().join(".usher"));
    let lines = |index: &str| {
        let system = index.lines().filter(|line| line.starts_with("system\t"));
        system.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = lines(&index());
    if before.is_empty() {
        return skipped("the system has no interpreter here");
    }
    // What the index says is believed as long as the file is the same.
    let told = |line: &String| {
        let mut fields: Vec<&str> = line.split('\t').collect();
        fields[2] = "0.0.7";
        fields.join("\t")
    };
    let changed = index().replace(&before[0], &told(&before[0]));
    sandbox.file(sandbox.shims().join(".usher"), changed);
    sandbox.reshim();
    assert_eq!(lines(&index())[0], told(&before[0]));
}

#[test]
fn a_system_python_needs_venv_and_pip() {
    let sandbox = sandbox();
    let python = Path::new("/usr/bin/python3");
    let Ok(physical) = python.canonicalize() else {
        return skipped("there is no /usr/bin/python3 on this machine");
    };
    let found = listed(&sandbox, "python", "system");
    let is_it = |path: &str| Path::new(path).canonicalize().unwrap() == physical;
    let counts = found.iter().any(|(_, path)| is_it(path));
    let venv = sandbox.root().join("venv");
    let made =
        sandbox.command(python).arguments(["-m", "venv"]).argument(&venv).with_long_timeout().run();
    let has_pip = made.status.success() && venv.join("bin/pip").exists();
    assert_eq!(counts, has_pip, "{found:?} {made}");
    if !counts {
        let list = sandbox.use_command(&["list", "python"]).run().succeeds();
        list.stderr_contains("can make no venv with pip").stderr_contains("then: use reshim");
    }
}

#[test]
fn pyenvs_python_runs_a_program() {
    let (Some(python), Some(_)) = (any_python(), pyenv()) else { return };
    let sandbox = with_python(sandbox());
    sandbox.reshim();
    if !python.prefix.starts_with(pyenv().unwrap()) {
        return skipped("pyenv has no Python 3 on this machine");
    }
    sandbox.file("project/.python-version", &python.request);
    let program = "import functools, operator, platform\n\
                   print(functools.reduce(operator.mul, [6, 7]), platform.python_version())";
    let ran = sandbox.command("python").arguments(["-c", program]).run().succeeds();
    ran.stdout_is(&format!("42 {}", python.version));
}

#[test]
fn system_jdks_run_by_exact_version() {
    let sandbox = sandbox();
    let found = listed(&sandbox, "java", "system");
    if found.is_empty() {
        return skipped("the system has no JDK here");
    }
    for (version, path) in found {
        let home = Path::new(&path).parent().and_then(Path::parent).unwrap();
        let release = std::fs::read_to_string(home.join("release")).unwrap();
        let numbers = version.trim_start_matches(|c: char| !c.is_ascii_digit());
        assert!(release.contains(numbers), "{version} by {release}");
        sandbox.file("project/.java-version", format!("{version}\n"));
        let why = sandbox.use_command(&["which", "java"]).run().succeeds();
        assert_eq!(why.stdout.trim(), path);
    }
}

#[test]
fn a_replaced_system_program_is_probed_again() {
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    let index = "home/.local/share/usher/shims/.usher";
    let right = sandbox.read(index);
    // Those whose program goes by the tool's name and knows `--version`.
    let is_system = |line: &&str| {
        ["node", "python"].iter().any(|tool| line.starts_with(&format!("system\t{tool}\t")))
    };
    let Some(line) = right.lines().find(is_system) else {
        skipped("this system has neither node nor Python of its own");
        return;
    };
    let fields: Vec<&str> = line.split('\t').collect();
    let [_, tool, version, path, suffix, _] = fields[..] else { panic!("{line}") };
    let variable = format!("{}_VERSION", tool.to_uppercase());
    let stale = format!("system\t{tool}\t99.0.0\t{path}\t{suffix}\t1:2:3:4");
    let check = |request: &str, expected: i32| {
        sandbox.file(index, right.replace(line, &stale));
        let shim = sandbox.command(tool).argument("--version").variable(&variable, request).run();
        let outcome = shim.fails_with(expected);
        assert_eq!(sandbox.read(index), right, "{outcome}");
        outcome
    };
    let outcome = check(version, 0);
    assert!(outcome.stdout.contains(version) || outcome.stderr.contains(version), "{outcome}");
    check("99", 127).stderr_contains(" 99 (requested by ");
}
