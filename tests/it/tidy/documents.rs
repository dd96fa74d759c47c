//! README, docs and help texts: they agree with each other, and have no dead links.

use std::path::Path;

use usher_shims::error::ErrorKind;

use super::words::refused_in_messages;
use super::{assert_no_problems, checkout, files, printed, text, with_extension};

/// The verbs in their groups, each with its description, as `use --help` prints them.
fn groups() -> String {
    let help = printed(&["--help"]);
    let (groups, _) = help.split_once("\n\nOptions:\n").expect("options behind the verbs");
    let (_, groups) = groups.split_once("\n\nEveryday:\n").expect("a group of verbs");
    format!("Everyday:\n{groups}\n")
}

/// The lines of the verbs.
fn verbs() -> Vec<String> {
    groups().lines().filter(|line| line.starts_with("  ")).map(str::to_owned).collect()
}

#[test]
fn the_readme_lists_the_same_commands_as_the_help() {
    assert!(verbs().len() > 20, "too few verbs in the help: {:?}", verbs());
    let readme = text("README.md");
    let (_, listed) = readme.split_once("```text\n").expect("the list of commands");
    let (listed, _) = listed.split_once("```").expect("the list's end");
    assert_eq!(listed, groups());
}

#[test]
fn every_error_kind_is_in_the_table_of_exit_codes() {
    let rows = ErrorKind::ALL
        .iter()
        .map(|kind| format!("| `{}` | {} | {} |\n", kind.code(), kind.exit_code(), kind.meaning()));
    let table: String = ["| `code` | `exit` | means |\n|---|---|---|\n".to_owned()]
        .into_iter()
        .chain(rows)
        .collect();
    let page = text("docs/exit-codes.md");
    let found =
        page.split_once("<!-- codes -->\n").and_then(|(_, rest)| rest.split_once("<!-- end -->"));
    let found = found.map(|(found, _)| found);
    assert_eq!(found, Some(table.as_str()), "docs/exit-codes.md");
    for kind in ErrorKind::ALL {
        let row = page.lines().any(|line| line.starts_with(&format!("| {} |", kind.exit_code())));
        assert!(row, "the exit code of {kind:?} has no row");
    }
}

#[test]
fn the_readme_and_ci_use_the_same_test_command() {
    let found = |path, beginning| {
        let text = text(path);
        let found = text.lines().filter(|line| line.starts_with(beginning));
        found.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("README.md", "cargo test"), ["cargo test"]);
    assert_eq!(found("xtask/src/main.rs", "const TEST: "), ["const TEST: &str = \"cargo test\";"]);
    assert_eq!(found(".ci/run", "exec cargo"), ["exec cargo xtask ci </dev/null"]);
}

#[test]
fn help_of_commands_with_arguments_has_an_example() {
    let wrong: Vec<String> = verbs()
        .iter()
        .filter_map(|line| line.split_whitespace().next())
        .map(|verb| (verb, printed(&[verb, "--help"])))
        .filter(|(verb, help)| {
            help.contains("\nArguments:\n") && !help.contains(&format!("\n  use {verb}"))
        })
        .map(|(verb, help)| format!("no example for {verb}:\n{help}"))
        .collect();
    assert_no_problems(&wrong);
}

#[test]
fn help_texts_are_in_plain_words() {
    let lines = verbs();
    let verbs = lines.iter().filter_map(|line| line.split_whitespace().next());
    let mut problems = Vec::new();
    for arguments in verbs.map(|verb| vec![verb, "--help"]).chain([vec!["--help"]]) {
        let page = format!("use {}", arguments.join(" "));
        problems.extend(refused_in_messages(Path::new(&page), 1, &printed(&arguments)));
    }
    assert_no_problems(&problems);
}

#[test]
fn links_in_documents_are_valid() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in with_extension(files(""), "md") {
        for link in links(&text(&path)) {
            count += 1;
            if !leads_somewhere(&path, &link) {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_no_problems(&wrong);
    assert!(count > 10, "too few links were found");
}

#[test]
fn no_merge_is_left_half_done() {
    let is_marker = |line: &str| {
        ["<<<<<<< ", "||||||| ", ">>>>>>> "].iter().any(|marker| line.starts_with(marker))
    };
    let mut wrong = Vec::new();
    for path in ["md", "rs", "toml", "sh"].iter().flat_map(|end| with_extension(files(""), end)) {
        let text = text(&path);
        let lines = text.lines().enumerate().filter(|(_, line)| is_marker(line));
        wrong.extend(lines.map(|(at, line)| format!("{}:{}: {line}", path.display(), at + 1)));
    }
    assert_no_problems(&wrong);
}

#[test]
fn pages_named_in_code_exist() {
    let mut wrong = Vec::new();
    for path in with_extension([files("src"), files("shims")].concat(), "rs") {
        for page in text(&path).split('`').filter(|name| is_page(name)) {
            if !checkout().join(page).exists() {
                wrong.push(format!("{}: {page}", path.display()));
            }
        }
    }
    assert_no_problems(&wrong);
}

fn is_page(name: &str) -> bool {
    name.starts_with("docs/")
        && Path::new(name).extension().is_some_and(|end| end == "md")
        && !name.contains(char::is_whitespace)
}

#[test]
fn every_page_is_in_the_index() {
    let index = links(&text("docs/README.md"));
    let pages = with_extension(files("docs"), "md");
    let is_missing = |name: &str| name != "README.md" && !index.iter().any(|link| link == name);
    let names = pages.iter().filter_map(|page| page.file_name()?.to_str());
    assert_no_problems(
        &names.filter(|name| is_missing(name)).map(str::to_owned).collect::<Vec<_>>(),
    );
}

/// The targets of Markdown links, without web addresses.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let inside = targets.map(|(target, _)| target).filter(|target| !target.contains("://"));
    inside.map(str::to_owned).collect()
}

/// Whether a link's file exists, and the heading that it names, if any.
fn leads_somewhere(page: &Path, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => page.to_path_buf(),
        file => page.parent().unwrap_or(Path::new("")).join(file),
    };
    if !checkout().join(&target).exists() {
        return false;
    }
    let text = if heading.is_empty() { String::new() } else { text(&target) };
    heading.is_empty() || text.lines().any(|line| anchor(line).is_some_and(|name| name == heading))
}

/// The anchor of a heading.
fn anchor(line: &str) -> Option<String> {
    let title = line.strip_prefix('#')?.trim_start_matches('#').trim().to_lowercase();
    let letters = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    Some(letters.map(|c| if c == ' ' { '-' } else { c }).collect())
}
