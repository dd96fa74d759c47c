//! The folder that a package manager's own setting names for programs: `prefix` in `~/.npmrc`.

use std::path::PathBuf;

use usher_definition::FolderSetting;
use usher_shims::folders::Folders;
use usher_shims::world::{AnyWorld, World as _};

use super::expand_folder;
use crate::config::npm::npmrc;

/// A folder that a setting names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFolder {
    /// The folder.
    pub folder: PathBuf,
    /// The file with the setting.
    pub file: PathBuf,
    /// Its line, counted from 1.
    pub line: usize,
}

/// The folder that a setting names; `None` if a variable is stronger, or if there is none.
pub fn set_folder(
    world: &AnyWorld,
    folders: &Folders,
    setting: &FolderSetting,
) -> Option<SetFolder> {
    let is_set = |name: &String| world.variable(name).is_some_and(|value| !value.is_empty());
    if setting.variables.iter().any(is_set) {
        return None;
    }
    let files = setting_files(world, folders, setting).into_iter();
    let mut texts = files.filter_map(|file| Some((world.read(&file).ok()?, file)));
    let (text, file) = texts.next()?;
    let entries =
        npmrc::parse(&String::from_utf8_lossy(&text.bytes), &|name| variable(world, name));
    let entry = entries.into_iter().rfind(|entry| entry.key == setting.key)?;
    let folder = in_home(folders, &entry.value)?;
    folder.is_absolute().then_some(SetFolder { folder, file, line: entry.line })
}

/// The files that may have a setting. One that a variable names is the only one, whether it exists or not.
fn setting_files(world: &AnyWorld, folders: &Folders, setting: &FolderSetting) -> Vec<PathBuf> {
    let files = setting.files.iter();
    let mut named = files.clone().filter_map(|file| variable(world, file.strip_prefix('$')?));
    match named.find(|value| !value.is_empty()) {
        Some(value) => {
            let path = npmrc::expand(&value, &|name| variable(world, name));
            in_home(folders, &path).into_iter().collect()
        }
        None => {
            files.filter_map(|file| expand_folder(world, folders, file).ok()).flatten().collect()
        }
    }
}

fn variable(world: &AnyWorld, name: &str) -> Option<String> {
    Some(world.variable(name)?.to_string_lossy().into_owned())
}

/// A path that may begin with `~/`.
fn in_home(folders: &Folders, path: &str) -> Option<PathBuf> {
    match path.strip_prefix("~/") {
        Some(below) => Some(folders.user_home.as_ref()?.join(below)),
        None => Some(PathBuf::from(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_shims::world::MemoryWorld;

    /// The folder that `~/.npmrc` with this text names in a world.
    fn check(world: MemoryWorld, text: &str, expected: Option<&str>) {
        let world: AnyWorld = Box::new(world.file("/home/u/.npmrc", text));
        let folders = Folders { user_home: Some("/home/u".into()), ..Folders::default() };
        let setting = FolderSetting {
            files: ["$npm_config_userconfig", "~/.npmrc"].map(str::to_owned).into(),
            key: "prefix".to_owned(),
            variables: vec!["npm_config_prefix".to_owned()],
        };
        let found = set_folder(&world, &folders, &setting);
        assert_eq!(found.map(|one| one.folder), expected.map(PathBuf::from), "{text}");
    }

    #[test]
    fn a_setting_names_a_folder_unless_a_variable_does() {
        let world = || MemoryWorld::at("/p").variable("HOME", "/home/u");
        check(world(), "# ours\nprefix = /opt/npm\n", Some("/opt/npm"));
        check(world(), "prefix=~/.npm-global", Some("/home/u/.npm-global"));
        check(world(), "prefix=${HOME}/x\nprefix=${HOME}/y", Some("/home/u/y"));
        check(world(), "registry=https://registry.example/", None);
        check(world(), "prefix=relative", None);
        check(world().variable("npm_config_prefix", "/x"), "prefix=/opt/npm", None);
        let other = world().variable("npm_config_userconfig", "/rc").file("/rc", "prefix=/other");
        check(other, "prefix=/opt/npm", Some("/other"));
        let named = |file: &str| world().variable("npm_config_userconfig", file);
        check(named("/absent"), "prefix=/opt/npm", None);
        check(named("off"), "prefix=/opt/npm", None);
        check(named(""), "prefix=/opt/npm", Some("/opt/npm"));
        check(named("~/rc").file("/home/u/rc", "prefix=/other"), "", Some("/other"));
        check(named("${HOME}/rc").file("/home/u/rc", "prefix=/other"), "", Some("/other"));
    }
}
