//! Fields of a TOML document, found from the parser's events without building a tree.

use memchr::memmem;
use toml_parser::decoder::{Encoding, ScalarKind};
use toml_parser::lexer::Token;
use toml_parser::parser::{EventReceiver, RecursionGuard, parse_document};
use toml_parser::{ErrorSink, ParseError, Raw, Source, Span};

use super::written::{MAX_ALTERNATIVES, RawRequest, ReadError, too_many};
use crate::sys;
use crate::tool::{FieldRole, VersionField};

/// How deep lists and tables may be nested: the parser recurses for each.
const MAX_DEPTH: u32 = 80;

/// The most words, signs and blanks of a document. All of them are in memory at once.
const MAX_TOKENS: usize = 1 << 19;

/// Reads these fields, in this order.
pub(crate) fn read(
    text: &str,
    fields: &'static [VersionField],
) -> Result<Vec<RawRequest>, ReadError> {
    let last_key = |field: &VersionField| field.path.rsplit('.').next().unwrap_or_default();
    if !fields
        .iter()
        .any(|field| memmem::find(text.as_bytes(), last_key(field).as_bytes()).is_some())
    {
        return Ok(Vec::new());
    }
    let source = Source::new(text);
    let tokens: Vec<Token> = source.lex().take(MAX_TOKENS + 1).collect();
    if tokens.len() > MAX_TOKENS {
        return Err(format!("it has more than {MAX_TOKENS} words and signs"));
    }
    let mut receiver = Receiver::new(source, fields);
    let mut first = FirstError(None);
    parse_document(&tokens, &mut RecursionGuard::new(&mut receiver, MAX_DEPTH), &mut first);
    if let Some(error) = first.0 {
        let offset = error.unexpected().map_or(0, |span| span.start());
        return Err(format!("line {}: {}", line_of(text, offset), error.description()));
    }
    receiver.drop_excluded(&vec![0; fields.len()]);
    if let Some(found) = receiver.found.iter().find(|found| found.texts.len() > MAX_ALTERNATIVES) {
        return Err(too_many(line_of(text, found.offset)));
    }
    let written = fields.iter().zip(receiver.found).filter_map(|(field, found)| {
        let line = u32::try_from(line_of(text, found.offset)).unwrap_or(0);
        let is_there = !found.texts.is_empty() || found.is_other && field.role == FieldRole::Pin;
        is_there.then_some(RawRequest { texts: found.texts, line, field: Some(field) })
    });
    Ok(written.collect())
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

struct FirstError(Option<ParseError>);

impl ErrorSink for FirstError {
    fn report_error(&mut self, error: ParseError) {
        self.0.get_or_insert(error);
    }
}

/// What was found of a field.
#[derive(Debug, Clone, Default)]
struct Found {
    /// The texts, several for an array.
    texts: Vec<String>,
    /// The position of the first.
    offset: usize,
    /// Whether a list of operating systems beside them has this one; `None` without a list.
    is_for_this_system: Option<bool>,
    /// Whether there is a value that is neither text nor a number.
    is_other: bool,
}

/// An open value that has others in it.
enum Container {
    Array,
    /// An inline table.
    Table {
        /// How many keys were open before it.
        keys: usize,
        /// How many texts of each field were found before it.
        texts: Vec<usize>,
    },
}

/// Follows the path through tables and keys, and collects the values of the fields.
struct Receiver<'a> {
    source: Source<'a>,
    fields: &'static [VersionField],
    /// What was found of each field.
    found: Vec<Found>,
    /// The keys of the open table.
    table: Vec<String>,
    /// The keys of the open key-value pairs.
    keys: Vec<String>,
    open: Vec<Container>,
    in_header: bool,
}

impl<'a> Receiver<'a> {
    fn new(source: Source<'a>, fields: &'static [VersionField]) -> Self {
        Self {
            source,
            fields,
            found: vec![Found::default(); fields.len()],
            table: Vec::new(),
            keys: Vec::new(),
            open: Vec::new(),
            in_header: false,
        }
    }

    fn open_header(&mut self) {
        self.table.clear();
        self.keys.clear();
        self.in_header = true;
    }

