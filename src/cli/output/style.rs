//! What a piece of text means, and the colour of each meaning.

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;

/// What a piece of text means to its reader. Without colours, the words say the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing in particular.
    #[default]
    Plain,
    /// A heading, of a column or a group.
    Heading,
    /// What failed or is broken.
    Error,
    /// What may be wrong.
    Warning,
    /// A command to type next.
    Hint,
    /// What runs here.
    Active,
    /// What is newer than what is installed.
    New,
    /// What doesn't count here: tools that aren't pinned, versions that aren't active.
    Muted,
}

impl Meaning {
    /// Its colour, from the eight that a terminal's own theme defines.
    pub(super) const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Error => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Hint => AnsiColor::Cyan.on_default(),
            Self::Active => AnsiColor::Green.on_default(),
            Self::New => AnsiColor::Magenta.on_default(),
            Self::Muted => Style::new().dimmed(),
        }
    }
}

/// The same colours in help texts and in clap's errors.
pub const HELP_STYLES: Styles = Styles::styled()
    .header(Meaning::Heading.style())
    .usage(Meaning::Heading.style())
    .literal(Meaning::Hint.style())
    .placeholder(Meaning::Plain.style())
    .error(Meaning::Error.style())
    .valid(Meaning::Hint.style())
    .invalid(Meaning::Warning.style());
