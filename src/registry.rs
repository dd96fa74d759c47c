//! The definitions of all tools, as the cold half needs them: with their sources and stores.

use std::collections::BTreeMap;

use usher_definition::Definition;
use usher_shims::error::{Error, Escaped, Exit, Result};
use usher_shims::tool::{DEFINITIONS, TOOLS, Tool};

/// All tools.
#[derive(Debug)]
pub struct Registry {
    definitions: Vec<Definition>,
}

/// A tool from both sides: the hot half's table and the whole definition.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What the resolver knows.
    pub tool: &'static Tool,
    /// All that is known.
    pub definition: &'a Definition,
}

impl Registry {
    /// Reads what is compiled in.
    pub fn load() -> Result<Self> {
        let parsed = DEFINITIONS.iter().map(|(file, text)| {
            Definition::parse(text).map_err(|refusal| {
                let line = refusal.line.map_or_else(String::new, |line| format!(", line {line}"));
                Error::new(Exit::Data, format!("registry/{file}{line}: {}", refusal.reason))
            })
        });
        Ok(Self { definitions: parsed.collect::<Result<_>>()? })
    }

    /// The same, with the site of each tool that has a mirror's address in the settings at that
    /// address, as its only source.
    pub fn with_mirrors(mut self, chosen: &BTreeMap<String, String>) -> Result<Self> {
        for definition in &mut self.definitions {
            let address = chosen.get(&definition.name).filter(|source| source.contains("://"));
            let Some(address) = address else { continue };
            let Some(source) = definition.source.iter().find_map(|source| source.at(address))
            else {
                let name = &definition.name;
                let what = format!("{name} comes from no site that could have a mirror");
                let because = format!("the setting source says {}", Escaped(address));
                return Err(Error::new(Exit::Data, what).because(because));
            };
            definition.source = vec![source];
        }
        Ok(self)
    }

    /// All tools.
    pub fn all(&self) -> impl Iterator<Item = Known<'_>> {
        self.definitions.iter().filter_map(|definition| {
            let tool = Tool::named(TOOLS, &definition.name)?;
            Some(Known { tool, definition })
        })
    }

    /// The tool that goes by this name, or an error that offers the nearest.
    pub fn named(&self, name: &str) -> Result<Known<'_>> {
        self.all()
            .find(|known| known.tool.all_names().any(|one| one == name))
            .ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Error {
        let error =
            Error::new(Exit::Usage, format!("usher knows no tool called “{}”", Escaped(name)));
        let names = self.all().flat_map(|known| known.tool.all_names());
        let nearest = names
            .map(|known| (strsim::jaro_winkler(name, known), known))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((likeness, nearest)) if likeness > 0.7 => {
                error.because(format!("the nearest is {nearest}")).hint(format!("use {nearest}"))
            }
            Some(_) | None => {
                let names: Vec<&str> = self.all().map(|known| known.tool.name).collect();
                error.because(format!("it knows {}", names.join(", ")))
            }
        }
    }
}
