//! Until when the release lines of a tool are maintained.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use usher_tool::Tool;

use crate::Date;

/// The last day on which each release line of a tool is maintained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct EndOfLife(
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, Date>"))]
    BTreeMap<ReleaseLine, Date>,
);

/// A release line: the beginning of its versions, `16`, `3.8` or `temurin-21`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct ReleaseLine {
    /// Mostly empty.
    flavour: String,
    numbers: Vec<u64>,
}

impl EndOfLife {
    /// The last day of the line of a version with this flavour and these numbers, if it is known. Of
    /// several lines with the version, the one with more numbers counts.
    pub fn date_of(&self, flavour: &str, numbers: &[u64]) -> Option<Date> {
        let is_in =
            |line: &ReleaseLine| line.flavour == flavour && numbers.starts_with(&line.numbers);
        let lines = self.0.iter().filter(|(line, _)| is_in(line));
        lines.max_by_key(|(line, _)| line.numbers.len()).map(|(_, date)| *date)
    }

    /// How many numbers the lines of a flavour have at most; `None` if no line of it is known.
    pub fn line_components(&self, flavour: &str) -> Option<usize> {
        let lines = self.0.keys().filter(|line| line.flavour == flavour);
        lines.map(|line| line.numbers.len()).max()
    }

    /// How many lines of a flavour are known.
    pub fn count(&self, flavour: &str) -> usize {
        self.0.keys().filter(|line| line.flavour == flavour).count()
    }

    /// Whether versions of this flavour can begin with this number: it is the first number of a known
    /// line, or of one that may follow soon.
    pub fn may_begin_with(&self, flavour: &str, number: u64) -> bool {
        let lines = self.0.keys().filter(|line| line.flavour == flavour);
        let first = || lines.clone().filter_map(|line| line.numbers.first().copied());
        let follows = |highest: u64| (highest + 1..=highest + 2).contains(&number);
        first().any(|known| known == number) || first().max().is_some_and(follows)
    }

    /// What is impossible in it for this tool.
    pub(crate) fn fault(&self, tool: &Tool) -> Option<String> {
        let most = tool.version_components;
        let is_too_long = |line: &&ReleaseLine| line.numbers.len() > usize::from(most);
        let line = self.0.keys().find(is_too_long)?;
        Some(format!("`end_of_life`: `{line}` has more numbers than a version: {most}"))
    }
}

impl TryFrom<String> for ReleaseLine {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (flavour, numbers) = text.rsplit_once('-').unwrap_or(("", &text));
        let is_flavour = flavour.is_empty() != text.contains('-')
            && !flavour.starts_with(|c: char| !c.is_ascii_alphabetic())
            && flavour.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let parsed: Option<Vec<u64>> = numbers.split('.').map(number).collect();
        match parsed.filter(|_| is_flavour) {
            Some(numbers) => Ok(Self { flavour: flavour.to_owned(), numbers }),
            None => Err(format!(
                "`{text}` isn't the beginning of a version: 16, 3.8, or temurin-21 with a flavour"
            )),
        }
    }
}

/// A number in its only spelling: without a sign or a leading zero.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

impl fmt::Display for ReleaseLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.flavour.is_empty() {
            write!(f, "{}-", self.flavour)?;
        }
        let numbers: Vec<String> = self.numbers.iter().map(ToString::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Definition, DefinitionError};

    const TOOL: &str = "name = 'x'\ntitle = 'X'\nprograms = ['x']\nvariables = []\ndialect = 'npm'\nversion_components = 3\n";

    fn parse(lines: &str) -> Result<Definition, DefinitionError> {
        Definition::parse(&format!("{TOOL}[end_of_life]\n{lines}"))
            .map(|(_, definition)| definition)
    }

    #[test]
    fn a_version_has_the_day_of_its_line() {
        let lines = "'0.10' = '2016-10-31'\n'3.1' = '2012-04-09'\n'3.10' = '2026-10-31'\n'16' = '2023-09-11'\n'temurin-8' = '2030-12-31'\n";
        let lines = parse(lines).unwrap().end_of_life;
        let date = |flavour: &str, numbers: &[u64]| {
            lines.date_of(flavour, numbers).map(|date| date.to_string())
        };
        assert_eq!(date("", &[16, 20, 2]).as_deref(), Some("2023-09-11"));
        assert_eq!(date("", &[0, 10, 48]).as_deref(), Some("2016-10-31"));
        assert_eq!(date("", &[3, 10, 4]).as_deref(), Some("2026-10-31"));
        assert_eq!(date("temurin", &[8, 0, 402]).as_deref(), Some("2030-12-31"));
        for (flavour, numbers) in
            [("", [160, 0, 0]), ("", [8, 0, 402]), ("", [0, 11, 0]), ("zulu", [16, 0, 0])]
        {
            assert_eq!(date(flavour, &numbers), None, "{flavour} {numbers:?}");
        }
        assert_eq!(date("", &[]), None);
        assert_eq!((lines.count(""), lines.count("temurin"), lines.count("zulu")), (4, 1, 0));
        let begins = |flavour: &str, number: u64| lines.may_begin_with(flavour, number);
        for number in [0, 3, 16, 17, 18] {
            assert!(begins("", number), "{number}");
        }
        assert!(!begins("", 4) && !begins("", 19) && begins("temurin", 8) && !begins("zulu", 8));
        let nested = parse("'3' = '2030-01-01'\n'3.2' = '2020-01-01'\n").unwrap().end_of_life;
        let date = |numbers: &[u64]| nested.date_of("", numbers).unwrap().to_string();
        assert_eq!(
            (date(&[3, 1, 0]), date(&[3, 2, 0])),
            ("2030-01-01".into(), "2020-01-01".into())
        );
    }

    #[test]
    fn what_is_no_line_or_no_date_is_an_error_with_its_line() {
        for (lines, number, reason) in [
            ("'16' = '2023-9-11'", Some(8), "`2023-9-11`: a date has the form 2027-01-31"),
            ("'16' = '2023-02-29'", Some(8), "`2023-02-29`: this day does not exist"),
            ("'14' = '2023-04-30'\n'16' = true", Some(9), "invalid type: boolean"),
            ("'14' = '2023-04-30'\n'>=16' = '2023-09-11'", Some(9), "`>=16` isn't the beginning"),
            ("'v16' = '2023-09-11'", Some(8), "`v16` isn't the beginning of a version"),
            ("'16.x' = '2023-09-11'", Some(8), "`16.x` isn't the beginning of a version"),
            ("'3.08' = '2023-09-11'", Some(8), "`3.08` isn't the beginning of a version"),
            ("'-8' = '2023-09-11'", Some(8), "`-8` isn't the beginning of a version"),
            ("'' = '2023-09-11'", Some(8), "`` isn't the beginning of a version"),
            ("'1.2.3.4' = '2023-09-11'", None, "`1.2.3.4` has more numbers than a version: 3"),
            ("'16' = '2023-09-11'\n'16' = '2024-09-11'", Some(9), "duplicate key"),
        ] {
            let error = parse(lines).unwrap_err();
            assert!(error.reason.contains(reason), "{lines}: {error:?}");
            assert_eq!(error.line, number, "{lines}: {error:?}");
        }
    }
}
