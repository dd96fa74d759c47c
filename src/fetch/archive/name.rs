//! Which names of members and which targets of links are let into a folder.
//!
//! It judges text only; what stands on the disk it must not know.

/// Longest name in bytes; Linux allows 4096 for a whole path.
const LONGEST: usize = 1024;

/// Longest component in bytes, as in every file system of Linux.
const LONGEST_PART: usize = 255;

/// Deepest nesting of folders.
const DEEPEST: usize = 64;

/// The components of a member's name, none for the archive's own root (`./`); or why it is
/// refused.
pub(super) fn parts(name: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    plain(name)?;
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = name.strip_suffix(b"/").unwrap_or(name);
    if matches!(name, b"" | b".") {
        return Ok(Vec::new());
    }
    let parts: Vec<&[u8]> = name.split(|byte| *byte == b'/').collect();
    for part in &parts {
        match *part {
            b"" => return Err("its name has an empty component"),
            b"." => return Err("its name has “.” within"),
            b".." => return Err("its name has “..” in it"),
            part if part.len() > LONGEST_PART => return Err("its name has an overlong component"),
            _ => {}
        }
    }
    if parts.len() > DEEPEST {
        return Err("it lies too deep");
    }
    Ok(parts)
}

/// Whether the target of a symbolic link that lies `depth` folders below the root stays below
/// the root.
///
/// Going up is allowed in front only. There the steps are those of real folders, since nothing
/// is unpacked below a link; further on, a step up might start from where another link leads.
pub(super) fn stays_inside(target: &[u8], depth: usize) -> Result<(), &'static str> {
    plain(target)?;
    let (mut up, mut down) = (0, false);
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if down => return Err("the link goes down and up again"),
            b".." => up += 1,
            _ => down = true,
        }
    }
    if up > depth { Err("the link leads out of the archive") } else { Ok(()) }
}

fn plain(name: &[u8]) -> Result<(), &'static str> {
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
    Ok(())
}
