//! An environment in the words of CI services.
//!
//! GitHub: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions#environment-files>.
//! GitLab: <https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv>.

use std::fmt::Write as _;

use usher_shims::error::{Error, ErrorKind, Escaped, Result};

use super::Environment;

/// What is to be appended to the file that `GITHUB_PATH` names: a folder a line. Each is put before
/// those that came earlier, so the first one comes last.
pub fn github_path(environment: &Environment) -> Result<String> {
    let mut lines = String::new();
    for folder in environment.path.iter().rev() {
        if folder.contains(['\n', '\r']) || folder.trim() != folder {
            return Err(unfit(folder, "GITHUB_PATH", "a folder there is a line"));
        }
        let _ = writeln!(lines, "{folder}");
    }
    Ok(lines)
}

/// What is to be appended to the file that `GITHUB_ENV` names: each value between two lines that it
/// doesn't hold itself.
pub fn github_variables(environment: &Environment) -> String {
    let mut text = String::new();
    for (name, value) in &environment.variables {
        let mut end = "END".to_owned();
        while value.contains(&end) {
            end.push('_');
        }
        let _ = writeln!(text, "{name}<<{end}\n{value}\n{end}");
    }
    text
}

/// A report of the kind `dotenv`, a variable a line. There PATH can only be named whole: `before` is
/// what it is now.
pub fn gitlab(environment: &Environment, before: &str) -> Result<String> {
    let mut text = String::new();
    let folders = environment.path.iter().map(String::as_str);
    let whole: Vec<&str> = folders.chain([before]).filter(|part| !part.is_empty()).collect();
    let path = (!environment.path.is_empty()).then(|| ("PATH", whole.join(":")));
    for (name, value) in path.iter().chain(&environment.variables) {
        if value.contains(['\n', '\r', '$']) || value.trim() != value {
            let why = "a value there is a line, without blanks around it and without a $";
            return Err(unfit(value, "a dotenv report", why));
        }
        let _ = writeln!(text, "{name}={value}");
    }
    Ok(text)
}

fn unfit(value: &str, place: &str, why: &str) -> Error {
    Error::new(ErrorKind::BadValue, format!("“{}” can't stand in {place}", Escaped(value)))
        .because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(path: &[&str], variables: &[(&'static str, &str)]) -> Environment {
        Environment {
            path: path.iter().map(|folder| (*folder).to_owned()).collect(),
            variables: variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            tools: Vec::new(),
        }
    }

    #[test]
    fn github_gets_the_first_folder_last() {
        let both = environment(&["/a", "/b c"], &[]);
        assert_eq!(github_path(&both).as_deref(), Ok("/b c\n/a\n"));
        for folder in ["/a\nb", "/a\r", "/a "] {
            assert_eq!(
                github_path(&environment(&[folder], &[])).unwrap_err().kind(),
                ErrorKind::BadValue
            );
        }
    }

    #[test]
    fn githubs_values_never_hold_their_own_end() {
        let check = |value: &str, expected: &str| {
            assert_eq!(github_variables(&environment(&[], &[("X", value)])), expected, "{value:?}");
        };
        check("/a", "X<<END\n/a\nEND\n");
        check("/a\nEND\nY=1", "X<<END_\n/a\nEND\nY=1\nEND_\n");
        check("END_\nEND", "X<<END__\nEND_\nEND\nEND__\n");
    }

    #[test]
    fn gitlab_gets_a_line_a_variable() {
        let good = environment(&["/a", "/b"], &[("JAVA_HOME", "/j k")]);
        assert_eq!(
            gitlab(&good, "/usr/bin").as_deref(),
            Ok("PATH=/a:/b:/usr/bin\nJAVA_HOME=/j k\n")
        );
        assert_eq!(gitlab(&good, "").as_deref(), Ok("PATH=/a:/b\nJAVA_HOME=/j k\n"));
        assert_eq!(gitlab(&Environment::default(), "/usr/bin").as_deref(), Ok(""));
        for value in ["a\nb", "a$b", " a", "a\r"] {
            assert!(gitlab(&environment(&[], &[("X", value)]), "").is_err(), "{value:?}");
        }
    }
}
