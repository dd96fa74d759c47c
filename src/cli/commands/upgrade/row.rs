//! What came of one tool, for people and for programs.

use serde::Serialize;
use usher_shims::error::Error;
use usher_shims::toolchain::{Store, Toolchain};
use usher_shims::version::Version;

use crate::cli::output::json::{ErrorReport, RequestOrigin};
use crate::cli::output::{Line, Meaning, Table};

/// What came of one tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum UpgradeState {
    /// A newer version is installed now.
    Upgraded,
    /// A newer version can be installed.
    Upgradable,
    /// There is no newer version that matches.
    Current,
    /// `use upgrade` doesn't change it.
    Skipped,
    /// An error occurred.
    Failed,
}

/// What came of each tool.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct UpgradeAnswer {
    /// The tools.
    pub(super) tools: Vec<UpgradeRow>,
}

/// Why `use upgrade` doesn't change a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum UpgradeRule {
    /// It is not pinned here.
    NotPinned,
    /// usher has no source for it.
    NoSource,
    /// The request doesn't name a release: `system`.
    NoRelease,
    /// It is constrained, not pinned.
    Constraint,
    /// Its default is the administrator's to upgrade.
    AdministratorsDefault,
    /// It is pinned to an exact version.
    ExactVersion,
    /// Accounts install no versions on this machine.
    MayNotInstall,
}

/// What came of one tool, and why.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct UpgradeRow {
    /// The tool.
    pub(super) tool: &'static str,
    /// The request; `null` if the tool isn't pinned.
    pub(super) request: Option<String>,
    /// Where the request is written.
    pub(super) requested_by: Option<RequestOrigin>,
    /// The version that was active.
    pub(super) from: Option<String>,
    /// The newer version.
    pub(super) to: Option<String>,
    /// What came of it.
    pub(super) state: UpgradeState,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<UpgradeRule>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// What to type to change that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    /// Why it failed. The first of these is the command's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorReport>,
    /// The global packages of the older version that the newer one lacked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) global_packages: Option<PackageOutcome>,
}

/// What became of the global packages that a newer version lacked.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct PackageOutcome {
    /// Those that it has now.
    pub(super) migrated: Vec<String>,
    /// Those that couldn't be installed.
    pub(super) failed: Vec<String>,
    /// Those that it still lacks, because the user didn't confirm the migration.
    pub(super) missing: Vec<String>,
    /// Those that aren't from a registry, and are never migrated.
    pub(super) local: Vec<String>,
}

/// A tool's row, and what comes next.
pub(super) struct UpgradeOutcome {
    pub(super) row: UpgradeRow,
    /// The versions between which global packages may have to be migrated.
    pub(super) step: Option<VersionStep>,
}

/// From which version to which newer one.
#[derive(Debug, Clone)]
pub(super) struct VersionStep {
    pub(super) from: Version,
    pub(super) to: Version,
    /// The older one's toolchain.
    pub(super) old: Toolchain,
}

impl VersionStep {
    /// The step from a toolchain to a newer version. The system's package manager installed what
    /// the system's version has, and is left alone.
    pub(super) fn between(old: Option<Toolchain>, to: Version) -> Option<Self> {
        let old = old.filter(|old| !matches!(old.store, Store::System(_)))?;
        Some(Self { from: old.version.clone()?, to, old })
    }
}

impl UpgradeRow {
    /// The row of a tool, before its versions are compared.
    pub(super) fn of(tool: &'static str) -> Self {
        Self {
            tool,
            request: None,
            requested_by: None,
            from: None,
            to: None,
            state: UpgradeState::Current,
            rule: None,
            reason: None,
            hint: None,
            error: None,
            global_packages: None,
        }
    }

    /// `use upgrade` doesn't change this tool.
    pub(super) fn skip(
        &mut self,
        rule: UpgradeRule,
        reason: impl Into<String>,
        hint: Option<String>,
    ) {
        self.state = UpgradeState::Skipped;
        self.rule = Some(rule);
        self.reason = Some(reason.into());
        self.hint = hint;
    }

    /// An error occurred.
    pub(super) fn fail(&mut self, error: &Error) {
        self.state = UpgradeState::Failed;
        self.error = Some(ErrorReport::of(error));
    }

    /// The row for people. Errors are printed by themselves.
    fn cells(&self) -> Option<[Line; 4]> {
        let (meaning, state) = match self.state {
            UpgradeState::Failed => return None,
            UpgradeState::Upgraded if self.from.is_none() => (Meaning::Active, "installed"),
            UpgradeState::Upgraded => (Meaning::Active, "upgraded"),
            UpgradeState::Upgradable if self.from.is_none() => (Meaning::New, "not installed"),
            UpgradeState::Upgradable => (Meaning::New, "can be upgraded"),
            UpgradeState::Current => (Meaning::Plain, "up to date"),
            UpgradeState::Skipped => (Meaning::Muted, "skipped"),
        };
        let state = Line::of(meaning, state);
        let state = match &self.reason {
            Some(reason) => state.and(meaning, format!(": {reason}")),
            None => state,
        };
        let state = match (&self.request, &self.requested_by) {
            (Some(request), Some(origin)) => {
                state.and(Meaning::Muted, format!(" ({request} requested by {origin})"))
            }
            _ => state,
        };
        let version = |version: &Option<String>, meaning| {
            version.as_ref().map_or_else(Line::new, |version| Line::of(meaning, version))
        };
        let to = version(&self.to, Meaning::New);
        Some([self.tool.into(), version(&self.from, Meaning::Plain), to, state])
    }
}