    fn raw(&self, span: Span, kind: Option<Encoding>) -> Option<Raw<'a>> {
        let text = self.source.get(span)?.as_str();
        Some(Raw::new_unchecked(text, kind, span))
    }

    /// The part of a field's value that is open: "" for the value itself, a key of the table that it
    /// may be. `None` elsewhere.
    fn part_of(&self, field: &VersionField) -> Option<&str> {
        let mut open = self.table.iter().chain(&self.keys).map(String::as_str);
        let is_inside = field.path.split('.').all(|key| open.next() == Some(key));
        match (is_inside, open.next(), open.next()) {
            (true, None, _) => Some(""),
            (true, Some(key), None) if field.table => Some(key),
            _ => None,
        }
    }

    /// Ends a value, and the pair that it is the value of.
    fn end_value(&mut self) {
        match self.open.last() {
            Some(Container::Array) => {}
            Some(Container::Table { keys, .. }) => self.keys.truncate(*keys),
            None => self.keys.clear(),
        }
    }

    /// Drops what was found since there were so many texts, if it is for other operating systems.
    fn drop_excluded(&mut self, texts: &[usize]) {
        for (found, count) in self.found.iter_mut().zip(texts) {
            if found.is_for_this_system.take() == Some(false) {
                found.texts.truncate(*count);
            }
        }
    }

    /// Takes the text of a part of a field's value.
    fn take(&mut self, place: usize, part: &str, text: String, offset: usize) {
        let found = &mut self.found[place];
        let text = match part {
            // A version is a prefix by itself.
            "" | "version" | "prefix" => text,
            "ref" | "path" => format!("{part}:{text}"),
            "os" => {
                let is_this = found.is_for_this_system == Some(true) || is_this_system(&text);
                found.is_for_this_system = Some(is_this);
                return;
            }
            _ => return,
        };
        if found.texts.is_empty() {
            found.offset = offset;
        }
        if found.texts.len() <= MAX_ALTERNATIVES {
            found.texts.push(text);
        }
    }
}

/// Whether mise's name of a system is this one's: `linux`, `linux/arm64`.
fn is_this_system(name: &str) -> bool {
    let (system, architecture) = name.split_once('/').unwrap_or((name, ""));
    let own: &[&str] = match cfg!(target_arch = "aarch64") {
        true => &["", "arm64", "aarch64"],
        false => &["", "x64", "amd64", "x86_64"],
    };
    sys::NAMES.contains(&system) && own.contains(&architecture)
}

