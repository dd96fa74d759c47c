//! What the user has set up for reaching the network, and the web client that is made of it.
//!
//! It is given as a plain value; from which variables and files, it must not know (but for the
//! variables of proxies and certificates, which the libraries read themselves).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::blocking;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Certificate, NoProxy, Proxy, Url};
use usher_shims::error::{Error, Escaped, Exit};

use super::failure::Failure;

/// The most redirects to follow.
const MOST_REDIRECTS: usize = 10;

/// What the user has set up for reaching the network.
#[derive(Clone, Default)]
pub struct Access {
    /// Which proxies to go through.
    pub proxies: Proxies,
    /// Files of PEM certificates that are accepted beside the system's.
    pub extra_ca_files: Vec<PathBuf>,
    /// Who we are, to whom.
    pub credentials: Vec<Credential>,
    /// How long to wait.
    pub patience: Patience,
}

/// Which proxies to go through.
#[derive(Clone, Default)]
pub enum Proxies {
    /// As the variables say that curl reads too: `HTTPS_PROXY`, `NO_PROXY`, …
    #[default]
    Environment,
    /// These and no others; with all fields `None`, none at all.
    Only {
        /// The address of the proxy for `http://`.
        http: Option<String>,
        /// The address of the proxy for `https://`.
        https: Option<String>,
        /// Hosts to reach directly, in the form of `NO_PROXY`.
        except: Option<String>,
    },
}

/// An `Authorization` header and the place that it is for.
#[derive(Clone)]
pub struct Credential {
    /// Host, port where it isn't the usual one, and the beginning of the path, as npm writes it
    /// without the slashes in front: `npm.example/private/`.
    pub scope: String,
    /// The header's value: `Bearer …`, `Basic …`.
    pub authorization: String,
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
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            pauses: vec![Duration::from_millis(300), Duration::from_millis(1200)],
        }
    }
}

impl Access {
    /// The client that all this asks for; reads the certificates.
    pub(super) fn build(&self) -> Result<blocking::Client, Failure> {
        // Fails only where a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let extra = self.extra_certificates()?;
        let system = self.builder()?.tls_certs_merge(extra.clone()).build();
        match system {
            // A system without any certificate (a slim container) can still be served by
            // http://; without roots, no certificate of https:// is accepted.
            Err(_) if extra.is_empty() => self.builder()?.tls_certs_only([]).build(),
            built => built,
        }
        .map_err(|error| setup(&error))
    }

    fn builder(&self) -> Result<blocking::ClientBuilder, Failure> {
        let mut builder = blocking::Client::builder()
            .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.patience.connect)
            .timeout(self.patience.idle)
            .referer(false)
            .redirect(Policy::custom(|attempt| match follows(attempt.previous(), attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(why) => attempt.error(why),
            }));
        let Proxies::Only { http, https, except } = &self.proxies else { return Ok(builder) };
        builder = builder.no_proxy();
        let except = except.as_deref().and_then(NoProxy::from_string);
        for proxy in [http.as_ref().map(Proxy::http), https.as_ref().map(Proxy::https)] {
            let Some(proxy) = proxy else { continue };
            let proxy = proxy.map_err(|error| setup(&error))?;
            builder = builder.proxy(proxy.no_proxy(except.clone()));
        }
        Ok(builder)
    }

    fn extra_certificates(&self) -> Result<Vec<Certificate>, Failure> {
        let mut certificates = Vec::new();
        for path in &self.extra_ca_files {
            let pem =
                fs::read(path).map_err(|error| Failure::Fatal(Error::io("read", path, &error)))?;
            let found = Certificate::from_pem_bundle(&pem).map_err(|error| {
                let name = path.to_string_lossy();
                let what = format!("{} is no file of PEM certificates", Escaped(&name));
                Failure::Fatal(Error::new(Exit::Data, what).because(error.to_string()))
            })?;
            certificates.extend(found);
        }
        Ok(certificates)
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

/// Whether a redirect may be followed: not for ever, and not out of encryption.
pub(super) fn follows(previous: &[Url], next: &Url) -> Result<(), &'static str> {
    if previous.len() > MOST_REDIRECTS {
        return Err("sends from one address to the next without end");
    }
    let encrypted = previous.last().is_some_and(|url| url.scheme() == "https");
    match next.scheme() {
        "https" => Ok(()),
        "http" if !encrypted => Ok(()),
        "http" => Err("sends from https:// to http://, which is not followed"),
        _ => Err("sends to what is neither http:// nor https://"),
    }
}

/// The `Authorization` header for `url`, from the credential with the longest scope that it lies in.
pub(super) fn authorization(credentials: &[Credential], url: &Url) -> Option<HeaderValue> {
    let credential = credentials
        .iter()
        .filter(|credential| covers(&credential.scope, url))
        .max_by_key(|credential| credential.scope.len())?;
    let mut value = HeaderValue::from_str(&credential.authorization).ok()?;
    value.set_sensitive(true);
    Some(value)
}

pub(super) fn covers(scope: &str, url: &Url) -> bool {
    let scope = scope.trim_start_matches('/');
    let Ok(scope) = Url::parse(&format!("{}://{scope}", url.scheme())) else { return false };
    let Some(rest) = url.path().strip_prefix(scope.path().trim_end_matches('/')) else {
        return false;
    };
    scope.host_str() == url.host_str()
        && scope.port_or_known_default() == url.port_or_known_default()
        && (rest.is_empty() || rest.starts_with('/'))
}
