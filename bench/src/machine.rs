//! The machine, as far as it matters to a measurement.

use std::fs;

/// One sentence: processor, cores, whether it is a virtual machine, kernel.
pub fn description() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(':')).map(|(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kind = if text.contains(" hypervisor") { "a virtual machine" } else { "bare metal" };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = model.unwrap_or(std::env::consts::ARCH);
    format!("Machine: {model}, {cores} cores, {kind}, Linux {}.", kernel.trim())
}
