//! Fields of a TOML document, found from the parser's events without building a tree.

use memchr::memmem;
use toml_parser::decoder::{Encoding, ScalarKind};
use toml_parser::lexer::Token;
use toml_parser::parser::{EventReceiver, RecursionGuard, parse_document};
use toml_parser::{ErrorSink, ParseError, Raw, Source, Span};

use super::written::{MAX_ALTERNATIVES, RawRequest, ReadError, too_many};
use crate::tool::VersionField;

/// How deep lists and tables may be nested: the parser recurses for each.
const MAX_DEPTH: u32 = 80;

/// The most words, signs and blanks of a document. All of them are in memory at once.
const MAX_TOKENS: usize = 1 << 19;

/// Reads these fields, in this order.
pub(super) fn read(
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
    let mut receiver =
        Receiver { source, fields, found: vec![None; fields.len()], ..Receiver::empty(source) };
    let mut first = FirstError(None);
    parse_document(&tokens, &mut RecursionGuard::new(&mut receiver, MAX_DEPTH), &mut first);
    if let Some(error) = first.0 {
        let offset = error.unexpected().map_or(0, |span| span.start());
        return Err(format!("line {}: {}", line_of(text, offset), error.description()));
    }
    let found = receiver.found.iter().flatten();
    if let Some((_, offset)) = found.into_iter().find(|(texts, _)| texts.len() > MAX_ALTERNATIVES) {
        return Err(too_many(line_of(text, *offset)));
    }
    let written = fields.iter().zip(receiver.found).filter_map(|(field, found)| {
        let (texts, offset) = found?;
        let line = u32::try_from(line_of(text, offset)).unwrap_or(0);
        Some(RawRequest { texts, line, field: Some(field) })
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

/// Follows the path through tables and keys, and collects the values of the fields.
struct Receiver<'a> {
    source: Source<'a>,
    fields: &'static [VersionField],
    /// For each field the texts, several for an array, and the position of the first.
    found: Vec<Option<(Vec<String>, usize)>>,
    /// The keys of the open table.
    table: Vec<String>,
    /// The keys of the open key-value pairs.
    keys: Vec<String>,
    /// How many keys were open before each open inline table.
    inline: Vec<usize>,
    /// How many arrays are open: values in nested arrays are ignored.
    arrays: usize,
    in_header: bool,
}

impl<'a> Receiver<'a> {
    fn empty(source: Source<'a>) -> Self {
        Self {
            source,
            fields: &[],
            found: Vec::new(),
            table: Vec::new(),
            keys: Vec::new(),
            inline: Vec::new(),
            arrays: 0,
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

    fn is_at(&self, field: &VersionField) -> bool {
        field.path.split('.').eq(self.table.iter().chain(&self.keys).map(String::as_str))
    }

    fn end_pair(&mut self) {
        self.keys.truncate(self.inline.last().copied().unwrap_or(0));
    }
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
        self.inline.push(self.keys.len());
        true
    }

    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.keys.truncate(self.inline.pop().unwrap_or(0));
        if self.arrays == 0 {
            self.end_pair();
        }
    }

    fn array_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.arrays += 1;
        true
    }

    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.arrays = self.arrays.saturating_sub(1);
        if self.arrays == 0 {
            self.end_pair();
        }
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
        if self.arrays > 1 {
            return;
        }
        if let Some(place) = self.fields.iter().position(|field| self.is_at(field)) {
            let mut value = String::new();
            let decoded = self.raw(span, kind).map(|raw| raw.decode_scalar(&mut value, error));
            // A number is taken as written: 3.10 isn't 3.1.
            if matches!(
                decoded,
                Some(ScalarKind::String | ScalarKind::Integer(_) | ScalarKind::Float)
            ) {
                let found = self.found[place].get_or_insert_with(|| (Vec::new(), span.start()));
                if found.0.len() <= MAX_ALTERNATIVES {
                    found.0.push(value);
                }
            }
        }
        if self.arrays == 0 {
            self.end_pair();
        }
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