/// The rows for people.
pub(super) fn table<'a>(rows: impl IntoIterator<Item = &'a UpgradeRow>) -> Table {
    let mut table = Table::with_headings(["TOOL", "FROM", "TO", "STATE"]);
    for row in rows {
        let Some(cells) = row.cells() else { continue };
        table.row(cells);
        if let Some(hint) = &row.hint {
            table.row([Line::new(), Line::new(), Line::new(), Line::hint(hint)]);
        }
    }
    table.without_empty_columns()
}

#[cfg(test)]
mod tests {
    use usher_shims::error::ErrorKind;
    use usher_shims::pin::Origin;

    use super::*;
    use crate::cli::output::Text;

    fn row(state: UpgradeState, from: Option<&str>, to: Option<&str>) -> UpgradeRow {
        UpgradeRow {
            request: Some("12".to_owned()),
            requested_by: Some(RequestOrigin::of(&Origin::Variable("x"))),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            state,
            ..UpgradeRow::of("node")
        }
    }

    #[test]
    fn each_tool_has_a_row() {
        use UpgradeState::{Current, Upgradable, Upgraded};
        let mut skipped = row(Current, Some("12.1.0"), None);
        skipped.skip(
            UpgradeRule::ExactVersion,
            "it is pinned to an exact version",
            Some("use node@12.2.0".to_owned()),
        );
        let mut failed = row(Current, None, None);
        failed.fail(&Error::new(ErrorKind::Network, "no source answered"));
        let rows = [
            row(Upgraded, Some("12.1.0"), Some("12.2.0")),
            row(Upgraded, None, Some("12.2.0")),
            row(Upgradable, Some("12.1.0"), Some("12.2.0")),
            row(Upgradable, None, Some("12.2.0")),
            row(Current, Some("12.2.0"), None),
            skipped,
            failed,
        ];
        let text = Text::from(table(&rows));
        insta::assert_snapshot!(text.at_width(60), @"
        TOOL  FROM    TO      STATE
        node  12.1.0  12.2.0  upgraded (12 requested by x)
        node          12.2.0  installed (12 requested by x)
        node  12.1.0  12.2.0  can be upgraded (12 requested by x)
        node          12.2.0  not installed (12 requested by x)
        node  12.2.0          up to date (12 requested by x)
        node  12.1.0          skipped: it is pinned to an exact
                              version (12 requested by x)
                              hint: use node@12.2.0
        ");
        insta::assert_snapshot!(text.at_width(80), @"
        TOOL  FROM    TO      STATE
        node  12.1.0  12.2.0  upgraded (12 requested by x)
        node          12.2.0  installed (12 requested by x)
        node  12.1.0  12.2.0  can be upgraded (12 requested by x)
        node          12.2.0  not installed (12 requested by x)
        node  12.2.0          up to date (12 requested by x)
        node  12.1.0          skipped: it is pinned to an exact version (12 requested by
                              x)
                              hint: use node@12.2.0
        ");
        insta::assert_snapshot!(text.at_width(120), @"
        TOOL  FROM    TO      STATE
        node  12.1.0  12.2.0  upgraded (12 requested by x)
        node          12.2.0  installed (12 requested by x)
        node  12.1.0  12.2.0  can be upgraded (12 requested by x)
        node          12.2.0  not installed (12 requested by x)
        node  12.2.0          up to date (12 requested by x)
        node  12.1.0          skipped: it is pinned to an exact version (12 requested by x)
                              hint: use node@12.2.0
        ");
        insta::assert_snapshot!(text.with_meanings(), @"
        <Heading>TOOL</>  <Heading>FROM</>    <Heading>TO</>      <Heading>STATE</>
        node  12.1.0  <New>12.2.0</>  <Active>upgraded</><Muted> (12 requested by x)</>
        node          <New>12.2.0</>  <Active>installed</><Muted> (12 requested by x)</>
        node  12.1.0  <New>12.2.0</>  <New>can be upgraded</><Muted> (12 requested by x)</>
        node          <New>12.2.0</>  <New>not installed</><Muted> (12 requested by x)</>
        node  12.2.0          up to date<Muted> (12 requested by x)</>
        node  12.1.0          <Muted>skipped: it is pinned to an exact version (12 requested by x)</>
                              <Hint>hint: use node@12.2.0</>
        ");
        insta::assert_snapshot!(Text::from(table(&rows[4..6])), @"
        TOOL  FROM    STATE
        node  12.2.0  up to date (12 requested by x)
        node  12.1.0  skipped: it is pinned to an exact version (12 requested by x)
                      hint: use node@12.2.0
        ");
    }

    #[test]
    fn a_failed_row_is_an_error() {
        let mut failed = row(UpgradeState::Current, None, None);
        failed.fail(&Error::new(ErrorKind::Network, "no source answered"));
        assert_eq!(Text::from(table([&failed])), "");
        insta::assert_snapshot!(serde_json::to_string(&failed).unwrap(), @r#"{"tool":"node","request":"12","requested_by":{"kind":"variable","variable":"x","text":"x"},"from":null,"to":null,"state":"failed","error":{"what":"no source answered","causes":[],"hint":null,"code":"network","exit":69}}"#);
    }
}
