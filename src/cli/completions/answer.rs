//! How each shell asks, and the answer that it reads.

use super::{Candidate, Completion, bash};

/// A shell whose script asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AskingShell {
    /// bash asks with its line, and inserts what it reads as it stands.
    Bash,
    /// zsh asks with words; its answer separates help with a colon.
    Zsh,
    /// fish and Nushell ask with words; their answer separates help with a tab.
    WithTabs,
    /// Elvish asks with words, and shows no help.
    Elvish,
}

impl AskingShell {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "bash" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" | "nushell" => Some(Self::WithTabs),
            "elvish" => Some(Self::Elvish),
            _ => None,
        }
    }
}

/// The answer to a shell, a candidate a line. A line with a colon in front is what the shell itself
/// completes.
pub(super) fn answer(
    shell: AskingShell,
    arguments: &[&str],
    variable: &dyn Fn(&str) -> Option<String>,
    complete: &dyn Fn(&[String]) -> Completion,
) -> Option<String> {
    let line = match shell {
        AskingShell::Bash => return bash::answer(arguments, variable, complete),
        AskingShell::Zsh => zsh_line,
        AskingShell::WithTabs => line_with_tab,
        AskingShell::Elvish => |found: &Candidate| format!("{}\n", found.value),
    };
    let [separator, _, words @ ..] = arguments else { return None };
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    (*separator == "--").then(|| match complete(&words) {
        Completion::Candidates(found) => found.iter().map(line).collect(),
        Completion::File => ":files\n".to_owned(),
        Completion::Folder => ":folders\n".to_owned(),
        Completion::Command => ":command\n".to_owned(),
    })
}

/// As `_describe` reads it: a backslash escapes itself and the colon.
fn zsh_line(Candidate { value, help }: &Candidate) -> String {
    let value = value.replace('\\', r"\\").replace(':', r"\:");
    match help {
        Some(help) => format!("{value}:{}\n", help.replace('\\', r"\\")),
        None => value + "\n",
    }
}

fn line_with_tab(Candidate { value, help }: &Candidate) -> String {
    match help {
        Some(help) => format!("{value}\t{help}\n"),
        None => format!("{value}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(shell: &str, arguments: &[&str]) -> Option<String> {
        let complete = |words: &[String]| match words {
            [file] if file == "file" => Completion::File,
            words => Completion::Candidates(vec![
                Candidate { value: words.join("|"), help: None },
                Candidate { value: r"a\:b".to_owned(), help: Some(r"c\:d".to_owned()) },
            ]),
        };
        answer(AskingShell::named(shell)?, arguments, &|_| None, &complete)
    }

    #[test]
    fn each_shell_reads_candidates_in_its_own_way() {
        let words = ["--", "use", "install", "no"];
        assert_eq!(answered("zsh", &words).unwrap(), "install|no\na\\\\\\:b:c\\\\:d\n");
        assert_eq!(answered("elvish", &words).unwrap(), "install|no\na\\:b\n");
        for shell in ["fish", "nushell"] {
            assert_eq!(answered(shell, &words).unwrap(), "install|no\na\\:b\tc\\:d\n");
            assert_eq!(answered(shell, &["--", "use", "file"]).unwrap(), ":files\n");
        }
        for (shell, words) in [("tcsh", &words[..]), ("zsh", &[]), ("zsh", &["use", "no", "x"])] {
            assert_eq!(answered(shell, words), None);
        }
    }
}
