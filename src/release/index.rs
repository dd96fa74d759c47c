//! Official sites with an index of versions.

use serde_json::Value;
use usher_definition::{Artifacts, Form, IndexSource, Mirror};
use usher_shims::version::Version;
use usher_shims::world::World;

use super::Artifact;
use super::find::Entry;

/// Why an index can't be understood, in a few words.
pub(super) type Complaint = String;

/// A site, as the user's variables have it.
pub(super) struct Site<'a> {
    source: &'a IndexSource,
    base: String,
    platform: &'a str,
}

impl<'a> Site<'a> {
    /// `None` where the site has nothing for this platform.
    pub(super) fn new(
        world: &impl World,
        source: &'a IndexSource,
        platform: &'a str,
    ) -> Option<Self> {
        source.platform.contains_key(platform).then(|| {
            let base = first_set(world, &source.mirrors).unwrap_or_else(|| source.base.clone());
            Self { source, base: base.trim_end_matches('/').to_owned(), platform }
        })
    }

    /// Where the index lies.
    pub(super) fn address(&self) -> String {
        self.source.list.replace("{base}", &self.base)
    }

    /// Where a version's archive and its checksums lie, and the archive's name in there; `None`
    /// where the index itself says it.
    pub(super) fn archive(&self, version: &Version) -> Option<(String, String, String)> {
        let fill = |template: &str| {
            template
                .replace("{base}", &self.base)
                .replace("{version}", version.as_str())
                .replace("{platform}", &self.source.platform[self.platform].token)
        };
        let archive = fill(self.source.archive.as_ref()?);
        let name = archive.rsplit('/').next().unwrap_or_default().to_owned();
        Some((archive, fill(self.source.sums.as_ref()?), name))
    }

    /// The addresses to try for one that the index names.
    pub(super) fn addresses(&self, world: &impl World, address: &str) -> Vec<String> {
        let Some(mirror) = &self.source.mirror else { return vec![address.to_owned()] };
        let Some(rest) = address.strip_prefix(&mirror.replaces) else {
            return vec![address.to_owned()];
        };
        let set = first_set(world, &mirror.variables);
        let starts = match set {
            Some(set) => vec![set],
            None => before(mirror),
        };
        starts.iter().map(|start| format!("{}{rest}", start.trim_end_matches('/'))).collect()
    }

    /// How many leading folders its archives have.
    pub(super) fn strip(&self) -> usize {
        usize::from(self.source.strip)
    }

    /// Understands the index.
    pub(super) fn read(&self, text: &[u8]) -> Result<Vec<Entry>, Complaint> {
        match self.source.form {
            Form::Json => {
                let list: Vec<Value> =
                    serde_json::from_slice(text).map_err(|error| error.to_string())?;
                Ok(list.iter().filter_map(|value| self.entry(value)).collect())
            }
            Form::Ndjson => {
                let mut entries: Vec<(String, Entry)> = Vec::new();
                for line in
                    text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
                {
                    let value: Value =
                        serde_json::from_slice(line).map_err(|error| error.to_string())?;
                    entries.extend(self.entry(&value).map(|entry| (self.build(&value), entry)));
                }
                Ok(newest_builds(entries))
            }
        }
    }

    fn entry(&self, value: &Value) -> Option<Entry> {
        let written = value.get(&self.source.version)?.as_str()?;
        let bare = match &self.source.build {
            Some(separator) => {
                written.split_once(separator.as_str()).map_or(written, |(version, _)| version)
            }
            None => written,
        };
        let version = Version::parse(bare)?;
        let artifact = match &self.source.artifacts {
            Some(artifacts) => Some(self.artifact(artifacts, value)?),
            None => None,
        };
        let lts = self
            .source
            .lts
            .as_ref()
            .and_then(|field| value.get(field)?.as_str().map(str::to_lowercase));
        self.is_offered(value).then(|| Entry {
            version: version.as_str().to_owned(),
            lts,
            artifact,
            engines: None,
        })
    }

    /// Whether the version was made for this platform.
    fn is_offered(&self, value: &Value) -> bool {
        let Some(field) = &self.source.platforms else { return true };
        let Some(wanted) = &self.source.platform[self.platform].listed else { return true };
        let listed = value.get(field).and_then(Value::as_array);
        listed.is_some_and(|listed| listed.iter().any(|one| one.as_str() == Some(wanted)))
    }

    fn build(&self, value: &Value) -> String {
        let written = value.get(&self.source.version).and_then(Value::as_str).unwrap_or_default();
        let separator = self.source.build.as_deref().unwrap_or("+");
        written.split_once(separator).map_or("", |(_, build)| build).to_owned()
    }

    /// The best variant that an entry lists for this platform.
    fn artifact(&self, artifacts: &Artifacts, value: &Value) -> Option<Artifact> {
        let token = &self.source.platform[self.platform].token;
        let list = value.get(&artifacts.at)?.as_array()?;
        let text =
            |one: &Value, field: &str| one.get(field).and_then(Value::as_str).map(str::to_owned);
        artifacts.variants.iter().find_map(|variant| {
            let one = list.iter().find(|one| {
                text(one, &artifacts.platform).as_ref() == Some(token)
                    && text(one, &artifacts.variant).as_ref() == Some(variant)
            })?;
            let integrity = text(one, &artifacts.sha256)
                .map_or_else(String::new, |hex| format!("sha256:{hex}"));
            Some(Artifact { address: text(one, &artifacts.url)?, integrity })
        })
    }
}

/// Of the builds of a version only the newest counts; builds compare as text (dates do).
fn newest_builds(mut entries: Vec<(String, Entry)>) -> Vec<Entry> {
    entries.sort_by(|a, b| a.1.version.cmp(&b.1.version).then_with(|| b.0.cmp(&a.0)));
    entries.dedup_by(|later, first| later.1.version == first.1.version);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

fn before(mirror: &Mirror) -> Vec<String> {
    mirror.before.iter().chain([&mirror.replaces]).cloned().collect()
}

fn first_set(world: &impl World, variables: &[String]) -> Option<String> {
    let set =
        |name: &String| world.variable(name)?.into_string().ok().filter(|value| !value.is_empty());
    variables.iter().find_map(set)
}
