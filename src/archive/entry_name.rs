//! Which names of entries and which targets of links are allowed.
//!
//! It checks text only, and must not look at the disk.

/// The longest name in bytes; Linux allows 4096 for a whole path.
pub(super) const MAX_NAME_LENGTH: usize = 1024;

/// The longest component in bytes, as in every file system of Linux.
const MAX_COMPONENT_LENGTH: usize = 255;

/// The deepest nesting of folders.
const MAX_DEPTH: usize = 64;

/// The components of an entry's name; none for the archive's root (`./`). The error is the reason
/// why the name is refused.
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
            "." => return Err("its name has “.” in it"),
            ".." => return Err("its name has “..” in it"),
            part if part.len() > MAX_COMPONENT_LENGTH => {
                return Err("a component of its name is too long");
            }
            _ => {}
        }
    }
    if parts.len() > MAX_DEPTH {
        return Err("its folders are nested too deep");
    }
    Ok(parts)
}

/// The target of a symbolic link, if it stays below the root of the archive. The link itself is
/// `depth` folders below that root.
///
/// `..` is allowed at the beginning only. There each step leaves a real folder, since nothing is
/// unpacked below a link; further on, a step up might start from where another link leads.
pub(super) fn check_link_target(target: &[u8], depth: usize) -> Result<&str, &'static str> {
    let target = check_text(target)?;
    let (mut up, mut down) = (0, false);
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if down => return Err("the link has “..” after a folder"),
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
    if name.len() > MAX_NAME_LENGTH {
        return Err("a name is too long");
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
    str::from_utf8(name).map_err(|_| "a name is not valid UTF-8")
}
