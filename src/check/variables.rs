//! Variables in texts, as Dockerfiles, compose files and GitLab write them: `$X`, `${X}`,
//! `${X:-default}`. Nobody's environment is looked at: values come from the file itself.

/// The most texts that one text may become.
pub(super) const MOST_TEXTS: usize = 256;

/// The most bytes that a text may have: no version and no image is longer.
pub(super) const LONGEST: usize = 512;

/// The most values that are looked up for a file.
pub(super) const MOST_LOOKUPS: usize = 20_000;

/// What stands for a text that is too long to be looked at.
pub(super) const UNKNOWN: &str = "$";

/// What a name stands for: nothing if nobody knows, several values in a matrix.
pub(super) type Values<'a> = &'a dyn Fn(&str) -> Vec<String>;

/// Puts values in the places of variables: a text for each combination. What nobody knows stays as
/// `$NAME`.
pub(super) fn expand(text: &str, values: Values<'_>) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut rest = if text.len() > LONGEST { UNKNOWN } else { text };
    while let Some(place) = rest.find('$') {
        append(&mut texts, &[rest[..place].to_owned()]);
        let (piece, after) = variable(&rest[place + 1..]);
        append(&mut texts, &piece.values(values));
        rest = after;
    }
    append(&mut texts, &[rest.to_owned()]);
    texts
}

/// Every text with every ending.
pub(super) fn append(texts: &mut Vec<String>, endings: &[String]) {
    let joined = texts.iter().flat_map(|text| endings.iter().map(move |ending| join(text, ending)));
    *texts = joined.take(MOST_TEXTS).collect();
}

fn join(text: &str, ending: &str) -> String {
    match text.len() + ending.len() > LONGEST {
        true => UNKNOWN.to_owned(),
        false => format!("{text}{ending}"),
    }
}

/// What follows a `$`.
enum Piece<'a> {
    /// No name does.
    Dollar,
    /// A variable, and what is done with it.
    Variable(&'a str, Form<'a>),
}

/// What stands behind a variable's name.
enum Form<'a> {
    Plain,
    /// `:-default`: this where it is empty or unset.
    Or(&'a str),
    /// `:+other`: this where it is set.
    Then(&'a str),
    /// Anything else.
    Odd,
}

impl Piece<'_> {
    fn values(&self, values: Values<'_>) -> Vec<String> {
        let Self::Variable(name, form) = self else { return vec!["$".to_owned()] };
        let mut known = values(name);
        match form {
            Form::Plain if !known.is_empty() => known,
            Form::Or(default) => {
                known.retain(|value| !value.is_empty());
                if known.is_empty() { expand(default, values) } else { known }
            }
            Form::Then(other) if !known.is_empty() => vec![(*other).to_owned()],
            Form::Then(_) => vec![String::new()],
            Form::Plain | Form::Odd => vec![format!("${name}")],
        }
    }
}

/// A variable behind its `$`, and the rest of the text.
fn variable(text: &str) -> (Piece<'_>, &str) {
    let Some(braced) = text.strip_prefix('{') else {
        let (name, rest) = name(text);
        return match name {
            "" => (Piece::Dollar, text),
            name => (Piece::Variable(name, Form::Plain), rest),
        };
    };
    let Some(end) = closing(braced) else { return (Piece::Dollar, text) };
    let (inside, rest) = (&braced[..end], &braced[end + 1..]);
    let (name, behind) = name(inside);
    let form = match behind {
        "" => Form::Plain,
        behind => match (strip(behind, "-"), strip(behind, "+")) {
            (Some(default), _) => Form::Or(default),
            (None, Some(other)) => Form::Then(other),
            (None, None) => Form::Odd,
        },
    };
    (Piece::Variable(name, form), rest)
}

fn strip<'a>(behind: &'a str, operator: &str) -> Option<&'a str> {
    behind.strip_prefix(':').unwrap_or(behind).strip_prefix(operator)
}

/// The place of the brace that closes one that is open.
fn closing(text: &str) -> Option<usize> {
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
    fn variables_are_put_in() {
        check("x", &["x"]);
        check("$A-${A}.$M", &["1-1.2", "1-1.3"]);
        check("${A:-5}${U:-5}${U-5}${E:-5}", &["1555"]);
        check("${U:-${A}}x", &["1x"]);
        check("${A:+y}${U:+y}", &["y"]);
        check("$M$M", &["22", "23", "32", "33"]);
    }

    #[test]
    fn what_nobody_knows_stays() {
        check("a$U/b", &["a$U/b"]);
        check("${U}", &["$U"]);
        check("${U:?why}", &["$U"]);
        check("${A#x}", &["$A"]);
        for text in ["$", "a$", "$$", "${", "${A", "${}", "$-"] {
            assert!(expand(text, &|_| Vec::new())[0].contains('$'), "{text}");
        }
    }

    #[test]
    fn combinations_are_bounded() {
        let many = |_: &str| vec!["x".to_owned(); 100];
        assert_eq!(expand(&"$A".repeat(100), &many).len(), MOST_TEXTS);
        let nested = |depth| format!("{}x{}", "${U:-".repeat(depth), "}".repeat(depth));
        assert_eq!(expand(&nested(70), &|_| Vec::new()), ["x"]);
        assert_eq!(expand(&nested(100_000), &|_| Vec::new()), ["$"]);
        let long = |_: &str| vec!["x".repeat(500)];
        assert_eq!(expand(&"$A".repeat(2000), &long), ["$"]);
    }
}
