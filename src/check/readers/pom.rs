//! Maven's `pom.xml`: the language level that a module is compiled for, the least version that builds
//! and runs it. <https://maven.apache.org/pom.html> describes the format.
//!
//! The file is read once from start to end. Only what stands in it counts: no parent, no profile.

use std::collections::BTreeMap;

use quick_xml::events::{BytesRef, Event};
use quick_xml::reader::Reader;
use usher_shims::normalize::normalize;
use usher_shims::request::Request;
use usher_shims::tool::{Dialect, FieldRole, VersionField};

use super::collector::MentionCollector;
use crate::check::mention::MentionKind;

/// The name of this format in the registry. Its keys are properties, or a plugin and a field of its
/// configuration: `maven-compiler-plugin:release`.
const FORMAT: &str = "maven";

/// The deepest nesting of elements.
const MAX_DEPTH: usize = 64;

/// The most properties of a file.
const MAX_PROPERTIES: usize = 4096;

/// The most bytes of a text: no version is longer.
const MAX_TEXT: usize = 256;

const PROPERTIES: &[&str] = &["project", "properties"];

/// Where the plugins of a build are, and those that modules inherit.
const PLUGINS: [&[&str]; 2] = [
    &["project", "build", "plugins", "plugin"],
    &["project", "build", "pluginManagement", "plugins", "plugin"],
];

/// Reads the document.
pub(super) fn read(text: &str, collector: &mut MentionCollector<'_>) {
    let mut pom = Pom::default();
    if let Err(reason) = pom.parse(text) {
        return collector.note(0, format!("can't be parsed: {reason}"));
    }
    for Setting { key, value, line } in &pom.settings {
        let Some(tool) = collector.tool_of_setting(FORMAT, key) else { continue };
        let minimum = VersionField {
            role: FieldRole::Constraint,
            dialect: Some(Dialect::Minimum),
            ..VersionField::pinning("")
        };
        let value = normalize(pom.resolved(value), tool);
        // Anything else is filled in by a program, or from a parent's properties.
        if !value.starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        if let Ok(request) = Request::parse_field(&value, tool, &minimum) {
            collector.parsed((tool, MentionKind::Constraint), vec![request], (*line, key));
        }
    }
}

/// What a file says.
#[derive(Default)]
struct Pom {
    properties: BTreeMap<String, String>,
    settings: Vec<Setting>,
}

/// A property, or a field of a plugin's configuration.
struct Setting {
    key: String,
    value: String,
    line: u32,
}

impl Pom {
    fn parse(&mut self, text: &str) -> Result<(), String> {
        let mut reader = Reader::from_str(text);
        let mut lines = Lines { text, line: 1, place: 0 };
        let mut path: Vec<String> = Vec::new();
        let (mut content, mut plugin) = (String::new(), String::new());
        loop {
            let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(element) => {
                    if path.len() >= MAX_DEPTH {
                        return Err(format!("it is nested more than {MAX_DEPTH} levels deep"));
                    }
                    path.push(element.local_name().as_ref().to_owned());
                    content.clear();
                    if PLUGINS.iter().any(|plugins| path == **plugins) {
                        plugin.clear();
                    }
                }
                Event::Text(text) => push(&mut content, &text),
                Event::CData(text) => push(&mut content, &text),
                Event::GeneralRef(reference) => push(&mut content, &resolved(&reference)),
                Event::End(_) => {
                    let line = lines.at(start);
                    self.end(&path, content.trim(), &mut plugin, line);
                    path.pop();
                    content.clear();
                }
                Event::Eof if path.is_empty() => return Ok(()),
                Event::Eof => return Err("it ends within an element".to_owned()),
                Event::Empty(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_) => {}
            }
        }
    }

    /// An element that ends: the value of its path.
    fn end(&mut self, path: &[String], value: &str, plugin: &mut String, line: u32) {
        let Some((name, parents)) = path.split_last() else { return };
        if self.settings.len() >= MAX_PROPERTIES || value.len() >= MAX_TEXT {
            return;
        }
        let key = match parents {
            _ if parents == PROPERTIES => {
                self.properties.insert(name.clone(), value.to_owned());
                name.clone()
            }
            [parents @ .., last] if last == "configuration" && is_plugin(parents) => {
                format!("{plugin}:{name}")
            }
            _ => {
                if name == "artifactId" && is_plugin(parents) {
                    value.clone_into(plugin);
                }
                return;
            }
        };
        self.settings.push(Setting { key, value: value.to_owned(), line });
    }

    /// A value, of a property that another names: `${java.version}`.
    fn resolved<'a>(&'a self, value: &'a str) -> &'a str {
        let name = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        name.and_then(|name| self.properties.get(name)).map_or(value, String::as_str)
    }
}

