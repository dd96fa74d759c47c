//! Why nothing came, in plain words, and whether it is worth another try.
//!
//! It reads error chains and statuses, and must not send anything itself.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::time::Duration;

use rustls::CertificateError;
use usher_shims::error::{Error, Escaped, Exit};

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

const HINT_NETWORK: &str =
    "is the network there, and the proxy right if one is set (HTTPS_PROXY, NO_PROXY)?";
const HINT_CERTIFICATE: &str = "if a proxy answers in its place, name the file with that proxy's \
                                certificate: export SSL_CERT_FILE=/…";
const HINT_CLOCK: &str = "is this machine's clock right? (date)";

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
    /// The certificate isn't accepted; with the reason, and what to do.
    Certificate(String, &'static str),
    /// The proxy keeps us from the host; in which way.
    Proxy(&'static str),
    /// A redirect that isn't followed; with the reason.
    Redirect(String),
    /// Anything else, in the words of the library.
    Other(String),
}

/// Puts a failed request or a broken-off answer into words. `what` says what was being done,
/// `host` who was asked.
pub(super) fn broken(what: &str, host: &str, error: &(dyn StdError + 'static)) -> Setback {
    let proxied = chain(error).any(|link| link.to_string().starts_with(TUNNEL));
    let who = if proxied { format!("the proxy for {host}") } else { host.to_owned() };
    let who = Escaped(&who);
    let (cause, hint) = match cause(error) {
        Cause::Name if proxied => (format!("the name of {who} doesn't resolve"), HINT_NETWORK),
        Cause::Name => (format!("the name {who} doesn't resolve"), HINT_NETWORK),
        Cause::Closed => (format!("{who} refused the connection"), HINT_NETWORK),
        Cause::TimedOut => (format!("{who} didn't answer in time"), HINT_NETWORK),
        Cause::Proxy(why) => (format!("{who} {why}"), HINT_NETWORK),
        Cause::Certificate(why, hint) => {
            (format!("the certificate of {who} isn't accepted: {why}"), hint)
        }
        Cause::Redirect(why) => {
            let error = Error::new(Exit::Network, what).because(format!("{who} {why}"));
            return Setback::Final(Failure::Refused(error));
        }
        Cause::Other(why) => (format!("the connection to {who} broke: {why}"), HINT_NETWORK),
    };
    let failure = Failure::Unreachable(Error::new(Exit::Network, what).because(cause).hint(hint));
    if passes(error) { Setback::Passing(failure, None) } else { Setback::Final(failure) }
}

fn cause(error: &(dyn StdError + 'static)) -> Cause {
    let mut timed_out = false;
    let mut deepest = String::new();
    for link in chain(error) {
        if let Some(rustls::Error::InvalidCertificate(certificate)) = link.downcast_ref() {
            return certificate_cause(certificate);
        }
        if let Some(request) = link.downcast_ref::<reqwest::Error>() {
            if request.is_redirect() {
                let why = chain(link).last().map(ToString::to_string).unwrap_or_default();
                return Cause::Redirect(Escaped(&why).to_string());
            }
            timed_out |= request.is_timeout();
        }
        match link.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => return Cause::Closed,
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

fn certificate_cause(certificate: &CertificateError) -> Cause {
    let (why, hint) = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("it has expired", HINT_CLOCK)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("it is not valid yet", HINT_CLOCK)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ("it is for another name", HINT_NETWORK)
        }
        CertificateError::UnknownIssuer => {
            ("it is signed by nobody whom this machine trusts", HINT_CERTIFICATE)
        }
        other => {
            return Cause::Certificate(Escaped(&other.to_string()).to_string(), HINT_CERTIFICATE);
        }
    };
    Cause::Certificate(why.to_owned(), hint)
}

/// A name that doesn't resolve or a host that doesn't let us in will be so again at once, and
/// another source may be quicker; a connection that was made and broke is worth another try.
fn passes(error: &(dyn StdError + 'static)) -> bool {
    let connecting = chain(error)
        .filter_map(|link| link.downcast_ref::<reqwest::Error>())
        .any(|request| request.is_connect() || request.is_builder());
    let reset = chain(error)
        .filter_map(|link| link.downcast_ref::<io::Error>())
        .any(|error| error.kind() == ErrorKind::ConnectionReset);
    !connecting || reset
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
        let setback = broken("can't fetch it", "a.example", error);
        let (Setback::Final(failure) | Setback::Passing(failure, _)) = setback;
        assert_eq!(Error::from(failure).causes, [expected]);
    }

    #[test]
    fn a_certificate_is_found_however_deep_it_lies() {
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

    #[test]
    fn a_certificate_outside_its_dates_makes_one_ask_for_the_clock() {
        for error in [CertificateError::Expired, CertificateError::NotValidYet] {
            let Cause::Certificate(_, hint) = certificate_cause(&error) else { panic!("{error}") };
            assert_eq!(hint, HINT_CLOCK);
        }
    }
}
