//! What people should know of cached indexes that are no longer fresh.

use std::time::Duration;

use super::freshness::Freshness;
use super::release::ServedFrom;
use crate::session::reporter::Notice;
use crate::text::human_duration;

/// The note on cached indexes that are no longer fresh: one, however many there are.
pub fn stale_note<'a>(
    indexes: impl IntoIterator<Item = (&'a ServedFrom, Freshness)>,
) -> Option<Notice> {
    let stale = indexes
        .into_iter()
        .filter_map(|(from, freshness)| Some((from.to_string(), freshness.unreported_age()?)));
    let (mut sources, ages): (Vec<String>, Vec<Duration>) = stale.unzip();
    sources.sort();
    sources.dedup();
    let age = human_duration(ages.into_iter().max()?);
    Some(Notice::note(match sources.as_slice() {
        [source] => format!("the index from {source} is {age} old"),
        _ => format!("the indexes from {} are up to {age} old", sources.join(", ")),
    }))
}
