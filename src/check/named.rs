//! Names of files, folders, jobs and services that have a version in them: `jdk8`, `test-3.10`.

use usher_shims::request::{Request, RequestKind};

/// The least first number of a version that, alone in a name, is likely to be the version: `v3` is
/// rather the third version of the program itself.
const MIN_MAJOR: u64 = 5;

/// Whether a name has the version of one of these requests in it.
pub(super) fn is_named_after(name: &str, requests: &[Request]) -> bool {
    let words = name.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '_');
    let words: Vec<&str> =
        words.map(|word| word.trim_matches(['.', '_'])).filter(|word| !word.is_empty()).collect();
    !words.is_empty()
        && requests.iter().flat_map(spellings).any(|spelling| words.contains(&spelling.as_str()))
}

/// How a name may spell a request's version: 3.10.4 as `3.10`, `310` or `3_10`.
fn spellings(request: &Request) -> Vec<String> {
    let RequestKind::Version(version) = request.kind() else { return Vec::new() };
    let numbers: Vec<String> = version.numbers().as_slice().iter().map(u64::to_string).collect();
    let major = (version.numbers().at(0) >= MIN_MAJOR).then(|| numbers[..1].concat());
    let minor = numbers.get(..2).map(|minor| [".", "", "_"].map(|between| minor.join(between)));
    major.into_iter().chain(minor.into_iter().flatten()).collect()
}
