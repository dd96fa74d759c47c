//! bash's line: which words it has, which part of the last one bash replaces, and how an answer is
//! written so that it stays one word.
//!
//! bash is asked by `complete -C`: it passes its line in `COMP_LINE`, the position of its cursor in
//! `COMP_POINT`, and as second argument the text that an answer replaces. That text begins at the last
//! character of `COMP_WORDBREAKS`, to which `@`, `:` and `=` belong: of `node@2` it is `@2`.
//! Whatever an answer has is inserted as it stands, so it is quoted here.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::candidate::Completion;
use crate::shim_folder::OWN_NAMES;

/// A word of bash's line.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct TypedWord {
    /// As it was typed.
    raw: String,
    /// Without quotes and backslashes.
    value: String,
    /// Whether a quote is open at its end, or was.
    is_quoted: bool,
    /// Whether bash would put something else in its place.
    is_expanded: bool,
}

/// The paths that begin with what was typed.
struct Paths<'a> {
    /// What was typed, without what stands before a path: `--from=`.
    typed: &'a str,
    home: Option<String>,
    /// Whether files are left out.
    only_folders: bool,
}

/// The answer to bash.
pub(super) fn answer(
    arguments: &[&str],
    variable: &dyn Fn(&str) -> Option<String>,
    complete: &dyn Fn(&[String]) -> Completion,
) -> Option<String> {
    let [_, replaced, ..] = arguments else { return None };
    let (line, point) = (variable("COMP_LINE")?, variable("COMP_POINT")?.parse().ok()?);
    let words = words(&line.chars().take(point).collect::<String>());
    let is_own = |word: &TypedWord| {
        word.value.rsplit('/').next().is_some_and(|name| OWN_NAMES.contains(&name))
    };
    let command = words.iter().position(is_own)?;
    let typed = &words[command + 1..];
    let (current, before) = typed.split_last()?;
    if current.is_expanded {
        return None;
    }
    let values: Vec<String> = typed.iter().map(|word| word.value.clone()).collect();
    let path = |only_folders| {
        let path = current.value.strip_prefix("--").and_then(|flag| flag.split_once('='));
        let typed = path.map_or(&*current.value, |(_, path)| path);
        Paths { typed, home: variable("HOME"), only_folders }
    };
    let found = match complete(&values) {
        Completion::Candidates(found) => {
            found.into_iter().map(|found| current.whole("", &found.value)).collect()
        }
        Completion::Folder => path(true).find(current),
        Completion::Command if before.last().is_some_and(|word| word.value == "--") => {
            let names = programs(&variable("PATH")?, &current.value).into_iter();
            names.map(|name| current.whole("", &name)).collect()
        }
        Completion::File | Completion::Command => path(false).find(current),
    };
    let line = |whole: String| current.line(&whole, replaced);
    Some(found.into_iter().flatten().filter_map(line).collect())
}

impl TypedWord {
    /// The word that bash's line has in place of this one: `typed` as it stands, and then `rest`.
    /// `None` if that can't be quoted here.
    fn whole(&self, typed: &str, rest: &str) -> Option<String> {
        let is_plain = rest.chars().all(is_plain) && !rest.starts_with('~');
        match self.is_quoted {
            true => is_plain.then(|| format!("{typed}{rest}")),
            false => Some(format!("{typed}{}", escaped(rest))),
        }
    }

    /// A line of the answer, for a text that bash puts in place of `replaced`. A word that can be
    /// continued has no space behind it.
    fn line(&self, whole: &str, replaced: &str) -> Option<String> {
        let typed = if self.is_quoted { &self.value } else { &self.raw };
        let kept = typed.strip_suffix(replaced)?.len();
        let rest = whole.starts_with(typed).then(|| &whole[kept..])?;
        let is_open = self.is_quoted || whole.ends_with(['@', '/', '=']);
        Some(format!("{rest}{}\n", if is_open { "" } else { " " }))
    }
}

