//! A program that comes alone, without an archive around it.
//!
//! It must not know how it is packed.

use super::Checked;
use super::flow::Flow;
use super::member::{Content, Member, Members, Told};

/// The one member.
pub(super) struct Lone<'a> {
    flow: &'a mut Flow,
    name: Option<&'a str>,
}

impl<'a> Lone<'a> {
    pub(super) fn new(flow: &'a mut Flow, name: &'a str) -> Self {
        Self { flow, name: Some(name) }
    }
}

impl Members for Lone<'_> {
    fn next(&mut self) -> Checked<Option<Member>> {
        Ok(self.name.take().map(|name| Member {
            name: name.as_bytes().to_owned(),
            content: Content::File(Told { size: None, executable: Some(true), modified: None }),
        }))
    }

    fn peek(&mut self) -> Checked<&[u8]> {
        self.flow.peek(u64::MAX)
    }

    fn piece(&mut self) -> Checked<&[u8]> {
        self.flow.piece(u64::MAX)
    }

    fn finish(&mut self) -> Checked<()> {
        Ok(())
    }
}
