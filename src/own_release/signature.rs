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
    use std::io::Cursor;

    use minisign::KeyPair;

    use super::*;

    fn sign(pair: &KeyPair, content: &str, comment: &str) -> String {
        let content = Cursor::new(content);
        minisign::sign(None, &pair.sk, content, Some(comment), None).unwrap().into_string()
    }

    #[test]
    fn only_the_keys_own_signature_of_this_version_is_accepted() {
        let [own, other] = [(); 2].map(|()| KeyPair::generate_unencrypted_keypair().unwrap());
        let key = ReleaseKey::parse(&own.pk.to_base64()).unwrap();
        let signature = sign(&own, "sums", "usher 1.2.3");
        key.check(b"sums", &signature, "usher 1.2.3").unwrap();
        let file = own.pk.to_box().unwrap().to_string();
        ReleaseKey::parse(&file).unwrap().check(b"sums", &signature, "usher 1.2.3").unwrap();

        let refused = |content: &str, signature: &str, comment: &str| {
            let error = key.check(content.as_bytes(), signature, comment).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Integrity);
            error.causes.join("; ")
        };
        refused("sumz", &signature, "usher 1.2.3");
        refused("sums", &sign(&other, "sums", "usher 1.2.3"), "usher 1.2.3");
        refused("sums", &signature.replace("usher 1.2.3", "usher 9.9.9"), "usher 9.9.9");
        refused("sums", "", "usher 1.2.3");
        refused("sums", "<html>", "usher 1.2.3");
        // An old release under a new name.
        let old = refused("sums", &signature, "usher 1.2.4");
        assert_eq!(old, "it is of usher 1.2.3, not of usher 1.2.4");
        assert_eq!(ReleaseKey::parse("x").unwrap_err().kind(), ErrorKind::Usage);
    }
}
