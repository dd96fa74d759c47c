//! The program's environment: the variables that the registry says a tool's programs need.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::call::Call;
use crate::index::Index;
use crate::pin::Pin;
use crate::range::Range;
use crate::read::json_field;
use crate::tool::{EnvRule, Tool, When};
use crate::toolchain::Toolchain;
use crate::version::Version;
use crate::world::World;

/// The variables of a program, and their values.
pub(super) type Variables = Vec<(&'static str, OsString)>;

/// What the variables depend on: those that are set, and the toolchains' folders.
#[derive(Debug)]
pub struct ProgramEnvironment<'a, W> {
    /// All input.
    pub world: &'a W,
    /// Where usher lives.
    pub index: &'a Index,
}

/// What the call itself requests, for the children.
pub(super) fn requested(call: &Call) -> Variables {
    let own = call.pin.as_ref().map(|pin| (call.tool, pin));
    let runtime_pin = call.runtime_pin.as_ref().map(|(host, pin)| (*host, pin));
    let variable = |(tool, pin): (&'static Tool, &Pin)| {
        Some((*tool.variables.first()?, pin.request()?.as_str().into()))
    };
    own.into_iter().chain(runtime_pin).filter_map(variable).collect()
}

impl<W: World> ProgramEnvironment<'_, W> {
    /// The variables that all programs of a tool need in a toolchain, whatever is set now.
    pub fn for_all_programs(
        &self,
        call: &Call,
        toolchain: &Toolchain,
    ) -> Vec<(&'static str, OsString)> {
        let rules = call.tool.environment.iter();
        let rules =
            rules.filter(|rule| rule.programs.is_empty() && self.applies(rule, call, toolchain));
        rules.map(|rule| (rule.variable, self.value(rule, call.tool, toolchain))).collect()
    }

    /// The variables that a call's program needs and that are unset.
    pub(super) fn for_program(&self, call: &Call, toolchain: &Toolchain, set: &mut Variables) {
        for rule in call.tool.environment {
            if self.is_free(rule, call.tool) && self.applies(rule, call, toolchain) {
                set.push((rule.variable, self.value(rule, call.tool, toolchain)));
            }
        }
    }

    /// The tool that the program's own comes with, if that has variables for the program by name.
    pub(super) fn host_with_rules(&self, call: &Call) -> Option<&'static Tool> {
        let host = call.tool.runtime.and_then(|host| self.index.tools.named(host))?;
        host.environment.iter().any(|rule| self.is_meant(rule, call, host)).then_some(host)
    }

    /// The variables that the host sets for a program of its guest by name, where both are these
    /// toolchains.
    ///
    /// What depends on a file is looked up in the toolchain that holds such a file: the guest's
    /// own, and else the host's.
    pub(super) fn by_host(
        &self,
        call: &Call,
        guest: &Toolchain,
        (host, toolchain): (&'static Tool, &Toolchain),
        set: &mut Variables,
    ) {
        for rule in host.environment.iter().filter(|rule| self.is_meant(rule, call, host)) {
            let is_there = |when: &When| self.is_file(&guest.root.join(when.file));
            let holder = if rule.when.as_ref().is_some_and(is_there) { guest } else { toolchain };
            let is_meant = !rule.unwritable || self.is_unwritable(host, toolchain);
            if is_meant && self.holds(rule.when.as_ref(), host, &holder.root) {
                set.push((rule.variable, self.value(rule, host, toolchain)));
            }
        }
    }

    fn is_meant(&self, rule: &EnvRule, call: &Call, host: &Tool) -> bool {
        call.names().any(|name| rule.programs.contains(&name)) && self.is_free(rule, host)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.world.metadata(path).ok().flatten().is_some()
    }

    /// A variable's value for a toolchain.
    fn value(&self, rule: &EnvRule, tool: &Tool, toolchain: &Toolchain) -> OsString {
        let value = rule.value.replace("{root}", &toolchain.root.to_string_lossy());
        let additions = self.index.global_packages_folder(tool, toolchain).unwrap_or_default();
        value.replace("{global_packages}", &additions.to_string_lossy()).into()
    }

    /// Whether nobody set a variable; what a shim set for another version doesn't count.
    fn is_free(&self, rule: &EnvRule, tool: &Tool) -> bool {
        let value = self.world.variable(rule.variable);
        value.is_none_or(|value| self.is_ours(rule, tool, &value))
    }

    /// Whether a value names a version in a store that usher knows, or what was added beside one, as
    /// it would itself. Variables that all programs need are also set by people, to other managers'
    /// versions.
    fn is_ours(&self, rule: &EnvRule, tool: &Tool, value: &OsStr) -> bool {
        if let Some((before, _)) = rule.value.split_once("{global_packages}") {
            let folder = value.to_str().and_then(|value| value.strip_prefix(before));
            let additions = self.index.folders.additions();
            return folder.is_some_and(|folder| Path::new(folder).starts_with(additions));
        }
        let Some((before, after)) = rule.value.split_once("{root}") else { return false };
        let root = value.to_str().and_then(|value| value.strip_prefix(before)?.strip_suffix(after));
        let Some(root) = root.map(Path::new) else { return false };
        let own = [self.index.folders.toolchains()];
        let own = own.into_iter().chain(self.index.shared_stores.iter().cloned());
        let mut own = own.map(|store| store.join(tool.name));
        let adopted = self.index.adopted_stores.iter().filter(|store| store.tool == tool.name);
        own.any(|store| root.starts_with(store))
            || !rule.programs.is_empty()
                && adopted.map(|store| &store.folder).any(|store| root.starts_with(store))
    }

    /// Whether a toolchain is somebody else's, and this account can't write to it.
    fn is_unwritable(&self, tool: &Tool, toolchain: &Toolchain) -> bool {
        self.index.global_packages_folder(tool, toolchain).is_some()
            && !self.world.is_writable(&toolchain.root)
    }

    /// Whether a rule applies to a call's program in a toolchain.
    fn applies(&self, rule: &EnvRule, call: &Call, toolchain: &Toolchain) -> bool {
        let for_program =
            rule.programs.is_empty() || call.names().any(|name| rule.programs.contains(&name));
        if for_program && rule.unwritable && !self.is_unwritable(call.tool, toolchain) {
            return false;
        }
        for_program && self.holds(rule.when.as_ref(), call.tool, &toolchain.root)
    }

    /// Whether a condition holds in a toolchain's folder; none always does.
    fn holds(&self, when: Option<&When>, tool: &Tool, root: &Path) -> bool {
        let Some(when) = when else { return true };
        let Ok(content) = self.world.read(&root.join(when.file)) else { return false };
        let text = String::from_utf8_lossy(&content);
        let version = json_field(&text, when.field).and_then(|text| Version::parse(&text));
        let range = Range::parse(when.versions, tool.dialect);
        version.zip(range).is_some_and(|(version, range)| range.contains(&version))
    }
}
