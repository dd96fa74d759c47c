//! Own tools: those that an account or the machine defines in files of its own. The shims read them
//! from their index, in `postcard`'s form; they know neither TOML nor files.
//!
//! What is read is leaked: a process reads it once, and the tools that are compiled in live as long.

use std::path::PathBuf;

use usher_tool::{FORMAT, Tool};

use super::compiled::TOOLS;

/// The tools in force: own ones, and those that are compiled in; of two of a name, the own one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tools {
    own: Vec<CustomTool>,
}

/// An own tool, and the file that defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomTool {
    /// The tool.
    pub tool: &'static Tool,
    /// The file.
    pub file: PathBuf,
    /// What the file was when it was read.
    pub fingerprint: String,
}

impl Tools {
    /// Adds an own tool, in the place of one of its name.
    pub fn add(&mut self, own: CustomTool) {
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
    pub fn own(&self) -> &[CustomTool] {
        &self.own
    }

    /// The file that defines a tool, if it is an own one.
    pub fn custom_definition(&self, tool: &Tool) -> Option<&CustomTool> {
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

/// A tool as it stands in the index, behind the mark of its form.
pub fn printed(tool: &Tool) -> Vec<u8> {
    // Nothing that can fail is in a tool: no map, and no list of unknown length.
    postcard::to_allocvec(&(FORMAT, tool)).unwrap_or_default()
}

/// Reads a tool from the index; `None` if what is there is another form, and so another version's.
pub(crate) fn read(row: &[u8]) -> Option<&'static Tool> {
    let (form, _): (u64, _) = postcard::take_from_bytes(row).ok()?;
    if form != FORMAT {
        return None;
    }
    let row: &'static [u8] = row.to_vec().leak();
    let ((_, tool), rest): ((u64, Tool), _) = postcard::take_from_bytes(row).ok()?;
    rest.is_empty().then(|| &*Box::leak(Box::new(tool)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_printing_are_inverse() {
        for tool in TOOLS {
            let row = printed(tool);
            assert_eq!(read(&row), Some(tool), "{}", tool.name);
            for cut in 0..row.len() {
                assert_eq!(read(&row[..cut]), None, "{}", tool.name);
            }
            assert_eq!(read(&[&row[..], b"x"].concat()), None, "{}", tool.name);
        }
    }

    #[test]
    fn another_versions_form_is_not_read() {
        let row = postcard::to_allocvec(&(FORMAT + 1, &TOOLS[0])).unwrap();
        assert_eq!(read(&row), None);
    }

    #[test]
    fn an_own_tool_takes_the_place_of_another_one_of_its_name() {
        let mut tools = Tools::default();
        let count = tools.all().count();
        let known = tools.named("node").unwrap();
        let tool = read(&printed(&Tool { title: "Our Node", ..*known })).unwrap();
        tools.add(CustomTool { tool, file: "/x".into(), fingerprint: String::new() });
        assert_eq!(tools.all().count(), count);
        assert_eq!(tools.named("nodejs").map(|tool| tool.title), Some("Our Node"));
        assert_eq!(tools.of_program("node").map(|tool| tool.title), Some("Our Node"));
        assert!(tools.custom_definition(known).is_some());
    }
}
