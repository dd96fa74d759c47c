//! One exact version, and one order of versions that holds for all tools.
//!
//! `27.3.4.1`, `1.21`, `1.22rc1`, `3.13.0rc2`, `21.0.4+7`, `3.3.0-preview1`, `2.6.10-p551`,
//! `3.13.1t`, `temurin-21.0.4`: numbers, perhaps with a flavour in front and a stage behind.

use std::cmp::Ordering;
use std::fmt;

/// The most numbers that a version may have.
const MAX_NUMBERS: usize = 6;

/// The most bytes that a version may have.
const MAX_LENGTH: usize = 128;

/// The numbers of a version: at most six.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    values: [u64; MAX_NUMBERS],
    count: u8,
}

impl Numbers {
    /// The numbers that were written.
    pub fn as_slice(&self) -> &[u64] {
        &self.values[..usize::from(self.count)]
    }

    /// The number at a position; zero if there is none.
    pub fn at(&self, place: usize) -> u64 {
        self.values.get(place).copied().unwrap_or(0)
    }

    /// Whether they are the same but for zeros at the end.
    pub fn is_same(&self, other: &Self) -> bool {
        self.values == other.values
    }

    /// Numbers from a slice; those after the sixth are left out.
    pub fn of(values: &[u64]) -> Self {
        let mut numbers = Self::default();
        for value in values {
            let _ = numbers.push(*value);
        }
        numbers
    }

    /// Becomes the numbers at the start of a text; returns the rest.
    fn read<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        *self = Self::default();
        let bytes = text.as_bytes();
        let mut place = 0;
        loop {
            let start = place;
            let mut number: u64 = 0;
            while let Some(digit) = bytes.get(place).filter(|byte| byte.is_ascii_digit()) {
                number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
                place += 1;
            }
            if place == start {
                return None;
            }
            self.push(number)?;
            match &bytes[place..] {
                [b'.', next, ..] if next.is_ascii_digit() => place += 1,
                _ => return Some(&text[place..]),
            }
        }
    }

    fn push(&mut self, value: u64) -> Option<()> {
        *self.values.get_mut(usize::from(self.count))? = value;
        self.count += 1;
        Some(())
    }
}

/// One exact version.
///
/// Equal versions are spelled alike; the order is total.
#[derive(Debug, Default)]
pub struct Version {
    text: String,
    flavour: u8,
    numbers: Numbers,
    variant: u8,
    tail: u8,
}

impl Version {
    /// Parses a version; a leading `v` is left out.
    ///
    /// The alphabet is `[A-Za-z0-9._+-]`, so that a version can always be the name of a folder.
    pub fn parse(text: &str) -> Option<Self> {
        let mut version = Self::default();
        version.read(text).then_some(version)
    }

    /// Parses a version into this one; false if the text isn't a version, and this one is then
    /// meaningless. For many texts, since it allocates once.
    pub(crate) fn read(&mut self, text: &str) -> bool {
        let text = strip_v(text);
        if text.len() > MAX_LENGTH {
            return false;
        }
        let flavour = match text.as_bytes().first() {
            Some(b'0'..=b'9') | None => 0,
            Some(_) => flavour_length(text),
        };
        let Some(after) = self.numbers.read(&text[flavour..]) else { return false };
        let tail_start = text.len() - after.len();
        let variant = usize::from(is_free_threaded(after));
        let tail = &after[variant..];
        if !is_tail(tail) || !is_word(&text[..flavour]) {
            return false;
        }
        text.clone_into(&mut self.text);
        self.flavour = short(flavour);
        self.variant = short(variant);
        self.tail = short(tail_start + variant);
        true
    }

    /// The version as text, without a leading `v`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The flavour before the numbers, without its hyphen: `temurin`; mostly empty.
    pub fn flavour(&self) -> &str {
        self.text[..usize::from(self.flavour)].trim_end_matches('-')
    }

    /// Its numbers.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Whether it is a free-threaded build of Python: `3.13.1t`.
    pub fn is_free_threaded(&self) -> bool {
        self.variant != 0
    }

    /// The text after the numbers: `rc2`, `-p551`, `+7`; mostly empty.
    pub fn tail(&self) -> &str {
        &self.text[usize::from(self.tail)..]
    }

