//! A change to a file as a unified diff, as `patch` and Git take it:
//! <https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html>.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use similar::TextDiff;

/// How many lines are shown around a change, as is usual.
const CONTEXT: usize = 3;

/// The change of a file, by its path from the folder in which the diff is applied.
pub(super) fn unified(path: &Path, before: &str, after: &str) -> String {
    let (before, after) = (lines(before), lines(after));
    let mut config = TextDiff::configure();
    let diff = config.newline_terminated(true).diff_slices(&before, &after);
    let mut unified = diff.unified_diff();
    unified.context_radius(CONTEXT).header(&header("a", path), &header("b", path)).to_string()
}

/// A text's lines. Other programs know no end of them but this one.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// A path in a header, in quotes where it needs them.
fn header(side: &str, path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let is_plain = |byte: &u8| !byte.is_ascii_control() && !b"\"\\".contains(byte);
    match path.to_str().filter(|_| bytes.iter().all(is_plain)) {
        // What follows a tab is a date, and ends a name with blanks.
        Some(path) if path.contains(' ') => format!("{side}/{path}\t"),
        Some(path) => format!("{side}/{path}"),
        None => {
            let quoted = |byte: &u8| match is_plain(byte) && byte.is_ascii() {
                true => char::from(*byte).to_string(),
                false => format!("\\{byte:03o}"),
            };
            let quoted: String = bytes.iter().map(quoted).collect();
            format!("\"{side}/{quoted}\"")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_what_patch_takes() {
        assert_eq!(
            unified(Path::new("a b/Dockerfile"), "1\r\n2\r3\n4", "1\r\n5\r3\n4"),
            "--- a/a b/Dockerfile\t\n+++ b/a b/Dockerfile\t\n@@ -1,3 +1,3 @@\n 1\r\n-2\r3\n+5\r3\n 4\n\\ No newline at end of file\n"
        );
        assert_eq!(header("a", Path::new("x\"é\n")), "\"a/x\\042\\303\\251\\012\"");
        assert_eq!(header("b", Path::new("é")), "b/é");
    }
}