fn is_plugin(path: &[String]) -> bool {
    PLUGINS.iter().any(|plugin| path == *plugin)
}

fn push(content: &mut String, text: &str) {
    if content.len() < MAX_TEXT {
        content.push_str(text);
    }
}

/// A character that is written by its number: no version has another reference in it.
fn resolved(reference: &BytesRef<'_>) -> String {
    reference.resolve_char_ref().ok().flatten().map_or_else(String::new, String::from)
}

/// Counts the lines before places that follow each other.
struct Lines<'a> {
    text: &'a str,
    line: u32,
    place: usize,
}

impl Lines<'_> {
    fn at(&mut self, place: usize) -> u32 {
        let between = self.text.as_bytes().get(self.place..place).unwrap_or_default();
        let breaks = between.iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.place = self.place.max(place);
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::super::collector::tests::read as on_page;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = on_page("pom.xml", |collector| read(text, collector));
        assert_eq!(found.trim_end(), expected, "{text}");
    }

    #[test]
    fn levels_in_properties_are_minimums() {
        let project = |inside: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n<properties>\n{inside}\n</properties></project>"
            )
        };
        let check = |inside: &str, expected: &str| check(&project(inside), expected);
        check("<java.version>17</java.version>", "4 java >=17 | java.version: >=17");
        check(
            "<maven.compiler.source>1.8</maven.compiler.source>\n<maven.compiler.target> 11 </maven.compiler.target>",
            "4 java >=8 | maven.compiler.source: >=8\n5 java >=11 | maven.compiler.target: >=11",
        );
        check(
            "<maven.compiler.release>${java.version}</maven.compiler.release>\n<java.version>21</java.version>",
            "4 java >=21 | maven.compiler.release: >=21\n5 java >=21 | java.version: >=21",
        );
        check(
            "<!-- 8 --><java.version><!-- y -->1<![CDATA[7]]></java.version>",
            "4 java >=17 | java.version: >=17",
        );
        check("<java.version>1&#55;</java.version>", "4 java >=17 | java.version: >=17");
        for nothing in [
            "<java.version>${jdk}</java.version>",
            "<java.version>@java@</java.version>",
            "<java.version/>",
            "<java.version>&x;</java.version>",
            "<java.version></java.version>",
            "<x><java.version>17</java.version></x>",
            "<java.version>${java.version}</java.version>",
        ] {
            check(nothing, "");
        }
    }

    #[test]
    fn levels_of_the_compiler_plugin_are_minimums() {
        let plugin =
            |inside: &str| format!("<project><build><plugins>{inside}</plugins></build></project>");
        check(
            &plugin(
                "<plugin><artifactId>x</artifactId><configuration><release>8</release></configuration></plugin>\n<plugin>\n<groupId>g</groupId><artifactId>maven-compiler-plugin</artifactId>\n<configuration><source>17</source>\n<parameters>true</parameters></configuration></plugin>",
            ),
            "4 java >=17 | maven-compiler-plugin:source: >=17",
        );
        check(
            "<project><build><pluginManagement><plugins><plugin><artifactId>maven-compiler-plugin</artifactId><configuration><release>11</release></configuration></plugin></plugins></pluginManagement></build></project>",
            "1 java >=11 | maven-compiler-plugin:release: >=11",
        );
    }

    #[test]
    fn other_documents_have_no_mentions() {
        check("", "");
        check("hello", "");
        check(
            "<project><profiles><profile><properties><java.version>8</java.version></properties></profile></profiles></project>",
            "",
        );
        check(
            "<!DOCTYPE project [<!ENTITY a \"&a;&a;\">]><project><properties><java.version>&a;</java.version></properties></project>",
            "",
        );
        check("<project>", "0 note can't be parsed: it ends within an element");
        check(
            &format!("{}{}", "<a>".repeat(90_000), "</a>".repeat(90_000)),
            "0 note can't be parsed: it is nested more than 64 levels deep",
        );
        assert!(
            on_page("pom.xml", |c| read("<project></x>", c)).starts_with("0 note can't be parsed")
        );
        let many = "<java.version>1</java.version>".repeat(10_000);
        check(
            &format!("<project><properties>{many}</properties></project>"),
            "1 java >=1 | java.version: >=1",
        );
        let long = format!(
            "<project><properties><java.version>{}</java.version></properties></project>",
            "1".repeat(100_000)
        );
        check(&long, "");
    }
}
