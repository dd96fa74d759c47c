//! Text that `use check` doesn't repeat: it can't be a request, or a link led to its file, which may
//! then have secrets.

use usher_shims::request::{Request, RequestTrust, looks_like_request};

use super::mention::{Mention, Note};

/// How a file was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// Without a link.
    Directly,
    /// Through a link, its own or a folder's.
    ByLink,
}

/// The mentions and notes of a file, without the text that may be a secret.
pub(super) fn without_secrets(
    (mentions, mut notes): (Vec<Mention>, Vec<Note>),
    reached: Reached,
) -> (Vec<Mention>, Vec<Note>) {
    if reached == Reached::ByLink {
        for note in &mut notes {
            "skipped; a link led to its text".clone_into(&mut note.what);
        }
    }
    let mut shown = Vec::new();
    for mut mention in mentions {
        let may_be_shown = |request: &String| match reached {
            Reached::Directly => looks_like_request(request),
            Reached::ByLink => is_plain_request(request, &mention),
        };
        if !mention.requests.iter().all(may_be_shown) {
            let bytes: usize = mention.requests.iter().map(String::len).sum();
            let what = format!("skipped: not a version ({bytes} bytes)");
            notes.push(Note { place: Some(mention.place), what });
            continue;
        }
        if reached == Reached::ByLink && !says_only_requests(&mention) {
            mention.shown = mention.requests.join(", ");
        }
        shown.push(mention);
    }
    (shown, notes)
}

/// Whether a mention's text has nothing but its requests and words that usher knows: `FROM node:16`.
fn says_only_requests(mention: &Mention) -> bool {
    let Mention { tool, requests, shown, .. } = mention;
    let is_known = |word: &str| {
        ["", "FROM", "image"].contains(&word)
            || tool.all_names().any(|name| name == word)
            || tool.variables.contains(&word)
            || requests.iter().any(|request| request == word)
    };
    let is_between = |c: char| !c.is_ascii_alphanumeric() && !"._+-".contains(c);
    shown.split(is_between).all(is_known)
}

fn is_plain_request(text: &str, mention: &Mention) -> bool {
    let request = Request::parse(text, mention.tool, RequestTrust::Project);
    looks_like_request(text) && request.is_ok_and(|request| request.is_plain(mention.tool))
}

#[cfg(test)]
mod tests {
    use usher_shims::tool::{TOOLS, Tool};

    use super::*;
    use crate::check::{MentionKind, MentionPlace};

    fn check(request: &str, reached: Reached, expected: &str) {
        let tool = Tool::named(TOOLS, "node").unwrap();
        let place = MentionPlace { path: "Dockerfile".into(), line: 3 };
        let mention = Mention {
            tool,
            requests: vec![request.to_owned()],
            place: place.clone(),
            kind: MentionKind::Image,
            shown: format!("FROM secret/node:{request}"),
        };
        let note = Note { place: Some(place), what: "skipped secret".to_owned() };
        let (mentions, notes) = without_secrets((vec![mention], vec![note]), reached);
        let shown = mentions.into_iter().map(|mention| mention.shown);
        let all: Vec<String> = shown.chain(notes.into_iter().map(|note| note.what)).collect();
        assert_eq!(all.join("; "), expected, "{request} {reached:?}");
    }

    #[test]
    fn only_what_is_surely_a_request_is_repeated_of_a_linked_file() {
        check("20", Reached::Directly, "FROM secret/node:20; skipped secret");
        check("20", Reached::ByLink, "20; skipped; a link led to its text");
        let mention = |shown: &str| Mention {
            tool: Tool::named(TOOLS, "node").unwrap(),
            requests: vec!["16".to_owned()],
            place: MentionPlace { path: "Dockerfile".into(), line: 3 },
            kind: MentionKind::Image,
            shown: shown.to_owned(),
        };
        assert!(says_only_requests(&mention("FROM node:16")));
        assert!(!says_only_requests(&mention("FROM secret/node:16")));
        let hidden = "skipped; a link led to its text; skipped: not a version (7 bytes)";
        check("hunter2", Reached::ByLink, hidden);
        check("hunter2", Reached::Directly, "FROM secret/node:hunter2; skipped secret");
        let token = format!("npm_{}", "a".repeat(36));
        check(&token, Reached::Directly, "skipped secret; skipped: not a version (40 bytes)");
    }
}
