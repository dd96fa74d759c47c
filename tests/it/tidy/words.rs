//! Plain words: phrases of a private language are refused in help texts, messages and documents.
//!
//! The glossary behind it: one word per idea, and the field's standard term. Each finding names file
//! and line, and the words to use instead.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::LitStr;

use super::{assert_no_problems, files, text, with_extension};

/// Phrases that no help text, message or document may have, and what to write instead.
const PHRASES: [(&str, &str); 12] = [
    ("to be had", "available, installed"),
    ("nobody asks", "not pinned"),
    ("asked for by", "requested by"),
    ("asks for it", "requests it"),
    ("will do", "matches, satisfies"),
    ("as it must be", "a statement of what is required"),
    ("anew", "again"),
    ("in force", "active"),
    ("put up with", "accepted"),
    ("taken away", "removed"),
    ("take away", "remove"),
    ("takes away", "removes"),
];

/// Phrases that no help text or message may have. In a document they may be right.
const PHRASES_IN_MESSAGES: [(&str, &str); 11] = [
    ("somebody", "the actor: the user, another process"),
    ("someone", "the actor: the user, another process"),
    ("whoever", "the actor: the user, another process"),
    ("on disk", "installed"),
    ("knows no", "unknown"),
    ("which is no", "which is not, invalid"),
    ("passed over", "skipped"),
    ("carried over", "migrated"),
    ("handed over", "handoff"),
    ("by way of", "through"),
    ("mend", "fix"),
];

#[test]
fn help_texts_and_messages_use_plain_words() {
    let mut problems = Vec::new();
    let mut count = 0;
    for path in with_extension([files("src"), files("shims")].concat(), "rs") {
        if path.iter().any(|part| ["tests", "tests.rs", "fuzz"].iter().any(|name| part == *name)) {
            continue;
        }
        let source = text(&path);
        for (line, literal) in messages(&source) {
            count += 1;
            problems.extend(refused_in_messages(&path, line, &literal));
        }
    }
    assert!(count > 1000, "literals were found: {count}");
    assert_no_problems(&problems);
}

#[test]
fn documents_use_plain_words() {
    let mut problems = Vec::new();
    // The glossary lists the words that are refused.
    let is_glossary = |path: &PathBuf| path.ends_with("glossary.md");
    let all = [files("docs"), vec!["README.md".into(), "registry/README.md".into()]].concat();
    for path in all.into_iter().filter(|path| !is_glossary(path)) {
        for (line, content) in (1..).zip(text(&path).lines()) {
            problems.extend(found(&path, line, content, &PHRASES));
        }
    }
    assert_no_problems(&problems);
}

#[test]
fn phrases_are_found_in_messages_and_help_texts_alone() {
    let source = r#"
        //! anew
        /// Anew.
        #[derive(clap::Args)]
        struct One { #[arg(help = "taken away")] a: u8 }
        #[expect(lint, reason = "by way of")]
        fn message() { panic!("{x} is in\n  force") }
        #[cfg(test)]
        mod tests { const A: &str = "whoever"; }
        fn after() { "renewed, somebody's" }
    "#;
    let path = Path::new("x.rs");
    let all = messages(source);
    let problems: Vec<String> =
        all.iter().flat_map(|(line, text)| refused_in_messages(path, *line, text)).collect();
    let expected = [
        "x.rs:2: “anew”: write again",
        "x.rs:3: “anew”: write again",
        "x.rs:5: “taken away”: write removed",
        "x.rs:7: “in force”: write active",
        "x.rs:10: “somebody”: write the actor: the user, another process",
    ];
    assert_eq!(problems, expected);
}

/// The problems in a help text or a message.
pub(super) fn refused_in_messages(path: &Path, line: usize, text: &str) -> Vec<String> {
    found(path, line, text, PHRASES.iter().chain(&PHRASES_IN_MESSAGES))
}

/// The problems in a text.
fn found<'a>(
    path: &Path,
    line: usize,
    text: &str,
    phrases: impl IntoIterator<Item = &'a (&'static str, &'static str)>,
) -> Vec<String> {
    let text = format!(" {} ", words(text));
    let is_in = |(phrase, _): &&(&str, &str)| text.contains(&format!(" {phrase} "));
    let found = phrases.into_iter().filter(is_in);
    found
        .map(|(phrase, instead)| format!("{}:{line}: “{phrase}”: write {instead}", path.display()))
        .collect()
}

/// A text's words in lower case, with a space between them.
fn words(text: &str) -> String {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// The string literals of a source outside of its tests, each with its line, and the comments of a
/// file that declares arguments: they are its help texts.
fn messages(source: &str) -> Vec<(usize, String)> {
    let tokens: TokenStream = source.parse().expect("a Rust source");
    let mut messages = Vec::new();
    collect(tokens, source.contains("clap::"), &mut messages);
    messages
}

fn collect(tokens: TokenStream, has_help: bool, messages: &mut Vec<(usize, String)>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                if let Some(TokenTree::Punct(_)) = tokens.peek() {
                    tokens.next();
                }
                let Some(TokenTree::Group(attribute)) = tokens.next() else { continue };
                if is_for_tests(&attribute) {
                    skip_item(&mut tokens);
                } else if is_text(&attribute, has_help) {
                    collect(attribute.stream(), has_help, messages);
                }
            }
            TokenTree::Literal(literal) => {
                let line = literal.span().start().line;
                if let Ok(text) = syn::parse_str::<LitStr>(&literal.to_string()) {
                    messages.push((line, text.value()));
                }
            }
            TokenTree::Group(group) => collect(group.stream(), has_help, messages),
            TokenTree::Punct(_) | TokenTree::Ident(_) => {}
        }
    }
}

/// Whether this is `#[cfg(test)]`.
fn is_for_tests(attribute: &Group) -> bool {
    words(&attribute.stream().to_string()) == "cfg test"
}

/// Whether an attribute has text that users read: an argument's, or a comment of a file with
/// arguments.
fn is_text(attribute: &Group, has_help: bool) -> bool {
    match attribute.stream().into_iter().next() {
        Some(TokenTree::Ident(name)) => match name.to_string().as_str() {
            "arg" | "command" | "value" => true,
            "doc" => has_help,
            _ => false,
        },
        _ => false,
    }
}

/// Skips an item: up to its body or its semicolon.
fn skip_item(tokens: &mut impl Iterator<Item = TokenTree>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(mark) if mark.as_char() == ';' => return,
            _ => {}
        }
    }
}
