//! What a project's maintainers want left out: files by `.usherignore`, in gitignore's syntax, and
//! single places by a comment, `usher: ignore`. Both are read by `use check` only; one that ignores
//! nothing is told.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use memchr::memmem;
use usher_shims::world::World as _;

use super::mention::relative_path;
use super::mention::{FileMentions, MentionPlace, Note};
use crate::session::Session;

/// What is told of an ignore that ignores nothing.
const UNUSED: &str = "unused: nothing to ignore here";

/// The most lines of a `.usherignore` that count.
const MAX_LINES: usize = 1000;

/// The `.usherignore` files of a project, innermost first.
#[derive(Debug, Default)]
pub(super) struct IgnoreFiles {
    files: Vec<IgnoreFile>,
    notes: Vec<Note>,
}

/// One `.usherignore`.
#[derive(Debug)]
struct IgnoreFile {
    /// Its path, relative to the project's folder.
    path: PathBuf,
    matcher: Gitignore,
    /// The lines of its patterns, counted from 1. The last one of several alike counts.
    lines: BTreeMap<String, u32>,
    /// The lines that decided about some file, and those that can't.
    unused: BTreeSet<u32>,
}

impl IgnoreFiles {
    /// Reads these files of a project.
    pub(super) fn read<'a>(
        session: &Session,
        root: &Path,
        paths: impl Iterator<Item = &'a Path>,
    ) -> Self {
        let mut all = Self::default();
        for path in paths {
            let relative = relative_path(root, path);
            match session.world.read(path) {
                Ok(content) => {
                    let text = String::from_utf8_lossy(&content.bytes);
                    let folder = path.parent().unwrap_or(root);
                    all.files.extend(ignore_file(folder, relative, &text, &mut all.notes));
                }
                Err(error) => {
                    let place = MentionPlace { path: relative, line: 0 };
                    all.notes.push(Note::about(Some(place), format!("can't be read: {error}")));
                }
            }
        }
        all.files.sort_by_key(|file| Reverse(file.matcher.path().components().count()));
        all
    }

    /// Whether a file of the project is ignored, itself or with a folder that it is in.
    pub(super) fn ignores(&mut self, root: &Path, path: &Path) -> bool {
        if self.files.is_empty() {
            return false;
        }
        // From the outside in: what is in an ignored folder can't be included again.
        let inside: Vec<&Path> =
            path.ancestors().take_while(|one| *one != root && one.starts_with(root)).collect();
        inside.iter().rev().any(|one| self.decides_against(one, *one != path))
    }

    /// Whether a file or folder is ignored, by the innermost file that has a pattern for it.
    fn decides_against(&mut self, path: &Path, is_folder: bool) -> bool {
        for file in &mut self.files {
            let folder = file.matcher.path();
            if path == folder || !path.starts_with(folder) {
                continue;
            }
            let (pattern, is_ignored) = match file.matcher.matched(path, is_folder) {
                Match::None => continue,
                Match::Ignore(pattern) => (pattern, true),
                Match::Whitelist(pattern) => (pattern, false),
            };
            if let Some(line) = file.lines.get(pattern.original()) {
                file.unused.remove(line);
            }
            return is_ignored;
        }
        false
    }

    /// The lines that ignored nothing, and those that are no patterns.
    pub(super) fn notes(self) -> Vec<Note> {
        let unused = self.files.into_iter().flat_map(|file| {
            let IgnoreFile { path, unused, .. } = file;
            unused.into_iter().map(move |line| {
                Note::about(Some(MentionPlace { path: path.clone(), line }), UNUSED)
            })
        });
        self.notes.into_iter().chain(unused).collect()
    }
}

fn ignore_file(
    folder: &Path,
    path: PathBuf,
    text: &str,
    notes: &mut Vec<Note>,
) -> Option<IgnoreFile> {
    let mut builder = GitignoreBuilder::new(folder);
    let (mut lines, mut unused) = (BTreeMap::new(), BTreeSet::new());
    let note =
        |line: u32, why: String| Note::about(Some(MentionPlace { path: path.clone(), line }), why);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (written, number) in text.lines().zip(1..) {
        if lines.len() == MAX_LINES {
            notes.push(note(number, format!("only the first {MAX_LINES} patterns count")));
            break;
        }
        // As the matcher has it: a space at the end counts behind a backslash.
        let pattern = if written.ends_with("\\ ") { written } else { written.trim_end() };
        if pattern.is_empty() || pattern.starts_with('#') {
            continue;
        }
        match builder.add_line(None, pattern) {
            Ok(_) => {
                lines.insert(pattern.to_owned(), number);
                unused.insert(number);
            }
            Err(error) => notes.push(note(number, format!("no pattern: {error}"))),
        }
    }
    match builder.build() {
        Ok(matcher) => Some(IgnoreFile { path, matcher, lines, unused }),
        Err(error) => {
            notes.push(note(0, format!("its patterns can't be used: {error}")));
            None
        }
    }
}

