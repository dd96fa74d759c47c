//! Why nothing came, in plain words, and whether it is worth another try.
//!
//! It reads error chains and statuses, and must not send anything itself. What is wrong with
//! encryption is said in `failure/tls.rs`.

mod tls;

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::time::Duration;

use usher_shims::error::{Error, Escaped, Exit};

use super::client::TooSlow;
pub(super) use tls::Authorities;
use tls::{Trouble, trouble};

/// Why nothing came, as far as the program handles it; a person reads the [`Error`] inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The source couldn't be reached, or has a fault of its own (5xx): ask the next source.
    Unreachable(Error),
    /// The source was reached and hasn't got it (404, 410, no such file).
    Absent(Error),
    /// The source was reached, and what it said is no answer (403, a web page, too much).
    Refused(Error),
    /// Asking elsewhere doesn't help: what came isn't what was published, or the disk is full.
    Fatal(Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreachable(error)
            | Failure::Absent(error)
            | Failure::Refused(error)
            | Failure::Fatal(error) => error,
        }
    }
}

/// What stopped one try.
#[derive(Debug)]
pub(super) enum Setback {
    /// The next try would end alike.
    Final(Failure),
    /// It may pass; the server may have said when to ask again.
    Passing(Failure, Option<Duration>),
}

/// Who was asked.
pub(super) struct Asked<'a> {
    /// The host, with its port where that isn't the usual one.
    pub(super) host: String,
    /// The proxy on the way there, likewise.
    pub(super) proxy: Option<String>,
    /// Whose signature under its certificate counts.
    pub(super) authorities: Authorities<'a>,
}

pub(super) const HINT_NETWORK: &str =
    "is the network there, and the proxy right if one is set (HTTPS_PROXY, NO_PROXY)?";

// Two types of the library are private, so they are known by their text; tests hold it.
const UNRESOLVED: &str = "dns error";
const TUNNEL: &str = "tunnel error: ";

/// What went wrong on the way, found by walking an error's chain of sources.
#[derive(Debug, PartialEq, Eq)]
enum Cause {
    /// The name has no address.
    Name,
    /// Nobody listens there.
    Closed,
    /// Nobody answered, or fell silent.
    TimedOut,
    /// Something comes, but hardly.
    TooSlow(String),
    /// It can't be encrypted as it must be.
    Encryption(Trouble),
    /// The connection ended before it was encrypted.
    CutOff,
    /// The proxy keeps us from the host; in which way.
    Proxy(&'static str),
    /// Anything else, in the words of the library.
    Other(String),
}

/// Puts a failed request or a broken-off answer into words; `what` says what was being done.
pub(super) fn broken(what: &str, asked: &Asked<'_>, error: &(dyn StdError + 'static)) -> Setback {
    let host = Escaped(&asked.host);
    let door = door(asked, error);
    let message = |cause: String| Error::new(Exit::Network, what).because(cause);
    let message = match cause(error) {
        Cause::Name if door == asked.host => message(format!("the name {host} doesn't resolve")),
        Cause::Name => message(format!("the name of {door} doesn't resolve")),
        Cause::Closed => message(format!("{door} refused the connection")),
        Cause::TimedOut => message(format!("{door} didn't answer in time")),
        Cause::TooSlow(how) => message(format!("{host} {how}")),
        Cause::Proxy(why) => message(format!("{door} {why}")),
        Cause::Encryption(trouble) => {
            trouble.told(Error::new(Exit::Network, what), &asked.host, asked.authorities)
        }
        Cause::CutOff => message(format!("{door} ended the connection before it was encrypted")),
        Cause::Other(why) => message(format!("the connection to {door} broke: {why}")),
    };
    let message = if message.hint.is_some() { message } else { message.hint(HINT_NETWORK) };
    let failure = Failure::Unreachable(message);
    if passes(error) { Setback::Passing(failure, None) } else { Setback::Final(failure) }
}

/// Who it was that the connection was to be made to: the host, or the proxy in front of it.
fn door(asked: &Asked<'_>, error: &(dyn StdError + 'static)) -> String {
    let host = Escaped(&asked.host);
    match &asked.proxy {
        Some(proxy) if is_connecting(error) => format!("the proxy {} for {host}", Escaped(proxy)),
        Some(_) | None => host.to_string(),
    }
}

fn cause(error: &(dyn StdError + 'static)) -> Cause {
    let mut timed_out = false;
    let mut deepest = String::new();
    for link in chain(error) {
        if let Some(trouble) = link.downcast_ref().and_then(trouble) {
            return Cause::Encryption(trouble);
        }
        if let Some(slow) = link.downcast_ref::<TooSlow>() {
            return Cause::TooSlow(slow.to_string());
        }
        timed_out |= link.downcast_ref().is_some_and(reqwest::Error::is_timeout);
        match link.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => return Cause::Closed,
            Some(ErrorKind::UnexpectedEof) if is_connecting(error) => return Cause::CutOff,
            Some(ErrorKind::TimedOut) => timed_out = true,
            Some(_) | None => {}
        }
        deepest = link.to_string();
        if deepest == UNRESOLVED {
            return Cause::Name;
        }
    }
    if timed_out {
        return Cause::TimedOut;
    }
    match deepest.strip_prefix(TUNNEL) {
        Some("proxy authorization required") => Cause::Proxy("asks for a name and a password"),
        Some("unsuccessful") => Cause::Proxy("doesn't let us through"),
        Some(_) | None => Cause::Other(Escaped(&deepest).to_string()),
    }
}

/// A name that doesn't resolve or a host that doesn't let us in will be so again at once, and
/// another source may be quicker; a connection that was made and broke is worth another try.
fn passes(error: &(dyn StdError + 'static)) -> bool {
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
    use super::*;

    fn check(error: &io::Error, expected: &str) {
        let asked =
            Asked { host: "a.example".to_owned(), proxy: None, authorities: Authorities::Machine };
        let setback = broken("can't fetch it", &asked, error);
        let (Setback::Final(failure) | Setback::Passing(failure, _)) = setback;
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
