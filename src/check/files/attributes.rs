//! Files that `.gitattributes` calls generated or vendored, with the attributes that GitHub and GitLab
//! read: <https://docs.github.com/repositories/working-with-files/managing-files/customizing-how-changed-files-appear-on-github>.
//! Attributes have gitignore's patterns, except that a pattern which matches a folder says nothing of
//! the files in it.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use usher_shims::world::World as _;

use crate::session::Session;

/// The attributes of files whose versions aren't the project's.
const ATTRIBUTES: [&str; 2] = ["linguist-generated", "linguist-vendored"];

/// The most lines of a file that count.
const MAX_LINES: usize = 1000;

/// The attributes files of a project, innermost first.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    /// For each file its folder and a matcher of each attribute: what it matches has the attribute,
    /// and what its `!` lines match has it not.
    files: Vec<(PathBuf, [Gitignore; ATTRIBUTES.len()])>,
}

impl Attributes {
    /// Reads these files; one that can't be read says nothing.
    pub(super) fn read<'a>(session: &Session, paths: impl Iterator<Item = &'a Path>) -> Self {
        let mut files = Vec::new();
        for path in paths {
            let Ok(content) = session.world.read(path) else { continue };
            let text = String::from_utf8_lossy(&content.bytes);
            let folder = path.parent().unwrap_or(path);
            let matchers = ATTRIBUTES.map(|attribute| matcher(folder, &text, attribute));
            files.push((folder.to_path_buf(), matchers));
        }
        files.retain(|(_, matchers)| matchers.iter().any(|matcher| !matcher.is_empty()));
        files.sort_by_key(|(folder, _)| Reverse(folder.components().count()));
        Self { files }
    }

    /// Whether a file is generated or vendored.
    pub(super) fn leaves_out(&self, path: &Path) -> bool {
        (0..ATTRIBUTES.len()).any(|attribute| {
            let mut above = self.files.iter().filter(|(folder, _)| path.starts_with(folder));
            let decides =
                above.find_map(|(_, matchers)| match matchers[attribute].matched(path, false) {
                    Match::None => None,
                    Match::Ignore(_) => Some(true),
                    Match::Whitelist(_) => Some(false),
                });
            decides == Some(true)
        })
    }
}

/// The matcher of one attribute in a file of this folder.
fn matcher(folder: &Path, text: &str, attribute: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.lines().take(MAX_LINES) {
        let Some((pattern, is_set)) = setting(line.trim(), attribute) else { continue };
        let line = match is_set {
            true => pattern,
            false => format!("!{pattern}"),
        };
        // A line that is no pattern matches nothing, as for git.
        let _ = builder.add_line(None, &line);
    }
    builder.build().unwrap_or_else(|_| {
        GitignoreBuilder::new(folder).build().unwrap_or_else(|_| Gitignore::empty())
    })
}

/// The pattern of a line that sets or unsets an attribute, and whether it sets it.
fn setting(line: &str, attribute: &str) -> Option<(String, bool)> {
    // A macro's definition, a comment, and a pattern that git refuses.
    if line.starts_with(['[', '#', '!']) {
        return None;
    }
    let (pattern, attributes) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((quoted, rest)) => (quoted, rest),
        None => line.split_once([' ', '\t'])?,
    };
    let mut states = attributes.split_whitespace().filter_map(|word| {
        let (is_set, name) = match word.strip_prefix(['-', '!']) {
            Some(name) => (false, name),
            None => (true, word),
        };
        let (name, value) = name.split_once('=').unwrap_or((name, "true"));
        (name == attribute).then_some(is_set && value != "false")
    });
    states.next_back().map(|is_set| (pattern.to_owned(), is_set))
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    #[test]
    fn attributes_leave_files_out() {
        let own = "# own\n[attr]x linguist-vendored\n*.lock -diff linguist-generated=true\n\
                   /deps/** linguist-vendored\n/deps/own/* -linguist-vendored\n\
                   gen/*.yml linguist-generated\n\"a b\" linguist-generated\n\
                   *.no linguist-generated=false\n[ linguist-generated\n";
        let nested = "*.lock !linguist-generated\nDockerfile linguist-generated\n";
        let world = MemoryWorld::at("/p")
            .file("/p/.gitattributes", own)
            .file("/p/a/.gitattributes", nested);
        let world = world.file("/p/deps/x/.gitattributes", "* -linguist-vendored\n");
        let session = session(world);
        let folders = ["", "a/", "deps/x/", "gone/"];
        let paths = folders.map(|folder| format!("/p/{folder}.gitattributes"));
        let attributes = Attributes::read(&session, paths.iter().map(Path::new));
        let cases = [
            ("x.lock", true),
            ("b/x.lock", true),
            ("a/x.lock", false),
            ("deps/a/b/Dockerfile", true),
            ("deps/own/Dockerfile", false),
            ("deps/x/Dockerfile", false),
            ("b/deps/a/Dockerfile", false),
            ("gen/a.yml", true),
            ("b/gen/a.yml", false),
            ("a b", true),
            ("x.no", false),
            ("Dockerfile", false),
            ("a/b/Dockerfile", true),
        ];
        for (path, expected) in cases {
            assert_eq!(attributes.leaves_out(&Path::new("/p").join(path)), expected, "{path}");
        }
    }
}
