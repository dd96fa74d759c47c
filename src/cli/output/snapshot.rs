//! Texts in snapshots: at the widths that terminals have, and with the meanings of their parts.

use super::screen::Screen;
use super::style::Meaning;
use super::text::Text;

const MEANINGS: [(Meaning, &str); 7] = [
    // Before the heading, whose code its own begins with.
    (Meaning::Error, "error"),
    (Meaning::Heading, "heading"),
    (Meaning::Warning, "warning"),
    (Meaning::Hint, "hint"),
    (Meaning::Active, "active"),
    (Meaning::New, "new"),
    (Meaning::Muted, "muted"),
];

/// A text at 60, 80 and 120 columns, as far as they differ, without colours; then with colours, each as
/// its meaning: `<active>12.22.12</>`.
pub(crate) fn at_widths(text: &Text) -> String {
    let at = |width, colors| text.render(Screen { colors, width: Some(width), ascii: false });
    let mut sections: Vec<(String, String)> = Vec::new();
    for width in [60, 80, 120] {
        let plain = at(width, false);
        assert_eq!(without_tags(&tagged(&at(width, true))), plain, "colours change no character");
        match sections.last_mut() {
            Some((widths, last)) if *last == plain => *widths = format!("{widths}, {width}"),
            _ => sections.push((width.to_string(), plain)),
        }
    }
    sections.push(("colours".to_owned(), tagged(&at(120, true))));
    sections.iter().map(|(name, text)| format!("--- {name}\n{text}")).collect()
}

/// Replaces the codes of colours by the names of their meanings.
fn tagged(rendered: &str) -> String {
    let mut tagged = rendered.replace(&format!("{:#}", Meaning::Error.style()), "</>");
    for (meaning, name) in MEANINGS {
        tagged = tagged.replace(&meaning.style().to_string(), &format!("<{name}>"));
    }
    assert!(!tagged.contains('\u{1b}'), "every colour has a meaning: {tagged:?}");
    tagged
}

fn without_tags(tagged: &str) -> String {
    let names = MEANINGS.iter().map(|(_, name)| format!("<{name}>"));
    names.chain(["</>".to_owned()]).fold(tagged.to_owned(), |text, tag| text.replace(&tag, ""))
}
