//! Which hosts may be asked, if the machine's policy limits them.
//!
//! It is checked where a request is sent, so that neither a setting, a variable nor a redirect leads
//! to another host.

use usher_shims::error::{Error, ErrorKind, Escaped};

use super::address::{Location, cant_fetch};

/// The hosts that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSources {
    /// The hosts, with a port if it isn't the protocol's; [`FILE`](Self::FILE) stands for files of
    /// this machine.
    pub hosts: Vec<String>,
    /// Where that is written, for messages: `/etc/usher/policy.toml:3`.
    pub place: String,
}

impl AllowedSources {
    /// The entry for mirrors and archives on this machine.
    pub const FILE: &str = "file";

    /// Refuses to fetch from a host that isn't among them; `None` is a file of this machine.
    pub(super) fn check(&self, location: &Location, host: Option<&str>) -> Result<(), Error> {
        let name = host.unwrap_or(Self::FILE);
        if self.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        let why = match host {
            Some(host) => format!("{} is not an allowed source", Escaped(host)),
            None => "files of this machine are not an allowed source".to_owned(),
        };
        let allowed = format!("allowed are {} ({})", self.hosts.join(", "), self.place);
        let error = Error::new(ErrorKind::ForbiddenSource, cant_fetch(location).what);
        Err(error.because(why).because(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Address;

    #[test]
    fn only_listed_hosts_are_asked() {
        let hosts = ["nodejs.org", "127.0.0.1:8080"].map(str::to_owned).to_vec();
        let sources = AllowedSources { hosts, place: "/etc/usher/policy.toml:3".to_owned() };
        let address = Address::parse("https://a.example/b").unwrap();
        let check = |host: Option<&str>| {
            sources.check(address.location(), host).map_err(|error| error.line())
        };
        assert_eq!(check(Some("nodejs.org")), Ok(()));
        assert_eq!(check(Some("NodeJS.org")), Ok(()));
        assert_eq!(check(Some("127.0.0.1:8080")), Ok(()));
        for other in ["nodejs.org.example", "dist.nodejs.org", "nodejs.org:8443", "127.0.0.1"] {
            let refused = check(Some(other)).unwrap_err();
            assert!(refused.contains(&format!(": {other} is not an allowed source")), "{refused}");
        }
        assert_eq!(
            check(None).unwrap_err(),
            "can't fetch https://a.example/b: files of this machine are not an allowed source: \
             allowed are nodejs.org, 127.0.0.1:8080 (/etc/usher/policy.toml:3)"
        );
    }
}
