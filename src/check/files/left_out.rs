//! Files that name versions which aren't the project's: fixtures, examples, templates, test data, other
//! people's code, and workflows in folders where no service looks for them. Their names alone say
//! so, relative to the project's folder, so that an example can be checked by itself.

use std::path::Path;

use crate::check::mention::Note;

/// Why a file is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// It is a sample, or other people's.
    Sample,
    /// It is a service's, which reads the repository's own folder only.
    NestedService,
}

/// Folders all of whose files are left out, in lower case.
const SAMPLES: [&str; 38] = [
    "fixture",
    "fixtures",
    "__fixtures__",
    "test-fixtures",
    "test_fixtures",
    "testdata",
    "test-data",
    "test_data",
    "__tests__",
    "__snapshots__",
    "__mocks__",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "template",
    "templates",
    "_template",
    "_templates",
    "__template__",
    "__templates__",
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "testcases",
    "testfixtures",
    "boilerplate",
    "boilerplates",
    "skeleton",
    "skeletons",
    "starter",
    "starters",
    "playground",
    "playgrounds",
];

/// Folders of tests: their own files count, and those of the folders in them are test data.
const TESTS: [&str; 5] = ["test", "tests", "spec", "specs", "e2e"];

/// Folders and files that services look for in the repository's own folder only.
const OF_SERVICES: [&str; 13] = [
    ".github",
    ".gitea",
    ".forgejo",
    ".circleci",
    ".buildkite",
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    ".travis.yml",
    ".drone.yml",
    ".cirrus.yml",
    ".appveyor.yml",
    "appveyor.yml",
    "bitbucket-pipelines.yml",
];

/// Why a file is left out, by its path relative to the project's folder.
pub(super) fn why_left_out(path: &Path) -> Option<LeftOut> {
    let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap_or_default()).collect();
    let (name, folders) = parts.split_last()?;
    // What services and other programs read themselves isn't a sample: `.gitlab/ci/templates`.
    let is_own = folders.first().is_some_and(|first| first.starts_with('.'));
    if is_own {
        return None;
    }
    // A folder that is called `{{name}}` is made by a template.
    let is_sample = |folder: &&str| is_one_of(folder, &SAMPLES) || folder.contains("{{");
    let is_test = |folder: &&str| is_one_of(folder, &TESTS);
    let above = folders.split_last().map_or(folders, |(_, above)| above);
    if folders.iter().any(is_sample) || above.iter().any(is_test) {
        return Some(LeftOut::Sample);
    }
    let is_of_service = |part: &&str| is_one_of(part, &OF_SERVICES);
    let mut nested = folders.iter().skip(1).chain((!folders.is_empty()).then_some(name));
    nested.any(is_of_service).then_some(LeftOut::NestedService)
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// What is told of the files that were left out: how many there are.
pub(super) fn notes(left_out: &[LeftOut]) -> Vec<Note> {
    let count = |why: LeftOut| left_out.iter().filter(|one| **one == why).count();
    let samples = match count(LeftOut::Sample) {
        0 => None,
        count => Some(format!(
            "{} in fixtures, examples, templates or test data {} compared: use check --all",
            counted(count, "file"),
            negated(count)
        )),
    };
    let nested = match count(LeftOut::NestedService) {
        0 => None,
        count => Some(format!(
            "{} {} compared, since services look in the repository's own folder: use check --all",
            counted(count, "nested CI file"),
            negated(count)
        )),
    };
    samples.into_iter().chain(nested).map(|what| Note::about(None, what)).collect()
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

fn negated(count: usize) -> &'static str {
    if count == 1 { "isn't" } else { "aren't" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_left_out_by_the_names_of_their_folders() {
        let (sample, nested) = (Some(LeftOut::Sample), Some(LeftOut::NestedService));
        let cases = [
            ("package.json", None),
            ("a/b/package.json", None),
            ("fixtures/package.json", sample),
            ("a/__fixtures__/b/c/.nvmrc", sample),
            ("Examples/x/Dockerfile", sample),
            ("examples.yml", None),
            ("my-examples/x/Dockerfile", None),
            ("cargo-dist/templates/installer/package.json", sample),
            ("tests/Dockerfile", None),
            ("tests/x/Dockerfile", sample),
            ("a/test/x/y/go.mod", sample),
            ("e2e/package.json", None),
            ("spec/dummy/.ruby-version", sample),
            ("latest/x/Dockerfile", None),
            ("third_party/x/Dockerfile", sample),
            ("vendor/x/go.mod", sample),
            (".github/workflows/ci.yml", None),
            (".github/actions/test/x/action.yml", None),
            (".gitlab/ci/templates/node.gitlab-ci.yml", None),
            ("a/.github/workflows/ci.yml", nested),
            ("examples/a/.github/workflows/ci.yml", sample),
            (".gitlab-ci.yml", None),
            ("a/.gitlab-ci.yml", nested),
            ("ci/test.gitlab-ci.yml", None),
            ("a/.circleci/config.yml", nested),
            ("a/action.yml", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(why_left_out(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn how_many_are_left_out_is_told() {
        let told = |left_out: &[LeftOut]| -> Vec<String> {
            notes(left_out).into_iter().map(|note| note.why).collect()
        };
        let sample = "1 file in fixtures, examples, templates or test data isn't compared: \
                      use check --all";
        let nested = "2 nested CI files aren't compared, since services look in the repository's \
                      own folder: use check --all";
        assert_eq!(told(&[]), [""; 0]);
        assert_eq!(told(&[LeftOut::Sample]), [sample]);
        let all = [LeftOut::NestedService, LeftOut::Sample, LeftOut::NestedService];
        assert_eq!(told(&all), [sample, nested]);
    }
}
