//! Checksum files, of one archive or of several. The formats vary: with or without a star, indented
//! in a page of text, with or without the archive's name.

use crate::files::integrity::Integrity;

/// The hash of the archive of this name.
///
/// `None` if it isn't listed, or is listed with two different hashes.
pub(super) fn find(text: &str, name: &str) -> Option<Integrity> {
    let mut words = text.split_whitespace();
    if let (Some(only), None) = (words.next(), words.next()) {
        return Integrity::from_hex(only);
    }
    let pair = |line: &str| -> Option<String> {
        let mut words = line.split_whitespace();
        let (hash, listed) = (words.next()?, words.next()?);
        let is_all = words.next().is_none();
        let listed = listed.strip_prefix('*').unwrap_or(listed);
        is_all.then(|| format!("{hash}  {listed}\n"))
    };
    let plain: String = text.lines().filter_map(pair).collect();
    Integrity::from_shasums(&plain, name)
}

/// Parses a hash in any format of an index: plain, `sha256:…`, `sha512-…`.
pub(super) fn parse(text: &str) -> Option<Integrity> {
    let hash = Integrity::from_hex(text).or_else(|| Integrity::from_sri(text));
    hash.or_else(|| {
        let (algorithm, hex) = text.split_once(':')?;
        let is_known = matches!(algorithm.to_ascii_lowercase().as_str(), "sha256" | "sha512");
        is_known.then(|| Integrity::from_hex(hex)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_found_in_all_formats() {
        let (hash, other) = ("ab".repeat(32), "cd".repeat(32));
        let check = |text: &str, is_there: bool| {
            let expected = is_there.then(|| Integrity::from_hex(&hash)).flatten();
            assert_eq!(find(text, "a.tar.gz"), expected, "{text}");
        };
        check(&hash, true);
        check(&format!("{hash}\n"), true);
        check(&format!("{hash}  a.tar.gz\n"), true);
        check(&format!("{other} *b\r\n{hash} *a.tar.gz\r\n"), true);
        check(&format!("p1::\n\n    {other}  b\n    {hash}  a.tar.gz\n"), true);
        check(&format!("{hash}  x/a.tar.gz\n"), false);
        check(&format!("{hash}  a.tar.gz\n{other}  a.tar.gz\n"), false);
        check(&"ab".repeat(16), false);
        check("", false);
    }
}
