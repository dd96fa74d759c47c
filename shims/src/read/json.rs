//! Fields of a JSON document, found while skipping the rest.
//!
//! The document is never built as a tree. A field of a wrong type is ignored, since such files
//! exist for other things too.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::written::{RawRequest, ReadError};
use crate::tool::VersionField;

/// Reads these fields, in this order.
pub(super) fn read(
    text: &str,
    fields: &'static [VersionField],
) -> Result<Vec<RawRequest>, ReadError> {
    let first_key = |field: &VersionField| field.path.split('.').next().unwrap_or_default();
    let has = |part: &str| memmem::find(text.as_bytes(), part.as_bytes()).is_some();
    // A name may be written with escapes.
    if !fields.iter().any(|field| has(first_key(field))) && !has("\\u") {
        return Ok(Vec::new());
    }
    let mut found = vec![None; fields.len()];
    let live = fields.iter().map(|field| Some(field.path)).collect();
    descend(text, Level { fields, live, found: &mut found })?;
    let written = fields.iter().zip(found).filter_map(|(field, text)| {
        Some(RawRequest { texts: vec![text?], line: 0, field: Some(field) })
    });
    Ok(written.collect())
}

/// The text of one field, keys separated by dots; `None` if there is none.
pub fn field(text: &str, at: &'static str) -> Option<String> {
    let fields = [VersionField::pinning(at)];
    let mut found = vec![None];
    descend(text, Level { fields: &fields, live: vec![Some(at)], found: &mut found }).ok()?;
    found.pop()?
}

/// The request in `name@request`, without the hash that may follow it.
fn of_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.strip_prefix(name)?.strip_prefix('@').map(without_hash)
}

/// A request without the hash of the package: `4.1.0+sha512.ab`.
fn without_hash(request: &str) -> &str {
    request.split_once("+sha").map_or(request, |(request, _)| request)
}

fn descend(text: &str, level: Level<'_>) -> Result<(), ReadError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = level.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    read.map_err(|error| error.to_string())
}

/// A value on the path to some of the fields.
struct Level<'a> {
    fields: &'a [VersionField],
    /// For each field, the rest of its path; `None` if the path doesn't lead here.
    live: Vec<Option<&'static str>>,
    found: &'a mut [Option<String>],
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Level<'_> {
    /// The rest of each path behind a key.
    fn behind(&self, key: &str) -> Vec<Option<&'static str>> {
        let step = |rest: &'static str| {
            let (first, after) = rest.split_once('.').unwrap_or((rest, ""));
            (first == key && !first.is_empty()).then_some(after)
        };
        self.live.iter().map(|rest| rest.and_then(step)).collect()
    }

    /// The fields that end here.
    fn ended(&self) -> impl Iterator<Item = usize> + '_ {
        self.live.iter().enumerate().filter(|(_, rest)| **rest == Some("")).map(|(place, _)| place)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut name, mut version) = (None, None);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            let live = self.behind(&key);
            let named = self.ended().any(|place| self.fields[place].entry_name.is_some());
            match key.as_ref() {
                "name" if named => name = map.next_value_seed(Text)?,
                "version" if named => version = map.next_value_seed(Text)?,
                _ if live.iter().any(Option::is_some) => {
                    map.next_value_seed(Level { fields: self.fields, live, found: self.found })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let ended: Vec<usize> = self.ended().collect();
        for place in ended {
            if name.as_deref() == self.fields[place].entry_name && self.found[place].is_none() {
                self.found[place] = version.as_deref().map(|text| without_hash(text).to_owned());
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let live: Vec<_> =
            self.live.iter().map(|rest| rest.filter(|rest| rest.is_empty())).collect();
        while list
            .next_element_seed(Level {
                fields: self.fields,
                live: live.clone(),
                found: self.found,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let ended: Vec<usize> = self.ended().collect();
        for place in ended {
            let text = match self.fields[place].entry_name {
                None => Some(text),
                Some(name) => of_name(text, name),
            };
            if let Some(text) = text {
                self.found[place] = Some(text.to_owned());
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A value that is text or is skipped.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let mut found = [None];
        let fields = [VersionField::pinning("")];
        Level { fields: &fields, live: vec![Some("")], found: &mut found }
            .deserialize(deserializer)?;
        let [text] = found;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::{TOOLS, Tool};

    fn check(text: &str, expected: &str) {
        let node = Tool::named(TOOLS, "node").unwrap();
        let package = node.files.iter().find(|file| file.name == "package.json").unwrap();
        let printed = match read(text, package.fields) {
            Ok(found) => found
                .iter()
                .map(|w| format!("{}={}", w.field.unwrap().path, w.texts[0]))
                .collect::<Vec<_>>()
                .join(" "),
            Err(complaint) => format!("error: {complaint}"),
        };
        assert_eq!(printed, expected, "{text}");
    }

    #[test]
    fn version_fields_of_package_json_are_read() {
        check("{}", "");
        check(r#"{"name":"x","engines":{"node":">=10","npm":"6"}}"#, "engines.node=>=10");
        check(
            r#"{"volta":{"node":"12.0.0"},"engines":{"node":"14"}}"#,
            "volta.node=12.0.0 engines.node=14",
        );
        check(
            r#"{"devEngines":{"runtime":{"name":"node","version":"^20"}}}"#,
            "devEngines.runtime=^20",
        );
        check(
            r#"{"devEngines":{"runtime":[{"name":"bun","version":"1"},{"version":"22","name":"node"}]}}"#,
            "devEngines.runtime=22",
        );
        check(r#"{"engines":{"node":"10"},"engines":{"node":"12"}}"#, "engines.node=12");
        check(
            "{\"\\u0065ngines\":{}, \"engines\":{\"n\\u006fde\":\"1\\u0030\"}}",
            "engines.node=10",
        );
    }

    #[test]
    fn fields_of_a_wrong_type_are_ignored() {
        check(r#"{"engines":[]}"#, "");
        check(r#"{"engines":{"node":10}}"#, "");
        check(r#"{"engines":"node 10","volta":null,"devEngines":{"runtime":true}}"#, "");
        check(r#"{"devEngines":{"runtime":{"name":"deno","version":"2"}}}"#, "");
        check(r#"{"x":{"engines":{"node":"10"}}}"#, "");
    }

    #[test]
    fn broken_documents_are_errors() {
        check(
            r#"{"engines":{"node":"10"}"#,
            "error: EOF while parsing an object at line 1 column 24",
        );
        check(r#"{"engines":{}} x"#, "error: trailing characters at line 1 column 16");
    }
}
