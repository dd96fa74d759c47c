//! Places whose surroundings say that another version is meant so: a comment that explains the version,
//! or a job that is about old ones.
//!
//! ```yaml
//! # Node.js 18 is the oldest that Sass supports
//! node-version: 18
//! ```
//!
//! A place's surroundings are its line, the lines of the mappings and lists that it is in, and the
//! comments right above these.

use usher_shims::request::Request;

use crate::check::mention::{FileMentions, Mention, MentionKind};
use crate::check::named::is_named_after;

/// Words in a job's or step's name, or in a comment, of a version that is another one on purpose.
const WORDS: [&str; 7] = ["old", "older", "oldest", "legacy", "lowest", "compat", "compatibility"];

/// Words of a comment that says what is wrong with a version, rather than why it is right.
const TO_DO: [&str; 4] = ["todo", "fixme", "xxx", "upgrade"];

/// Words in a comment of a pin that is the least version, and not the only one.
const MINIMUM_WORDS: [&str; 5] = ["minimum", "minimal", "lowest", "oldest", "least"];

/// Words in such a comment besides: a comment may be about something else.
const VERSION_WORDS: [&str; 6] =
    ["version", "versions", "support", "supported", "supports", "release"];

/// The fewest characters of a comment that explains something, rather than repeat it.
const EXPLANATION: usize = 40;

/// How many mappings and lists around a place are looked at: those of a matrix in a job.
const MAX_PARENTS: usize = 6;

/// How many lines above a place are looked at.
const MAX_LINES: usize = 100;

/// Marks the mentions of a file with `#` comments that are meant so.
pub(super) fn mark_explained(text: &str, found: &mut FileMentions) {
    let lines: Vec<&str> = text.lines().collect();
    for mention in &mut found.mentions {
        let is_elsewhere = matches!(mention.kind, MentionKind::Pin | MentionKind::Constraint);
        if mention.exempt.is_none() && !is_elsewhere {
            mention.exempt = explanation(&lines, mention);
        }
    }
}

/// Whether a comment on a line, or right above it, says that its version is the least.
pub(in crate::check) fn says_minimum(lines: &[&str], line: u32) -> bool {
    let Some(place) = usize::try_from(line).ok().and_then(|line| line.checked_sub(1)) else {
        return false;
    };
    let Some((above, rest)) = lines.split_at_checked(place) else { return false };
    let own = rest.first().and_then(|own| trailing_comment(own));
    let comments = above.iter().rev().map_while(|line| line.trim_start().strip_prefix('#'));
    let says =
        |comment: &str| has_word(comment, &MINIMUM_WORDS) && has_word(comment, &VERSION_WORDS);
    own.into_iter().chain(comments).any(says)
}

fn explanation(lines: &[&str], mention: &Mention) -> Option<&'static str> {
    let around =
        Surroundings::of(lines, usize::try_from(mention.place.line).ok()?.checked_sub(1)?)?;
    let explains = |comment: &&str| {
        let is_about = |request| names(comment, request);
        let is_long = comment.len() >= EXPLANATION && mention.requests.iter().any(is_about);
        (has_word(comment, &WORDS) || is_long) && !has_word(comment, &TO_DO)
    };
    if around.comments.iter().any(explains) {
        return Some("a comment explains it");
    }
    let file = mention.place.path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let is_named = around.parents.iter().chain([&file]).any(|line| has_word(line, &WORDS));
    if is_named {
        return Some("its job or step is about another version");
    }
    // `test-node-18:`, `node16:`. What is called "Set up node 18" only says what it does.
    let keys = around.parents.iter().filter_map(|line| line.trim().strip_suffix(':'));
    let mut keys = keys.filter(|key| !key.contains(char::is_whitespace));
    keys.any(|key| is_named_after(key, &mention.requests))
        .then_some("its job or service is named after it")
}

/// What is around a line.
#[derive(Default)]
struct Surroundings<'a> {
    /// Comments on it, on its parents' lines and right above them.
    comments: Vec<&'a str>,
    /// The lines of the mappings and lists that it is in, innermost first.
    parents: Vec<&'a str>,
}