/// Takes out of a file's mentions what a comment in its text ignores, and adds a note for each comment
/// that ignores nothing. Returns how many places were ignored.
///
/// A comment counts for its own line; one that is alone there also for the next, and for what is
/// indented below that: a step, a job, a service.
pub(super) fn without_ignored(path: &Path, content: &[u8], found: &mut FileMentions) -> usize {
    // Nearly all files have no such comment.
    if memmem::find(content, WORD.as_bytes()).is_none() {
        return 0;
    }
    let text = String::from_utf8_lossy(content);
    let comments: Vec<IgnoreComment> = comments(&text).collect();
    let mut used = BTreeSet::new();
    let mut stays = |place: &MentionPlace| {
        if place.path != path {
            return true;
        }
        let mut ignoring = comments.iter().filter(|comment| comment.covers(place.line)).peekable();
        let is_covered = ignoring.peek().is_some();
        used.extend(ignoring.map(|comment| comment.line));
        !is_covered
    };
    let before = found.mentions.len() + found.broken.len();
    found.mentions.retain(|mention| stays(&mention.place));
    found.broken.retain(|broken| stays(&broken.place));
    let ignored = before - found.mentions.len() - found.broken.len();
    found.notes.retain(|note| note.place.as_ref().is_none_or(&mut stays));
    let unused = comments.iter().filter(|comment| !used.contains(&comment.line));
    found.notes.extend(unused.take(MAX_LINES).map(|comment| {
        let place = MentionPlace { path: path.to_path_buf(), line: comment.line };
        Note::about(Some(place), UNUSED)
    }));
    ignored
}

/// The word with which the comment begins, and what follows it.
const WORD: &str = "usher:";
const IGNORE: &str = "ignore";

/// The most lines of what a comment ignores.
const MAX_BLOCK: usize = 1000;

/// What begins a comment, in any of the formats that have some.
const COMMENT_MARKS: [&str; 4] = ["#", "//", "<!--", ";"];

/// A comment that ignores places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct IgnoreComment {
    /// Its line, counted from 1.
    line: u32,
    /// The last line that it counts for.
    last: u32,
}

impl IgnoreComment {
    fn covers(self, line: u32) -> bool {
        (self.line..=self.last).contains(&line)
    }
}

fn comments(text: &str) -> impl Iterator<Item = IgnoreComment> {
    let lines: Vec<&str> = text.split('\n').collect();
    text.split('\n').zip(1..).filter_map(move |(written, line)| {
        let (before, after) = written.split_once(WORD)?;
        let rest = after.trim_start().strip_prefix(IGNORE)?;
        let continues = |next: char| next.is_alphanumeric() || "_-".contains(next);
        let is_word = rest.starts_with("-->") || !rest.starts_with(continues);
        let before = before.trim_end();
        let code = COMMENT_MARKS.iter().find_map(|mark| before.strip_suffix(mark))?;
        // `##` and `///` begin comments, too.
        let code = code.trim_end_matches(['#', '/', ';']).trim();
        let block = if code.is_empty() { block_length(&lines[line as usize..]) } else { 0 };
        is_word.then_some(IgnoreComment { line, last: line + block })
    })
}

/// How many lines the first of some lines has with what is indented below it.
fn block_length(lines: &[&str]) -> u32 {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let Some((first, rest)) = lines.split_first() else { return 0 };
    let is_below = |line: &&&str| line.trim().is_empty() || indentation(line) > indentation(first);
    1 + rest.iter().take_while(is_below).take(MAX_BLOCK).map(|_| 1).sum::<u32>()
}

#[cfg(test)]
mod tests {
    use usher_shims::request::{Request, RequestTrust};
    use usher_shims::tool::{TOOLS, Tool};
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::check::mention::{BrokenFile, Mention, MentionKind, MentionScope};
    use crate::session::in_memory::session;

    /// Which of these files are ignored, and the notes.
    fn check(files: &[(&str, &str)], paths: &[&str], expected: &[&str], notes: &[&str]) {
        let world = files.iter().fold(MemoryWorld::at("/p"), |world, (path, text)| {
            world.file(format!("/p/{path}"), *text)
        });
        let session = session(world);
        let root = Path::new("/p");
        let own: Vec<PathBuf> = files.iter().map(|(path, _)| root.join(path)).collect();
        let mut ignores = IgnoreFiles::read(&session, root, own.iter().map(PathBuf::as_path));
        let ignored: Vec<&str> =
            paths.iter().filter(|path| ignores.ignores(root, &root.join(path))).copied().collect();
        assert_eq!(ignored, expected, "{files:?}");
        let told: Vec<String> = ignores
            .notes()
            .into_iter()
            .map(|note| format!("{}: {}", note.place.unwrap(), note.why))
            .collect();
        assert_eq!(told, notes, "{files:?}");
    }

