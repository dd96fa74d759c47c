//! Which names of members and which targets of links are let into a folder.
//!
//! It judges text only; what stands on the disk it must not know.

/// Longest name in bytes; Linux allows 4096 for a whole path.
pub(super) const LONGEST: usize = 1024;

/// Longest component in bytes, as in every file system of Linux.
const LONGEST_PART: usize = 255;

/// Deepest nesting of folders.
const DEEPEST: usize = 64;

/// The components of a member's name, none for the archive's own root (`./`); or why it is
/// refused.
pub(super) fn components(name: &[u8]) -> Result<Vec<&str>, &'static str> {
    let name = check_text(name)?;
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_suffix('/').unwrap_or(name);
    if matches!(name, "" | ".") {
        return Ok(Vec::new());
    }
    let parts: Vec<&str> = name.split('/').collect();
    for part in &parts {
        match *part {
            "" => return Err("its name has an empty component"),
            "." => return Err("its name has “.” within"),
            ".." => return Err("its name has “..” in it"),
            part if part.len() > LONGEST_PART => return Err("its name has an overlong component"),
            _ => {}
        }
    }
    if parts.len() > DEEPEST {
        return Err("it lies too deep");
    }
    Ok(parts)
}

/// The target of a symbolic link that lies `depth` folders below the root, if it stays below
/// the root.
///
/// Going up is allowed in front only. There the steps are those of real folders, since nothing
/// is unpacked below a link; further on, a step up might start from where another link leads.
pub(super) fn check_link_target(target: &[u8], depth: usize) -> Result<&str, &'static str> {
    let target = check_text(target)?;
    let (mut up, mut down) = (0, false);
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if down => return Err("the link goes down and up again"),
            ".." => up += 1,
            _ => down = true,
        }
    }
    if up > depth { Err("the link leads out of the archive") } else { Ok(target) }
}

fn check_text(name: &[u8]) -> Result<&str, &'static str> {
    if name.is_empty() {
        return Err("a name is empty");
    }
    if name.len() > LONGEST {
        return Err("a name is overlong");
    }
    if name.starts_with(b"/") {
        return Err("a name is absolute");
    }
    if name.iter().any(u8::is_ascii_control) {
        return Err("a name has control characters");
    }
    if name.contains(&b'\\') {
        return Err("a name has a backslash");
    }
    str::from_utf8(name).map_err(|_| "a name is no text of UTF-8")
}
