//! A method call in Ruby's syntax: `ruby "~> 3.1", engine: "jruby", engine_version: "9.4"`.
//!
//! Literals are read and nothing is run: a call with anything else among its arguments is computed.
//! Options may be in any order, with a colon or a hash rocket, and arguments on several
//! lines, in arrays and in parentheses
//! (<https://bundler.io/guides/gemfile_ruby.html>).

use std::ops::Range;

use super::pattern::Placeholders;
use super::written::{MAX_ALTERNATIVES, RawRequest, ReadError, too_many};
use crate::tool::{Tool, VersionField};

/// Where an argument's text is, without its quotes.
type Place = Range<usize>;

/// The first call of a method.
#[derive(Default)]
struct MethodCall {
    /// The line, counted from 1.
    line: u32,
    /// The arguments without a name.
    requirements: Vec<Place>,
    /// The named ones, several for an array.
    options: Vec<(String, Vec<Place>)>,
    /// Whether an argument is none that can be read.
    is_computed: bool,
}

/// Reads the first call of each field's method.
pub(super) fn read(
    text: &str,
    fields: &'static [VersionField],
    tool: &Tool,
) -> Result<Vec<RawRequest>, ReadError> {
    let mut written = Vec::new();
    for field in fields {
        let Some(call) = first_call(text, field.path)? else { continue };
        let request = match field.extends {
            _ if call.is_computed => None,
            true => call.option("file").first().map(|place| text[place.clone()].to_owned()),
            false => call.request(text, tool),
        };
        if request.is_some() || call.is_computed && !field.extends {
            let texts = request.into_iter().collect();
            written.push(RawRequest { texts, line: call.line, field: Some(field) });
        }
    }
    Ok(written)
}

/// The positions of the version and of its flavour in the first call of a method, in bytes.
pub fn call_placeholders(text: &str, method: &str) -> Option<Placeholders> {
    let call = first_call(text, method).ok()?.filter(|call| !call.is_computed)?;
    let engine = call.option("engine").first().filter(|place| text[(*place).clone()] != *method);
    let versions = match engine {
        Some(_) => call.option("engine_version").to_vec(),
        None => [&call.requirements, call.option("patchlevel")].concat(),
    };
    Some(Placeholders { request: versions, flavour: engine.cloned(), constant: None })
}

impl MethodCall {
    fn option(&self, name: &str) -> &[Place] {
        self.options.iter().find(|(known, _)| known == name).map_or(&[], |(_, places)| places)
    }

    /// The request: of another engine its own versions, without any all of them.
    fn request(&self, text: &str, tool: &Tool) -> Option<String> {
        let texts = |places: &[Place]| -> Vec<String> {
            places.iter().map(|place| text[place.clone()].trim().to_owned()).collect()
        };
        let named = |name: &str| texts(self.option(name));
        if let Some(engine) = named("engine").first().filter(|engine| *engine != tool.name) {
            let versions = named("engine_version");
            return Some(match versions.as_slice() {
                [] => engine.clone(),
                [exact] if is_exact(exact, tool) => format!("{engine}-{exact}"),
                versions => format!("{engine} {}", with_operators(versions)),
            });
        }
        let (versions, patch) = (texts(&self.requirements), named("patchlevel"));
        match (versions.as_slice(), patch.as_slice()) {
            ([], _) => None,
            ([exact], [patch]) if is_exact(exact, tool) && patch.parse::<u32>().is_ok() => {
                Some(format!("{exact}p{patch}"))
            }
            ([exact], _) if is_exact(exact, tool) => Some(exact.clone()),
            ([word], _)
                if !begins_with_digit(word) && !word.contains([' ', '<', '>', '=', '~']) =>
            {
                Some(word.clone())
            }
            (versions, _) => Some(with_operators(versions)),
        }
    }
}

/// Whether a text has as many numbers as an exact version. Others are exact too, but zeros are left
/// out: `3.1` is 3.1.0.
fn is_exact(text: &str, tool: &Tool) -> bool {
    let dots = text.split(|c: char| c != '.' && !c.is_ascii_digit()).next().unwrap_or_default();
    begins_with_digit(text) && dots.matches('.').count() + 1 >= usize::from(tool.version_components)
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Requirements as one text; one without an operator is exact.
fn with_operators(versions: &[String]) -> String {
    let spelled = versions.iter().map(|version| match begins_with_digit(version) {
        true => format!("= {version}"),
        false => version.clone(),
    });
    spelled.collect::<Vec<_>>().join(", ")
}

/// The first call of a method that can be read, else the first one: at the start of a line.
fn first_call(text: &str, method: &str) -> Result<Option<MethodCall>, ReadError> {
    let (mut start, mut computed, mut is_comment) = (0, None, false);
    for (line, content) in (1..).zip(text.split_inclusive('\n')) {
        is_comment = match is_comment {
            true => !content.starts_with("=end"),
            false => content.starts_with("=begin"),
        };
        let indent = content.len() - content.trim_start().len();
        let is_called = content[indent..].strip_prefix(method).is_some_and(|rest| {
            rest.starts_with([' ', '\t', '(', '"', '\'', '['])
                && !rest.trim().is_empty()
                && !rest.trim_start().starts_with(['=', '.'])
        });
        if is_called && !is_comment {
            let place = start + indent + method.len();
            let mut cursor = CallCursor { text, place, is_open: false, scalars: 0 };
            if let Some(call) = cursor.arguments() {
                return Ok(Some(MethodCall { line, ..call }));
            }
            if cursor.scalars > MAX_ALTERNATIVES {
                return Err(too_many(line as usize));
            }
            computed.get_or_insert(line);
        }
        start += content.len();
    }
    Ok(computed.map(|line| MethodCall { line, is_computed: true, ..MethodCall::default() }))
}

/// A position in the arguments of a call.
struct CallCursor<'a> {
    text: &'a str,
    place: usize,
    /// Whether the arguments are in parentheses, so that a line's end doesn't end them.
    is_open: bool,
    /// How many texts, numbers and symbols were read.
    scalars: usize,
}

