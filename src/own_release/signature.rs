//! Signatures of releases, in minisign's format (<https://jedisct1.github.io/minisign/>).

use minisign_verify::{PublicKey, Signature};
use usher_shims::error::{Error, ErrorKind, Escaped, Result};

/// The key that releases are signed with.
#[derive(Debug)]
pub struct ReleaseKey(PublicKey);

impl ReleaseKey {
    /// Parses a public key: the one line in base 64, or minisign's file of two lines.
    pub fn parse(text: &str) -> Result<Self> {
        let key = match text.trim().lines().count() {
            0 | 1 => PublicKey::from_base64(text.trim()),
            _ => PublicKey::decode(text),
        };
        key.map(Self).map_err(|error| {
            let what = "the key of releases that was built in is invalid";
            Error::new(ErrorKind::Usage, what).because(error.to_string())
        })
    }

    /// An error unless `signature` is one of `content` by this key, and its trusted comment, which is
    /// signed with it, is `comment`.
    pub fn check(&self, content: &[u8], signature: &str, comment: &str) -> Result<()> {
        let refused = |because: String| {
            let what = "the signature of the release is invalid";
            Error::new(ErrorKind::Integrity, what).because(because)
        };
        let signature = Signature::decode(signature).map_err(|error| refused(error.to_string()))?;
        let allows_legacy = false;
        self.0
            .verify(content, &signature, allows_legacy)
            .map_err(|error| refused(error.to_string()))?;
        let signed = signature.trusted_comment();
        if signed != comment {
            return Err(refused(format!("it is of {}, not of {comment}", Escaped(signed))));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two keys and their signatures of the text `sums`, all made by minisign 0.11. The last signature
    /// is one of the text itself and not of its hash, as old versions made them.
    const KEY: &str = "RWS8p1cXAgLlfv2jxnOx7oUsxGNVUEPN3Zj8mA1fLxd+pJASVrDN9kh8";
    const GOOD: [&str; 2] = [
        "RUS8p1cXAgLlfpXAHoDeDI+yMoamXG2qRWf+ow21joxEwon2yNRJT+2lq5sg+VxqtskXyq6vDpEKYz6jtY0WhNp3KksGTXn8OwE=",
        "MLb15RaKysZAq4wUO6nuEWshzwvZ0+Vz8vWZSU0QOTgPp+fcd63dujQRfvIX9RxsgDaPbur6SdZ1PDA8gt65AA==",
    ];
    const OTHER_KEYS: [&str; 2] = [
        "RURfgzl3agJVnwck5ZoemiVkugs/JOm1kPoNdAmQ/MzcmsSGMsOIiyaMRiM14lX+jL68pn3zitZ5C7ZLEGDJV6uh0EY6oLYbJg0=",
        "qAO6qNfafgAbkvmtZmJYFl+kSoZ1Ym1E5IRtHTyfG1wEoGr7N4fKZg7FQSVDJWRV8AEHNqgFgDuqQHrvu8vkAQ==",
    ];
    const LEGACY: [&str; 2] = [
        "RWS8p1cXAgLlfgZrUMqzeUESgzOIfufLuEWBUXCgSuiyFIPpLb/+84xBCrOgoxJzL6+0Ql1t4xAkc9ofsnNm1P/fIpuckWBP5gc=",
        "4rrSV4rYMERMmD+JzxwJDUWmMw00dMtCPAsZPGPad0urR7Z04zrsY/haexC4l/n1QmaUd7w0k8yy4f9VipCPCw==",
    ];

    fn file([signature, global]: [&str; 2], comment: &str) -> String {
        format!("untrusted comment: x\n{signature}\ntrusted comment: {comment}\n{global}\n")
    }

    #[test]
    fn only_the_keys_own_signature_of_this_version_is_accepted() {
        let version = "usher 1.2.3";
        let key = ReleaseKey::parse(KEY).unwrap();
        key.check(b"sums", &file(GOOD, version), version).unwrap();
        let whole_file = format!("untrusted comment: minisign public key\n{KEY}\n");
        let same = ReleaseKey::parse(&whole_file).unwrap();
        same.check(b"sums", &file(GOOD, version), version).unwrap();

        let refused = |content: &str, signature: &str, comment: &str| {
            let error = key.check(content.as_bytes(), signature, comment).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Integrity, "{signature}");
            error.causes.join("; ")
        };
        refused("sumz", &file(GOOD, version), version);
        refused("sums", &file(OTHER_KEYS, version), version);
        refused("sums", &file(LEGACY, version), version);
        refused("sums", &file(GOOD, "usher 9.9.9"), "usher 9.9.9");
        refused("sums", "", version);
        refused("sums", "<html>", version);
        // An old release under a new name.
        let old = refused("sums", &file(GOOD, version), "usher 1.2.4");
        assert_eq!(old, "it is of usher 1.2.3, not of usher 1.2.4");
        assert_eq!(ReleaseKey::parse("x").unwrap_err().kind(), ErrorKind::Usage);
    }
}
