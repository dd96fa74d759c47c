//! A call of a package manager that a rule of the registry matches.

use std::ffi::OsStr;

use usher_definition::PackageCallRule;
use usher_shims::error::{Error, ErrorKind, Result};
use usher_shims::resolve::Plan;
use usher_shims::tool::{PackageCall, Tool};
use usher_shims::toolchain::{Store, Toolchain};

use crate::session::Session;

/// A call that installs or removes global packages.
pub(crate) struct PackageManagerCall<'a> {
    /// What runs.
    pub(super) plan: &'a Plan,
    /// The tool whose rule matched, and the rule as the shims know it.
    pub(super) tool: &'static Tool,
    pub(super) call: &'static PackageCall,
    /// The rest of the rule.
    pub(super) rule: PackageCallRule,
    /// The arguments as typed, up to a `--`.
    pub(super) words: Vec<&'a OsStr>,
}

impl<'a> PackageManagerCall<'a> {
    /// A call by the index of its tool's rule that matched.
    pub(crate) fn new(
        session: &Session,
        plan: &'a Plan,
        (tool, rule): (&'static Tool, usize),
        words: &[&'a OsStr],
    ) -> Result<Self> {
        let known = session.registry.named(tool.name)?;
        let own = words.split(|word| *word == "--").next().unwrap_or_default().to_vec();
        let rules = known.definition.package_calls.get(rule).zip(tool.package_calls.get(rule));
        let (rule, call) = rules.ok_or_else(|| {
            let what = format!("the definition of {} changed", tool.name);
            Error::new(ErrorKind::NotRunnable, what).hint("use reshim")
        })?;
        Ok(Self { plan, tool, call, rule: rule.clone(), words: own })
    }

    /// The toolchain that it installs into, if that is in usher's own store.
    pub(super) fn own_toolchain(&self) -> Option<&'a Toolchain> {
        self.plan.toolchain.as_ref().filter(|toolchain| toolchain.store == Store::Own)
    }
}
