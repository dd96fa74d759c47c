//! Help texts: the verbs in groups, and what there is to know of a tool.

use std::fmt::Write as _;

use super::output::{HELP_STYLES, Line, Meaning, Table, Text};
use crate::registry::KnownTool;

/// The verbs by purpose, in the order in which people need them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Everyday", &["install", "upgrade", "uninstall", "unpin", "exec", "help"]),
    ("Versions", &["current", "list", "outdated", "available", "lock", "link"]),
    ("What runs here", &["which", "where", "why", "env", "check"]),
    ("Upkeep", &["doctor", "verify", "repair", "prune", "cache", "config", "self"]),
    ("Shims, shells and editors", &["setup", "completions", "shim", "reshim", "schema"]),
    ("Machines with several accounts", &["sync", "retire", "policy"]),
];

/// The template of `use --help` with these verbs. clap has no groups of subcommands.
pub(super) fn template(verbs: &clap::Command) -> String {
    let (header, literal) = (HELP_STYLES.get_header(), HELP_STYLES.get_literal());
    let width = verbs.get_subcommands().filter(|verb| !verb.is_hide_set());
    let width = width.map(|verb| verb.get_name().len()).max().unwrap_or_default();
    let mut groups = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(groups, "{header}{title}:{header:#}");
        for verb in names.iter().filter_map(|name| verbs.find_subcommand(name)) {
            let name = verb.get_name();
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            let padding = " ".repeat(width - name.len());
            let _ = write!(groups, "  {literal}{name}{literal:#}{padding}  {about}");
            for alias in verb.get_visible_aliases() {
                let _ = write!(groups, " [alias: {literal}{alias}{literal:#}]");
            }
            groups.push('\n');
        }
        groups.push('\n');
    }
    format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{groups}\
         {header}Options:{header:#}\n{{options}}{{after-help}}"
    )
}

/// What usher knows of a tool, and what to type for it.
pub(super) fn of_tool(known: KnownTool<'_>) -> Text {
    let tool = known.tool;
    let files = tool.files.iter().map(|file| file.name);
    let facts = [
        ("programs", known.core_programs().collect::<Vec<_>>().join(", ")),
        ("also called", tool.names.join(", ")),
        ("flavors", known.flavours().collect::<Vec<_>>().join(", ")),
        ("variable", tool.variables.first().copied().unwrap_or_default().to_owned()),
        ("version files", files.collect::<Vec<_>>().join(", ")),
    ];
    let mut text = Text::from(Line::of(Meaning::Heading, tool.name));
    let known_facts = facts.into_iter().filter(|(_, fact)| !fact.is_empty());
    text.table(Table::of_rows(known_facts.map(|(title, fact)| vec![format!("  {title}"), fact])));
    text.gap();
    text.line(Line::of(Meaning::Heading, "Examples:"));
    let name = tool.name;
    let examples = [
        (format!("use {name}@latest"), "pin the newest release in this project"),
        (format!("use available {name}"), "list the versions that can be installed"),
        (format!("use list {name}"), "list the installed versions"),
        (format!("use why {}", tool.main_program()), "explain which version runs here"),
    ];
    let row = |(command, what)| [Line::of(Meaning::Hint, format!("  {command}")), Line::from(what)];
    text.table(Table::of_rows(examples.into_iter().map(row).map(Vec::from)));
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::CommandLine;
    use crate::cli::output::{Screen, help_text};
    use crate::registry::Registry;

    #[test]
    fn every_verb_is_in_one_group() {
        let command = CommandLine::command();
        let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let mut verbs: Vec<&str> = verbs.map(clap::Command::get_name).collect();
        let mut grouped: Vec<&str> =
            GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        verbs.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, verbs);
    }

    /// The help texts of a command and its verbs, as they are printed on a terminal.
    fn help_texts(command: &clap::Command, screen: Screen) -> Vec<String> {
        let own = help_text(&command.clone().render_help(), screen);
        let of_verbs = command.get_subcommands().flat_map(|verb| help_texts(verb, screen));
        [own].into_iter().chain(of_verbs).collect()
    }

    #[test]
    fn no_help_is_wider_than_the_terminal() {
        let mut command = CommandLine::command();
        command.build();
        for width in [60, 80] {
            let screen = Screen { width: Some(width), ..Screen::PLAIN };
            let mut texts = help_texts(&command, screen);
            assert!(texts.len() > 30, "{}", texts.len());
            let registry = Registry::load().unwrap();
            texts.extend(registry.all().map(|known| of_tool(known).at_width(width)));
            for line in texts.iter().flat_map(|text| text.lines()) {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}