    /// Whether its tail begins with the other's: `+11.0.LTS` with `+11`.
    pub fn continues(&self, other: &Self) -> bool {
        let mut own = tokens(self.tail());
        self.stage() == other.stage() && tokens(other.tail()).all(|token| own.next() == Some(token))
    }

    /// Whether it comes before the release of its numbers: `3.13.0rc2`, `3.3.0-preview1`.
    pub fn is_prerelease(&self) -> bool {
        self.stage() == Stage::Before
    }

    fn stage(&self) -> Stage {
        let tail = self.tail();
        let bare = tail.trim_start_matches(['-', '.', '_']);
        let letters = bare.bytes().take_while(u8::is_ascii_alphabetic).count();
        match (&bare[..letters], tail) {
            (_, "") => Stage::Release,
            // The last is what a build of a language on a virtual machine was made for: `-otp-27`.
            ("" | "p" | "pl" | "patch" | "post" | "r" | "u" | "Final" | "otp", _) => Stage::After,
            // A vendor's build of a JDK: `jetbrains-17.0.10b1000.48`.
            ("b", _) if self.flavour != 0 => Stage::After,
            _ if tail.starts_with('+') => Stage::After,
            _ => Stage::Before,
        }
    }

    /// Whether its tail is one that releases have: a stage, a patch, a build. Images have others:
    /// `-alpine`, `-fpm`.
    pub fn has_release_tail(&self) -> bool {
        const OTHERS: [&str; 10] =
            ["", "canary", "ea", "lts", "nightly", "next", "otp", "patch", "r", "snapshot"];
        let stage = self.tail().split('+').next().unwrap_or_default();
        stage.split(|c: char| !c.is_ascii_alphabetic()).all(|letters| {
            STAGES.iter().chain(&OTHERS).any(|known| known.eq_ignore_ascii_case(letters))
        })
    }

    /// Whether it has no flavour and isn't free-threaded, as most versions.
    pub fn is_standard_build(&self) -> bool {
        self.flavour == 0 && self.variant == 0
    }

    fn kind(&self) -> (&str, bool) {
        (self.flavour(), self.is_free_threaded())
    }

    /// The order of the flavours, by numbers: `pypy3.9` comes before `pypy3.11`.
    fn cmp_kind(&self, other: &Self) -> Ordering {
        tokens(self.flavour())
            .cmp(tokens(other.flavour()))
            .then_with(|| self.kind().cmp(&other.kind()))
    }

    /// The order of the releases without their flavours: by numbers, then by the tail.
    ///
    /// Other spellings of a stage are equal: `3.14.0-alpha1` and `3.14.0a1`.
    pub fn cmp_release(&self, other: &Self) -> Ordering {
        let numbers = self.numbers.values.cmp(&other.numbers.values);
        numbers
            .then_with(|| self.stage().cmp(&other.stage()))
            .then_with(|| ended_tokens(self.tail()).cmp(ended_tokens(other.tail())))
    }

    /// Whether both have the same flavour and build, so that one can replace the other.
    pub fn is_same_kind(&self, other: &Self) -> bool {
        (self.is_standard_build() && other.is_standard_build()) || self.kind() == other.kind()
    }
}

impl Clone for Version {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), ..*self }
    }

    fn clone_from(&mut self, other: &Self) {
        let mut text = std::mem::take(&mut self.text);
        other.text.clone_into(&mut text);
        *self = Self { text, ..*other };
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let kinds = match self.is_standard_build() && other.is_standard_build() {
            true => Ordering::Equal,
            false => self.cmp_kind(other),
        };
        kinds.then_with(|| self.cmp_release(other)).then_with(|| self.text.cmp(&other.text))
    }
}

impl AsRef<str> for Version {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a version is before or after the release with its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// `rc2`, `-preview1`, `a7`, `-dev`.
    Before,
    /// The release itself.
    Release,
    /// `-p551`, `+7`, `-1`.
    After,
}

/// Whether a text is of the alphabet of versions.
fn is_word(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    text.is_empty() || (text.bytes().all(allowed) && !text.contains(".."))
}

