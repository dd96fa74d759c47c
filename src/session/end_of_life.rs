//! The end of life of a version: the last day on which its release line is maintained.
//!
//! It is a mark on what is shown, and no obstacle. The operating system's versions have none: their
//! distributor maintains them.

use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use usher_shims::tool::Tool;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use super::Session;
use crate::files::clock::Date;
use crate::registry::KnownTool;

/// How long before its day a version is marked.
const NOTICE: Duration = Duration::from_secs(90 * 24 * 3_600);

/// The end of life of a version, in JSON its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndOfLife {
    date: Date,
    state: LineState,
}

/// Whether a release line is maintained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineState {
    /// For longer than [`NOTICE`].
    Maintained,
    /// Its last day is near, or is today.
    Ends,
    /// It isn't any more.
    Ended,
}

impl EndOfLife {
    /// The end of life of a release; `None` if the registry has no day for its line.
    pub fn of(session: &Session, known: KnownTool<'_>, version: &Version) -> Option<Self> {
        known.end_of_life(version).map(|date| Self::at(session.now, date))
    }

    /// The end of life of an installed version.
    pub fn of_toolchain(
        session: &Session,
        known: KnownTool<'_>,
        toolchain: &Toolchain,
    ) -> Option<Self> {
        match toolchain.store {
            Store::System(_) => None,
            Store::Own | Store::Shared | Store::Adopted(_) | Store::Linked(_) | Store::Folder => {
                Self::of(session, known, toolchain.version.as_ref()?)
            }
        }
    }

    fn at(now: SystemTime, date: Date) -> Self {
        let soon = now.checked_add(NOTICE).unwrap_or(now);
        let state = match date {
            _ if date < Date::of(now) => LineState::Ended,
            _ if date <= Date::of(soon) => LineState::Ends,
            _ => LineState::Maintained,
        };
        Self { date, state }
    }

    /// The last day.
    pub fn date(self) -> Date {
        self.date
    }

    /// The last day, where it is worth a mark; `None` for a line that is maintained for longer.
    pub fn marked_date(self) -> Option<Date> {
        (self.state != LineState::Maintained).then_some(self.date)
    }

    /// Whether the line isn't maintained any more.
    pub fn has_ended(self) -> bool {
        self.state == LineState::Ended
    }

    /// The sentence about a version; `None` for one that is maintained for longer.
    pub fn text(self, tool: &Tool, version: &Version) -> Option<String> {
        let (name, numbers, date) = (tool.name, version, self.date);
        match self.state {
            LineState::Maintained => None,
            LineState::Ends => Some(format!("{name} {numbers} reaches its end of life on {date}")),
            LineState::Ended => {
                Some(format!("{name} {numbers} is past its end of life, {date}: it gets no fixes"))
            }
        }
    }
}

#[cfg(test)]
impl schemars::JsonSchema for EndOfLife {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EndOfLife".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}

impl Serialize for EndOfLife {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.date.serialize(serializer)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::UNIX_EPOCH;

    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    /// Noon on a day of 2027, counted from 0.
    pub(crate) fn day_of_2027(day: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_798_761_600 + day * 24 * 3_600 + 12 * 3_600)
    }

    #[test]
    fn a_line_is_marked_from_90_days_before_its_last_day_on() {
        let date: Date = "2027-04-30".parse().unwrap();
        let marked = |day: u64| EndOfLife::at(day_of_2027(day), date).marked_date().is_some();
        assert_eq!(Date::of(day_of_2027(0)).to_string(), "2027-01-01");
        assert!(!marked(28), "29 January");
        assert!(marked(29), "30 January");
        assert!(marked(300), "long after");
        let has_ended = |day: u64| EndOfLife::at(day_of_2027(day), date).has_ended();
        assert!(!has_ended(119), "30 April");
        assert!(has_ended(120), "1 May");
    }

    #[test]
    fn a_version_is_past_its_end_of_life_from_the_next_day_on() {
        let node = Tool::named(usher_shims::tool::TOOLS, "node").unwrap();
        let version = Version::parse("22.20.0").unwrap();
        let date: Date = "2027-04-30".parse().unwrap();
        let text = |day: u64| EndOfLife::at(day_of_2027(day), date).text(node, &version);
        assert_eq!(text(28), None);
        let ends = "node 22.20.0 reaches its end of life on 2027-04-30";
        assert_eq!(text(119).as_deref(), Some(ends), "the day itself");
        let ended = "node 22.20.0 is past its end of life, 2027-04-30: it gets no fixes";
        assert_eq!(text(120).as_deref(), Some(ended), "the day after");
    }

    #[test]
    fn the_operating_systems_versions_have_no_end_of_life() {
        let session = session(MemoryWorld::at("/p"));
        let node = session.registry.named("node").unwrap();
        let of = |version: &str, store: Store| {
            let version = Version::parse(version);
            let toolchain = Toolchain { version, root: "/x".into(), store };
            EndOfLife::of_toolchain(&session, node, &toolchain)
                .map(|end| serde_json::to_value(end).unwrap())
        };
        assert_eq!(of("12.22.12", Store::Own), Some("2022-04-30".into()));
        assert_eq!(of("12.22.12", Store::Adopted("nvm".to_owned())), Some("2022-04-30".into()));
        assert_eq!(of("12.22.12", Store::System(String::new())), None);
        assert_eq!(of("iojs-3.3.1", Store::Own), None);
        assert_eq!(of("99.0.0", Store::Own), None);
    }
}
