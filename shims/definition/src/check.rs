//! What `use check` knows of a tool: images, inputs of CI actions, lock files. Independent of the
//! rest of a definition.

use serde::Deserialize;

/// Where a project can name a version besides version files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRules {
    /// Container images whose tag is a version: `node`, `cimg/node`. A name matches without its
    /// registry (`docker.io/library/node` is `node`), or whole if it is written so here. One `*` is
    /// a version in the name itself: `ubi9/nodejs-*`.
    #[serde(default)]
    pub images: Vec<String>,
    /// Inputs of CI actions that request a version: `node-version`.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// Lock files and similar files that name the version a project was made with; see
    /// [`LockfileRule`].
    #[serde(default)]
    pub locks: Vec<LockfileRule>,
}

/// A file that names the version a project was made with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockfileRule {
    /// The file's name: `Pipfile.lock`.
    pub name: String,
    /// Its syntax; see [`Notation`].
    pub notation: Notation,
    /// The paths to the fields, keys separated by dots: `["_meta.requires.python_version"]`.
    pub fields: Vec<String>,
}

/// The syntax of a lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notation {
    /// A JSON document.
    Json,
    /// A TOML document.
    Toml,
}

impl CheckRules {
    /// What is impossible in it.
    pub(crate) fn fault(&self) -> Option<String> {
        let image = self.images.iter().find(|image| {
            image.is_empty() || image.matches('*').count() > 1 || image.contains([':', '@'])
        });
        if let Some(image) = image {
            return Some(format!("image `{image}`: a name without a tag, with at most one `*`"));
        }
        let lock = self.locks.iter().find(|lock| lock.fields.is_empty())?;
        Some(format!("lock `{}`: it has no fields", lock.name))
    }
}
