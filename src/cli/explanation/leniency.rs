//! What the readers ignored or normalized in a version file: marks, line endings, comments,
//! spellings.
//!
//! Found by reading the file again, so that a shim's call doesn't pay for it.

use usher_shims::pin::{FileLocation, Pin};
use usher_shims::read::decode;
use usher_shims::tool::Tool;
use usher_shims::world::World;

/// Notes on what was ignored or normalized in the text of a pin.
pub(super) fn leniency_notes(world: &impl World, pin: &Pin, tool: &Tool) -> Vec<&'static str> {
    let mut all = Vec::new();
    if let Some(location) = pin.origin.location() {
        let bytes = world.read(&location.path).map_or_else(|_| Vec::new(), |content| content.bytes);
        all.extend(encoding(&bytes));
        let text = decode(&bytes).unwrap_or_default();
        all.extend(line_endings(&text));
        all.extend(around_request(&text, location, pin));
    }
    all.extend(pin.request().into_iter().filter_map(|request| spelling(request.as_str(), tool)));
    all
}

fn encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Some("a byte order mark"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        _ => None,
    }
}

fn line_endings(text: &str) -> Option<&'static str> {
    let has_lone = text.replace("\r\n", "\n").contains('\r');
    match (has_lone, text.contains('\r')) {
        (true, _) => Some("CR line endings"),
        (false, true) => Some("CRLF line endings"),
        (false, false) => None,
    }
}

/// What is around the request in its line.
fn around_request(text: &str, location: &FileLocation, pin: &Pin) -> Vec<&'static str> {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let number = usize::try_from(location.line).unwrap_or(0);
    let Some(line) = number.checked_sub(1).and_then(|number| unified.lines().nth(number)) else {
        return Vec::new();
    };
    let is_document = location.field.is_some();
    let bare = pin.request().map_or("", |request| request.as_str());
    let is_quoted = |quote: char| line.contains(&format!("{quote}{bare}{quote}"));
    let checks = [
        (line != line.trim() && !is_document, "surrounding blanks"),
        (line.contains('#') && !is_document, "a comment"),
        (!is_document && (is_quoted('"') || is_quoted('\'')), "quotes"),
        (pin.requests.len() > 1, "several versions, in order of preference"),
    ];
    checks.into_iter().filter(|(holds, _)| *holds).map(|(_, what)| what).collect()
}

/// How the request itself is spelled.
fn spelling(text: &str, tool: &Tool) -> Option<&'static str> {
    let begins_with_digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    if text.strip_prefix(['v', 'V']).is_some_and(begins_with_digit) {
        return Some("a leading v");
    }
    let has_prefix = tool.prefixes.iter().any(|prefix| text.starts_with(prefix));
    let is_normalized = usher_shims::normalize::normalize(text, tool) != text;
    match (has_prefix, is_normalized) {
        (true, _) => Some("the tool's name before the version"),
        (false, true) => Some("another spelling of the version"),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_shims::pin::Origin;
    use usher_shims::request::{Request, RequestTrust};
    use usher_shims::tool::TOOLS;
    use usher_shims::world::MemoryWorld;

    fn check(content: &[u8], request: &str, expected: &str) {
        let tool = Tool::named(TOOLS, "node").unwrap();
        let world = MemoryWorld::default().file("/p/.nvmrc", content);
        let location = FileLocation { line: 1, ..FileLocation::of_file("/p/.nvmrc".into(), true) };
        let pin = Pin {
            requests: vec![Request::parse(request, tool, RequestTrust::Project).unwrap()],
            origin: Origin::File(location),
        };
        assert_eq!(leniency_notes(&world, &pin, tool).join("; "), expected, "{content:?}");
    }

    #[test]
    fn what_was_normalized_is_named() {
        check(b"12\n", "12", "");
        check(b"v12\n", "v12", "a leading v");
        check(b"\xEF\xBB\xBF12", "12", "a byte order mark");
        check(b"\xFF\xFE1\x002\x00", "12", "UTF-16");
        check(b"12 # why\r\n", "12", "CRLF line endings; a comment");
        check(b" '12'\r", "12", "CR line endings; surrounding blanks; quotes");
        check(b"node-v12.0.0", "node-v12.0.0", "the tool's name before the version");
    }
}
