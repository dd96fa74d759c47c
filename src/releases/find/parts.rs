//! What to fetch for a release, a list for each kind of source.

use std::collections::BTreeMap;

use usher_definition::{Beside, IndexSource, NpmSource};
use usher_shims::error::{Error, ErrorKind};

use super::kept::{Age, LARGEST_INDEX};
use super::{Entry, Finder};
use crate::files::integrity::Integrity;
use crate::http::Failure;
use crate::releases::index::Site;
use crate::releases::{Artifact, Part, Release, Via, npm};

impl Finder<'_> {
    pub(super) fn index_parts(
        &self,
        index: &IndexSource,
        release: &Release,
    ) -> std::result::Result<Vec<Part>, Failure> {
        let Some(site) = Site::new(&self.usher.world, index, &self.platform) else {
            return Ok(Vec::new());
        };
        let fetch = |address: &str| self.network.client().get(address, LARGEST_INDEX);
        Ok(site.part(&self.usher.world, release, &fetch)?.into_iter().collect())
    }

    pub(super) fn npm_parts(
        &self,
        packages: &NpmSource,
        release: &Release,
    ) -> std::result::Result<Vec<Part>, Failure> {
        let Some(artifact) = &release.artifact else { return Ok(Vec::new()) };
        let main = Part {
            into: packages.into.as_str().into(),
            links: pairs(&packages.links),
            ..npm_part(artifact)
        };
        let mut parts = vec![main];
        let is_for = |rule: &&Beside| npm::is_for(rule.versions.as_deref(), &release.version);
        for rule in packages.beside.iter().filter(is_for) {
            let entries = self.index(&self.npm_listing(&rule.package)?, Age::Fresh)?.entries;
            let chosen = npm::beside(&entries, rule, &release.version);
            let Some((Entry { artifact: Some(artifact), .. }, version)) = chosen else {
                let what =
                    format!("no {} is to be had that runs on {}", rule.package, release.version);
                return Err(Failure::Fatal(Error::new(ErrorKind::Network, what)));
            };
            parts.push(Part {
                into: rule.into.as_str().into(),
                links: pairs(&rule.links),
                title: format!("{} {version}", rule.package),
                ..npm_part(artifact)
            });
        }
        Ok(parts)
    }
}

fn pairs(links: &BTreeMap<String, String>) -> Vec<(String, String)> {
    links.iter().map(|(link, target)| (link.clone(), target.clone())).collect()
}

fn npm_part(artifact: &Artifact) -> Part {
    Part {
        addresses: vec![artifact.address.clone()],
        integrity: Integrity::from_text(&artifact.integrity),
        via: Via::Npm,
        strip: 1,
        ..Part::default()
    }
}
