//! Custom tools, which the user or the machine defines in files. The shims read them from the
//! index, encoded with `postcard`; they read no TOML.
//!
//! What is read is leaked: a process reads it once, and built-in tools live as long.

use std::path::PathBuf;

use usher_tool::{FORMAT, Tool};

use super::compiled::TOOLS;

/// All tools: custom and built-in ones; a custom one replaces a built-in one of the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tools {
    custom: Vec<CustomTool>,
}

/// A custom tool, and the file that defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomTool {
    /// The tool.
    pub tool: &'static Tool,
    /// The file.
    pub file: PathBuf,
    /// The file's fingerprint when it was read.
    pub fingerprint: String,
}

impl Tools {
    /// Adds a custom tool; it replaces one of the same name.
    pub fn add(&mut self, own: CustomTool) {
        self.custom.retain(|known| known.tool.name != own.tool.name);
        self.custom.push(own);
    }

    /// Adds custom tools whose names no custom tool has.
    pub fn add_unknown(&mut self, others: &mut Self) {
        while let Some(own) = others.custom.pop() {
            if self.custom_definition(own.tool).is_none() {
                self.custom.push(own);
            }
        }
    }

    /// All tools, custom ones first.
    pub fn all(&self) -> impl Iterator<Item = &'static Tool> {
        let is_replaced = |tool: &&Tool| self.custom.iter().any(|own| own.tool.name == tool.name);
        let own = self.custom.iter().map(|own| own.tool);
        own.chain(TOOLS.iter().filter(move |tool| !is_replaced(tool)))
    }

    /// The custom ones.
    pub fn custom(&self) -> &[CustomTool] {
        &self.custom
    }

    /// The custom tool, if a tool is one.
    pub fn custom_definition(&self, tool: &Tool) -> Option<&CustomTool> {
        self.custom.iter().find(|own| own.tool.name == tool.name)
    }

    /// The tool with this name or alias.
    pub fn named(&self, name: &str) -> Option<&'static Tool> {
        Tool::named(self.all(), name)
    }

    /// The tool whose program this is: of several that ship it, the one that runs on none.
    pub fn of_program(&self, program: &str) -> Option<&'static Tool> {
        Tool::of_program(self.all(), program)
    }
}

/// Encodes a tool for the index, after the hash of the format.
pub fn encode_tool(tool: &Tool) -> Vec<u8> {
    // Nothing that can fail is in a tool: no map, and no list of unknown length.
    postcard::to_allocvec(&(FORMAT, tool)).unwrap_or_default()
}

/// Decodes a tool from the index; `None` if another version encoded it.
pub(crate) fn decode_tool(row: &[u8]) -> Option<&'static Tool> {
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
    fn custom_tool_records_round_trip() {
        for tool in TOOLS {
            let row = encode_tool(tool);
            assert_eq!(decode_tool(&row), Some(tool), "{}", tool.name);
            for cut in 0..row.len() {
                assert_eq!(decode_tool(&row[..cut]), None, "{}", tool.name);
            }
            assert_eq!(decode_tool(&[&row[..], b"x"].concat()), None, "{}", tool.name);
        }
    }

    #[test]
    fn another_versions_format_is_not_read() {
        let row = postcard::to_allocvec(&(FORMAT + 1, &TOOLS[0])).unwrap();
        assert_eq!(decode_tool(&row), None);
    }

    #[test]
    fn a_custom_tool_replaces_one_of_the_same_name() {
        let mut tools = Tools::default();
        let count = tools.all().count();
        let known = tools.named("node").unwrap();
        let tool = decode_tool(&encode_tool(&Tool { title: "Our Node", ..*known })).unwrap();
        tools.add(CustomTool { tool, file: "/x".into(), fingerprint: String::new() });
        assert_eq!(tools.all().count(), count);
        assert_eq!(tools.named("nodejs").map(|tool| tool.title), Some("Our Node"));
        assert_eq!(tools.of_program("node").map(|tool| tool.title), Some("Our Node"));
        assert!(tools.custom_definition(known).is_some());
    }
}