/// Whether a text may follow the numbers of a version.
fn is_tail(tail: &str) -> bool {
    let is_joined = || tail.starts_with(['-', '+', '_']) || is_known_stage(tail);
    tail.is_empty() || (is_word(tail) && is_joined() && !tail.ends_with(['.', '-', '+', '_']))
}

/// Whether letters that follow the numbers directly, or after a dot, are those of a stage.
fn is_known_stage(tail: &str) -> bool {
    let bare = tail.strip_prefix('.').unwrap_or(tail);
    let letters = bare.bytes().take_while(u8::is_ascii_alphabetic).count();
    STAGES.iter().any(|known| known.eq_ignore_ascii_case(&bare[..letters]))
}

/// The letters that may follow the numbers of a version directly, or after a dot.
const STAGES: [&str; 14] = [
    "a", "b", "c", "rc", "alpha", "beta", "pre", "preview", "dev", "p", "pl", "post", "u", "final",
];

/// A part of a tail; numbers come before letters.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token<'a> {
    /// Work towards what is in front: `3.14.0a1.dev2` comes before `3.14.0a1`.
    Dev,
    /// The tail's end, for comparisons.
    End,
    Number(u64),
    Letters(Letters<'a>),
}

impl<'a> Token<'a> {
    /// A stage in its short spelling.
    fn of_letters(text: &'a str) -> Self {
        const SHORT: [(&str, &str); 3] = [("alpha", "a"), ("beta", "b"), ("c", "rc")];
        if text.eq_ignore_ascii_case("dev") {
            return Self::Dev;
        }
        let short = SHORT.into_iter().find(|(long, _)| text.eq_ignore_ascii_case(long));
        Self::Letters(Letters(short.map_or(text, |(_, short)| short)))
    }
}

/// Letters, whatever their case: PHP writes `8.4.0beta3` and `8.4.0RC1`.
#[derive(Debug, Clone, Copy)]
struct Letters<'a>(&'a str);

impl Letters<'_> {
    fn bytes(self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for Letters<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Letters<'_> {}

impl PartialOrd for Letters<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Letters<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

fn tokens(tail: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = tail;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (token, after) = rest.split_at(digits.max(letters));
        rest = after;
        match (digits, letters) {
            (0, 0) => None,
            (0, _) => Some(Token::of_letters(token)),
            _ => Some(Token::Number(token.parse().unwrap_or(u64::MAX))),
        }
    })
}

/// The tokens of a tail, and its end.
fn ended_tokens(tail: &str) -> impl Iterator<Item = Token<'_>> {
    tokens(tail).chain([Token::End])
}

/// Whether a character is one of an operator's. One function for all dialects, since each list of
/// characters would be other code.
pub(crate) fn is_operator(character: char) -> bool {
    matches!(character, '<' | '>' | '=' | '~' | '^' | '!')
}

/// Leaves out a `v` before a digit.
pub(crate) fn strip_v(text: &str) -> &str {
    match text.as_bytes() {
        [b'v' | b'V', digit, ..] if digit.is_ascii_digit() => &text[1..],
        _ => text,
    }
}

/// The length of a flavour in front of the last group of numbers: `temurin-`, `pypy3.10-`.
pub(crate) fn flavour_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return 0;
    }
    let starts = text.match_indices('-').map(|(place, _)| place + 1);
    let numbered = |start: &usize| text[*start..].starts_with(|c: char| c.is_ascii_digit());
    starts
        .into_iter()
        .find(numbered)
        .unwrap_or_else(|| text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()))
}

/// Reads `12.22.12` off the start of a text: the numbers and what follows them.
pub(crate) fn numbers(text: &str) -> Option<(Numbers, &str)> {
    let mut found = Numbers::default();
    let rest = found.read(text)?;
    Some((found, rest))
}

/// Whether what follows the numbers begins with the `t` of a free-threaded Python.
pub(crate) fn is_free_threaded(after: &str) -> bool {
    after == "t" || after.starts_with("t-") || after.starts_with("t+")
}

