//! Which sources a tool has on this platform. It sends nothing.

use std::collections::BTreeMap;

use usher_definition::{IndexSource, NpmSource, PypiSource, Source, SourceKind};
use usher_shims::error::{Error, ErrorKind, Result};

use crate::config::settings::Settings;
use crate::registry::KnownTool;

/// The sources of all tools.
#[derive(Debug)]
pub(super) struct Catalog<'a> {
    /// They may select one source for a tool.
    pub(super) settings: &'a Settings,
    /// As the registry spells it: `linux-x64-glibc2.36`.
    pub(super) platform: String,
}

/// A source that has releases for this platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct AvailableSource<'a> {
    /// Its name in messages and in the settings.
    pub(super) name: &'a str,
    pub(super) offer: Offer<'a>,
}

/// What a source has for a platform.
#[derive(Debug, Clone, Copy)]
pub(super) enum Offer<'a> {
    /// A download site, and its words for the platform.
    Site(&'a IndexSource, &'a BTreeMap<String, String>),
    /// Packages of the npm registry, and the name of the platform's package.
    Npm(&'a NpmSource, &'a str),
    /// A project of the `PyPI` index, whose file names contain the platform.
    Pypi(&'a PypiSource),
}

impl Catalog<'_> {
    /// A tool's sources that have releases for this platform, in order; or the one that the settings
    /// select. An error if the tool has no source of the selected name.
    pub(super) fn sources<'b>(&self, known: KnownTool<'b>) -> Result<Vec<AvailableSource<'b>>> {
        let chosen = self.selected_sources(known)?;
        Ok(chosen.into_iter().filter_map(|source| self.available(source)).collect())
    }

    /// The source of this name, even if the settings select another one.
    pub(super) fn named<'b>(
        &self,
        known: KnownTool<'b>,
        name: &str,
    ) -> Option<AvailableSource<'b>> {
        let source = known.definition.source.iter().find(|source| source.name == name)?;
        self.available(source)
    }

    fn selected_sources<'b>(&self, known: KnownTool<'b>) -> Result<Vec<&'b Source>> {
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
