//! Variables in texts, as Dockerfiles, compose files and GitLab write them: `$X`, `${X}`,
//! `${X:-default}`. Values come from the file itself, never from the environment.

/// The most texts that one text may become.
pub(super) const MAX_TEXTS: usize = 256;

/// The most bytes that a text may have: no version and no image is longer.
pub(super) const MAX_TEXT_LENGTH: usize = 512;

/// The most values that are looked up for a file.
pub(super) const MAX_LOOKUPS: usize = 20_000;

/// Replaces a text that is too long to be read.
pub(super) const UNKNOWN: &str = "$";

/// The values of a name: none if they are unknown, several in a matrix.
pub(super) type Values<'a> = &'a dyn Fn(&str) -> Vec<String>;

/// Replaces variables by their values: a text for each combination. A variable of unknown value stays
/// as it is written.
pub(super) fn expand(text: &str, values: Values<'_>) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut rest = if text.len() > MAX_TEXT_LENGTH { UNKNOWN } else { text };
    while let Some(place) = rest.find('$') {
        append_to_each(&mut texts, &[rest[..place].to_owned()]);
        let (piece, after) = variable(&rest[place + 1..]);
        let written = &rest[place..rest.len() - after.len()];
        append_to_each(&mut texts, &piece.values(written, values));
        rest = after;
    }
    append_to_each(&mut texts, &[rest.to_owned()]);
    texts
}

/// Replaces what is between two marks, `<< name >>`, by its values: a text for each combination. What
/// is unknown stays, with a `$` in front that says so.
pub(super) fn expand_between(
    text: &str,
    (open, close): (&str, &str),
    values: Values<'_>,
) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut rest = if text.len() > MAX_TEXT_LENGTH { UNKNOWN } else { text };
    while let Some((before, (inside, after))) =
        rest.split_once(open).and_then(|(before, rest)| Some((before, rest.split_once(close)?)))
    {
        append_to_each(&mut texts, &[before.to_owned()]);
        let mut known = values(inside.trim());
        if known.is_empty() {
            let mark = if open.starts_with('$') { "" } else { UNKNOWN };
            known.push(format!("{mark}{open}{inside}{close}"));
        }
        append_to_each(&mut texts, &known);
        rest = after;
    }
    append_to_each(&mut texts, &[rest.to_owned()]);
    texts
}

/// A text as it is written, without the marks of what is unknown.
pub(super) fn without_marks(text: &str) -> String {
    text.replace("$<<", "<<").replace("${{matrix", "{{matrix")
}

/// Replaces the texts by all combinations of a text and an ending.
pub(super) fn append_to_each(texts: &mut Vec<String>, endings: &[String]) {
    let joined = texts.iter().flat_map(|text| endings.iter().map(move |ending| join(text, ending)));
    *texts = joined.take(MAX_TEXTS).collect();
}

fn join(text: &str, ending: &str) -> String {
    match text.len() + ending.len() > MAX_TEXT_LENGTH {
        true => UNKNOWN.to_owned(),
        false => format!("{text}{ending}"),
    }
}

/// What follows a `$`.
enum VariablePiece<'a> {
    /// No name.
    Dollar,
    /// A variable, and how it is expanded.
    Variable(&'a str, Expansion<'a>),
}

/// How a variable is expanded.
enum Expansion<'a> {
    Plain,
    /// `:-default`: this where it is empty or unset.
    Or(&'a str),
    /// `:+other`: this where it is set.
    Then(&'a str),
    /// Anything else.
    Odd,
}

impl VariablePiece<'_> {
    fn values(&self, written: &str, values: Values<'_>) -> Vec<String> {
        let Self::Variable(name, expansion) = self else { return vec!["$".to_owned()] };
        let mut known = values(name);
        match expansion {
            Expansion::Plain if !known.is_empty() => known,
            Expansion::Or(default) => {
                known.retain(|value| !value.is_empty());
                if known.is_empty() { expand(default, values) } else { known }
            }
            Expansion::Then(other) if !known.is_empty() => vec![(*other).to_owned()],
            Expansion::Then(_) => vec![String::new()],
            Expansion::Plain | Expansion::Odd => vec![written.to_owned()],
        }
    }
}

