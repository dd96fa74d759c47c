//! Settings as data: what is written where, and what comes of it.

use super::*;

/// Reads the account's and the machine's file and the variables; the settings that aren't
/// defaults as `key = value (origin)`, or the error.
fn read(account: &str, machine: &str, variables: &[(&str, &str)]) -> String {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let files = [("/a.toml".into(), text(account)), ("/m.toml".into(), text(machine))];
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    };
    match Settings::load(&files, &variable) {
        Ok(settings) => settings
            .list()
            .filter(|(_, _, origin)| **origin != SettingOrigin::Default)
            .map(|(setting, value, origin)| format!("{} = {value} ({origin})", setting.key))
            .collect::<Vec<_>>()
            .join("\n"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn values_are_read_and_remember_where_they_were_set() {
    let check = |text: &str, variable: Option<(&str, &str)>, expected: &str| {
        assert_eq!(read(text, "", variable.as_slice()), expected, "{text} {variable:?}");
    };
    check("", None, "");
    check("\u{feff}# nothing\r\n", None, "");
    check("\nauto_install='never'", None, "auto_install = \"never\" (/a.toml, line 2)");
    check("shims = 'all'\r\n", None, "shims = \"all\" (/a.toml, line 1)");
    check("offline = true", None, "offline = true (/a.toml, line 1)");
    check("quiet = true", None, "quiet = true (/a.toml, line 1)");
    check("lock_timeout = 1_000", None, "lock_timeout = 1000 (/a.toml, line 1)");
    check("lock_timeout = 0x10", None, "lock_timeout = 16 (/a.toml, line 1)");
    check("ceiling = '/srv'", None, "ceiling = \"/srv\" (/a.toml, line 1)");
    check(
        "ignore_variables = ['NODE_VERSION',\n 'X']",
        None,
        "ignore_variables = [\"NODE_VERSION\", \"X\"] (/a.toml, line 1)",
    );
    let source = "source = { node = \"npm\", python = \"nodejs.org\" } (/a.toml, line 2)";
    check("#\n[source]\nnode='npm'\npython='nodejs.org'", None, source);
    check("#\nsource = { node='npm', python='nodejs.org' }", None, source);
    check(
        "npm_registry = 'https://me:hunter2@registry.example'",
        None,
        "npm_registry = \"https://…@registry.example/\" (/a.toml, line 1)",
    );

    check(
        "",
        Some(("USHER_SOURCE", "node=npm, python=x")),
        "source = { node = \"npm\", python = \"x\" } (USHER_SOURCE)",
    );
    check(
        "",
        Some(("USHER_IGNORE_VARIABLES", "NODE_VERSION,X  Y_2")),
        "ignore_variables = [\"NODE_VERSION\", \"X\", \"Y_2\"] (USHER_IGNORE_VARIABLES)",
    );
    check(
        "shim_lines = ['node', 'python']",
        None,
        "shim_lines = [\"node\", \"python\"] (/a.toml, line 1)",
    );
    check("", Some(("USHER_SHIM_LINES", "node")), "shim_lines = [\"node\"] (USHER_SHIM_LINES)");
    check("", Some(("USHER_OFFLINE", "1")), "offline = true (USHER_OFFLINE)");
    check("", Some(("USHER_QUIET", "No")), "quiet = false (USHER_QUIET)");
    check("", Some(("USHER_LOCK_TIMEOUT", "5")), "lock_timeout = 5 (USHER_LOCK_TIMEOUT)");
    check("", Some(("USHER_HOME", "/nothing of ours")), "");
}

#[test]
fn the_variable_beats_the_account_and_the_account_the_machine() {
    let check = |account: &str, machine: &str, variable: &str, expected: &str| {
        assert_eq!(read(account, machine, &[("USHER_SHIMS", variable)]), expected);
    };
    check("shims='all'", "shims='needed'", "", "shims = \"all\" (/a.toml, line 1)");
    check("", "shims='all'", "", "shims = \"all\" (/m.toml, line 1)");
    check("shims='needed'", "", "all", "shims = \"all\" (USHER_SHIMS)");
    check(
        "quiet=true",
        "offline=true",
        "all",
        "shims = \"all\" (USHER_SHIMS)\noffline = true (/m.toml, line 1)\n\
         quiet = true (/a.toml, line 1)",
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let check = |text: &str, expected: &str| assert_eq!(read(text, "", &[]), expected);
    check(
        "\nauto_instal = 'never'",
        "there is no setting auto_instal, but /a.toml, line 2 has it\n  hint: write auto_install",
    );
    check(
        "colour = 'never'",
        "there is no setting colour, but /a.toml, line 1 has it\n  hint: the settings are \
         auto_install, ignore_variables, ceiling, stores, shims, shim_lines, npm_registry, \
         pypi_index, source, offline, lock_timeout, quiet",
    );
    check(
        "\"\\u001b[31m\" = 1",
        "there is no setting \\u{1b}[31m, but /a.toml, line 1 has it\n  hint: the settings are \
         auto_install, ignore_variables, ceiling, stores, shims, shim_lines, npm_registry, \
         pypi_index, source, offline, lock_timeout, quiet",
    );
    check(
        "auto_install = 'alway'",
        "auto_install in /a.toml, line 1 must be \"always\", \"never\" or \"locked\"\n  \
         it is \"alway\"\n  hint: write it like auto_install = \"locked\"",
    );
    check(
        "npm_registry = 'https://me:hunter2@registry.example/?'",
        "npm_registry in /a.toml, line 1 must be an address that begins with http://, \
         https:// or file://\n  hint: write it like npm_registry = \"https://registry.example/\"",
    );
}

#[test]
fn wrong_types_and_values_are_refused() {
    for text in [
        "auto_install = true",
        "shims = ['all']",
        "ignore_variables = 'A'",
        "ignore_variables = [1]",
        "ignore_variables = ['A-B']",
        "ignore_variables = ['']",
        "shim_lines = 'node'",
        "shim_lines = ['../node']",
        "ceiling = ''",
        "ceiling = 'relative'",
        "ceiling = \"/a\\u0000\"",
        "npm_registry = ''",
        "npm_registry = 'registry.example'",
        "source = 'node=npm'",
        "source = { node = 1 }",
        "source = { '../x' = 'npm' }",
        "[[source]]\nnode = 'npm'",
        "offline = 'true'",
        "offline = 1",
        "lock_timeout = -1",
        "lock_timeout = 1.5",
        "lock_timeout = 99999999999999999999",
    ] {
        let key = text.trim_start_matches('[').split([' ', ']']).next().unwrap();
        let refusal = read(text, "", &[]);
        assert!(refusal.starts_with(&format!("{key} in /a.toml, line ")), "{text}: {refusal}");
    }
    for text in ["a b", "offline = true\noffline = true", "offline = ", "[", "\0"] {
        let refusal = read(text, "", &[]);
        assert!(refusal.contains(" can't be read as TOML\n"), "{text}: {refusal}");
    }
    for (name, value) in [
        ("USHER_AUTO_INSTALL", "sometimes"),
        ("USHER_SHIMS", "ALL"),
        ("USHER_IGNORE_VARIABLES", "A=1"),
        ("USHER_SHIM_LINES", "node=12"),
        ("USHER_CEILING", "."),
        ("USHER_NPM_REGISTRY", "https://registry.example/\u{1b}"),
        ("USHER_SOURCE", "node"),
        ("USHER_SOURCE", "node=../x"),
        ("USHER_OFFLINE", "maybe"),
        ("USHER_LOCK_TIMEOUT", "10s"),
        ("USHER_QUIET", " "),
    ] {
        let refusal = read("", "", &[(name, value)]);
        assert!(refusal.starts_with(&format!("{name} must be ")), "{name}: {refusal}");
        assert!(!refusal.contains('\u{1b}'));
    }
}

#[test]
fn a_weaker_place_must_make_sense_too() {
    let refusal = read("quiet=true", "quiet='x'", &[("USHER_QUIET", "1")]);
    assert!(refusal.starts_with("quiet in /m.toml, line 1 must be true or false"), "{refusal}");
}

#[test]
fn a_variable_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let variable =
        |name: &str| (name == "USHER_CEILING").then(|| OsString::from_vec(vec![b'/', 0xff]));
    let refusal = Settings::load(&[], &variable).unwrap_err();
    assert_eq!(refusal.to_string(), "USHER_CEILING isn't UTF-8");
}

#[test]
fn examples_and_defaults_are_what_they_claim_to_be() {
    for (setting, value, _) in Settings::default().list() {
        let read_back = read(setting.example, "", &[]);
        assert!(read_back.starts_with(&format!("{} ", setting.example)), "{read_back}");
        if value != value::UNSET {
            let written = format!("{} = {value}", setting.key);
            assert_eq!(read(&written, "", &[]), format!("{written} (/a.toml, line 1)"));
        }
    }
}

#[test]
fn the_documented_table_is_this_one() {
    let page = include_str!("../../../docs/settings.md");
    let documented = page
        .split_once("<!-- the table of settings begins -->\n")
        .and_then(|(_, rest)| rest.split_once("<!-- the table of settings ends -->"));
    assert_eq!(documented.map(|(table, _)| table), Some(table().as_str()), "\n{}", table());
}
