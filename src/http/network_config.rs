//! The network configuration, and the library's client that is built from it.
//!
//! It is a plain value. It must not know which variables and files it comes from.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::redirect::Policy;
use reqwest::{Certificate, Url, blocking};
use usher_shims::error::{Error, ErrorKind, Escaped, Shown};

use super::address::{Location, host_with_port, is_unprotected};
use super::allowed_sources::AllowedSources;
use super::authorities::{Authorities, CaFile, NoCertificates, certificates_in_file};
use super::credentials::Credentials;
use super::fetch_error::FetchError;
use super::proxies::Proxies;
use super::timeouts::Timeouts;
use super::tls_errors::CertificateTrust;
use crate::files::bare::require_random_numbers;
use crate::files::shortage::is_shortage;

/// The hosts that were asked over plain `http://`, but for this machine's own.
#[derive(Debug, Default)]
pub struct PlainHttp(Mutex<BTreeSet<String>>);

impl PlainHttp {
    /// Records a request.
    pub(super) fn record(&self, url: &Url) {
        if is_unprotected(url) {
            let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.insert(host_with_port(url));
        }
    }

    /// The hosts, in the order of their names.
    pub fn hosts(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// The user's network configuration.
#[derive(Clone, Default)]
pub struct NetworkConfig {
    /// The proxies.
    pub proxies: Proxies,
    /// The certificate authorities that replace the system's.
    pub authorities: Authorities,
    /// Certificate authorities that are trusted beside the system's.
    pub extra_ca_files: Vec<CaFile>,
    /// Which `Authorization` is sent where.
    pub credentials: Credentials,
    /// How long to wait, and when to retry.
    pub timeouts: Timeouts,
    /// The only hosts that may be asked; `None` if all may.
    pub allowed_sources: Option<AllowedSources>,
    /// Records the servers whose answers can be changed on the way.
    pub plain_http: Arc<PlainHttp>,
}

impl NetworkConfig {
    /// Refuses a host that may not be asked; `None` is a file of this machine.
    pub(super) fn check_source(
        &self,
        location: &Location,
        host: Option<&str>,
    ) -> Result<(), FetchError> {
        let allowed = self.allowed_sources.as_ref();
        let checked = allowed.map_or(Ok(()), |allowed| allowed.check(location, host));
        checked.map_err(FetchError::BadResponse)
    }

    /// Builds the client; reads the certificates.
    pub(super) fn build(&self) -> Result<HttpClient, FetchError> {
        require_random_numbers().map_err(FetchError::Fatal)?;
        // Fails only where a provider is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let extra = self.extra_certificates()?;
        if self.authorities.are_configured() {
            let all = self.authorities.load().map_err(FetchError::Fatal)?.certificates.into_iter();
            let all = all.chain(extra);
            let built = self.builder()?.tls_certs_only(all).build();
            return built.map(HttpClient::with_authorities).map_err(|error| build_error(&error));
        }
        let system = self.builder()?.tls_certs_merge(extra.clone()).build();
        match system {
            // A system without certificate authorities (a slim container) can still use http://.
            // Every https:// certificate is then rejected.
            Err(_) if extra.is_empty() => {
                system_authorities_unread()?;
                let bare = self.builder()?.tls_certs_only([]).build();
                bare.map(|client| HttpClient { client, has_authorities: false })
            }
            built => built.map(HttpClient::with_authorities),
        }
        .map_err(|error| build_error(&error))
    }

    /// Redirects are followed in `redirects.rs`, which decides which credentials are sent where.
    fn builder(&self) -> Result<blocking::ClientBuilder, FetchError> {
        let mut builder = blocking::Client::builder()
            .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.timeouts.connect)
            .timeout(self.timeouts.read)
            .referer(false)
            .redirect(Policy::none())
            .no_proxy();
        for proxy in self.proxies.to_reqwest()? {
            builder = builder.proxy(proxy);
        }
        Ok(builder)
    }

    fn extra_certificates(&self) -> Result<Vec<Certificate>, FetchError> {
        let mut certificates = Vec::new();
        for CaFile { path, origin } in &self.extra_ca_files {
            let found = certificates_in_file(path).map_err(|why| {
                FetchError::Fatal(match why {
                    NoCertificates::Unread(error) if is_shortage(&error) => {
                        Error::io("read", path, error)
                    }
                    NoCertificates::Unread(error) => {
                        Error::io("read", path, error).hint(format!("check {origin}"))
                    }
                    NoCertificates::Unusable(why) => {
                        let what = format!("{} is not a file of PEM certificates", Shown(path));
                        let error = Error::new(ErrorKind::BadFile, what);
                        error.because(format!("it {why}")).hint(format!("check {origin}"))
                    }
                })
            })?;
            certificates.extend(found);
        }
        Ok(certificates)
    }
}

/// The library's client, and what it trusts.
pub(super) struct HttpClient {
    pub(super) client: blocking::Client,
    /// Whether it trusts any certificate authority.
    pub(super) has_authorities: bool,
}

impl HttpClient {
    fn with_authorities(client: blocking::Client) -> Self {
        Self { client, has_authorities: true }
    }

    /// Which certificate authorities it trusts.
    pub(super) fn trust<'a>(&self, config: &'a NetworkConfig) -> CertificateTrust<'a> {
        match self.has_authorities {
            _ if config.authorities.are_configured() => {
                CertificateTrust::Custom(&config.authorities)
            }
            true => CertificateTrust::System,
            false => CertificateTrust::Nothing,
        }
    }
}

/// An error if the machine has no room to read its certificate authorities: else it has none.
fn system_authorities_unread() -> Result<(), FetchError> {
    let errors = rustls_native_certs::load_native_certs().errors.into_iter();
    let mut unread = errors.filter_map(|error| match error.kind {
        rustls_native_certs::ErrorKind::Io { inner, path } => Some((inner, path)),
        _ => None,
    });
    match unread.find(|(error, _)| is_shortage(error)) {
        Some((error, path)) => Err(FetchError::Fatal(Error::io("read", &path, error))),
        None => Ok(()),
    }
}

fn build_error(error: &reqwest::Error) -> FetchError {
    let causes = || std::iter::successors(StdError::source(error), |&cause| cause.source());
    let lacks_room = causes().any(|cause| cause.downcast_ref().is_some_and(is_shortage));
    let message = |kind| {
        causes().fold(Error::new(kind, "can't set up the network client"), |message, cause| {
            message.because(Escaped(&cause.to_string()).to_string())
        })
    };
    FetchError::Fatal(match lacks_room {
        true => message(ErrorKind::Io),
        false => {
            message(ErrorKind::BadFile).hint("check the settings for proxies and certificates")
        }
    })
}
