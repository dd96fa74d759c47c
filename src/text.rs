//! Sizes, durations and shell words in messages, and suggestions for misspelled words.

use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use usher_shims::error::is_hidden;

/// A size in the largest unit that fits: `54.2 MB`.
pub fn human_size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
        }
        None => format!("{bytes} bytes"),
    }
}

/// A duration in its largest unit: `3 h`.
pub fn human_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => "less than a minute".to_owned(),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// At most three names, separated by commas; of more, the first two: `2to3, aws, …`.
pub fn short_list(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [first, second, _, _, ..] => format!("{first}, {second}, …"),
        few => few.join(", "),
    }
}

/// Names with spaces between them; of more than six, the first six: `a b c d e f and 3 more`.
pub fn some_names(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_at_checked(6) {
        Some((first, more)) if !more.is_empty() => {
            format!("{} and {} more", first.join(" "), more.len())
        }
        Some(_) | None => names.join(" "),
    }
}

/// A path as a word of a command in a hint, for a shell: `'/a b'`; `$'/a\\x1b'` with characters that
/// can't be shown.
pub struct ShellWord<'a>(
    /// The path as it came.
    pub &'a Path,
);

impl fmt::Display for ShellWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_str().filter(|text| !text.contains(is_hidden));
        if let Some(text) = text {
            return write!(f, "'{}'", text.replace('\'', r"'\''"));
        }
        f.write_str("$'")?;
        for byte in self.0.as_os_str().as_bytes() {
            match byte {
                b'\\' | b'\'' => write!(f, "\\{}", char::from(*byte))?,
                b' '..=b'~' => f.write_char(char::from(*byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_char('\'')
    }
}

/// A command in a hint: words that a shell would read as something else are quoted.
pub fn shell_line(words: &[String]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    let word = |word: &String| match !word.is_empty() && word.chars().all(is_plain) {
        true => word.clone(),
        false => ShellWord(Path::new(word)).to_string(),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The known word that is closest to a misspelled one; `None` if none is close.
///
/// An error is a letter missing, added or changed, or two swapped. A word may have one in three
/// letters; one of three or four letters also begins as what was meant.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().filter_map(|known| {
        let errors = strsim::damerau_levenshtein(known, word);
        (errors <= max_errors(word, known)).then_some((errors, known))
    });
    near.min_by_key(|(errors, _)| *errors).map(|(_, known)| known)
}

/// How many errors a word may have that means the known one: other words of few letters are as near
/// as misspelled ones.
fn max_errors(word: &str, known: &str) -> usize {
    let letters = word.chars().count().min(known.chars().count());
    let begins_alike = word.chars().next() == known.chars().next();
    match letters {
        3..=4 if begins_alike => 1,
        2..=4 => usize::from(is_reordered(word, known)),
        _ => letters / 3,
    }
}

/// Whether a word has the letters of another one.
fn is_reordered(word: &str, known: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(word) == sorted(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_readable() {
        let sizes = [0, 999, 1000, 54_290_000, 1_200_000_000].map(human_size);
        assert_eq!(sizes, ["0 bytes", "999 bytes", "1.0 kB", "54.2 MB", "1.2 GB"]);
        for (seconds, expected) in [
            (0, "less than a minute"),
            (59, "less than a minute"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (7200, "2 h"),
            (172_799, "47 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(human_duration(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_list_of_names_is_short() {
        let list = |count: usize| short_list(&["a", "b", "c", "d", "e"][..count]);
        assert_eq!([0, 1, 3, 4, 5].map(list), ["", "a", "a, b, c", "a, b, …", "a, b, …"]);
    }

    /// Shells read a word back as the path that it was made of.
    #[test]
    fn a_shell_word_is_the_path() {
        for (path, shown) in [
            (&b"/a b"[..], "'/a b'"),
            (b"/it's", r"'/it'\''s'"),
            ("/é".as_bytes(), "'/é'"),
            (b"/\x1b[2J'\\\n\xff0", r"$'/\x1b[2J\'\\\x0a\xff0'"),
            ("/\u{202e}x".as_bytes(), r"$'/\xe2\x80\xaex'"),
        ] {
            let word = ShellWord(Path::new(std::ffi::OsStr::from_bytes(path))).to_string();
            assert_eq!(word, shown);
            let mut bash = std::process::Command::new("bash");
            let Ok(printed) = bash.args(["-c", &format!("printf %s {word}")]).output() else {
                continue;
            };
            assert_eq!(printed.stdout, path, "{word}");
        }
    }

    #[test]
    fn only_close_words_are_suggested() {
        let known = ["node", "ruby", "python", "go", "install", "r", "bun", "php", "uninstall"];
        let meant = |word| closest(word, known);
        for (word, near) in [
            ("nod", "node"),
            ("noed", "node"),
            ("onde", "node"),
            ("og", "go"),
            ("bum", "bun"),
            ("pyhton", "python"),
            ("pyton3", "python"),
            ("instal", "install"),
            ("unisntal", "uninstall"),
        ] {
            assert_eq!(meant(word), Some(near), "{word}");
        }
        for word in ["run", "gp", "help", "rust", "code", "global", "inst", "x", "", "é"] {
            assert_eq!(meant(word), None, "{word}");
        }
    }
}
