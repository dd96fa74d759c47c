//! The schema of `config.toml`: made from the table of settings.

use super::{check_current, faults, text_of, validator};
use crate::cli::commands::schema::SchemaName;
use crate::config::settings::{SETTINGS, schema};

#[test]
fn the_schema_is_current() {
    check_current("docs/schema/config.schema.json", &text_of(&schema()));
}

/// The examples are those of `docs/settings.md`.
#[test]
fn valid_settings_fit_and_others_do_not() {
    let validator = validator(SchemaName::Config);
    for setting in SETTINGS {
        assert_eq!(faults(&validator, setting.example), [""; 0], "{}", setting.example);
    }
    let all: Vec<&str> = SETTINGS.iter().map(|setting| setting.example).collect();
    assert_eq!(faults(&validator, &all.join("\n")), [""; 0]);
    for (wrong, fault) in [
        ("auto_instal = 'always'", "('auto_instal' was unexpected)"),
        ("auto_install = 'sometimes'", "\"sometimes\" is not one of"),
        ("offline = 'yes'", "\"yes\" is not of type \"boolean\""),
        ("lock_timeout = -1", "-1 is less than the minimum"),
        ("ignore_variables = ['A B']", "\"A B\" does not match"),
        ("ceiling = 'srv'", "\"srv\" does not match"),
        ("stores = '/srv'", "\"/srv\" is not of type \"array\""),
        ("toolchains = { python = ['alt'] }", "\"alt\" does not match"),
        ("source = { node = 1 }", "1 is not of type \"string\""),
        ("source = { '-x' = 'npm' }", "\"-x\" does not match"),
    ] {
        let found = faults(&validator, wrong);
        assert!(found.len() == 1 && found[0].contains(fault), "{wrong}: {found:?}");
    }
}