impl Paths<'_> {
    /// The words for the paths, in place of the word that was typed.
    fn find(&self, current: &TypedWord) -> Vec<Option<String>> {
        let (folder, name) = match self.typed.rfind('/') {
            Some(at) => self.typed.split_at(at + 1),
            None => ("", self.typed),
        };
        let raw = if current.is_quoted { &current.value } else { &current.raw };
        let before = raw.rfind(['/', '=']).map_or("", |at| &raw[..=at]);
        let mut found: Vec<(String, bool)> = self.entries(folder, name).unwrap_or_default();
        found.sort();
        let word = |(name, is_folder): (String, bool)| {
            let word = current.whole(before, &name)?;
            Some(if is_folder { word + "/" } else { word })
        };
        found.into_iter().map(word).collect()
    }

    /// The entries of a folder whose names begin with `prefix`, and which of them are folders.
    fn entries(&self, folder: &str, prefix: &str) -> Option<Vec<(String, bool)>> {
        let path = match folder.strip_prefix("~/") {
            Some(rest) => PathBuf::from(self.home.as_ref()?).join(rest),
            None => PathBuf::from(if folder.is_empty() { "." } else { folder }),
        };
        let entry = |entry: std::io::Result<fs::DirEntry>| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let is_shown = name.starts_with(prefix)
                && name.starts_with('.') == prefix.starts_with('.')
                && !name.chars().any(char::is_control);
            let is_folder = is_shown && entry.path().is_dir();
            (is_shown && (is_folder || !self.only_folders)).then_some((name, is_folder))
        };
        Some(fs::read_dir(path).ok()?.filter_map(entry).collect())
    }
}

/// The programs on PATH whose names begin with what was typed; none before anything was.
fn programs(path: &str, typed: &str) -> BTreeSet<String> {
    if typed.is_empty() {
        return BTreeSet::new();
    }
    let folders = path.split(':').filter(|folder| folder.starts_with('/'));
    let entries = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with(typed) && name.chars().all(is_plain)).collect()
}

/// The words of the last command of a line; the last word is the one that is completed, and may be
/// empty.
fn words(line: &str) -> Vec<TypedWord> {
    let mut words = vec![TypedWord::default()];
    let mut characters = line.chars();
    let mut quote = None;
    while let Some(character) = characters.next() {
        let word = words.len() - 1;
        let word = &mut words[word];
        match (quote, character) {
            (None, ' ' | '\t') if word.raw.is_empty() => continue,
            (None, ' ' | '\t') => {
                words.push(TypedWord::default());
                continue;
            }
            (None, '\n' | ';' | '|' | '&' | '(' | '`') => {
                words = vec![TypedWord::default()];
                continue;
            }
            (None, '\'' | '"') => {
                word.is_quoted = true;
                quote = Some(character);
            }
            (Some(open), _) if open == character => quote = None,
            (None | Some('"'), '\\') => {
                word.raw.push('\\');
                let Some(next) = characters.next() else { break };
                word.raw.push(next);
                word.value.push(next);
                continue;
            }
            (None | Some('"'), '$' | '`') => {
                word.is_expanded = true;
                word.value.push(character);
            }
            _ => word.value.push(character),
        }
        word.raw.push(character);
    }
    words
}

