//! The home and the program: the first command of a newer `use` updates `use`, the shims and the index
//! in a home that an older one made; an older one hands over to the newer one that is there.

use std::ffi::CStr;
use std::fs;
use std::path::Path;

use usher_shims::error::{Error, Result, Shown};
use usher_shims::exec::become_program;
use usher_shims::index::{Index, VERSION, index_file};
use usher_shims::version::Version;
use usher_shims::world::{World as _, read_optional};

use crate::cli::shims::refresh_shims;
use crate::config::folders;
use crate::files::durable::make_folders;
use crate::files::write_access::WriteAccess;
use crate::own_release::package::Package;
use crate::session::Session;
use crate::shim_folder::fault::find_fault;
use crate::shim_folder::{OWN_NAMES, replace};

/// How an index begins, in every format.
const INDEX: &str = "usher index ";

/// Which version of usher made the shims of a home.
#[derive(Debug, PartialEq, Eq)]
enum HomeAge {
    /// This one; or there is no home yet, or one without a readable index.
    Current,
    /// An older one, or one that recorded no version.
    Older,
    /// A newer one: which.
    Newer(Version),
}

/// Makes home and program match, before a command runs. What can't be updated is a note: the command
/// itself doesn't need it.
///
/// `changes` is how many `-C DIR` of the arguments were followed already.
pub(super) fn match_program(session: &mut Session, changes: usize) -> Result<()> {
    let age = match age(session)? {
        // This program was put in the place of a newer one, whose shims are still there.
        HomeAge::Newer(_) if is_own(session) => HomeAge::Older,
        age => age,
    };
    let age = match age {
        HomeAge::Older if session.world.is_writable(&session.folders.shims()) => HomeAge::Older,
        // The account that it belongs to updates it.
        HomeAge::Older => HomeAge::Current,
        age => age,
    };
    match age {
        HomeAge::Current => Ok(()),
        HomeAge::Older => {
            if let Err(error) = update(session) {
                let data = Shown(&session.folders.data);
                session.note(&format!("can't update usher in {data}: {error}"));
            }
            Ok(())
        }
        HomeAge::Newer(_) => hand_over(session, changes),
    }
}

/// The version of usher in the home, if it is newer than this program, which is of another place.
pub(super) fn newer_version(session: &Session) -> Result<Option<Version>> {
    Ok(match age(session)? {
        HomeAge::Newer(version) if !is_own(session) => Some(version),
        HomeAge::Newer(_) | HomeAge::Older | HomeAge::Current => None,
    })
}

/// Whether the running program is the home's `use`.
fn is_own(session: &Session) -> bool {
    let own = session.folders.shims().join(OWN_NAMES[0]);
    session.world.is_same(&session.program, &own)
}

fn age(session: &Session) -> Result<HomeAge> {
    let file = index_file(&session.folders.shims());
    let index = read_optional(&session.world, &file);
    let Some(index) = index.map_err(|error| Error::io("read", &file, error))? else {
        return Ok(HomeAge::Current);
    };
    if !index.bytes.starts_with(INDEX.as_bytes()) {
        return Ok(HomeAge::Current);
    }
    let own = Version::parse(VERSION);
    Ok(match Index::writer(&index.bytes) {
        Some(writer) if Some(&writer) > own.as_ref() => HomeAge::Newer(writer),
        writer if writer < own => HomeAge::Older,
        _ => HomeAge::Current,
    })
}

fn update(session: &mut Session) -> Result<()> {
    let access = folders::write_access(&session.folders)?;
    put_own_programs(session, &access)?;
    drop(access);
    refresh_shims(session, &[])
}

/// Puts this program into the shim folder, under both its names.
pub(super) fn put_own_programs(session: &Session, access: &WriteAccess) -> Result<()> {
    let shims = session.folders.shims();
    make_folders(&shims)?;
    // An account's is a link to the machine's.
    if is_own(session) {
        return Ok(());
    }
    let [first, second] = OWN_NAMES.map(|name| shims.join(name));
    let own = &session.program;
    let content = fs::read(own).map_err(|error| Error::io("read", own, error))?;
    put_programs(access, &content, [&first, &second], &shims)?;
    Package::record(&session.world, &session.folders, own, access)
}

/// Puts a program under two names, unless it is there.
pub(super) fn put_programs(
    access: &WriteAccess,
    content: &[u8],
    [first, second]: [&Path; 2],
    shims: &Path,
) -> Result<()> {
    let is_whole = |path: &Path| find_fault(path, content).is_ok_and(|fault| fault.is_none());
    if !is_whole(first) {
        replace::put_program(access, content, first, shims)?;
    }
    if !is_whole(second) {
        replace::put_shim(access, first, second)?;
    }
    Ok(())
}

/// Becomes the home's own `use`, which is newer than this one.
fn hand_over(session: &Session, changes: usize) -> Result<()> {
    let newer = session.folders.shims().join(OWN_NAMES[0]);
    if !session.world.is_program(&newer) {
        return Ok(());
    }
    let arguments = without_changes(&session.given.arguments, changes);
    Err(become_program(newer.as_path().into(), &arguments, &session.given.environment, &[]))
}

/// The arguments from 1 on, without the first `changes` of `-C DIR`.
fn without_changes(arguments: &[&'static CStr], mut changes: usize) -> Vec<&'static CStr> {
    let mut kept = Vec::new();
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        match argument.to_bytes() {
            b"-C" if changes > 0 => {
                changes -= 1;
                rest.next();
            }
            [b'-', b'C', ..] if changes > 0 => changes -= 1,
            _ => kept.push(*argument),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    #[test]
    fn a_home_is_older_or_newer_by_its_index() {
        let age = |index: Option<&str>| {
            let world = MemoryWorld::at("/p");
            let world = match index {
                Some(index) => world.file("/usher/shims/.usher", index),
                None => world,
            };
            age(&session(world)).unwrap()
        };
        let of = |version: &str| age(Some(&format!("usher index 1\nusher\t{version}\ndata\t/u\n")));
        assert_eq!(age(None), HomeAge::Current, "a new home");
        assert_eq!(age(Some("garbage")), HomeAge::Current, "a broken one is `use reshim`'s");
        assert_eq!(age(Some("usher index 1\ndata\t/u\n")), HomeAge::Older);
        assert_eq!(of("0.0.1"), HomeAge::Older);
        assert_eq!(of(VERSION), HomeAge::Current);
        let newer = HomeAge::Newer(Version::parse("999.0.0").unwrap());
        assert_eq!(of("999.0.0"), newer);
        assert_eq!(age(Some("usher index 7\nusher\t999.0.0\nnews\n")), newer);
    }

    #[test]
    fn folders_are_changed_once() {
        let check = |arguments: &[&'static CStr], changes: usize, expected: &[&CStr]| {
            assert_eq!(without_changes(arguments, changes), expected);
        };
        check(&[c"use", c"-C", c"a", c"list"], 1, &[c"list"]);
        check(
            &[c"use", c"-Ca", c"exec", c"make", c"-C", c"b"],
            1,
            &[c"exec", c"make", c"-C", c"b"],
        );
        check(&[c"use", c"exec", c"make", c"-C", c"b"], 0, &[c"exec", c"make", c"-C", c"b"]);
    }
}
