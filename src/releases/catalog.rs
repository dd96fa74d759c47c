//! Which sources a tool has on this platform. It sends nothing.

use std::collections::BTreeMap;

use usher_definition::{IndexSource, NpmSource, PypiSource, Source, SourceKind};
use usher_shims::error::{Error, ErrorKind, Result};

use super::release::Release;
use crate::config::settings::Settings;
use crate::registry::KnownTool;

/// The sources of all tools.
#[derive(Debug)]
pub(super) struct Catalog<'a> {
    /// They may select one source for a tool.
    pub(super) settings: &'a Settings,
    /// As the registry spells it: `linux-x64-glibc2.36`.
    pub(super) platform: String,
    /// The platform whose programs this one translates.
    pub(super) translated: Option<&'static str>,
}

/// A source that has releases for this platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct AvailableSource<'a> {
    /// Its name in messages and in the settings.
    pub(super) name: &'a str,
    /// The platform that its releases are for.
    pub(super) platform: &'a str,
    /// Whether that is one whose programs are translated.
    pub(super) is_translated: bool,
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
    pub(super) fn sources<'b>(&'b self, known: KnownTool<'b>) -> Result<Vec<AvailableSource<'b>>> {
        self.selected_sources(known, false)
    }

    /// The same for the platform whose programs this one translates, if there is one: for what was
    /// never built for this platform.
    pub(super) fn translated_sources<'b>(
        &'b self,
        known: KnownTool<'b>,
    ) -> Result<Vec<AvailableSource<'b>>> {
        self.selected_sources(known, true)
    }

    /// The source of a release, even if the settings select another one.
    pub(super) fn source_of<'b>(
        &'b self,
        known: KnownTool<'b>,
        release: &Release,
    ) -> Option<AvailableSource<'b>> {
        let source = known.definition.source.iter().find(|source| source.name == release.source)?;
        self.available(source, release.is_translated)
    }

    fn selected_sources<'b>(
        &'b self,
        known: KnownTool<'b>,
        are_translated: bool,
    ) -> Result<Vec<AvailableSource<'b>>> {
        let all = &known.definition.source;
        let only = self.settings.source.get(known.tool.name);
        let is_selected = |source: &&Source| only.is_none_or(|only| &source.name == only);
        let mut selected = all.iter().filter(is_selected).peekable();
        let Some(only) = only.filter(|_| selected.peek().is_none()) else {
            return Ok(selected.filter_map(|it| self.available(it, are_translated)).collect());
        };
        let names: Vec<&str> = all.iter().map(|source| source.name.as_str()).collect();
        let (tool, origin) = (known.tool.name, self.settings.origin("source"));
        let what = format!("{tool} has no source “{only}” ({origin})");
        Err(Error::new(ErrorKind::BadSetting, what)
            .because(format!("its sources: {}", names.join(", "))))
    }

    /// What a source has for this platform, or for the one that it translates.
    pub(super) fn available<'b>(
        &'b self,
        source: &'b Source,
        is_translated: bool,
    ) -> Option<AvailableSource<'b>> {
        let platform = match is_translated {
            true => self.translated?,
            false => &self.platform,
        };
        let offer = match source.kind()? {
            SourceKind::Index(site) => Offer::Site(site, site.words_for(platform)?),
            SourceKind::Npm(packages) => Offer::Npm(packages, packages.package_for(platform)?),
            SourceKind::Pypi(project) => Offer::Pypi(project),
        };
        Some(AvailableSource { name: &source.name, platform, is_translated, offer })
    }
}