fn short(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn versions_are_ordered() {
        let ascending = [
            "0.12.18",
            "1.21",
            "1.22rc1",
            "1.22",
            "1.22.1",
            "2.6.10",
            "2.6.10-p551",
            "3.3.0-preview1",
            "3.3.0-rc1",
            "3.3.0",
            "3.13.0.dev3",
            "3.13.0a7.dev1",
            "3.13.0a7",
            "3.13.0-alpha8",
            "3.13.0-beta.1",
            "3.13.0b2",
            "3.13.0c1",
            "3.13.0rc2",
            "3.13.0rc10",
            "3.13.0",
            "8.4.0alpha2",
            "8.4.0beta1",
            "8.4.0RC1",
            "8.4.0",
            "12.9.1",
            "12.22.12",
            "21.0.4",
            "21.0.4+7",
            "21.0.4+11",
            "27.3.4",
            "27.3.4.1",
            "3.13.1t",
            "temurin-21.0.4",
        ];
        for (place, earlier) in ascending.iter().enumerate() {
            for later in &ascending[place + 1..] {
                let (low, high) = (version(earlier), version(later));
                let expected = if low.is_same_kind(&high) { low < high } else { true };
                assert!(expected && high != low, "{earlier} < {later}");
            }
        }
    }

    #[test]
    fn spellings_of_a_stage_are_equal() {
        for (one, other) in [
            ("3.14.0a1", "3.14.0-alpha.1"),
            ("3.14.0b2", "3.14.0.BETA2"),
            ("3.14.0rc1", "3.14.0c1"),
            ("8.4.0RC1", "8.4.0-rc1"),
        ] {
            let (one, other) = (version(one), version(other));
            assert_eq!(one.cmp_release(&other), Ordering::Equal, "{one} and {other}");
            assert!(one.continues(&other), "{one} and {other}");
        }
    }

    #[test]
    fn numbers_in_flavors_are_compared_numerically() {
        let ascending = ["3.14.0", "pypy2.7-7.3.20", "pypy3.9-7.3.16", "pypy3.11-7.3.13"];
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn invalid_versions_are_rejected() {
        let long = "9".repeat(1_000_000);
        let bad = [
            "",
            ".",
            "..",
            "latest",
            "lts",
            "12.",
            "12..1",
            "../12",
            "12/1",
            "-1",
            "12 1",
            "12-",
            "1.2.3.4.5.6.7",
            "80000000000000000000",
            "12x",
            "12.x",
            "~1",
            "1\0",
            &long,
        ];
        for text in bad {
            assert!(Version::parse(text).is_none(), "{}", &text[..text.len().min(30)]);
        }
    }

    #[test]
    fn versions_have_flavor_numbers_and_prerelease() {
        let pypy = version("pypy3.10-7.3.17");
        assert_eq!((pypy.flavour(), pypy.numbers().as_slice()), ("pypy3.10", &[7, 3, 17][..]));
        let threaded = version("3.13.1t");
        assert!(threaded.is_free_threaded() && !threaded.is_prerelease());
        assert!(version("3.13.0rc2").is_prerelease());
        assert!(!version("2.6.10-p551").is_prerelease());
        assert_eq!(version("v12.0.0").as_str(), "12.0.0");
    }

    proptest::proptest! {
        #[test]
        fn versions_round_trip(text in "[a-z]{0,3}-?[0-9]{1,3}(\\.[0-9]{1,3}){0,5}(t|rc[0-9]|-p[0-9]+|\\+[0-9]+)?") {
            if let Some(parsed) = Version::parse(&text) {
                proptest::prop_assert_eq!(Version::parse(parsed.as_str()), Some(parsed));
            }
        }

        #[test]
        fn the_version_order_is_total(texts in proptest::collection::vec("[0-9]{1,2}(\\.[0-9]{1,2}){0,3}(rc[0-9]|-p[0-9]|\\+[0-9])?", 3)) {
            let versions: Vec<_> = texts.iter().filter_map(|text| Version::parse(text)).collect();
            if let [a, b, c] = &versions[..] {
                proptest::prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
                proptest::prop_assert!(!(a <= b && b <= c) || a <= c);
                proptest::prop_assert_eq!(a.cmp(b) == Ordering::Equal, a == b);
            }
        }

        #[test]
        fn version_parsing_never_panics(text in "\\PC*") {
            let _ = Version::parse(&text);
        }
    }
}
