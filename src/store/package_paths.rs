//! Which paths in a toolchain belong to package managers and caches, by the registry. Only paths are
//! compared; nothing is read from disk.

use usher_definition::Definition;

/// The paths that package managers and running programs write to, by a tool's definition.
#[derive(Debug, Clone, Copy)]
pub struct PackagePaths<'a> {
    packages: &'a [String],
    caches: &'a [String],
}

/// What added a file to a toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddedBy {
    /// A package manager.
    PackageManager,
    /// A running program, which can make it again.
    Program,
}

impl<'a> PackagePaths<'a> {
    /// The paths of a tool.
    pub fn of(definition: &'a Definition) -> Self {
        Self { packages: &definition.package_paths, caches: &definition.caches }
    }

    /// What adds such a path, with all that is in it; `None` for unexpected paths.
    pub fn added_by(&self, path: &str) -> Option<AddedBy> {
        let is_one_of =
            |patterns: &[String]| patterns.iter().any(|pattern| matches_pattern(path, pattern));
        match () {
            () if is_one_of(self.caches) => Some(AddedBy::Program),
            () if is_one_of(self.packages) => Some(AddedBy::PackageManager),
            () => None,
        }
    }

    /// The package that a path is in, below its folder.
    pub fn package_of<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut above = path.match_indices('/').map(|(end, _)| &path[..end]);
        above.find(|folder| self.added_by(folder) == Some(AddedBy::PackageManager))
    }

    /// Whether package managers may have made a folder, to put their packages in.
    pub fn may_contain(&self, folder: &str) -> bool {
        let depth = folder.split('/').count();
        self.packages.iter().filter(|pattern| !pattern.starts_with("**/")).any(|pattern| {
            let parts: Vec<&str> = pattern.split('/').collect();
            parts.len() > depth && matches_pattern(folder, &parts[..depth].join("/"))
        })
    }
}

/// Whether a path matches a pattern.
fn matches_pattern(path: &str, pattern: &str) -> bool {
    let (pattern, is_anywhere) = match pattern.strip_prefix("**/") {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let (names, parts) = (path.split('/').count(), pattern.split('/').count());
    let has_length = if is_anywhere { names >= parts } else { names == parts };
    has_length
        && path.rsplit('/').zip(pattern.rsplit('/')).all(|(name, part)| name_fits(name, part))
}

fn name_fits(name: &str, part: &str) -> bool {
    let Some((start, end)) = part.split_once('*') else { return name == part };
    name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_patterns() {
        let text = "name = 'x'\ntitle = 'X'\nprograms = ['x']\nvariables = []\ndialect = 'npm'\n\
                    version_components = 3\npackage_paths = ['bin/*', 'lib/x*y/site/*']\ncaches = ['**/__c__']\n";
        let (_, definition) = Definition::parse(text).unwrap();
        let package_paths = PackagePaths::of(&definition);
        for (path, adder, may_hold) in [
            ("bin/a", Some(AddedBy::PackageManager), false),
            ("bin/a/b", None, false),
            ("bin", None, true),
            ("lib", None, true),
            ("lib/x3y", None, true),
            ("lib/x", None, false),
            ("lib/xy/site", None, true),
            ("lib/xy/site/p", Some(AddedBy::PackageManager), false),
            ("lib/xy/site/__c__", Some(AddedBy::Program), false),
            ("__c__", Some(AddedBy::Program), false),
            ("a/b/__c__", Some(AddedBy::Program), false),
            ("a/b/__c__/d", None, false),
            ("a__c__", None, false),
        ] {
            assert_eq!(package_paths.added_by(path), adder, "{path}");
            assert_eq!(package_paths.may_contain(path), may_hold, "{path}");
        }
    }
}