/// A name of an option, or the texts of a value.
enum Argument {
    Name(String),
    Value(Vec<Place>),
}

impl CallCursor<'_> {
    fn rest(&self) -> &str {
        &self.text[self.place..]
    }

    /// Moves behind a text, if it is next.
    fn take(&mut self, expected: &str) -> bool {
        let is_next = self.rest().starts_with(expected);
        self.place += if is_next { expected.len() } else { 0 };
        is_next
    }

    /// Moves behind blanks, and if `over_lines` behind comments and ends of lines.
    fn skip_blanks(&mut self, over_lines: bool) {
        loop {
            let rest = self.rest();
            let length = match rest.chars().next() {
                Some(' ' | '\t') => 1,
                Some('\\') if rest[1..].trim_start_matches('\r').starts_with('\n') => 2,
                Some('\n' | '\r') if over_lines => 1,
                Some('#') if over_lines => rest.find('\n').unwrap_or(rest.len()),
                _ => return,
            };
            self.place += length;
        }
    }

    /// All arguments of a call. `None` if one can't be read.
    fn arguments(&mut self) -> Option<MethodCall> {
        self.skip_blanks(false);
        self.is_open = self.take("(");
        let mut call = MethodCall::default();
        loop {
            self.skip_blanks(true);
            // A hash may have its braces.
            self.take("{");
            self.skip_blanks(true);
            match self.argument()? {
                Argument::Name(name) => {
                    self.skip_blanks(true);
                    let value = self.value()?;
                    call.options.push((name, value));
                }
                Argument::Value(places) => call.requirements.extend(places),
            }
            self.skip_blanks(self.is_open);
            self.take("}");
            self.skip_blanks(self.is_open);
            if !self.take(",") {
                return Some(call);
            }
        }
    }

    /// `name:`, `:name =>`, `"name" =>`, or a value.
    fn argument(&mut self) -> Option<Argument> {
        let start = self.place;
        let is_symbol = self.take(":");
        let length = self.rest().bytes().take_while(|byte| is_word(*byte)).count();
        let name = self.rest()[..length].to_owned();
        if length > 0 && (is_symbol || !begins_with_digit(&name)) {
            self.place += length;
            let is_named = match is_symbol {
                true => self.take_rocket(),
                false => self.take(":"),
            };
            return is_named.then_some(Argument::Name(name));
        }
        self.place = start;
        let value = self.value()?;
        match value.as_slice() {
            [name] if self.take_rocket() || self.take(":") => {
                Some(Argument::Name(self.text[name.clone()].to_owned()))
            }
            _ => Some(Argument::Value(value)),
        }
    }

    fn take_rocket(&mut self) -> bool {
        let start = self.place;
        self.skip_blanks(true);
        let is_taken = self.take("=>");
        if !is_taken {
            self.place = start;
        }
        is_taken
    }

    /// A text, a number, a symbol, or an array of these.
    fn value(&mut self) -> Option<Vec<Place>> {
        if !self.take("[") {
            return self.scalar().map(|place| vec![place]);
        }
        let mut places = Vec::new();
        loop {
            self.skip_blanks(true);
            if self.take("]") {
                return Some(places);
            }
            places.push(self.scalar()?);
            self.skip_blanks(true);
            self.take(",");
        }
    }

    fn scalar(&mut self) -> Option<Place> {
        self.scalars += 1;
        if self.scalars > MAX_ALTERNATIVES {
            return None;
        }
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\''));
        let start = self.place + usize::from(quote.is_some() || self.rest().starts_with(':'));
        let length = match quote {
            Some(quote) => self.text[start..].find([quote, '\n', '\\'])?,
            None => self.text[start..].bytes().take_while(|byte| is_word(*byte)).count(),
        };
        let place = start..start + length;
        self.place = place.end;
        let is_value = match quote {
            Some(quote) => self.take(quote.encode_utf8(&mut [0; 4])),
            // A word is something of the program's.
            None => {
                start > 0
                    && (begins_with_digit(&self.text[place.clone()])
                        || self.text[..start].ends_with(':'))
            }
        };
        let is_interpolated = quote == Some('"') && self.text[place.clone()].contains("#{");
        (is_value && length > 0 && !is_interpolated).then_some(place)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::TOOLS;

    const METHOD: &str = "x";

    fn check(text: &str, expected: &str) {
        static FIELDS: [VersionField; 2] = [
            VersionField::pinning(METHOD),
            VersionField { extends: true, ..VersionField::pinning(METHOD) },
        ];
        let found = read(text, &FIELDS, &TOOLS[0]).unwrap();
        let printed: Vec<String> = found
            .iter()
            .map(|raw| {
                let kind = if raw.field.is_some_and(|field| field.extends) { "file " } else { "" };
                let text = raw.texts.first().map_or("computed", String::as_str);
                format!("{kind}{text} at {}", raw.line)
            })
            .collect();
        assert_eq!(printed.join("; "), expected, "{text}");
    }

    #[test]
    fn requirements_are_read() {
        check("x '3.1.2'", "3.1.2 at 1");
        check("# x '1'\n\n  x \"3.1.2\" # why\n", "3.1.2 at 3");
        check("=begin\nx '1'\n=end\nx '3.1.2'\n=begin\nx '2'\n", "3.1.2 at 4");
        check("x('3.1.2')", "3.1.2 at 1");
        check("x '3.1'", "= 3.1 at 1");
        check("x '~> 3.1.0', '!= 3.1.4'", "~> 3.1.0, != 3.1.4 at 1");
        check("x ['~> 3.1.0', '> 3.1.1']", "~> 3.1.0, > 3.1.1 at 1");
        check("x(['~> 3.1.0',\n  '> 3.1.1'])", "~> 3.1.0, > 3.1.1 at 1");
        check("x '>= 3.0', # why\n  '< 3.4'\ngem 'y'", ">= 3.0, < 3.4 at 1");
        check("x \\\n  '3.1.2'", "3.1.2 at 1");
        check("x '2.0.0', patchlevel: '100'", "2.0.0p100 at 1");
        check("x '3.1.2' if y", "3.1.2 at 1");
    }

    #[test]
    fn another_engine_is_read_in_every_notation() {
        for text in [
            "x '1.9.3', :engine_version => '1.6.7', :engine => 'j'",
            "x '1.9.3', engine: 'j',\n  engine_version: '1.6.7'",
            "x '1.9.3', :engine => 'j', # why\n:engine_version => '1.6.7'",
            "x('1.9.3', { 'engine' => 'j', 'engine_version' => '1.6.7' })",
            "x '1.9.3', engine: :j, engine_version: ['1.6.7']",
            "x '1.9.3', patchlevel: 100, engine: 'j', engine_version: '1.6.7'",
        ] {
            check(text, "j-1.6.7 at 1");
        }
        check("x '>= 3.1', engine: 'j'", "j at 1");
        check("x '3.1', engine: 'j', engine_version: ['> 9.3', '< 9.5']", "j > 9.3, < 9.5 at 1");
        check("x '3.1', engine: 'j', engine_version: '9000'", "j = 9000 at 1");
    }

    #[test]
    fn a_named_file_is_read() {
        check("x file: '.x-version'", "file .x-version at 1");
        check("x :file => \"a/b\"", "file a/b at 1");
    }

    #[test]
    fn what_is_computed_is_no_version() {
        for text in [
            "x ENV.fetch('X')",
            "x File.read('.x-version').strip",
            "x \"#{y}\"",
            "x y, engine: 'j'",
            "x '3.1.2",
            "x ['3.1.2'",
            "x engine: y",
        ] {
            check(text, "computed at 1");
        }
        check("x y\nx '3.1.2'", "3.1.2 at 2");
        for text in ["x = '3.1.2'", "xy '3.1.2'", "x.y '3.1.2'", "x", "x "] {
            check(text, "");
        }
    }

    #[test]
    fn the_places_of_a_version_and_its_flavour_are_found() {
        let text = "x '3.1', engine: 'j', engine_version: '9.4'";
        let found = call_placeholders(text, METHOD).unwrap();
        let shown: Vec<&str> = found.request.into_iter().map(|place| &text[place]).collect();
        assert_eq!((shown, &text[found.flavour.unwrap()]), (vec!["9.4"], "j"));
    }

    #[test]
    fn a_call_has_so_many_arguments_at_most() {
        let of = |count: usize| format!("\nx '1'{}", ", '2'".repeat(count - 1));
        assert!(first_call(&of(MAX_ALTERNATIVES), METHOD).unwrap().is_some());
        let lists = format!("\nx y: [{}]", "'1', ".repeat(MAX_ALTERNATIVES + 1));
        for text in [of(MAX_ALTERNATIVES + 1), of(1_000_000), lists] {
            let error = first_call(&text, METHOD).err().unwrap();
            assert_eq!(error, "line 2 names more than 256 versions");
        }
    }

    proptest::proptest! {
        #[test]
        fn call_parsing_never_panics(text in "x[ (]?[\\PC\n]*") {
            let _ = first_call(&text, METHOD);
        }

        #[test]
        fn call_parsing_of_similar_texts_never_panics(text in "x [\\[\\]{}(),:='\" \n#\\\\a1.>~é]*") {
            let _ = first_call(&text, METHOD);
        }
    }
}
