//! Versions from elsewhere: other managers' stores (`adopted`), the system's interpreters
//! (`system`), the administrator's stores and home (`shared`, `machine`, `machine_cache`, `accounts`),
//! the user's own tools (`own`, `alone`), which of their programs have shims (`shim_names`), and calls
//! by version (`versioned_names`); builds of the user's own (`links`); what accounts use of the machine's (`account_use`), which of those
//! go (`retired`), the defaults that root sets for accounts (`account_defaults`), and what the machine
//! installs for accounts (`sync`).

mod account_defaults;
pub(crate) mod account_use;
mod accounts;
mod adopted;
mod alone;
mod links;
pub(crate) mod machine;
mod machine_cache;
mod moved_home;
mod one_version;
mod own;
mod previous_home;
mod retired;
pub(crate) mod shared;
mod shim_names;
mod sync;
mod system;
mod versioned_names;

use crate::support::Sandbox;

/// A sandbox with usher, offline, and with no interpreters on PATH but the shims.
fn sandbox() -> Sandbox {
    set_up(Sandbox::new().offline())
}

fn set_up(sandbox: Sandbox) -> Sandbox {
    let path = std::env::join_paths([sandbox.shims(), sandbox.folder("bin")]).expect("a PATH");
    let sandbox = sandbox.with_variable("PATH", path);
    sandbox.install();
    sandbox
}

/// The versions of a tool that `use list` shows for one store, each with its program.
fn listed(sandbox: &Sandbox, tool: &str, store: &str) -> Vec<(String, String)> {
    let list = sandbox.use_command(&["list", tool, "--json"]).run().succeeds().json();
    let lines = list["versions"].as_array().expect("a list").iter();
    let text = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap().to_owned();
    let rows = lines.filter(|line| line["store"] == store);
    rows.map(|line| (text(line, "version"), text(line, "main_program"))).collect()
}
