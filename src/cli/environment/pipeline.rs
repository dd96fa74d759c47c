//! An environment in the formats of CI services.
//!
//! GitHub: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions#environment-files>.
//! GitLab: <https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv>.

use std::fmt::Write as _;

use usher_shims::error::{Error, ErrorKind, Escaped, Result};

use super::EnvReport;

/// Lines for the file that `GITHUB_PATH` names: a folder a line. GitHub puts each before the earlier
/// ones, so the first one comes last.
pub fn github_path(environment: &EnvReport) -> Result<String> {
    let mut lines = String::new();
    for folder in environment.path.iter().rev() {
        if folder.contains(['\n', '\r']) || folder.trim() != folder {
            let why = "a folder is one line, without blanks around it";
            return Err(not_writable(folder, "GITHUB_PATH", why));
        }
        let _ = writeln!(lines, "{folder}");
    }
    Ok(lines)
}

/// Lines for the file that `GITHUB_ENV` names: each value between two delimiters that it doesn't
/// contain.
pub fn github_variables(environment: &EnvReport) -> String {
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

/// A `dotenv` report, a variable a line. It can only set all of PATH: `path` is the current value.
pub fn gitlab_dotenv(environment: &EnvReport, path: &str) -> Result<String> {
    let mut text = String::new();
    let folders = environment.path.iter().map(String::as_str);
    let all: Vec<&str> = folders.chain([path]).filter(|part| !part.is_empty()).collect();
    let path = (!environment.path.is_empty()).then(|| ("PATH", all.join(":")));
    for (name, value) in path.iter().chain(&environment.variables) {
        if value.contains(['\n', '\r', '$']) || value.trim() != value {
            let why = "a value is one line, without blanks around it and without a $";
            return Err(not_writable(value, "a dotenv report", why));
        }
        let _ = writeln!(text, "{name}={value}");
    }
    Ok(text)
}

fn not_writable(value: &str, file: &str, cause: &str) -> Error {
    let what = format!("can't write this value to {file}: {}", Escaped(value));
    Error::new(ErrorKind::BadValue, what).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(path: &[&str], variables: &[(&'static str, &str)]) -> EnvReport {
        EnvReport {
            path: path.iter().map(|folder| (*folder).to_owned()).collect(),
            variables: variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            unset: Vec::new(),
            tools: Vec::new(),
        }
    }

    #[test]
    fn the_first_folder_is_the_last_line_for_github() {
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
    fn no_value_contains_its_own_delimiter() {
        let check = |value: &str, expected: &str| {
            assert_eq!(github_variables(&environment(&[], &[("X", value)])), expected, "{value:?}");
        };
        check("/a", "X<<END\n/a\nEND\n");
        check("/a\nEND\nY=1", "X<<END_\n/a\nEND\nY=1\nEND_\n");
        check("END_\nEND", "X<<END__\nEND_\nEND\nEND__\n");
    }

    #[test]
    fn a_dotenv_report_has_a_line_a_variable() {
        let good = environment(&["/a", "/b"], &[("JAVA_HOME", "/j k")]);
        assert_eq!(
            gitlab_dotenv(&good, "/usr/bin").as_deref(),
            Ok("PATH=/a:/b:/usr/bin\nJAVA_HOME=/j k\n")
        );
        assert_eq!(gitlab_dotenv(&good, "").as_deref(), Ok("PATH=/a:/b\nJAVA_HOME=/j k\n"));
        assert_eq!(gitlab_dotenv(&EnvReport::default(), "/usr/bin").as_deref(), Ok(""));
        for value in ["a\nb", "a$b", " a", "a\r"] {
            assert!(gitlab_dotenv(&environment(&[], &[("X", value)]), "").is_err(), "{value:?}");
        }
    }
}
