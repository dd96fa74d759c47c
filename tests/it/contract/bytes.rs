//! Arguments and variables, byte for byte, and PATH.

use super::{ProbeSandbox, each, raw, skipped, text, variable};

#[test]
fn arguments_are_the_same_bytes() {
    each(|stage| {
        let given =
            [raw(b""), raw(b"\xff\xfe \n\t\"'$\\"), raw("ü".as_bytes()), raw(b"--"), raw(b"")];
        let report = stage.compare(&[], |command| command.arguments(&given));
        report
            .has(b"argument 1, 0 bytes: \nargument 2, 9 bytes: \xff\xfe \n\t")
            .has("argument 5, 0");
        let plus = stage.compare(&[], |command| command.argument("+ 12").argument("+12x"));
        plus.has("argument 1, 4 bytes: + 12\nargument 2, 4 bytes: +12x");
    });
}

#[test]
fn a_hundred_thousand_arguments_pass() {
    each(|stage| {
        let report =
            stage.compare(&[], |command| command.arguments((0..100_000).map(|n| n.to_string())));
        report.has("argument 100000, 5 bytes: 99999\n");
    });
}

#[test]
fn the_longest_argument_passes() {
    each(|stage| {
        let longest = "x".repeat(131_071);
        let report = stage.compare(&[], |command| command.argument(&longest));
        report.has(format!("argument 1, 131071 bytes: {longest}\n"));
    });
}

#[test]
fn variables_are_passed_byte_for_byte_in_order() {
    each(|stage| {
        if stage.is_emulated() {
            return skipped("the order of variables", "an emulator keeps none");
        }
        let path = format!("variable:PATH=/bin:{}", text(&stage.sandbox.shims()));
        let out = format!("variable:PROBE_OUT={}", text(&stage.report_path()));
        let words = [
            "no_environment",
            "variable:Z=1",
            &path,
            "variable:no_sign",
            "variable:=empty name",
            "variable:A=",
            "variable:A=again",
            "variable:USHER_OTHER=x",
            &out,
            "variable:",
        ];
        let report = stage.compare(&words, |command| command);
        report
            .has("variable 0, 3 bytes: Z=1\n")
            .has("variable 2, 7 bytes: no_sign\nvariable 3, 11")
            .has("variable 4, 2 bytes: A=\nvariable 5, 7 bytes: A=again\n")
            .has("variable 8, 0 bytes: ");
        let name = raw(b"N\xff");
        let value = raw(b"\xfe\xff\n");
        let report = stage.compare(&[], |command| command.variable(&name, &value));
        report.has(variable(&name, &value));
        let longest = "x".repeat(131_069);
        stage
            .compare(&[], |command| command.variable("L", &longest))
            .has(variable("L".as_ref(), longest.as_ref()));
    });
}

/// The PATH that a `node` of one line prints when called with this one.
fn path_inside(stage: &ProbeSandbox, path: Option<&str>) -> String {
    let command = stage.sandbox.command(stage.sandbox.shim("node"));
    let command = match path {
        Some(path) => command.variable("PATH", path),
        None => command.without_variable("PATH"),
    };
    let inside = command.run().succeeds().stdout;
    stage.sandbox.mask(inside.trim())
}

#[test]
fn path_is_unchanged_or_gets_the_shims_first() {
    each(|stage| {
        stage.script("10.0.0", "#!/bin/sh\nexec /usr/bin/printenv PATH\n");
        stage.sandbox.file("project/.nvmrc", "10.0.0");
        let shims = text(&stage.sandbox.shims());
        std::os::unix::fs::symlink(&shims, stage.sandbox.root().join("link")).expect("link");
        let link = stage.sandbox.root().join("link");
        let masked = stage.sandbox.mask(&shims);
        let check = |path: Option<&str>, expected: &str| {
            assert_eq!(path_inside(stage, path), stage.sandbox.mask(expected), "{path:?}");
        };
        for untouched in [
            format!("/usr/bin:{shims}:/bin"),
            format!("{shims}/:/bin"),
            format!(":.:{shims}"),
            format!("/bin:{}", link.display()),
            format!("{shims}:{shims}"),
        ] {
            check(Some(&untouched), &untouched);
        }
        check(Some("/usr/bin:/bin"), &format!("{masked}:/usr/bin:/bin"));
        check(Some("/bin:"), &format!("{masked}:/bin:"));
        check(Some(""), &format!("{masked}:/usr/local/bin:/usr/bin:/bin"));
        check(None, &format!("{masked}:/usr/local/bin:/usr/bin:/bin"));
    });
}

#[test]
fn the_environment_does_not_grow_with_nested_calls() {
    each(|stage| {
        let nested =
            "#!/bin/sh\n[ \"$1\" -gt 0 ] && exec_or_not node $(($1 - 1)) || /usr/bin/env\n";
        for (version, by) in [("10.0.0", ""), ("10.0.1", "exec")] {
            stage.script(version, &nested.replace("exec_or_not", by));
            stage.sandbox.file("project/.nvmrc", version);
            let output = |depth: &str| {
                let command = stage.sandbox.command(stage.sandbox.shim("node"));
                let command = command.argument(depth).variable("PATH", "/usr/bin:/bin");
                command.run().succeeds().stdout
            };
            assert_eq!(output("100"), output("1"));
            assert!(output("1").contains("shims:/usr/bin:/bin\n"), "{}", output("1"));
        }
    });
}
