//! Whose files count in a folder where every account can create some.
//!
//! Elsewhere the owner of a file means nothing: containers, CI runners and shared checkouts have
//! files of any account.

use std::path::Path;

use crate::world::{FileMeta, World};

/// Every account can write: in a folder, create entries.
pub const WORLD_WRITABLE: u32 = 0o002;

/// Other accounts can delete and rename only their own entries.
const STICKY: u32 = 0o1000;

/// Root, who can change any file.
pub const ROOT: u32 = 0;

/// Whether every account can create entries in a folder, and none can replace another's: `/tmp`.
pub fn is_shared(folder: &FileMeta) -> bool {
    folder.mode & (WORLD_WRITABLE | STICKY) == WORLD_WRITABLE | STICKY
}

/// Whether every account can replace all entries of a folder. Such a folder never holds usher's own
/// files.
pub fn is_replaceable(folder: &FileMeta) -> bool {
    folder.mode & (WORLD_WRITABLE | STICKY) == WORLD_WRITABLE
}

/// Whether an entry of a folder counts, by the entry's owner: in a shared folder only those of these
/// accounts and root do.
pub fn is_trusted_entry(folder: &FileMeta, owner: u32, accounts: &[u32]) -> bool {
    !is_shared(folder) || owner == ROOT || accounts.contains(&owner)
}

/// Whether the folder at a path, or a folder on the way there, was planted: it is in a shared folder
/// and another account's.
///
/// What doesn't exist yet isn't planted. Links are followed.
pub fn is_planted(world: &impl World, path: &Path, accounts: &[u32]) -> bool {
    let metadata = |path: &Path| world.metadata(path).ok().flatten();
    let is_foreign = |path: &Path| {
        let Some(folder) = path.parent().and_then(metadata) else { return false };
        let owners = [world.entry(path).ok().flatten(), metadata(path)];
        let mut owners = owners.iter().flatten().map(|entry| entry.owner);
        !owners.all(|owner| is_trusted_entry(&folder, owner, accounts))
    };
    path.ancestors().any(is_foreign)
}

/// Whether what this name leads to can't be another account's, by the owner of the name itself.
pub fn is_trusted_name(world: &impl World, folder: &Path, shared: &FileMeta, name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    let entry = world.entry(&folder.join(first)).ok().flatten();
    entry.is_none_or(|entry| is_trusted_file(world, shared, &entry))
}

/// Whether a file in a folder can't be another account's: it is the caller's, the folder owner's or
/// root's, and no other account can have put it there by a hard link.
pub fn is_trusted_file(world: &impl World, folder: &FileMeta, file: &FileMeta) -> bool {
    is_trusted_entry(folder, file.owner, &[world.account(), folder.owner])
        && (!is_shared(folder) || file.is_folder || file.links == 1)
}

/// Whether a file of usher's that was read, in its configuration folder, may be another account's:
/// every account can write to the folder, or could create it or the one above.
///
/// The file's own owner is looked at first, which costs no system call: what is the caller's or root's
/// wasn't planted.
pub fn is_planted_file(world: &impl World, path: &Path, file: &FileMeta) -> bool {
    let own = [ROOT, world.account()];
    if own.contains(&file.owner) {
        return false;
    }
    let metadata = |path: &Path| world.metadata(path).ok().flatten();
    let mut owner = file.owner;
    for folder in path.ancestors().skip(1).take(3) {
        let Some(seen) = metadata(folder) else { return true };
        let is_usher = path.parent() == Some(folder);
        if is_usher && is_replaceable(&seen)
            || !is_trusted_entry(&seen, owner, &[own[1], seen.owner])
        {
            return true;
        }
        // A link's own owner can lead it anywhere.
        let entry = world.entry(folder).ok().flatten().unwrap_or(seen);
        owner = if own.contains(&entry.owner) { seen.owner } else { entry.owner };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryWorld;

    fn folder(mode: u32) -> FileMeta {
        let world = MemoryWorld::at("/tmp").with_mode("/tmp", mode);
        world.metadata(Path::new("/tmp")).unwrap().unwrap()
    }

    #[test]
    fn only_in_a_shared_folder_does_the_owner_of_an_entry_matter() {
        let check = |mode, owner, accounts: &[u32], expected| {
            let trusted = is_trusted_entry(&folder(mode), owner, accounts);
            assert_eq!(trusted, expected, "{mode:o} {owner} {accounts:?}");
        };
        check(0o1777, 1000, &[1000], true);
        check(0o1777, ROOT, &[1000], true);
        check(0o1777, 1001, &[1000], false);
        check(0o1777, 1001, &[1000, 1001], true);
        check(0o777, 1001, &[1000], true);
        check(0o1775, 1001, &[1000], true);
        check(0o755, 1001, &[1000], true);
    }

    #[test]
    fn the_sticky_bit_protects_the_entries_of_a_world_writable_folder() {
        let of = |mode| (is_shared(&folder(mode)), is_replaceable(&folder(mode)));
        assert_eq!(of(0o777), (false, true));
        assert_eq!(of(0o1777), (true, false));
        assert_eq!(of(0o775), (false, false));
        assert_eq!(of(0o1775), (false, false));
    }

    #[test]
    fn a_file_in_a_folder_that_every_account_can_write_to_is_planted() {
        let check = |modes: [(&str, u32); 3], expected| {
            let mut world = MemoryWorld::at("/").file("/c/usher/tool-versions", "node 12");
            for (folder, mode) in modes {
                world = world.with_mode(folder, mode);
            }
            let path = Path::new("/c/usher/tool-versions");
            let own = world.metadata(path).unwrap().unwrap();
            let foreign = FileMeta { owner: 4711, ..own };
            assert!(!is_planted_file(&world, path, &FileMeta { owner: ROOT, ..own }), "{modes:?}");
            assert_eq!(is_planted_file(&world, path, &foreign), expected, "{modes:?}");
        };
        check([("/", 0o755), ("/c", 0o755), ("/c/usher", 0o755)], false);
        check([("/", 0o755), ("/c", 0o755), ("/c/usher", 0o1777)], true);
        check([("/", 0o755), ("/c", 0o755), ("/c/usher", 0o777)], true);
    }
}
