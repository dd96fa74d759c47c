//! Own tools: those that an account or the machine defines in files of its own. The shims read them
//! from their index, in a form that is nothing but texts in a row; it knows neither TOML nor files.
//!
//! What is read is leaked: a process reads it once, and the tools that are compiled in live as long.

use std::path::PathBuf;

use super::{
    Adds, Asks, Field, LtsLine, Needed, PassOver, Reader, RunsOn, TOOLS, Tool, VersionFile, When,
};
use crate::range::Dialect;

/// The tools in force: own ones, and those that are compiled in; of two of a name, the own one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tools {
    own: Vec<Own>,
}

/// An own tool, and the file that defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The tool.
    pub tool: &'static Tool,
    /// The file.
    pub file: PathBuf,
    /// What the file was when it was read.
    pub stamp: String,
}

impl Tools {
    /// Adds an own tool, in the place of one of its name.
    pub fn add(&mut self, own: Own) {
        self.own.retain(|known| known.tool.name != own.tool.name);
        self.own.push(own);
    }

    /// All tools, own ones first.
    pub fn all(&self) -> impl Iterator<Item = &'static Tool> {
        let is_replaced = |tool: &&Tool| self.own.iter().any(|own| own.tool.name == tool.name);
        let own = self.own.iter().map(|own| own.tool);
        own.chain(TOOLS.iter().filter(move |tool| !is_replaced(tool)))
    }

    /// The own ones.
    pub fn own(&self) -> &[Own] {
        &self.own
    }

    /// The file that defines a tool, if it is an own one.
    pub fn definition_of(&self, tool: &Tool) -> Option<&Own> {
        self.own.iter().find(|own| own.tool.name == tool.name)
    }

    /// The tool of this name, or that goes by it.
    pub fn named(&self, name: &str) -> Option<&'static Tool> {
        Tool::named(self.all(), name)
    }

    /// The tool whose program this is: of several that ship it, the one that runs on none.
    pub fn of_program(&self, program: &str) -> Option<&'static Tool> {
        Tool::of_program(self.all(), program)
    }
}

/// The dialects, by the number that stands for each.
const DIALECTS: [Dialect; 8] = [
    Dialect::Npm,
    Dialect::Pep440,
    Dialect::Poetry,
    Dialect::Gem,
    Dialect::Elixir,
    Dialect::Composer,
    Dialect::Minimum,
    Dialect::Perl,
];

/// The kinds of asking, by the number that stands for each.
const ASKS: [Asks; 3] = [Asks::Pin, Asks::Constraint, Asks::Either];

/// A tool as a row of texts.
pub fn printed(tool: &Tool) -> Vec<String> {
    let mut row = Row(Vec::new());
    row.text(tool.name);
    row.text(tool.title);
    row.texts(tool.names);
    row.texts(tool.programs);
    row.texts(tool.variables);
    row.yes(tool.plus);
    row.place(&DIALECTS, tool.dialect);
    row.number(tool.parts);
    row.texts(tool.prefixes);
    row.list(tool.respell, |row, (from, to)| row.pair(from, to));
    row.texts(tool.vendors);
    row.optional(tool.host);
    row.list(tool.runs_on.as_slice(), |row, runs_on| row.pair(runs_on.tool, runs_on.mark));
    row.list(tool.lts, |row, line| row.pair(line.name, line.versions));
    row.list(tool.pass_over, |row, folder| {
        row.text(folder.folder);
        row.texts(folder.beside);
    });
    row.list(tool.files, Row::file);
    row.list(tool.environment, Row::needed);
    row.list(tool.adds, |row, adds| {
        row.text(adds.program);
        row.texts(adds.after);
        row.texts(adds.verbs);
    });
    row.0
}

/// A row of texts while it is written.
struct Row(Vec<String>);

impl Row {
    fn text(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    fn pair(&mut self, one: &str, other: &str) {
        self.text(one);
        self.text(other);
    }

    fn number(&mut self, number: u8) {
        self.0.push(number.to_string());
    }

    fn yes(&mut self, holds: bool) {
        self.number(holds.into());
    }

    fn place<T: Copy + PartialEq>(&mut self, all: &[T], one: T) {
        let place = all.iter().position(|known| *known == one).unwrap_or_default();
        self.0.push(place.to_string());
    }

    fn list<T>(&mut self, all: &[T], print: fn(&mut Self, &T)) {
        self.0.push(all.len().to_string());
        for one in all {
            print(self, one);
        }
    }

    fn texts(&mut self, all: &[&str]) {
        self.list(all, |row, text| row.text(text));
    }

    fn optional(&mut self, text: Option<&str>) {
        self.texts(text.as_slice());
    }

    fn file(&mut self, file: &VersionFile) {
        self.text(file.name);
        let kind = match file.reader {
            Reader::Plain => 0,
            Reader::ToolVersions => 1,
            Reader::Json(_) => 2,
            Reader::Toml(_) => 3,
            Reader::Keys(_) => 4,
            Reader::Lines(_) => 5,
        };
        self.number(kind);
        self.list(file.reader.fields(), |row, field| {
            row.text(field.at);
            row.optional(field.named);
            row.place(&ASKS, field.asks);
            row.place(&DIALECTS, field.dialect);
            row.number(field.parts);
            row.yes(field.exact);
            row.text(field.below);
            row.yes(field.extends);
        });
        self.yes(file.alone);
        self.yes(file.generated);
    }

    fn needed(&mut self, needed: &Needed) {
        self.pair(needed.variable, needed.value);
        self.texts(needed.programs);
        self.list(needed.when.as_slice(), |row, when| {
            row.pair(when.file, when.field);
            row.text(when.versions);
        });
        self.yes(needed.unwritable);
    }
}

/// Reads a tool from a row of texts; `None` if it isn't one.
pub(crate) fn read<'a>(row: impl Iterator<Item = &'a str>) -> Option<&'static Tool> {
    let mut texts = Texts(row.map(str::to_owned).collect::<Vec<_>>().into_iter());
    let tool = texts.tool()?;
    texts.0.next().is_none().then(|| &*Box::leak(Box::new(tool)))
}

