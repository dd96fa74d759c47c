//! Whose files count in a folder where every account can create some.
//!
//! Elsewhere the owner of a file means nothing: containers, CI runners and shared checkouts have
//! files of any account.

use crate::world::FileMeta;

/// Other accounts can create entries.
const WORLD_WRITABLE: u32 = 0o002;

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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::world::{MemoryWorld, World as _};

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
}
