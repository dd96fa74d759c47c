//! Which sources a tool has on this platform. It asks nobody.

use std::collections::BTreeMap;

use usher_definition::{IndexSource, NpmSource, PypiSource, Source, SourceKind};
use usher_shims::error::{Error, ErrorKind, Result};

use crate::config::settings::Settings;
use crate::registry::KnownTool;

/// The sources of all tools, as the settings choose among them.
#[derive(Debug)]
pub(super) struct Catalog<'a> {
    /// The user may have named the one source to ask for a tool.
    pub(super) settings: &'a Settings,
    /// As the registry spells it.
    pub(super) platform: String,
}

/// A source that has something for this platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct AvailableSource<'a> {
    /// What it is called in messages and in the settings.
    pub(super) name: &'a str,
    /// What it has.
    pub(super) offer: Offer<'a>,
}

/// What a source has for a platform.
#[derive(Debug, Clone, Copy)]
pub(super) enum Offer<'a> {
    /// A site, and the words that it spells the platform with.
    Site(&'a IndexSource, &'a BTreeMap<String, String>),
    /// Packages of the npm registry, and the platform's one.
    Npm(&'a NpmSource, &'a str),
    /// A project of the `PyPI` index; which of its files are the platform's, that index says.
    Pypi(&'a PypiSource),
}

impl Catalog<'_> {
    /// The sources to ask for a tool's releases, in their order: all that have something for this
    /// platform, or of these the one that the settings name.
    pub(super) fn sources<'b>(&self, known: KnownTool<'b>) -> Result<Vec<AvailableSource<'b>>> {
        let chosen = self.chosen(known)?;
        Ok(chosen.into_iter().filter_map(|source| self.available(source)).collect())
    }

    /// The source of this name, whatever the settings choose today.
    pub(super) fn named<'b>(
        &self,
        known: KnownTool<'b>,
        name: &str,
    ) -> Option<AvailableSource<'b>> {
        let source = known.definition.source.iter().find(|source| source.name == name)?;
        self.available(source)
    }

    fn chosen<'b>(&self, known: KnownTool<'b>) -> Result<Vec<&'b Source>> {
        let all = &known.definition.source;
        let Some(only) = self.settings.source.get(known.tool.name) else {
            return Ok(all.iter().collect());
        };
        let chosen: Vec<&Source> = all.iter().filter(|source| &source.name == only).collect();
        if !chosen.is_empty() {
            return Ok(chosen);
        }
        let names: Vec<&str> = all.iter().map(|source| source.name.as_str()).collect();
        let (tool, origin) = (known.tool.name, self.settings.origin("source"));
        let what = format!("{tool} has no source “{only}” ({origin})");
        Err(Error::new(ErrorKind::BadSetting, what)
            .because(format!("its sources: {}", names.join(", "))))
    }

    fn available<'b>(&self, source: &'b Source) -> Option<AvailableSource<'b>> {
        let offer = match source.kind()? {
            SourceKind::Index(site) => Offer::Site(site, site.words_for(&self.platform)?),
            SourceKind::Npm(packages) => {
                Offer::Npm(packages, packages.package_for(&self.platform)?)
            }
            SourceKind::Pypi(project) => Offer::Pypi(project),
        };
        Some(AvailableSource { name: &source.name, offer })
    }
}
