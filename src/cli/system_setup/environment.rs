//! `/etc/environment`: lines `NAME=value`, which `pam_env` reads for logins, `su`, display managers and
//! `ssh host command`.
//!
//! It knows no other variable in a value, so only the machine's folder can be in its PATH: the
//! machine's shims find an account's own versions and packages by themselves.

use crate::cli::shell_setup::block::{
    BlockPosition, UnclosedBlock, insert_block, remove_block, update_block,
};

/// What a file without a PATH gets, besides the shims: as in Debian's and Ubuntu's.
const USUAL: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The text with `shims` first in PATH, in a block of usher's; as it is if they are in PATH already.
///
/// Of several lines the last one counts, so a line that others wrote isn't changed.
pub(super) fn with_path(text: &str, shims: &str) -> Result<Option<String>, UnclosedBlock> {
    let others = remove_block(text)?;
    let before = others.as_deref().and_then(path_value);
    let is_there =
        |value: Option<&str>| value.is_some_and(|path| path.split(':').any(|one| one == shims));
    if is_there(before) {
        return Ok(others);
    }
    let line = format!("PATH=\"{shims}:{}\"", before.unwrap_or(USUAL));
    let in_place = update_block(text, &line)?.filter(|text| is_there(path_value(text)));
    Ok(in_place.or_else(|| Some(insert_block(others.as_deref(), &line, BlockPosition::End))))
}

/// The value of the last line that sets PATH, as `pam_env` reads it.
fn path_value(text: &str) -> Option<&str> {
    text.lines().rev().find_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        let value = line.strip_prefix("PATH=")?;
        let value = value.split('#').next().unwrap_or_default().trim_end();
        Some(value.trim_matches(['"', '\'']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIMS: &str = "/opt/usher/shims";

    fn check(before: &str, line: Option<&str>) {
        let after = with_path(before, SHIMS).unwrap().unwrap_or_default();
        let last = after.lines().rev().find(|line| line.starts_with("PATH="));
        assert_eq!(last.filter(|_| after != before), line, "{before:?}");
        assert_eq!(with_path(&after, SHIMS).unwrap().as_deref(), Some(&*after), "{before:?}");
        if line.is_some() {
            assert_eq!(remove_block(&after).unwrap().unwrap_or_default(), before);
        }
    }

    #[test]
    fn the_machines_folder_comes_first_in_the_path_that_counts() {
        let usual = format!("PATH=\"{SHIMS}:{USUAL}\"");
        check("", Some(&usual));
        check("LANG=C", Some(&usual));
        check("# PATH=/x\n", Some(&usual));
        check("PATH=\"/a:/b\"\n", Some("PATH=\"/opt/usher/shims:/a:/b\""));
        check("PATH=/z\n  export PATH='/a' # mine\n", Some("PATH=\"/opt/usher/shims:/a\""));
        check("PATH=/a:/opt/usher/shims\n", None);
    }

    #[test]
    fn a_block_is_updated_in_place_unless_another_line_follows_it() {
        let first = with_path("PATH=/a\n", SHIMS).unwrap().unwrap();
        let followed = format!("{first}LANG=C\n");
        assert_eq!(with_path(&followed, SHIMS).unwrap().as_deref(), Some(&*followed));
        let changed = with_path(&followed.replace("PATH=/a", "PATH=/b"), SHIMS).unwrap().unwrap();
        assert!(changed.contains(":/b\"\n") && changed.ends_with("LANG=C\n"), "{changed}");
        let moved = with_path(&format!("{first}PATH=/c\n"), SHIMS).unwrap().unwrap();
        assert!(moved.starts_with("PATH=/a\nPATH=/c\n# >>>"), "{moved}");
    }
}
