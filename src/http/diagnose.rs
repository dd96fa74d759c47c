//! Explains why a request failed, and decides whether to retry it.
//!
//! It reads error chains, and must not send anything itself. TLS problems are explained in
//! `tls_errors.rs`.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use usher_shims::error::{Error, Escaped};

use super::fetch_error::{AttemptError, FetchError};
use super::min_throughput::TooSlow;
use super::tls_errors::{CertificateTrust, TlsProblem, tls_problem};
use crate::files::shortage::{FOR_A_CONNECTION, is_shortage, too_few_descriptors};

/// The server that a request is sent to.
pub(super) struct Endpoint<'a> {
    /// The host, with a port that isn't the default one.
    pub(super) host: String,
    /// The proxy on the way there: its host and port.
    pub(super) proxy: Option<String>,
    /// Which authorities may sign its certificate.
    pub(super) trust: CertificateTrust<'a>,
}

pub(super) const HINT_NETWORK: &str =
    "check the network connection, and the proxy if one is set (HTTPS_PROXY, NO_PROXY)";

// Two of the library's types are private. They are recognized by their text, which tests check.
const UNRESOLVED: &str = "dns error";
const TUNNEL: &str = "tunnel error: ";

/// What went wrong, found by walking an error's chain of sources.
#[derive(Debug, PartialEq, Eq)]
enum ConnectionFailure {
    /// The machine has no room for a connection.
    Shortage(String),
    /// The name doesn't resolve.
    UnresolvedName,
    /// The port is closed.
    ConnectionRefused,
    /// There was no response, or it stopped.
    TimedOut,
    /// The response is too slow; how slow.
    TooSlow(String),
    /// TLS failed.
    Tls(TlsProblem),
    /// The connection was closed during the TLS handshake.
    ClosedDuringHandshake,
    /// The proxy doesn't connect us to the host; why.
    Proxy(&'static str),
    /// Anything else, as the library describes it.
    Other(String),
}

/// Adds the cause of a failed request, or of a response that broke off, to `error`.
pub(super) fn connection_error(
    error: Error,
    endpoint: &Endpoint<'_>,
    source: &(dyn StdError + 'static),
) -> AttemptError {
    let host = Escaped(&endpoint.host);
    let peer = connected_server(endpoint, source);
    let error = match classify(source) {
        // Neither the network nor a proxy is the cause.
        ConnectionFailure::Shortage(why) => {
            let error = error.because(format!("can't connect to {peer}: {why}"));
            return AttemptError::Permanent(FetchError::Unreachable(error));
        }
        ConnectionFailure::UnresolvedName if peer == endpoint.host => {
            error.because(format!("the name {host} doesn't resolve"))
        }
        ConnectionFailure::UnresolvedName => {
            error.because(format!("the name of {peer} doesn't resolve"))
        }
        ConnectionFailure::ConnectionRefused => {
            error.because(format!("{peer} refused the connection"))
        }
        ConnectionFailure::TimedOut => error.because(format!("{peer} didn't answer in time")),
        ConnectionFailure::TooSlow(how) => error.because(format!("{host} {how}")),
        ConnectionFailure::Proxy(why) => error.because(format!("{peer} {why}")),
        ConnectionFailure::Tls(problem) => problem.describe(error, &endpoint.host, endpoint.trust),
        ConnectionFailure::ClosedDuringHandshake => {
            error.because(format!("{peer} closed the connection during the TLS handshake"))
        }
        ConnectionFailure::Other(why) => {
            error.because(format!("the connection to {peer} broke: {why}"))
        }
    };
    let error = if error.hint.is_some() { error } else { error.hint(HINT_NETWORK) };
    let failure = FetchError::Unreachable(error);
    match is_transient(source) {
        true => AttemptError::Transient(failure, None),
        false => AttemptError::Permanent(failure),
    }
}

/// Which server the connection was made to: the host, or the proxy before it.
fn connected_server(endpoint: &Endpoint<'_>, error: &(dyn StdError + 'static)) -> String {
    let host = Escaped(&endpoint.host);
    match &endpoint.proxy {
        Some(proxy) if is_connecting(error) => format!("the proxy {} for {host}", Escaped(proxy)),
        Some(_) | None => host.to_string(),
    }
}

fn classify(error: &(dyn StdError + 'static)) -> ConnectionFailure {
    let mut shortages = error_chain(error).filter_map(|link| link.downcast_ref::<io::Error>());
    if let Some(shortage) = shortages.find(|error| is_shortage(error)) {
        return ConnectionFailure::Shortage(shortage.to_string());
    }
    let mut timed_out = false;
    let mut deepest = String::new();
    for link in error_chain(error) {
        if let Some(tls_problem) = link.downcast_ref().and_then(tls_problem) {
            return ConnectionFailure::Tls(tls_problem);
        }
        if let Some(slow) = link.downcast_ref::<TooSlow>() {
            return ConnectionFailure::TooSlow(slow.to_string());
        }
        timed_out |= link.downcast_ref().is_some_and(reqwest::Error::is_timeout);
        match link.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => return ConnectionFailure::ConnectionRefused,
            Some(ErrorKind::UnexpectedEof) if is_connecting(error) => {
                return ConnectionFailure::ClosedDuringHandshake;
            }
            Some(ErrorKind::TimedOut) => timed_out = true,
            Some(_) | None => {}
        }
        deepest = link.to_string();
        if deepest == UNRESOLVED {
            return match too_few_descriptors(FOR_A_CONNECTION) {
                Some(shortage) => ConnectionFailure::Shortage(shortage.to_string()),
                None => ConnectionFailure::UnresolvedName,
            };
        }
    }
    if timed_out {
        return ConnectionFailure::TimedOut;
    }
    match deepest.strip_prefix(TUNNEL) {
        Some("proxy authorization required") => {
            ConnectionFailure::Proxy("requires a user name and a password")
        }
        Some("unsuccessful") => ConnectionFailure::Proxy("refuses to connect us"),
        Some(_) | None => ConnectionFailure::Other(Escaped(&deepest).to_string()),
    }
}

/// Whether to retry. A name that doesn't resolve or a refused connection will fail again
/// immediately, and another source may be quicker. An established connection that broke is worth
/// another attempt.
fn is_transient(error: &(dyn StdError + 'static)) -> bool {
    let reset = error_chain(error)
        .filter_map(|link| link.downcast_ref::<io::Error>())
        .any(|error| error.kind() == ErrorKind::ConnectionReset);
    !is_connecting(error) || reset
}

fn is_connecting(error: &(dyn StdError + 'static)) -> bool {
    error_chain(error)
        .filter_map(|link| link.downcast_ref::<reqwest::Error>())
        .any(|request| request.is_connect() || request.is_builder())
}

/// The error and its sources, outermost first.
fn error_chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // The source of an `io::Error` is the source of what it wraps, so that itself would be missed.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(move || error.source())
    })
}

#[cfg(test)]
mod tests {
    use usher_shims::error::ErrorKind;

    use super::*;

    fn check(error: &io::Error, expected: &str) {
        let endpoint =
            Endpoint { host: "a.example".to_owned(), proxy: None, trust: CertificateTrust::System };
        let error =
            connection_error(Error::new(ErrorKind::Network, "can't fetch it"), &endpoint, error);
        let (AttemptError::Permanent(failure) | AttemptError::Transient(failure, _)) = error;
        assert_eq!(Error::from(failure).causes[0], expected);
    }

    #[test]
    fn tls_problems_are_found_at_any_depth() {
        use rustls::CertificateError;

        let inside = |error| io::Error::other(io::Error::other(error));
        for (error, expected) in [
            (CertificateError::UnknownIssuer, "its issuer is not trusted on this machine"),
            (CertificateError::Expired, "it has expired"),
            (CertificateError::NotValidForName, "it is for another name"),
        ] {
            check(
                &inside(rustls::Error::InvalidCertificate(error)),
                &format!("the certificate of a.example is rejected: {expected}"),
            );
        }
        check(
            &inside(rustls::Error::HandshakeNotComplete),
            "the connection to a.example broke: handshake not complete",
        );
    }
}
