//! A definition as a table of the hot half, made while usher runs: what the build script does for
//! the tools that are compiled in.
//!
//! The table is leaked: the resolver's tools live as long as the process.

use usher_definition as definition;
use usher_definition::{Common, Definition};
use usher_shims::range::Dialect;
use usher_shims::tool::{
    Adds, Asks, Field, LtsLine, Needed, PassOver, Reader, RunsOn, Tool, VersionFile, When,
};

/// The most version files that one tool can have: a folder is asked for so many at once.
const MOST_FILES: usize = 32;

/// The table; an error says what is impossible in it.
pub(super) fn tool(definition: &Definition, common: &Common) -> Result<&'static Tool, String> {
    let files = common.files(definition);
    if files.len() > MOST_FILES {
        return Err(format!("with the files of all tools it has more than {MOST_FILES}"));
    }
    let usual = definition.dialect;
    let tool = Tool {
        name: text(&definition.name),
        title: text(&definition.title),
        names: texts(&definition.names),
        programs: texts(&definition.programs),
        variables: texts(&definition.variables),
        plus: definition.plus,
        dialect: dialect(usual),
        parts: definition.parts,
        prefixes: texts(&definition.prefixes),
        respell: list(&definition.respell, |[from, to]| (text(from), text(to))),
        vendors: texts(&definition.vendors),
        host: definition.host.as_deref().map(text),
        runs_on: definition
            .runs_on
            .as_ref()
            .map(|runs_on| RunsOn { tool: text(&runs_on.tool), mark: text(&runs_on.mark) }),
        lts: list(&definition.lts, |line| LtsLine {
            name: text(&line.name),
            versions: text(&line.versions),
        }),
        pass_over: list(&common.pass_over, |folder| PassOver {
            folder: text(&folder.folder),
            beside: texts(&folder.beside),
        }),
        files: list(&files, |one| file(one, usual)),
        environment: list(&definition.environment, needed),
        adds: list(&definition.adds, |adds| Adds {
            program: text(&adds.program),
            after: texts(&adds.after),
            verbs: texts(&adds.verbs),
        }),
    };
    Ok(Box::leak(Box::new(tool)))
}

fn text(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn texts(all: &[String]) -> &'static [&'static str] {
    list(all, |one| text(one))
}

fn list<T, U>(all: &[T], made: impl Fn(&T) -> U) -> &'static [U] {
    all.iter().map(made).collect::<Vec<_>>().leak()
}

fn dialect(dialect: definition::Dialect) -> Dialect {
    match dialect {
        definition::Dialect::Npm => Dialect::Npm,
        definition::Dialect::Pep440 => Dialect::Pep440,
        definition::Dialect::Poetry => Dialect::Poetry,
        definition::Dialect::Gem => Dialect::Gem,
        definition::Dialect::Elixir => Dialect::Elixir,
        definition::Dialect::Composer => Dialect::Composer,
        definition::Dialect::Minimum => Dialect::Minimum,
        definition::Dialect::Perl => Dialect::Perl,
    }
}

fn file(file: &definition::File, usual: definition::Dialect) -> VersionFile {
    let usual = file.dialect.unwrap_or(usual);
    let fields = list(&file.field, |one| field(one, usual));
    let reader = match file.reader {
        definition::Reader::Plain => Reader::Plain,
        definition::Reader::ToolVersions => Reader::ToolVersions,
        definition::Reader::Json => Reader::Json(fields),
        definition::Reader::Toml => Reader::Toml(fields),
        definition::Reader::Keys => Reader::Keys(fields),
        definition::Reader::Lines => Reader::Lines(fields),
    };
    let alone = file.is_for_versions_alone();
    VersionFile { name: text(&file.name), reader, alone, generated: file.generated }
}

fn field(field: &definition::Field, usual: definition::Dialect) -> Field {
    Field {
        at: text(&field.at),
        named: field.named.as_deref().map(text),
        asks: match field.asks {
            definition::Asks::Pin => Asks::Pin,
            definition::Asks::Constraint => Asks::Constraint,
            definition::Asks::Either => Asks::Either,
        },
        dialect: dialect(field.dialect.unwrap_or(usual)),
        parts: field.parts.unwrap_or(u8::MAX),
        exact: field.exact,
        below: field.below.as_deref().map_or("", text),
        extends: field.extends,
    }
}

fn needed(needed: &definition::Environment) -> Needed {
    let when = needed.when.as_ref().map(|when| When {
        file: text(&when.file),
        field: text(&when.field),
        versions: text(&when.versions),
    });
    Needed {
        variable: text(&needed.variable),
        value: text(&needed.value),
        programs: texts(&needed.programs),
        when,
        unwritable: needed.unwritable,
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::tool::{COMMON, DEFINITIONS, TOOLS};

    use super::*;

    #[test]
    fn a_tool_is_the_same_compiled_in_and_read() {
        let common = Common::parse(COMMON).unwrap();
        for (file, text) in DEFINITIONS {
            let definition = Definition::parse(text).unwrap();
            let known = Tool::named(TOOLS, &definition.name).unwrap();
            assert_eq!(tool(&definition, &common), Ok(known), "{file}");
        }
    }
}