impl EventReceiver for Receiver<'_> {
    fn std_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.open_header();
    }

    fn std_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = false;
    }

    fn array_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.open_header();
    }

    fn array_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = false;
    }

    fn inline_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        let texts = self.found.iter().map(|found| found.texts.len()).collect();
        self.open.push(Container::Table { keys: self.keys.len(), texts });
        true
    }

    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if let Some(Container::Table { keys, texts }) = self.open.pop() {
            self.keys.truncate(keys);
            if matches!(self.open.last(), Some(Container::Array)) {
                self.drop_excluded(&texts);
            }
        }
        self.end_value();
    }

    fn array_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.open.push(Container::Array);
        true
    }

    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.open.pop();
        self.end_value();
    }

    fn simple_key(&mut self, span: Span, kind: Option<Encoding>, error: &mut dyn ErrorSink) {
        let mut key = String::new();
        if let Some(raw) = self.raw(span, kind) {
            raw.decode_key(&mut key, error);
        }
        match self.in_header {
            true => self.table.push(key),
            false => self.keys.push(key),
        }
    }

    fn scalar(&mut self, span: Span, kind: Option<Encoding>, error: &mut dyn ErrorSink) {
        let is_nested = matches!(self.open.as_slice(), [.., Container::Array, Container::Array]);
        let field = |field| Some(self.part_of(field)?.to_owned());
        let mut parts = self.fields.iter().map(field).enumerate();
        let part = parts.find_map(|(place, part)| Some((place, part?)));
        if let (Some((place, part)), false) = (part, is_nested) {
            let mut value = String::new();
            let decoded = self.raw(span, kind).map(|raw| raw.decode_scalar(&mut value, error));
            // A number is taken as written: 3.10 isn't 3.1.
            if matches!(
                decoded,
                Some(ScalarKind::String | ScalarKind::Integer(_) | ScalarKind::Float)
            ) {
                self.take(place, &part, value, span.start());
            } else if matches!(&*part, "" | "version" | "prefix") {
                self.found[place].is_other = true;
                self.found[place].offset = span.start();
            }
        }
        self.end_value();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::{TOOLS, Tool};

    fn pyproject() -> &'static [VersionField] {
        let python = Tool::named(TOOLS, "python").unwrap();
        python.files.iter().find(|file| file.name == "pyproject.toml").unwrap().fields
    }

    fn check(text: &str, expected: &str) {
        let printed = match read(text, pyproject()) {
            Ok(found) => found
                .iter()
                .map(|w| format!("{} at {}", w.texts.join("|"), w.line))
                .collect::<Vec<_>>()
                .join(" "),
            Err(complaint) => format!("error: {complaint}"),
        };
        assert_eq!(printed, expected, "{text}");
    }

    #[test]
    fn toml_fields_are_read_in_every_notation() {
        check("[project]\nrequires-python = '>=3.8'\n", ">=3.8 at 2");
        check("project.requires-python = \"~=3.9\"", "~=3.9 at 1");
        check("project = { name = 'x', requires-python = '3.9' }\n", "3.9 at 1");
        check(
            "[project]\nlist = [1, { a = 2 }]\nrequires-python = '>=3'\n[tool]\nx = 1",
            ">=3 at 3",
        );
        check("[project]\nrequires-python = 3.10", "3.10 at 2");
        check("[project]\nrequires-python = ['3.10', '3.9']", "3.10|3.9 at 2");
        check("[project]\nt = { a = { b = 1 } }\n\"requires-python\" = '>=3'", ">=3 at 3");
    }

    #[test]
    fn a_value_may_be_a_table() {
        static FIELDS: [VersionField; 1] =
            [VersionField { table: true, ..VersionField::pinning("tools.x") }];
        let check = |value: &str, expected: &str| {
            for text in
                [format!("[tools]\nx = {value}\ny = 1"), format!("tools = {{ x = {value} }}")]
            {
                let found = read(&text, &FIELDS).unwrap();
                let texts: Vec<&str> =
                    found.iter().flat_map(|raw| &raw.texts).map(String::as_str).collect();
                assert_eq!(texts.join("|"), expected, "{text}");
            }
        };
        let here = sys::NAMES[0];
        check("{ version = '20' }", "20");
        check("{ prefix = '20', z = 'a' }", "20");
        check("{ ref = 'main' }", "ref:main");
        check("{ path = '/opt/x' }", "path:/opt/x");
        check("{ version = '20', os = ['windows'] }", "");
        check(&format!("{{ os = ['windows', '{here}'], version = '20' }}"), "20");
        check(&format!("{{ os = ['{here}/riscv64'], version = '20' }}"), "");
        check(&format!("{{ os = ['{here}/x64', '{here}/arm64'], version = '20' }}"), "20");
        check("['20', { version = '18' }]", "20|18");
        check("[{ os = ['windows'], version = '20' }, { version = '18' }]", "18");
        check("[{ version = '20', os = ['windows'] }]", "");
        check("{ z = { version = '20' } }", "");
        let table = "[tools.x]\nversion = '20'\nos = ['windows']\n[tools.y]\nversion = '1'";
        assert_eq!(read(table, &FIELDS).unwrap(), []);
    }

    #[test]
    fn a_value_has_so_many_versions_at_most() {
        static FIELDS: [VersionField; 1] =
            [VersionField { table: true, ..VersionField::pinning("tools.x") }];
        for element in ["'1'", "{ version = '1' }", "{ prefix = '1', z = 1 }"] {
            let of =
                |count: usize| format!("[tools]\nx = [{}]", format!("{element}, ").repeat(count));
            assert!(read(&of(MAX_ALTERNATIVES), &FIELDS).is_ok());
            for count in [MAX_ALTERNATIVES + 1, 20_000] {
                let error = read(&of(count), &FIELDS).unwrap_err();
                assert_eq!(error, "line 2 names more than 256 versions", "{element}");
            }
        }
        let error = read(&format!("x = [{}]", "1,".repeat(MAX_TOKENS)), &FIELDS).unwrap_err();
        assert_eq!(error, "it has more than 524288 words and signs");
    }

    #[test]
    fn other_fields_are_ignored() {
        check("[tool.project]\nrequires-python = '3'", "");
        check("[[project]]\nx = ['requires-python']", "");
        check("[project]\nrequires-python = true", "");
        check("# requires-python = '>=3'", "");
    }

    #[test]
    fn broken_documents_are_errors() {
        let fields = pyproject();
        let complaint = read("[project]\nrequires-python = \n", fields).unwrap_err();
        assert!(complaint.starts_with("line 2:"), "{complaint}");
        let deep = format!("requires-python = {}", "[".repeat(100_000));
        assert!(read(&deep, fields).is_err());
        let deep = format!("requires-python = {}", "{a=".repeat(100_000));
        assert!(read(&deep, fields).is_err());
    }
}
