//! Settings as data: files and variables, and the values that they result in.

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
fn values_keep_their_origin() {
    let check = |text: &str, variable: Option<(&str, &str)>, expected: &str| {
        assert_eq!(read(text, "", variable.as_slice()), expected, "{text} {variable:?}");
    };
    check("", None, "");
    check("\u{feff}# nothing\r\n", None, "");
    check("\nauto_install='never'", None, "auto_install = \"never\" (/a.toml:2)");
    check("shims = 'all'\r\n", None, "shims = \"all\" (/a.toml:1)");
    check("offline = true", None, "offline = true (/a.toml:1)");
    check("quiet = true", None, "quiet = true (/a.toml:1)");
    check("lock_timeout = 1_000", None, "lock_timeout = 1000 (/a.toml:1)");
    check("lock_timeout = 0x10", None, "lock_timeout = 16 (/a.toml:1)");
    check("ceiling = '/srv'", None, "ceiling = \"/srv\" (/a.toml:1)");
    check(
        "ignore_variables = ['NODE_VERSION',\n 'X']",
        None,
        "ignore_variables = [\"NODE_VERSION\", \"X\"] (/a.toml:1)",
    );
    let source = "source = { node = \"npm\", python = \"nodejs.org\" } (/a.toml:2)";
    check("#\n[source]\nnode='npm'\npython='nodejs.org'", None, source);
    check("#\nsource = { node='npm', python='nodejs.org' }", None, source);
    let toolchains = "toolchains = { node = [\"/n\"], python = [\"/a/python*\", \"/b\"] }";
    let table = "[toolchains]\npython=['/a/python*','/b']\nnode=['/n']";
    check(table, None, &format!("{toolchains} (/a.toml:1)"));
    let pairs = "python=/a/python* node=/n,python=/b";
    check("", Some(("USHER_TOOLCHAINS", pairs)), &format!("{toolchains} (USHER_TOOLCHAINS)"));
    check(
        "npm_registry = 'https://me:hunter2@registry.example'",
        None,
        "npm_registry = \"https://…@registry.example/\" (/a.toml:1)",
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
        "versioned_shims = ['node', 'python']",
        None,
        "versioned_shims = [\"node\", \"python\"] (/a.toml:1)",
    );
    check(
        "",
        Some(("USHER_VERSIONED_SHIMS", "node")),
        "versioned_shims = [\"node\"] (USHER_VERSIONED_SHIMS)",
    );
    check("", Some(("USHER_OFFLINE", "1")), "offline = true (USHER_OFFLINE)");
    check("", Some(("USHER_QUIET", "No")), "quiet = false (USHER_QUIET)");
    check("", Some(("USHER_LOCK_TIMEOUT", "5")), "lock_timeout = 5 (USHER_LOCK_TIMEOUT)");
    check("", Some(("USHER_HOME", "/nothing of ours")), "");
}

#[test]
fn variables_override_the_users_file_and_that_the_machines() {
    let check = |account: &str, machine: &str, variable: &str, expected: &str| {
        assert_eq!(read(account, machine, &[("USHER_SHIMS", variable)]), expected);
    };
    check("shims='all'", "shims='auto'", "", "shims = \"all\" (/a.toml:1)");
    check("", "shims='all'", "", "shims = \"all\" (/m.toml:1)");
    check("shims='auto'", "", "all", "shims = \"all\" (USHER_SHIMS)");
    check(
        "quiet=true",
        "offline=true",
        "all",
        "shims = \"all\" (USHER_SHIMS)\noffline = true (/m.toml:1)\n\
         quiet = true (/a.toml:1)",
    );
}

#[test]
fn unknown_settings_and_invalid_values_are_errors_with_file_and_line() {
    let check = |text: &str, expected: &str| assert_eq!(read(text, "", &[]), expected);
    let keys = SETTINGS.iter().map(|setting| setting.key).collect::<Vec<_>>().join(", ");
    check(
        "\nauto_instal = 'never'",
        "unknown setting auto_instal (/a.toml:2)\n  nearest: auto_install",
    );
    check("colour = 'never'", &format!("unknown setting colour (/a.toml:1)\n  settings: {keys}"));
    check(
        "\"\\u001b[31m\" = 1",
        &format!("unknown setting \\u{{1b}}[31m (/a.toml:1)\n  settings: {keys}"),
    );
    check(
        "auto_install = 'alway'",
        "invalid value “alway” for auto_install (/a.toml:1)\n  \
         expected \"always\", \"never\" or \"locked\"\n  \
         example: auto_install = \"locked\"",
    );
    check(
        "npm_registry = 'https://me:hunter2@registry.example/?'",
        "invalid value for npm_registry (/a.toml:1)\n  \
         expected an address that begins with http://, https:// or file://\n  \
         example: npm_registry = \"https://registry.example/\"",
    );
}

