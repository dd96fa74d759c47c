//! `use policy [FILE]`: what the machine's policy limits. With a file, that one is checked before it
//! is put in place; so it runs without a session, which the policy in place could refuse.

use std::path::Path;

use rustix::io::Errno;
use serde::Serialize;
use usher_shims::error::{Error, Result, Shown};
use usher_shims::folders::Folders;
use usher_shims::policy::policy_file;
use usher_shims::world::{Os, read_optional};

use crate::cli::output::{self, Report, ReportPath, Table, Text};
use crate::registry::{self, Registry};
use crate::session::policy::{MachinePolicy, Rule};
use crate::session::reporter::Silent;

/// What a policy limits.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct PolicyReport {
    /// The file; `null` if the machine has no policy.
    path: Option<ReportPath>,
    /// What it limits.
    rules: Vec<Rule>,
}

/// Runs the command.
pub fn run(file: Option<&Path>, as_json: bool) -> Result<i32> {
    let own = registry::files(&Folders::machine())?;
    let registry = Registry::load()?.with_custom_tools(&own);
    let path = file.map_or_else(policy_file, Path::to_path_buf);
    let found = read_optional(&Os, &path).map_err(|error| Error::io("read", &path, error))?;
    let report = match found {
        Some(found) => {
            let policy = MachinePolicy::parse(&path, &found.bytes, &registry)?;
            PolicyReport { path: Some(ReportPath::new(&path)), rules: policy.rules() }
        }
        None if file.is_none() => PolicyReport { path: None, rules: Vec::new() },
        None => {
            return Err(Error::io("read", &path, Errno::NOENT.into()));
        }
    };
    output::print(&report, as_json, &Silent)
}

impl Report for PolicyReport {
    fn text(&self) -> Text {
        let Some(path) = &self.path else {
            return format!("no policy: {} does not exist", Shown(&policy_file())).into();
        };
        if self.rules.is_empty() {
            return format!("{path} limits nothing").into();
        }
        let mut table = Table::with_headings(["RULE", "VALUE", "WRITTEN IN"]);
        for rule in &self.rules {
            table.row([rule.key, &rule.value, &format!("{path}:{}", rule.line)]);
        }
        table.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::at_widths;

    fn report(text: &str) -> PolicyReport {
        let path = Path::new("/etc/usher/policy.toml");
        let policy = MachinePolicy::parse(path, text.as_bytes(), &Registry::load().unwrap());
        PolicyReport { path: Some(ReportPath::new(path)), rules: policy.unwrap().rules() }
    }

    #[test]
    fn each_rule_has_a_row() {
        let rules = "deny = ['node@13']\nallow = ['node@>=12', 'python']\nroom = '1 GB'\n";
        insta::assert_snapshot!(at_widths(&report(rules).text()), @"");
        assert_eq!(report("").text(), "/etc/usher/policy.toml limits nothing\n");
    }
}