    #[test]
    fn files_are_ignored_in_gitignores_syntax() {
        let own = ".usherignore";
        check(
            &[(own, "# why\n\n/a\n*.yml \n")],
            &["a/b/c", "b/a", "x/y.yml"],
            &["a/b/c", "x/y.yml"],
            &[],
        );
        check(
            &[(own, "a/\n!a/b\n")],
            &["a/b", "b"],
            &["a/b"],
            &[".usherignore:2: unused: nothing to ignore here"],
        );
        check(&[(own, "*.yml\n!b.yml\n")], &["a.yml", "b.yml"], &["a.yml"], &[]);
        let nested = "x/.usherignore";
        check(
            &[(own, "*.yml\n"), (nested, "!a.yml\n/b\n")],
            &["a.yml", "x/a.yml", "b", "x/b"],
            &["a.yml", "x/b"],
            &[],
        );
        check(
            &[(own, "a\na\nno\n")],
            &["a"],
            &["a"],
            &[
                ".usherignore:1: unused: nothing to ignore here",
                ".usherignore:3: unused: nothing to ignore here",
            ],
        );
        check(
            &[(own, "[z-a]\nb\n")],
            &["b"],
            &["b"],
            &[".usherignore:1: no pattern: error parsing glob '[z-a]': invalid range; 'z' > 'a'"],
        );
        check(&[], &["a"], &[], &[]);
    }

    #[test]
    fn only_so_many_patterns_count() {
        let text = "a\n".to_owned() + &(0..MAX_LINES).map(|n| format!("{n}\n")).collect::<String>();
        let world = MemoryWorld::at("/p").file("/p/.usherignore", text);
        let path = Path::new("/p/.usherignore");
        let ignores = IgnoreFiles::read(&session(world), Path::new("/p"), [path].into_iter());
        assert_eq!(ignores.notes.len(), 1);
        assert_eq!(ignores.files[0].unused.len(), MAX_LINES);
    }

    #[test]
    fn a_comment_covers_what_is_below_it() {
        let text = "# usher: ignore\n- uses: x\n  with:\n\n    node-version: 18\n- uses: y\n";
        let comment = comments(text).next().unwrap();
        assert_eq!((comment.line, comment.last), (1, 5));
    }

    #[test]
    fn comments_are_recognized() {
        let read = |text: &str| -> Vec<(u32, bool)> {
            let text = format!("{text}\nx");
            let covers_next = |comment: IgnoreComment| comment.covers(comment.line + 1);
            comments(&text).map(|comment| (comment.line, covers_next(comment))).collect()
        };
        let cases: &[(&str, &[(u32, bool)])] = &[
            ("# usher: ignore", &[(1, true)]),
            ("a\r\n  ## usher:ignore, since it is old\r\n", &[(2, true)]),
            ("image: node:12 # usher: ignore", &[(1, false)]),
            ("\t// usher: ignore (legacy)", &[(1, true)]),
            ("<!-- usher: ignore -->", &[(1, true)]),
            ("<java>8</java> <!--usher: ignore-->", &[(1, false)]),
            ("; usher: ignore", &[(1, true)]),
            ("usher: ignore", &[]),
            ("echo \"usher: ignore\"", &[]),
            ("# usher: ignored", &[]),
            ("# usher: ignore-all", &[]),
            ("# usher: check", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), *expected, "{text}");
        }
    }

    fn mention(path: &str, line: u32) -> Mention {
        let tool = Tool::named(TOOLS, "node").unwrap();
        Mention {
            tool,
            requests: vec![Request::parse("16", tool, RequestTrust::Project).unwrap()],
            place: MentionPlace { path: path.into(), line },
            kind: MentionKind::Image,
            shown: String::new(),
            scope: MentionScope::Repository,
            job: None,
            exempt: None,
            unquoted: None,
        }
    }

    #[test]
    fn places_are_ignored_by_comments() {
        let text = "# usher: ignore\nFROM node:16\nFROM node:14 # usher: ignore\nFROM node:12\n\
                    # usher: ignore\n\n# usher: ignore\nFROM node:$A\n# usher: ignore\nbad";
        let place = |line: u32| MentionPlace { path: "a".into(), line };
        let broken = |line: u32| BrokenFile { place: place(line), what: String::new() };
        let mut found = FileMentions {
            mentions: vec![mention("a", 2), mention("a", 3), mention("a", 4), mention("b", 2)],
            notes: vec![Note::about(Some(place(8)), "why"), Note::about(Some(place(0)), "all")],
            broken: vec![broken(10), broken(0)],
        };
        assert_eq!(without_ignored(Path::new("a"), text.as_bytes(), &mut found), 3);
        let left: Vec<String> = found.mentions.iter().map(|one| one.place.to_string()).collect();
        assert_eq!(left, ["a:4", "b:2"]);
        let expected = [Note::about(Some(place(0)), "all"), Note::about(Some(place(5)), UNUSED)];
        assert_eq!(found.notes, expected);
        assert_eq!(found.broken, [broken(0)]);
    }
}
