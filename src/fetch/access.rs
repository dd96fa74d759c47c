//! What the user has set up for reaching the network, and the web client that is made of it.
//!
//! It is given as a plain value; from which variables and files, it must not know.

mod credentials;
mod proxies;
mod roots;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, blocking};
use usher_shims::error::{Error, Escaped, Exit};

use super::failure::Failure;
pub use credentials::{Credential, Credentials};
pub use proxies::Proxies;
pub use roots::Roots;

/// What the user has set up for reaching the network.
#[derive(Clone, Default)]
pub struct Access {
    /// Which proxies to go through.
    pub proxies: Proxies,
    /// The authorities that are named in the place of the system's.
    pub roots: Roots,
    /// Files of PEM certificates that are accepted beside the system's.
    pub extra_ca_files: Vec<PathBuf>,
    /// Who we are, to whom.
    pub credentials: Credentials,
    /// How long to wait.
    pub patience: Patience,
}

/// How long to wait. There is no limit to the whole: a slow line that moves is no failure.
#[derive(Clone)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For an answer's first byte, and for each next one.
    pub idle: Duration,
    /// Before the second try, before the third, …
    pub pauses: Vec<Duration>,
    /// The longest time that a server may tell us to wait (`Retry-After`).
    pub longest_wait: Duration,
    /// How many bytes must come in each [`window`](Self::window): less is no line, but a leak.
    pub least: u64,
    /// The time over which the rate is measured; what we spend on writing isn't counted.
    pub window: Duration,
    /// With so many new bytes a try was none: the pauses begin anew.
    pub headway: u64,
    /// For another process that downloads the same, while its file doesn't grow.
    pub holder: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            pauses: vec![Duration::from_millis(300), Duration::from_millis(1200)],
            longest_wait: Duration::from_secs(30),
            least: 60_000,
            window: Duration::from_secs(60),
            headway: 64 << 10,
            holder: Duration::from_secs(10),
        }
    }
}

impl Access {
    /// The client that all this asks for; reads the certificates.
    pub(super) fn build(&self) -> Result<Web, Failure> {
        // Fails only where a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let extra = self.extra_certificates()?;
        if self.roots.are_named() {
            let all = self.roots.certificates().into_iter().chain(extra);
            let built = self.builder()?.tls_certs_only(all).build();
            return built.map(Web::trusting).map_err(|error| setup(&error));
        }
        let system = self.builder()?.tls_certs_merge(extra.clone()).build();
        match system {
            // A system without any certificate (a slim container) can still be served by
            // http://; without roots, no certificate of https:// is accepted.
            Err(_) if extra.is_empty() => {
                let bare = self.builder()?.tls_certs_only([]).build();
                bare.map(|client| Web { client, knows_authorities: false })
            }
            built => built.map(Web::trusting),
        }
        .map_err(|error| setup(&error))
    }

    /// Redirects are followed by the asker, who knows which credentials go where.
    fn builder(&self) -> Result<blocking::ClientBuilder, Failure> {
        let mut builder = blocking::Client::builder()
            .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.patience.connect)
            .timeout(self.patience.idle)
            .referer(false)
            .redirect(Policy::none())
            .no_proxy();
        for proxy in self.proxies.all()? {
            builder = builder.proxy(proxy);
        }
        Ok(builder)
    }

    fn extra_certificates(&self) -> Result<Vec<Certificate>, Failure> {
        let mut certificates = Vec::new();
        for path in &self.extra_ca_files {
            let found = roots::certificates(path).map_err(|why| {
                let name = path.to_string_lossy();
                let what = format!("{} is no file of PEM certificates", Escaped(&name));
                let error = Error::new(Exit::Data, what).because(format!("it {why}"));
                Failure::Fatal(error.hint("look at NODE_EXTRA_CA_CERTS, and at the settings for certificates of npm and pip"))
            })?;
            certificates.extend(found.iter().filter_map(|der| Certificate::from_der(der).ok()));
        }
        Ok(certificates)
    }
}

/// What asks servers.
pub(super) struct Web {
    /// The library's client.
    pub(super) client: blocking::Client,
    /// Whether anybody's signature under a certificate counts for it.
    pub(super) knows_authorities: bool,
}

impl Web {
    fn trusting(client: blocking::Client) -> Self {
        Self { client, knows_authorities: true }
    }
}

fn setup(error: &reqwest::Error) -> Failure {
    let mut message = Error::new(Exit::Data, "can't get ready for the network");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = message.because(Escaped(&cause.to_string()).to_string());
        source = cause.source();
    }
    Failure::Fatal(message.hint("look at the settings for proxies and certificates"))
}