#[test]
fn an_old_name_is_an_error_that_names_the_new_one() {
    for (old, new) in RENAMED {
        assert!(SETTINGS.iter().any(|setting| setting.key == new), "{new}");
        let expected = format!("unknown setting {old} (/a.toml:2)\n  it is called {new} now");
        assert_eq!(read(&format!("\n{old} = ['node']"), "", &[]), expected);
        let (old, new) = (variable_of(old), variable_of(new));
        let expected =
            format!("unknown variable {old}\n  it is called {new} now\n  hint: unset {old}");
        assert_eq!(read("", "", &[(&old, "node")]), expected);
        assert_eq!(read("", "", &[(&old, "")]), "", "an empty variable is an unset one");
    }
    for (key, old, new) in RENAMED_VALUES {
        let expected = format!("\n  “{old}” is called “{new}” now");
        for error in
            [read(&format!("{key} = '{old}'"), "", &[]), read("", "", &[(&variable_of(key), old)])]
        {
            assert!(error.starts_with(&format!("invalid value “{old}” for ")), "{error}");
            assert!(error.contains(&expected), "{error}");
        }
        assert!(!read(&format!("{key} = '{new}'"), "", &[]).contains("invalid"));
    }
}

#[test]
fn wrong_types_and_values_are_errors() {
    for text in [
        "auto_install = true",
        "shims = ['all']",
        "ignore_variables = 'A'",
        "ignore_variables = [1]",
        "ignore_variables = ['A-B']",
        "ignore_variables = ['']",
        "versioned_shims = 'node'",
        "versioned_shims = ['../node']",
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
        let (what, _) = refusal.split_once('\n').expect("a cause");
        assert!(what.starts_with("invalid value"), "{text}: {refusal}");
        assert!(what.contains(&format!(" for {key} (/a.toml:")), "{text}: {refusal}");
    }
    for text in ["a b", "offline = true\noffline = true", "offline = ", "[", "\0"] {
        let refusal = read(text, "", &[]);
        assert!(refusal.starts_with("invalid TOML (/a.toml:"), "{text}: {refusal}");
    }
    for (name, value) in [
        ("USHER_AUTO_INSTALL", "sometimes"),
        ("USHER_SHIMS", "ALL"),
        ("USHER_IGNORE_VARIABLES", "A=1"),
        ("USHER_VERSIONED_SHIMS", "node=12"),
        ("USHER_CEILING", "."),
        ("USHER_NPM_REGISTRY", "https://registry.example/\u{1b}"),
        ("USHER_SOURCE", "node"),
        ("USHER_SOURCE", "node=../x"),
        ("USHER_OFFLINE", "maybe"),
        ("USHER_LOCK_TIMEOUT", "10s"),
        ("USHER_QUIET", " "),
    ] {
        let refusal = read("", "", &[(name, value)]);
        assert!(refusal.starts_with("invalid value"), "{name}: {refusal}");
        assert!(refusal.contains(&format!(" for {name}\n")), "{name}: {refusal}");
        assert!(!refusal.contains('\u{1b}'));
    }
}

#[test]
fn an_overridden_value_must_be_valid_too() {
    let refusal = read("quiet=true", "quiet='x'", &[("USHER_QUIET", "1")]);
    assert!(refusal.starts_with("invalid value “x” for quiet (/m.toml:1)"), "{refusal}");
}

#[test]
fn a_variable_must_be_utf_8() {
    use std::os::unix::ffi::OsStringExt;
    let variable =
        |name: &str| (name == "USHER_CEILING").then(|| OsString::from_vec(vec![b'/', 0xff]));
    let refusal = Settings::load(&[], &variable).unwrap_err();
    assert_eq!(refusal.to_string(), "USHER_CEILING isn't UTF-8");
}

#[test]
fn examples_and_defaults_read_back_as_themselves() {
    for (setting, value, _) in Settings::default().list() {
        let read_back = read(setting.example, "", &[]);
        assert!(read_back.starts_with(&format!("{} ", setting.example)), "{read_back}");
        if value != value::UNSET {
            let written = format!("{} = {value}", setting.key);
            assert_eq!(read(&written, "", &[]), format!("{written} (/a.toml:1)"));
        }
    }
}

#[test]
fn the_documented_settings_match() {
    let page = include_str!("../../../docs/settings.md");
    let documented = page
        .split_once("<!-- the table of settings begins -->\n")
        .and_then(|(_, rest)| rest.split_once("<!-- the table of settings ends -->"));
    assert_eq!(documented.map(|(table, _)| table), Some(table().as_str()), "\n{}", table());
}
