//! Days of the calendar.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The number of seconds of a day.
const DAY: u64 = 24 * 3_600;

/// The latest moment whose day is computed, since 1970: one in the year 9997.
const LATEST: Duration = Duration::from_secs(DAY * 2_932_000);

/// A day of the calendar, in UTC: `2027-01-31`.
///
/// jiff and time were looked at: a library of time zones is much for a day that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u64,
    month: u64,
    day: u64,
}

impl Date {
    /// The day of a moment. A moment before 1970 is the first day of that year.
    ///
    /// By Howard Hinnant's `civil_from_days`
    /// (<https://howardhinnant.github.io/date_algorithms.html>).
    pub fn of(moment: SystemTime) -> Self {
        let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default().min(LATEST);
        // Years begin in March here, so that a leap day is the last of its year.
        let days = since.as_secs() / DAY + 719_468;
        let era = days / 146_097;
        let of_era = days % 146_097;
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self { year: year + era * 400 + u64::from(month <= 2), month, day }
    }

    fn days_of_month(year: u64, month: u64) -> u64 {
        let is_leap_year =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        match month {
            2 if is_leap_year => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

impl FromStr for Date {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a date has the form 2027-01-31";
        let has_form = text.len() == 10
            && text.bytes().enumerate().all(|(place, byte)| match place {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !has_form {
            return Err(FORM);
        }
        let number = |range: std::ops::Range<usize>| text[range].parse().map_err(|_| FORM);
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        match (1..=12).contains(&month) && (1..=Self::days_of_month(year, month)).contains(&day) {
            true => Ok(Self { year, month, day }),
            false => Err("this day does not exist"),
        }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|reason| D::Error::custom(format!("`{text}`: {reason}")))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Date {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar_are_computed_and_compared() {
        let at = |seconds: u64| Date::of(UNIX_EPOCH + Duration::from_secs(seconds)).to_string();
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_801_353_599, "2027-01-30"),
            (1_801_353_600, "2027-01-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(at(seconds), expected, "{seconds}");
        }
        for good in ["2027-01-31", "2024-02-29", "2000-02-29"] {
            assert_eq!(good.parse::<Date>().map(|date| date.to_string()), Ok(good.to_owned()));
        }
        for bad in
            ["2027-1-31", "2027-02-29", "1900-02-29", "2027-13-01", "2027-04-31", "2027-01-00"]
        {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        assert!("2027-01-31".parse::<Date>() < "2027-02-01".parse::<Date>());
    }
}