impl<'a> Surroundings<'a> {
    fn of(lines: &[&'a str], line: usize) -> Option<Self> {
        let own = *lines.get(line)?;
        let mut around = Self::default();
        around.comments.extend(trailing_comment(own));
        let mut indent = indentation(own);
        let mut is_right_above = true;
        for text in lines[..line].iter().rev().take(MAX_LINES) {
            let trimmed = text.trim_start();
            if let Some(comment) = trimmed.strip_prefix('#') {
                around.comments.extend(is_right_above.then_some(comment));
            } else if trimmed.is_empty() || indentation(text) >= indent {
                is_right_above = false;
            } else {
                indent = indentation(text);
                is_right_above = true;
                around.parents.push(text);
                around.comments.extend(trailing_comment(text));
                if around.parents.len() == MAX_PARENTS {
                    break;
                }
            }
        }
        Some(around)
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// What follows ` #` on a line.
fn trailing_comment(line: &str) -> Option<&str> {
    line.split_once(" #").map(|(_, comment)| comment)
}

fn has_word(text: &str, words: &[&str]) -> bool {
    let of_text = text.split(|c: char| !c.is_ascii_alphabetic());
    of_text.map(str::to_ascii_lowercase).any(|word| words.contains(&word.as_str()))
}

/// Whether a comment names a request's version, or the first number of it: 24 of 24.18.0.
fn names(comment: &str, request: &Request) -> bool {
    let numbers = request.as_str().trim_start_matches('v');
    let first = numbers.split('.').next().unwrap_or_default();
    let is_number = first.len() >= 2 && first.chars().all(|c| c.is_ascii_digit());
    let mut words = comment.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words.any(|word| {
        let word = word.trim_start_matches('v').trim_matches('.');
        word == numbers || (is_number && word.split('.').next() == Some(first))
    })
}

#[cfg(test)]
mod tests {
    use super::super::read_file;
    use super::says_minimum;
    use crate::registry::Registry;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let registry = Registry::load().unwrap();
        let found = read_file(&registry, ".github/workflows/ci.yml".as_ref(), text.as_bytes());
        let exempt: Vec<&str> =
            found.mentions.iter().map(|one| one.exempt.unwrap_or("no")).collect();
        assert_eq!(exempt.join(", "), expected, "{text}");
    }

    /// A step of this name, with comments above it and above its version.
    fn step(above: &str, name: &str, inside: &str) -> String {
        format!(
            "jobs:\n  test:\n    steps:\n      {above}\n      - name: {name}\n        with:\n          {inside}\n"
        )
    }

    #[test]
    fn a_comment_explains_a_version() {
        let named = "a comment explains it";
        let version = "node-version: 18";
        check(
            &step("", "Set up", &format!("{version} # Node.js 18 is the oldest that Sass runs on")),
            named,
        );
        check(
            &step("# Node 18 is what runs the tests of the browser best", "Set up", version),
            named,
        );
        check(&step("# for old versions", "Set up", version), named);
        check(
            &step(
                "",
                "Set up",
                &format!("# pinned to 18.20 until that is mended upstream\n          {version}"),
            ),
            named,
        );
        // Not one that repeats it, that is about something else or stands elsewhere.
        check(&step("# Node 18", "Set up", version), "no");
        check(
            &step("# TODO: upgrade from node 18 as soon as the tests pass", "Set up", version),
            "no",
        );
        check(&step("# restores what the other job built", "Set up", "x: 1"), "");
        check(&step("# the cache has what was built before", "Set up", version), "no");
        check(
            &step("# Node 18 is what runs the tests of the browser best\n", "Set up", version),
            "no",
        );
    }

    #[test]
    fn a_job_or_step_is_about_old_versions() {
        let named = "its job or step is about another version";
        check(&step("", "Install the oldest supported version", "node-version: 18"), named);
        check("jobs:\n  legacy:\n    steps:\n    - with: {node-version: 18}\n", named);
        let text = b"jobs: {a: {steps: [{with: {node-version: 18}}]}}";
        let registry = Registry::load().unwrap();
        let found = read_file(&registry, ".github/workflows/legacy.yml".as_ref(), text);
        assert_eq!(found.mentions[0].exempt, Some(named));
        check(&step("", "Use node 18", "node-version: 18"), "no");
        let after = "its job or service is named after it";
        check("jobs:\n  test-node-18:\n    steps:\n    - with: {node-version: 18}\n", after);
        check("jobs:\n  test-node-22:\n    steps:\n    - with: {node-version: 18}\n", "no");
        check(&step("", "Keep gold and bold", "node-version: 18"), "no");
    }

    #[test]
    fn a_comment_says_that_a_pin_is_the_least() {
        let lines =
            ["# minimal version that we support", "python 3.11", "node 20 # lowest supported"];
        assert!(!says_minimum(&lines, 0));
        assert!(says_minimum(&lines, 2));
        assert!(says_minimum(&lines, 3));
        assert!(!says_minimum(&["python 3.11", "# the least version", "", "node 20"], 4));
        assert!(!says_minimum(&["# keep this file minimal", "node 20"], 2));
        assert!(!says_minimum(&lines, 9));
    }

    #[test]
    fn odd_lines_are_no_surroundings() {
        check("jobs: {old: {steps: [{with: {node-version: 18}}]}}", "no");
        check("", "");
    }
}