/// The variable after a `$`, and the rest of the text.
fn variable(text: &str) -> (VariablePiece<'_>, &str) {
    let Some(braced) = text.strip_prefix('{') else {
        let (name, rest) = name(text);
        return match name {
            "" => (VariablePiece::Dollar, text),
            name => (VariablePiece::Variable(name, Expansion::Plain), rest),
        };
    };
    let Some(end) = closing_brace(braced) else { return (VariablePiece::Dollar, text) };
    let (inside, rest) = (&braced[..end], &braced[end + 1..]);
    let (name, behind) = name(inside);
    let expansion = match behind {
        "" => Expansion::Plain,
        behind => match (strip_operator(behind, "-"), strip_operator(behind, "+")) {
            (Some(default), _) => Expansion::Or(default),
            (None, Some(other)) => Expansion::Then(other),
            (None, None) => Expansion::Odd,
        },
    };
    (VariablePiece::Variable(name, expansion), rest)
}

fn strip_operator<'a>(behind: &'a str, operator: &str) -> Option<&'a str> {
    behind.strip_prefix(':').unwrap_or(behind).strip_prefix(operator)
}

/// The position of the closing brace.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (place, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(place),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn name(text: &str) -> (&str, &str) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let values = |name: &str| match name {
            "A" => vec!["1".to_owned()],
            "M" => vec!["2".to_owned(), "3".to_owned()],
            "E" => vec![String::new()],
            _ => Vec::new(),
        };
        assert_eq!(expand(text, &values), expected, "{text}");
    }

    #[test]
    fn variables_are_expanded() {
        check("x", &["x"]);
        check("$A-${A}.$M", &["1-1.2", "1-1.3"]);
        check("${A:-5}${U:-5}${U-5}${E:-5}", &["1555"]);
        check("${U:-${A}}x", &["1x"]);
        check("${A:+y}${U:+y}", &["y"]);
        check("$M$M", &["22", "23", "32", "33"]);
    }

    #[test]
    fn an_unknown_variable_stays() {
        check("a$U/b", &["a$U/b"]);
        check("${U}", &["${U}"]);
        check("${U:?why}", &["${U:?why}"]);
        check("${A#x}", &["${A#x}"]);
        for text in ["$", "a$", "$$", "${", "${A", "${}", "$-"] {
            assert!(expand(text, &|_| Vec::new())[0].contains('$'), "{text}");
        }
    }

    #[test]
    fn what_is_between_marks_is_expanded() {
        let values = |name: &str| match name {
            "m" => vec!["2".to_owned(), "3".to_owned()],
            _ => Vec::new(),
        };
        let expand = |text: &str| expand_between(text, ("<<", ">>"), &values);
        assert_eq!(expand("a<< m >>-<<m>>"), ["a2-2", "a2-3", "a3-2", "a3-3"]);
        assert_eq!(expand("<< x >>y"), ["$<< x >>y"]);
        assert_eq!(expand("<< x"), ["<< x"]);
        assert_eq!(expand("x"), ["x"]);
        assert_eq!(without_marks("a$<< x >>$Y"), "a<< x >>$Y");
        let many = |_: &str| vec!["x".to_owned(); 100];
        assert_eq!(expand_between(&"<<a>>".repeat(90), ("<<", ">>"), &many).len(), MAX_TEXTS);
    }

    #[test]
    fn expansion_is_bounded() {
        let many = |_: &str| vec!["x".to_owned(); 100];
        assert_eq!(expand(&"$A".repeat(100), &many).len(), MAX_TEXTS);
        let nested = |depth| format!("{}x{}", "${U:-".repeat(depth), "}".repeat(depth));
        assert_eq!(expand(&nested(70), &|_| Vec::new()), ["x"]);
        assert_eq!(expand(&nested(100_000), &|_| Vec::new()), ["$"]);
        let long = |_: &str| vec!["x".repeat(500)];
        assert_eq!(expand(&"$A".repeat(2000), &long), ["$"]);
    }
}
