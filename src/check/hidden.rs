//! Text that `use check` doesn't repeat: it can't be a request, or a link led to its file, which may
//! then have secrets.

use usher_shims::request::{Request, looks_like_request};

use super::mention::{FileMentions, Mention, Note};

/// How a file was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// Without a link.
    Directly,
    /// Through a link, its own or a folder's.
    ByLink,
}

/// What a file says, without the text that may be a secret.
pub(super) fn without_secrets(found: FileMentions, reached: Reached) -> FileMentions {
    let FileMentions { mentions, mut notes, broken } = found;
    if reached == Reached::ByLink {
        for note in &mut notes {
            note.shown.clear();
            "a link led to its text, which isn't compared".clone_into(&mut note.why);
        }
    }
    let mut shown = Vec::new();
    for mut mention in mentions {
        let may_be_shown = |request: &Request| match reached {
            Reached::Directly => looks_like_request(request.as_str()),
            Reached::ByLink => {
                looks_like_request(request.as_str()) && request.is_plain(mention.tool)
            }
        };
        if !mention.requests.iter().all(may_be_shown) {
            let bytes: usize = mention.requests.iter().map(|one| one.as_str().len()).sum();
            notes.push(Note::about(Some(mention.place), format!("no version ({bytes} bytes)")));
            continue;
        }
        if reached == Reached::ByLink && !says_only_requests(&mention) {
            let requests: Vec<&str> = mention.requests.iter().map(Request::as_str).collect();
            mention.shown = requests.join(", ");
        }
        shown.push(mention);
    }
    FileMentions { mentions: shown, notes, broken }
}

/// Whether a mention's text has nothing but its requests and words that usher knows: `FROM node:16`.
fn says_only_requests(mention: &Mention) -> bool {
    let Mention { tool, requests, shown, .. } = mention;
    let is_known = |word: &str| {
        ["", "FROM", "image"].contains(&word)
            || tool.all_names().any(|name| name == word)
            || tool.variables.contains(&word)
            || requests.iter().any(|request| request.as_str() == word)
    };
    let is_between = |c: char| !c.is_ascii_alphanumeric() && !"._+-".contains(c);
    shown.split(is_between).all(is_known)
}

#[cfg(test)]
mod tests {
    use usher_shims::request::RequestTrust;
    use usher_shims::tool::{TOOLS, Tool};

    use super::*;
    use crate::check::mention::{MentionKind, MentionPlace, MentionScope};

    fn mention(request: &str, shown: &str) -> Mention {
        let tool = Tool::named(TOOLS, "node").unwrap();
        Mention {
            tool,
            requests: vec![Request::parse(request, tool, RequestTrust::Project).unwrap()],
            place: MentionPlace { path: "Dockerfile".into(), line: 3 },
            kind: MentionKind::Image,
            shown: shown.to_owned(),
            scope: MentionScope::Repository,
            job: None,
            exempt: None,
            unquoted: None,
        }
    }

    fn check(request: &str, reached: Reached, expected: &str) {
        let mention = mention(request, &format!("FROM secret/node:{request}"));
        let place = Some(mention.place.clone());
        let note = Note { place, why: "no version".to_owned(), shown: "secret".to_owned() };
        let found = FileMentions { mentions: vec![mention], notes: vec![note], broken: Vec::new() };
        let found = without_secrets(found, reached);
        let shown = found.mentions.into_iter().map(|mention| mention.shown);
        let notes = found.notes.into_iter().map(|note| format!("{} {}", note.why, note.shown));
        let all: Vec<String> = shown.chain(notes).collect();
        assert_eq!(all.join("; ").trim_end(), expected, "{request} {reached:?}");
    }

    #[test]
    fn only_what_is_surely_a_request_is_repeated_of_a_linked_file() {
        check("20", Reached::Directly, "FROM secret/node:20; no version secret");
        check("20", Reached::ByLink, "20; a link led to its text, which isn't compared");
        assert!(says_only_requests(&mention("16", "FROM node:16")));
        assert!(!says_only_requests(&mention("16", "FROM secret/node:16")));
        let hidden = "a link led to its text, which isn't compared ; no version (7 bytes)";
        check("hunter2", Reached::ByLink, hidden);
        check("hunter2", Reached::Directly, "FROM secret/node:hunter2; no version secret");
        let token = format!("npm_{}", "a".repeat(36));
        check(&token, Reached::Directly, "no version secret; no version (40 bytes)");
    }
}
