//! Templates of definitions, and texts that are split by a pattern. The first line is the template,
//! the rest is the text.

use usher_definition::template::{fill, placeholders, split_by_pattern};

/// The values of placeholders.
const VALUE: &str = "21.0.4+7";

/// A template and a text.
pub fn template(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (template, text) = text.split_once('\n').unwrap_or((text, ""));
    let filled = fill(template, &|_| Some(VALUE.to_owned()));
    match placeholders(template) {
        Ok(names) => {
            let filled = filled.expect("all placeholders have a value");
            assert!(filled.len() <= template.len() + names.len() * VALUE.len());
            assert_eq!(fill(template, &|_| None).err().as_deref(), names.first().copied());
            let literal = template.split('{').next().unwrap_or_default();
            assert!(filled.starts_with(literal));
        }
        Err(_) => {
            assert_eq!(filled.as_deref(), Ok(template), "an invalid template stays unchanged");
        }
    }
    if let Some((version, build)) = split_by_pattern(template, text) {
        let whole = template.replacen("{version}", version, 1);
        let (before, after) = template.split_once("{version}").expect("the template has a version");
        let whole = match build {
            None => whole,
            Some(build) => {
                assert!(!build.is_empty() && build.bytes().all(|byte| byte.is_ascii_digit()));
                format!("{before}{version}{}", after.replacen("{build}", build, 1))
            }
        };
        assert_eq!(whole, text, "{template}: the parts don't join to the text");
    }
}
