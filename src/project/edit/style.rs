//! What of an old value's style a new one takes over. Knows no file.

/// A request, written with a `v` where the old one was and this one begins with a digit, too.
pub(super) fn in_style_of(old: &str, request: &str) -> String {
    let digit = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    if old.strip_prefix('v').is_some_and(digit) && digit(request) {
        return format!("v{request}");
    }
    request.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_v_prefix_stays() {
        for (old, new, expected) in [
            ("v12", "20", "v20"),
            ("12", "20", "20"),
            ("v12", "lts/iron", "lts/iron"),
            ("v12", "v20", "v20"),
            ("vendor", "20", "20"),
            ("", "20", "20"),
        ] {
            assert_eq!(in_style_of(old, new), expected, "{new} in place of {old}");
        }
    }
}
