//! Why nothing came, in plain words, and whether it is worth another try.
//!
//! It reads error chains, and must not send anything itself. What is wrong with encryption is said
//! in `tls_errors.rs`.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use usher_shims::error::{Error, Escaped};

use super::fetch_error::{AttemptError, FetchError};
use super::min_throughput::TooSlow;
use super::tls_errors::{CertificateTrust, TlsProblem, tls_problem};

/// Who was asked.
pub(super) struct Endpoint<'a> {
    /// The host, with its port where that isn't the usual one.
    pub(super) host: String,
    /// The proxy on the way there, likewise.
    pub(super) proxy: Option<String>,
    /// Whose signature under its certificate counts.
    pub(super) trust: CertificateTrust<'a>,
}

pub(super) const HINT_NETWORK: &str =
    "is the network there, and the proxy right if one is set (HTTPS_PROXY, NO_PROXY)?";

// Two types of the library are private, so they are known by their text; tests hold it.
const UNRESOLVED: &str = "dns error";
const TUNNEL: &str = "tunnel error: ";

/// What went wrong on the way, found by walking an error's chain of sources.
#[derive(Debug, PartialEq, Eq)]
enum ConnectionFailure {
    /// The name has no address.
    Name,
    /// Nobody listens there.
    Closed,
    /// Nobody answered, or fell silent.
    TimedOut,
    /// Something comes, but hardly.
    TooSlow(String),
    /// It can't be encrypted as it must be.
    Encryption(TlsProblem),
    /// The connection ended before it was encrypted.
    CutOff,
    /// The proxy keeps us from the host; in which way.
    Proxy(&'static str),
    /// Anything else, in the words of the library.
    Other(String),
}

/// Puts a failed request or a broken-off answer into words; `error` says what was being done.
pub(super) fn broken(
    error: Error,
    endpoint: &Endpoint<'_>,
    source: &(dyn StdError + 'static),
) -> AttemptError {
    let host = Escaped(&endpoint.host);
    let door = door(endpoint, source);
    let error = match cause(source) {
        ConnectionFailure::Name if door == endpoint.host => {
            error.because(format!("the name {host} doesn't resolve"))
        }
        ConnectionFailure::Name => error.because(format!("the name of {door} doesn't resolve")),
        ConnectionFailure::Closed => error.because(format!("{door} refused the connection")),
        ConnectionFailure::TimedOut => error.because(format!("{door} didn't answer in time")),
        ConnectionFailure::TooSlow(how) => error.because(format!("{host} {how}")),
        ConnectionFailure::Proxy(why) => error.because(format!("{door} {why}")),
        ConnectionFailure::Encryption(tls_problem) => {
            tls_problem.told(error, &endpoint.host, endpoint.trust)
        }
        ConnectionFailure::CutOff => {
            error.because(format!("{door} ended the connection before it was encrypted"))
        }
        ConnectionFailure::Other(why) => {
            error.because(format!("the connection to {door} broke: {why}"))
        }
    };
    let error = if error.hint.is_some() { error } else { error.hint(HINT_NETWORK) };
    let failure = FetchError::Unreachable(error);
    match is_transient(source) {
        true => AttemptError::Transient(failure, None),
        false => AttemptError::Permanent(failure),
    }
}

/// Who it was that the connection was to be made to: the host, or the proxy in front of it.
fn door(endpoint: &Endpoint<'_>, error: &(dyn StdError + 'static)) -> String {
    let host = Escaped(&endpoint.host);
    match &endpoint.proxy {
        Some(proxy) if is_connecting(error) => format!("the proxy {} for {host}", Escaped(proxy)),
        Some(_) | None => host.to_string(),
    }
}

fn cause(error: &(dyn StdError + 'static)) -> ConnectionFailure {
    let mut timed_out = false;
    let mut deepest = String::new();
    for link in chain(error) {
        if let Some(tls_problem) = link.downcast_ref().and_then(tls_problem) {
            return ConnectionFailure::Encryption(tls_problem);
        }
        if let Some(slow) = link.downcast_ref::<TooSlow>() {
            return ConnectionFailure::TooSlow(slow.to_string());
        }
        timed_out |= link.downcast_ref().is_some_and(reqwest::Error::is_timeout);
        match link.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => return ConnectionFailure::Closed,
            Some(ErrorKind::UnexpectedEof) if is_connecting(error) => {
                return ConnectionFailure::CutOff;
            }
            Some(ErrorKind::TimedOut) => timed_out = true,
            Some(_) | None => {}
        }
        deepest = link.to_string();
        if deepest == UNRESOLVED {
            return ConnectionFailure::Name;
        }
    }
    if timed_out {
        return ConnectionFailure::TimedOut;
    }
    match deepest.strip_prefix(TUNNEL) {
        Some("proxy authorization required") => {
            ConnectionFailure::Proxy("asks for a name and a password")
        }
        Some("unsuccessful") => ConnectionFailure::Proxy("doesn't let us through"),
        Some(_) | None => ConnectionFailure::Other(Escaped(&deepest).to_string()),
    }
}

/// A name that doesn't resolve or a host that doesn't let us in will be so again at once, and
/// another source may be quicker; a connection that was made and broke is worth another try.
fn is_transient(error: &(dyn StdError + 'static)) -> bool {
    let reset = chain(error)
        .filter_map(|link| link.downcast_ref::<io::Error>())
        .any(|error| error.kind() == ErrorKind::ConnectionReset);
    !is_connecting(error) || reset
}

fn is_connecting(error: &(dyn StdError + 'static)) -> bool {
    chain(error)
        .filter_map(|link| link.downcast_ref::<reqwest::Error>())
        .any(|request| request.is_connect() || request.is_builder())
}

/// The error and all that caused it, outermost first.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // An `io::Error` passes over what it wraps, and gives only that one's source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(move || error.source())
    })
}

#[cfg(test)]
mod tests {
    use usher_shims::error::ErrorKind;

    use super::*;

    fn check(error: &io::Error, expected: &str) {
        let asked = Endpoint {
            host: "a.example".to_owned(),
            proxy: None,
            trust: CertificateTrust::SystemRoots,
        };
        let setback = broken(Error::new(ErrorKind::Network, "can't fetch it"), &asked, error);
        let (AttemptError::Permanent(failure) | AttemptError::Transient(failure, _)) = setback;
        assert_eq!(Error::from(failure).causes[0], expected);
    }

    #[test]
    fn what_is_wrong_with_encryption_is_found_however_deep_it_lies() {
        use rustls::CertificateError;

        let inside = |error| io::Error::other(io::Error::other(error));
        for (error, expected) in [
            (CertificateError::UnknownIssuer, "it is signed by nobody whom this machine trusts"),
            (CertificateError::Expired, "it has expired"),
            (CertificateError::NotValidForName, "it is for another name"),
        ] {
            check(
                &inside(rustls::Error::InvalidCertificate(error)),
                &format!("the certificate of a.example isn't accepted: {expected}"),
            );
        }
        check(
            &inside(rustls::Error::HandshakeNotComplete),
            "the connection to a.example broke: handshake not complete",
        );
    }
}
