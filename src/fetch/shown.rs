//! An address in messages: without a user's name, password or query, which may be secret.

use super::address::{Place, host};

/// An address as people may read it.
pub fn shown(address: &str) -> String {
    Place::parse(address).map_or_else(|_| "no address".to_owned(), |place| place.to_string())
}

/// Who is asked there: a host, with its port where that isn't the usual one; a file's path.
pub fn whose(address: &str) -> String {
    match Place::parse(address) {
        Ok(Place::Web(url)) => host(&url),
        Ok(_) | Err(_) => shown(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out() {
        for (address, expected, asked) in [
            ("https://me:secret@a.example/b?token=secret", "https://a.example/b", "a.example"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("file:///srv/mirror/index.json", "/srv/mirror/index.json", "/srv/mirror/index.json"),
            ("ftp://a.example/", "no address", "no address"),
        ] {
            assert_eq!((shown(address).as_str(), whose(address).as_str()), (expected, asked));
        }
    }
}
