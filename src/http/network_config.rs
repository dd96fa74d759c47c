//! What is set up for reaching the network, and the library's client that is made of it.
//!
//! It is given as a plain value; from which variables and files, it must not know.

use reqwest::redirect::Policy;
use reqwest::{Certificate, blocking};
use usher_shims::error::{Error, ErrorKind, Escaped, Shown};

use super::authorities::{Authorities, CaFile, certificates_in};
use super::credentials::Credentials;
use super::fetch_error::FetchError;
use super::proxies::Proxies;
use super::timeouts::Timeouts;
use super::tls_errors::CertificateTrust;

/// What the user has set up for reaching the network.
#[derive(Clone, Default)]
pub struct NetworkConfig {
    /// Which proxies to go through.
    pub proxies: Proxies,
    /// The authorities that are named in the place of the system's.
    pub authorities: Authorities,
    /// Certificates that are accepted beside the system's.
    pub extra_ca_files: Vec<CaFile>,
    /// Who we are, to whom.
    pub credentials: Credentials,
    /// How long to wait.
    pub timeouts: Timeouts,
}

impl NetworkConfig {
    /// The client that all this asks for; reads the certificates.
    pub(super) fn build(&self) -> Result<HttpClient, FetchError> {
        // Fails only where a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let extra = self.extra_certificates()?;
        if self.authorities.are_configured() {
            let all = self.authorities.read().certificates.into_iter().chain(extra);
            let built = self.builder()?.tls_certs_only(all).build();
            return built.map(HttpClient::trusting).map_err(|error| setup(&error));
        }
        let system = self.builder()?.tls_certs_merge(extra.clone()).build();
        match system {
            // A system without any certificate (a slim container) can still be served by
            // http://; without roots, no certificate of https:// is accepted.
            Err(_) if extra.is_empty() => {
                let bare = self.builder()?.tls_certs_only([]).build();
                bare.map(|client| HttpClient { client, knows_authorities: false })
            }
            built => built.map(HttpClient::trusting),
        }
        .map_err(|error| setup(&error))
    }

    /// Redirects are followed by the asker, who knows which credentials go where.
    fn builder(&self) -> Result<blocking::ClientBuilder, FetchError> {
        let mut builder = blocking::Client::builder()
            .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.timeouts.connect)
            .timeout(self.timeouts.read)
            .referer(false)
            .redirect(Policy::none())
            .no_proxy();
        for proxy in self.proxies.all()? {
            builder = builder.proxy(proxy);
        }
        Ok(builder)
    }

    fn extra_certificates(&self) -> Result<Vec<Certificate>, FetchError> {
        let mut certificates = Vec::new();
        for CaFile { path, origin } in &self.extra_ca_files {
            let found = certificates_in(path).map_err(|why| {
                let what = format!("{} is no file of PEM certificates", Shown(path));
                let error = Error::new(ErrorKind::BadFile, what).because(format!("it {why}"));
                FetchError::Fatal(error.hint(format!("look at {origin}")))
            })?;
            certificates.extend(found);
        }
        Ok(certificates)
    }
}

/// What asks servers.
pub(super) struct HttpClient {
    /// The library's client.
    pub(super) client: blocking::Client,
    /// Whether anybody's signature under a certificate counts for it.
    pub(super) knows_authorities: bool,
}

impl HttpClient {
    fn trusting(client: blocking::Client) -> Self {
        Self { client, knows_authorities: true }
    }

    /// Whose signature under a certificate counts for it.
    pub(super) fn trust<'a>(&self, config: &'a NetworkConfig) -> CertificateTrust<'a> {
        match self.knows_authorities {
            _ if config.authorities.are_configured() => {
                CertificateTrust::CustomRoots(&config.authorities)
            }
            true => CertificateTrust::SystemRoots,
            false => CertificateTrust::NoRoots,
        }
    }
}

fn setup(error: &reqwest::Error) -> FetchError {
    let mut message = Error::new(ErrorKind::BadFile, "can't get ready for the network");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = message.because(Escaped(&cause.to_string()).to_string());
        source = cause.source();
    }
    FetchError::Fatal(message.hint("look at the settings for proxies and certificates"))
}
