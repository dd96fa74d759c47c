//! The findings as workflow commands, which GitHub shows beside the lines:
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>. The escapes are
//! those of the toolkit's own commands.

use crate::check::Level;

use super::located::LocatedFinding;

/// A line for each finding.
pub(super) fn annotations(findings: &[LocatedFinding]) -> String {
    findings.iter().map(|located| annotation(located) + "\n").collect()
}

fn annotation(located: &LocatedFinding) -> String {
    let finding = &located.finding;
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(path) = &located.path {
        properties.push(format!("file={}", property(&path.to_string_lossy())));
        properties.push(format!("line={}", located.line()));
    }
    properties.push(format!("title={}", property(&format!("use check: {}", finding.rule.id()))));
    format!("::{command} {}::{}", properties.join(","), message(&finding.what))
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::located::tests::{finding, located_at_root as located};
    use super::*;

    #[test]
    fn commands_have_their_levels_and_escapes() {
        let findings = [
            located(finding(Level::Error, "a,b/Docker:file", 3, "100 %\r\n::error::x")),
            located(finding(Level::Warning, "ci.yml", 0, "two, three: four")),
            located(finding(Level::Note, "", 0, "all")),
        ];
        assert_eq!(
            annotations(&findings),
            "::error file=a%2Cb/Docker%3Afile,line=3,title=use check%3A versions-differ::100 %25%0D%0A::error::x\n\
             ::warning file=ci.yml,line=1,title=use check%3A versions-differ::two, three: four\n\
             ::notice title=use check%3A versions-differ::all\n"
        );
    }
}
