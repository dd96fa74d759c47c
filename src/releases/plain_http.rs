//! Which configured sources are read over plain http. It sends nothing, and runs no package manager.

use std::collections::BTreeSet;

use usher_definition::{IndexSource, Source, SourceKind};
use usher_shims::world::World as _;

use super::network::Network;
use crate::http::Address;
use crate::registry::KnownTool;
use crate::session::Session;

/// A source whose answers others on the network can change, hashes included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlainHttpSource {
    /// Where its address is configured: `NODEJS_ORG_MIRROR`, `registry= in ~/.npmrc:3`.
    pub origin: String,
    /// Its host.
    pub host: String,
}

/// The configured sources that are read over plain http, but for this machine's own servers.
pub fn plain_http_sources(session: &Session) -> BTreeSet<PlainHttpSource> {
    let sites = session.registry.all().flat_map(|known| {
        known.definition.source.iter().flat_map(move |source| addresses_of(session, known, source))
    });
    let registries = Network::new(session).known_registries();
    let unprotected = sites.chain(registries).filter(|(_, address)| address.is_unprotected());
    unprotected.map(|(origin, address)| PlainHttpSource { origin, host: address.host() }).collect()
}

/// The addresses of a site, each with its origin.
fn addresses_of(
    session: &Session,
    known: KnownTool<'_>,
    source: &Source,
) -> Vec<(String, Address)> {
    let Some(SourceKind::Index(site)) = source.kind() else { return Vec::new() };
    let tool = known.tool.name;
    let origin = match session.settings.source.contains_key(tool) {
        true => format!("the setting source ({})", session.settings.origin("source")),
        false => format!("the definition of {tool}"),
    };
    let base = Address::parse(&site.base).ok().map(|address| (origin, address));
    let set = mirror_variables(site).filter_map(|name| {
        let value = session.world.variable(name)?.into_string().ok()?;
        Some((name.clone(), Address::parse(&value).ok()?))
    });
    base.into_iter().chain(set).collect()
}

/// The variables that name mirrors of a site.
fn mirror_variables(site: &IndexSource) -> impl Iterator<Item = &String> {
    let of_archives = site.mirror.iter().flat_map(|mirror| &mirror.variables);
    site.mirror_variables.iter().chain(of_archives)
}
