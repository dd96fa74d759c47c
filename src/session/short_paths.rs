//! Paths as people read them: relative to the working directory, below it; `~/…` below their home;
//! else absolute.

use std::path::{Path, PathBuf};

use usher_shims::error::Shown;
use usher_shims::pin::{FileLocation, Origin};
use usher_shims::world::World as _;

use super::Session;

/// The folders that paths are shown relative to.
#[derive(Debug)]
pub struct ShortPaths {
    directory: Option<PathBuf>,
    /// The account's home, under its name and without links.
    homes: Vec<PathBuf>,
    /// The file of the account's own default, which needs no name.
    default_file: PathBuf,
}

impl ShortPaths {
    /// For the working directory and the account of a session.
    pub fn of(session: &Session) -> Self {
        let named = session.folders.user_home.clone();
        let physical = named.as_deref().and_then(|home| session.world.physical(home).ok());
        Self {
            directory: session.world.directory().ok(),
            homes: named.into_iter().chain(physical).collect(),
            default_file: session.folders.default_file(),
        }
    }

    /// A path.
    pub fn path(&self, path: &Path) -> String {
        Shown(&self.shorten(path)).to_string()
    }

    /// A place in a file: `.nvmrc:1`, `~/app/package.json (volta.node)`.
    pub fn location(&self, location: &FileLocation) -> String {
        location.with_paths(|path| self.shorten(path)).to_string()
    }

    /// Where a request is written, behind "in": `.nvmrc:1`, `NODE_VERSION`, `your default`.
    pub fn origin(&self, origin: &Origin) -> String {
        match origin {
            Origin::File(location) => self.location(location),
            Origin::Default(location) if location.path == self.default_file => {
                "your default".to_owned()
            }
            Origin::Default(location) => format!("your default, {}", self.location(location)),
            Origin::Account(_) => "the default for your account".to_owned(),
            Origin::Group(_) => "the default for your group".to_owned(),
            Origin::Machine(_) => "the machine's default".to_owned(),
            Origin::Argument | Origin::Name(_) | Origin::Variable(_) | Origin::CommandLine => {
                origin.to_string()
            }
        }
    }

    fn shorten(&self, path: &Path) -> PathBuf {
        let below = |folder: &Path| {
            let rest = path.strip_prefix(folder).ok()?;
            // Below the root, every path would be relative.
            (folder.parent().is_some() && !rest.as_os_str().is_empty()).then_some(rest)
        };
        // A relative path with this beginning would be read as one in the home.
        let is_clear = |rest: &&Path| !rest.starts_with("~");
        match self.directory.as_deref().and_then(below).filter(is_clear) {
            Some(rest) => rest.to_path_buf(),
            None => match self.homes.iter().find_map(|home| below(home)) {
                Some(rest) => Path::new("~").join(rest),
                None => path.to_path_buf(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_shims::world::MemoryWorld;

    use super::*;
    use crate::session::in_memory::session;

    #[track_caller]
    fn check(directory: &str, path: &str, expected: &str) {
        let session = session(MemoryWorld::at(directory));
        assert_eq!(ShortPaths::of(&session).path(Path::new(path)), expected, "in {directory}");
    }

    #[test]
    fn paths_are_relative_below_the_working_directory_and_the_home() {
        check("/srv/app", "/srv/app/.nvmrc", ".nvmrc");
        check("/srv/app", "/srv/app/web/.nvmrc", "web/.nvmrc");
        check("/srv/app/web", "/srv/app/.nvmrc", "/srv/app/.nvmrc");
        check("/srv/app", "/srv/app", "/srv/app");
        check("/srv/app", "/home/u/.nvm/x", "~/.nvm/x");
        check("/home/u/app", "/home/u/.nvmrc", "~/.nvmrc");
        check("/home/u", "/home/u/.nvmrc", ".nvmrc");
        check("/srv/app", "/home/u", "/home/u");
        check("/srv/app", "/home/us/x", "/home/us/x");
        check("/", "/usr/bin/node", "/usr/bin/node");
        check("/srv/app", "/srv/app/~/x", "/srv/app/~/x");
        check("/srv/app", "/srv/app/a\u{1b}[2J", "a\\u{1b}[2J");
    }

    #[test]
    fn origins_name_files_and_whose_default_it_is() {
        let session = session(MemoryWorld::at("/home/u/app"));
        let paths = ShortPaths::of(&session);
        let location =
            |path: PathBuf| FileLocation { line: 3, ..FileLocation::of_file(path, false) };
        let of = |origin: Origin| paths.origin(&origin);
        assert_eq!(of(Origin::File(location("/home/u/app/.nvmrc".into()))), ".nvmrc:3");
        assert_eq!(of(Origin::Variable("NODE_VERSION")), "NODE_VERSION");
        assert_eq!(of(Origin::Default(location(session.folders.default_file()))), "your default");
        let others = location("/home/u/.nvm/alias/default".into());
        assert_eq!(of(Origin::Default(others)), "your default, ~/.nvm/alias/default:3");
        let machines = location("/etc/usher/tool-versions".into());
        assert_eq!(of(Origin::Machine(machines)), "the machine's default");
    }
}