/// A row of texts while it is read.
struct Texts(std::vec::IntoIter<String>);

impl Texts {
    fn tool(&mut self) -> Option<Tool> {
        Some(Tool {
            name: self.text()?,
            title: self.text()?,
            names: self.texts()?,
            programs: self.texts()?,
            variables: self.texts()?,
            plus: self.yes()?,
            dialect: self.place(&DIALECTS)?,
            parts: self.number()?,
            prefixes: self.texts()?,
            respell: self.list(|texts| Some((texts.text()?, texts.text()?)))?,
            vendors: self.texts()?,
            host: self.texts()?.first().copied(),
            runs_on: self
                .list(|texts| Some(RunsOn { tool: texts.text()?, mark: texts.text()? }))?
                .first()
                .copied(),
            lts: self
                .list(|texts| Some(LtsLine { name: texts.text()?, versions: texts.text()? }))?,
            pass_over: self
                .list(|texts| Some(PassOver { folder: texts.text()?, beside: texts.texts()? }))?,
            files: self.list(Self::file)?,
            environment: self.list(Self::needed)?,
            adds: self.list(|texts| {
                let (program, after, verbs) = (texts.text()?, texts.texts()?, texts.texts()?);
                Some(Adds { program, after, verbs })
            })?,
        })
    }

    fn text(&mut self) -> Option<&'static str> {
        self.0.next().map(|text| &*text.leak())
    }

    fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        self.0.next()?.parse().ok()
    }

    fn yes(&mut self) -> Option<bool> {
        self.number::<u8>().map(|number| number != 0)
    }

    fn place<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(self.number::<usize>()?).copied()
    }

    fn list<T>(&mut self, read: fn(&mut Self) -> Option<T>) -> Option<&'static [T]> {
        let length: usize = self.number()?;
        let all: Option<Vec<T>> = (0..length).map(|_| read(self)).collect();
        Some(all?.leak())
    }

    fn texts(&mut self) -> Option<&'static [&'static str]> {
        self.list(Self::text)
    }

    fn file(&mut self) -> Option<VersionFile> {
        let name = self.text()?;
        let kind: u8 = self.number()?;
        let fields = self.list(|texts| {
            Some(Field {
                at: texts.text()?,
                named: texts.texts()?.first().copied(),
                asks: texts.place(&ASKS)?,
                dialect: texts.place(&DIALECTS)?,
                parts: texts.number()?,
                exact: texts.yes()?,
                below: texts.text()?,
                extends: texts.yes()?,
            })
        })?;
        let reader = match kind {
            0 => Reader::Plain,
            1 => Reader::ToolVersions,
            2 => Reader::Json(fields),
            3 => Reader::Toml(fields),
            4 => Reader::Keys(fields),
            5 => Reader::Lines(fields),
            _ => return None,
        };
        Some(VersionFile { name, reader, alone: self.yes()?, generated: self.yes()? })
    }

    fn needed(&mut self) -> Option<Needed> {
        let (variable, value, programs) = (self.text()?, self.text()?, self.texts()?);
        let mut when: Vec<When> = Vec::new();
        for _ in 0..self.number::<u8>()? {
            when.push(When { file: self.text()?, field: self.text()?, versions: self.text()? });
        }
        Some(Needed { variable, value, programs, when: when.pop(), unwritable: self.yes()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_printing_are_inverse() {
        for tool in TOOLS {
            let row = printed(tool);
            assert_eq!(read(row.iter().map(String::as_str)), Some(tool), "{}", tool.name);
            for cut in 0..row.len() {
                assert_eq!(read(row[..cut].iter().map(String::as_str)), None, "{}", tool.name);
            }
        }
    }

    #[test]
    fn an_own_tool_takes_the_place_of_another_one_of_its_name() {
        let mut tools = Tools::default();
        let count = tools.all().count();
        let known = tools.named("node").unwrap();
        let mut row = printed(known);
        row[1] = "Our Node".to_owned();
        let tool = read(row.iter().map(String::as_str)).unwrap();
        tools.add(Own { tool, file: "/x".into(), stamp: String::new() });
        assert_eq!(tools.all().count(), count);
        assert_eq!(tools.named("nodejs").map(|tool| tool.title), Some("Our Node"));
        assert_eq!(tools.of_program("node").map(|tool| tool.title), Some("Our Node"));
        assert!(tools.definition_of(known).is_some());
    }
}