/// A text that bash reads as one word without expansions.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if !is_plain(character) || (at == 0 && character == '~') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Whether a character is only itself in bash, with and without quotes.
fn is_plain(character: char) -> bool {
    let is_ascii_plain = character.is_ascii_alphanumeric() || "._/@:+,%=^~-".contains(character);
    is_ascii_plain
        || (!character.is_ascii() && !character.is_control() && !character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::super::candidate::Candidate;
    use super::*;

    /// The answer for a line that ends at the cursor, where `replaced` is what bash replaces.
    fn answered(line: &str, replaced: &str, candidates: &[&str]) -> Option<String> {
        let variable = |name: &str| match name {
            "COMP_LINE" => Some(format!("{line} more")),
            "COMP_POINT" => Some(line.chars().count().to_string()),
            _ => None,
        };
        let complete = |words: &[String]| {
            let words = words.join("|");
            let found = candidates
                .iter()
                .map(|text| Candidate { value: text.replace("WORDS", &words), help: None });
            Completion::Candidates(found.collect())
        };
        answer(&["use", replaced, "before"], &variable, &complete)
    }

    #[test]
    fn an_answer_replaces_what_bash_replaces() {
        for (line, replaced, expected) in [
            ("use no", "no", "node \nnode@\n"),
            ("use install no", "no", "node \nnode@\n"),
            ("A=1 /x/usher no", "no", "node \nnode@\n"),
            ("cd x && use no", "no", "node \nnode@\n"),
            ("x $(use no", "no", "node \nnode@\n"),
            ("use node@", "@", "@\n"),
            ("use node@", "node@", "node@\n"),
            ("use \"no", "no", "node\nnode@\n"),
            ("use 'no", "no", "node\nnode@\n"),
            // What bash replaces isn't at the end of what was typed.
            ("use no", "other", ""),
        ] {
            assert_eq!(answered(line, replaced, &["node", "node@"]).unwrap(), expected, "{line}");
        }
        for line in ["echo no", "use", "use $no", "use \"$(x) no", "use; x no"] {
            assert_eq!(answered(line, "no", &["node"]), None, "{line}");
        }
    }

    #[test]
    fn words_are_split_as_bash_splits_them() {
        for (line, replaced, expected) in [
            ("use a\\ b 'c d' \"e\\\"f\" g", "g", r#"a b|c d|e"f|g"#),
            ("use ü  ", "", "ü|"),
            ("use a | usher b", "b", "b"),
        ] {
            let typed = line.rsplit(' ').next().unwrap();
            let answer = answered(line, replaced, &[&format!("{typed}=WORDS")]).unwrap();
            let expected = format!("{typed}={expected}");
            assert_eq!(answer.trim_end_matches([' ', '\n']), escaped(&expected), "{line}");
        }
    }

    #[test]
    fn text_from_files_stays_one_word() {
        let hostile = ["no$(id)", "no`id`", "no;id", "no'\"", "no\\", "no id", "no!", "no*"];
        assert_eq!(
            answered("use no", "no", &hostile).unwrap(),
            "no\\$\\(id\\) \nno\\`id\\` \nno\\;id \nno\\'\\\" \nno\\\\ \nno\\ id \nno\\! \nno\\* \n"
        );
        assert_eq!(answered("use \"no", "no", &hostile).unwrap(), "");
        assert_eq!(answered("use ", "", &["~x", "a~x"]).unwrap(), "\\~x \na~x \n");
    }

    #[test]
    fn files_are_listed_and_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        for name in ["a b.toml", "a$(id).toml", ".hidden", "new\nline"] {
            File::create(folder.path().join(name)).unwrap();
        }
        fs::create_dir(folder.path().join("a-folder")).unwrap();
        let check = |line: &str, kind: fn() -> Completion| {
            let variable = |name: &str| match name {
                "COMP_LINE" => Some(line.to_owned()),
                "COMP_POINT" => Some(line.chars().count().to_string()),
                "HOME" => Some(root.to_owned()),
                _ => None,
            };
            let replaced = line.rsplit([' ', '=']).next().unwrap();
            answer(&["use", replaced, ""], &variable, &|_| kind()).unwrap()
        };
        let all = format!("{root}/a\\ b.toml \n{root}/a\\$\\(id\\).toml \n{root}/a-folder/\n");
        assert_eq!(check(&format!("use policy {root}/a"), || Completion::File), all);
        assert_eq!(check(&format!("use --from={root}/a"), || Completion::File), all);
        assert_eq!(check("use x ~/", || Completion::Folder), "~/a-folder/\n");
        assert_eq!(check("use x ~/.h", || Completion::File), "~/.hidden \n");
        assert_eq!(check("use x /nonexistent/", || Completion::File), "");
    }
}
