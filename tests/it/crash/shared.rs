//! Homes in folders where every account can create files, as in `/tmp`: what another account put there
//! doesn't steer usher. The victim is `nobody`, so these tests need root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::owners::{NOBODY, is_root};
use crate::support::{Outcome, Sandbox, TestCommand, Upstream, sha256};

/// The attacker.
const OTHER: u32 = 4711;

/// A victim's sandbox, and the attacker's server.
struct Case {
    sandbox: Sandbox,
    honest: Upstream,
    hostile: Upstream,
}

impl Case {
    fn new() -> Self {
        let honest = Upstream::start();
        let sandbox = Sandbox::new().with_upstream(&honest);
        sandbox.install();
        sandbox.open_to_all();
        Self { sandbox, honest, hostile: Upstream::start() }
    }

    /// A folder that everyone may write to and that is sticky.
    fn shared(&self, name: &str) -> PathBuf {
        let folder = self.sandbox.folder(name);
        fs::set_permissions(&folder, Permissions::from_mode(0o1777)).unwrap();
        folder
    }

    /// A command of the victim with this home.
    fn victim(&self, home: &Path, words: &[&str]) -> TestCommand {
        let command = self.sandbox.use_command(words).with_user_nobody();
        command.variable("USHER_HOME", home).without_variable("NODEJS_ORG_MIRROR")
    }

    /// Settings that lead to the attacker's server.
    fn settings(&self) -> String {
        format!("[source]\nnode = \"{}\"\n", self.hostile.node_dist())
    }

    fn assert_not_steered(&self, outcome: &Outcome) {
        let requests = self.hostile.all_requests();
        assert!(requests.is_empty(), "the attacker's server was asked\n{}", outcome.transcript());
    }
}

/// Gives a path, and what is below it, to an account.
fn give(path: &Path, owner: u32) {
    lchown(path, Some(owner), Some(owner)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), owner);
        }
    }
}

/// Commands that read settings; the shim hands over to `use`.
const READING: [&[&str]; 6] = [
    &["available", "node"],
    &["install", "node@12.22.12"],
    &["why", "node"],
    &["list"],
    &["outdated", "--all"],
    &["prune", "--dry-run", "--unused", "1"],
];

#[test]
fn planted_settings_are_refused() {
    if !is_root() {
        return;
    }
    let case = Case::new();
    let home = case.shared("shared");
    let config = home.join("config");
    let settings = |mode: u32, owner: u32, file_owner: u32| {
        fs::create_dir(&config).unwrap();
        let file = config.join("config.toml");
        fs::write(&file, case.settings()).unwrap();
        chown(&file, Some(file_owner), Some(file_owner)).unwrap();
        chown(&config, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(&config, Permissions::from_mode(mode)).unwrap();
    };
    let plant: [&dyn Fn(); 6] = [
        // The whole folder, as the attacker's or as a link.
        &|| settings(0o755, OTHER, OTHER),
        &|| {
            case.sandbox.file("trap/config.toml", case.settings());
            symlink(case.sandbox.root().join("trap"), &config).unwrap();
            lchown(&config, Some(OTHER), Some(OTHER)).unwrap();
        },
        // A file in a folder of the victim's that everyone may write to.
        &|| settings(0o1777, NOBODY, OTHER),
        &|| settings(0o777, NOBODY, NOBODY),
        &|| {
            settings(0o1777, NOBODY, NOBODY);
            fs::hard_link(config.join("config.toml"), config.join("second")).unwrap();
        },
        &|| {
            settings(0o755, NOBODY, NOBODY);
            let mode = Permissions::from_mode(0o666);
            fs::set_permissions(config.join("config.toml"), mode).unwrap();
        },
    ];
    for (number, plant) in plant.iter().enumerate() {
        plant();
        for words in READING {
            let refused = case.victim(&home, words).run();
            case.assert_not_steered(&refused);
            let refused = refused.fails_with(77);
            assert!(refused.stderr.contains("config"), "{number}\n{refused}");
        }
        fs::remove_dir_all(&config).or_else(|_| fs::remove_file(&config)).unwrap();
    }
    // The victim's own settings count.
    settings(0o755, NOBODY, NOBODY);
    case.victim(&home, &["available", "node"]).run().succeeds();
    assert!(!case.hostile.all_requests().is_empty());
}

#[test]
fn planted_settings_below_an_xdg_folder_are_refused() {
    if !is_root() {
        return;
    }
    let case = Case::new();
    let shared = case.shared("shared");
    let config = case.sandbox.folder("shared/attackers/usher");
    fs::write(config.join("config.toml"), case.settings()).unwrap();
    give(&shared.join("attackers"), OTHER);
    let own = case.sandbox.folder("own");
    give(&own, NOBODY);
    let bare = case.sandbox.copy_program(&case.sandbox.shim("use"), "bare/use");
    let run = |config: &Path| {
        let command = case.sandbox.command(&bare).arguments(["available", "node"]);
        let command = command.with_user_nobody().without_variable("NODEJS_ORG_MIRROR");
        let command = command.variable("XDG_DATA_HOME", own.join("data"));
        command.variable("XDG_CONFIG_HOME", config).variable("XDG_CACHE_HOME", &own).run()
    };
    // The folder above usher's is the attacker's, and so is the folder itself.
    let check = |folder: &Path| {
        let refused = run(folder);
        case.assert_not_steered(&refused);
        refused.fails_with(77).stderr_contains("belongs to account 4711");
    };
    check(&shared.join("attackers"));
    fs::rename(&config, shared.join("usher")).unwrap();
    check(&shared);
}

#[test]
fn planted_tools_and_requested_shims_are_refused() {
    if !is_root() {
        return;
    }
    let case = Case::new();
    let home = case.shared("shared");
    for folder in ["registry", "shims"] {
        let planted = case.sandbox.folder(format!("shared/config/{folder}"));
        fs::write(planted.join("node@12.toml"), "").unwrap();
        fs::write(planted.join("node@12"), "").unwrap();
        give(&home.join("config"), NOBODY);
        // As a folder of the attacker's, and as a file in the victim's own folder.
        for (mode, owner) in [(0o755, OTHER), (0o1777, NOBODY)] {
            give(&planted, OTHER);
            chown(&planted, Some(owner), Some(owner)).unwrap();
            fs::set_permissions(&planted, Permissions::from_mode(mode)).unwrap();
            let parent = if owner == OTHER { 0o1777 } else { 0o755 };
            let parent = Permissions::from_mode(parent);
            fs::set_permissions(home.join("config"), parent).unwrap();
            let refused = case.victim(&home, &["reshim"]).run().fails_with(77);
            refused.stderr_contains("belongs to account 4711");
        }
        fs::remove_dir_all(home.join("config")).unwrap();
    }
}

/// Shims read the default on each call.
#[test]
fn a_planted_default_is_refused() {
    if !is_root() {
        return;
    }
    let case = Case::new();
    let home = case.shared("shared");
    case.sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    case.victim(&home, &["reshim"]).run().succeeds();
    let toolchain = case.sandbox.folder("shared/toolchains/node");
    case.sandbox.copy(
        &case.sandbox.toolchain("node", "12.22.12"),
        "shared/toolchains/node/12.22.12",
        &[],
    );
    give(&toolchain, NOBODY);
    let config = case.sandbox.folder("shared/config");
    let default = case.sandbox.file("shared/config/tool-versions", "node 12.22.12\n");
    give(&config, NOBODY);
    let run = |sandbox: &Sandbox| {
        let node = sandbox.command("node").argument("-v").with_user_nobody();
        node.variable("USHER_HOME", &home).run()
    };
    run(&case.sandbox).succeeds().stdout_is("v12.22.12");
    for (mode, owner) in [(0o1777, NOBODY), (0o755, OTHER)] {
        fs::set_permissions(&config, Permissions::from_mode(mode)).unwrap();
        give(&config, OTHER);
        chown(&config, Some(owner), Some(owner)).unwrap();
        run(&case.sandbox).fails_with(126).stderr_contains("config/tool-versions may be another");
    }
    chown(&default, Some(NOBODY), Some(NOBODY)).unwrap();
    chown(&config, Some(NOBODY), Some(NOBODY)).unwrap();
    run(&case.sandbox).succeeds().stdout_is("v12.22.12");
}

#[test]
fn a_planted_cache_is_not_used() {
    if !is_root() {
        return;
    }
    let case = Case::new();
    let home = case.shared("shared");
    let mirror = case.honest.node_dist();
    let available = || {
        let command = case.victim(&home, &["available", "node"]);
        command.variable("NODEJS_ORG_MIRROR", &mirror).run().succeeds()
    };
    let first = available();
    assert!(first.stdout.contains("12.22.12"), "{first}");
    let cache = home.join("cache");
    let index = cache.join("indexes").read_dir().unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&index).unwrap();
    let (head, content) = text.split_once('\n').unwrap();
    let evil = content.replace("12.22.12", "12.22.99");
    let hash = |text: &str| sha256(text.as_bytes());
    let planted = format!("{}\n{evil}", head.replace(&hash(content), &hash(&evil)));
    let plant: [&dyn Fn(); 5] = [
        &|| give(&cache, OTHER),
        &|| {
            chown(&cache, Some(NOBODY), None).unwrap();
            fs::set_permissions(&cache, Permissions::from_mode(0o1777)).unwrap();
        },
        &|| fs::set_permissions(&cache, Permissions::from_mode(0o777)).unwrap(),
        &|| {
            fs::set_permissions(&cache, Permissions::from_mode(0o755)).unwrap();
            let indexes = cache.join("indexes");
            chown(&indexes, Some(NOBODY), None).unwrap();
            fs::set_permissions(&indexes, Permissions::from_mode(0o1777)).unwrap();
        },
        &|| {
            let indexes = cache.join("indexes");
            fs::set_permissions(&indexes, Permissions::from_mode(0o777)).unwrap();
        },
    ];
    for (number, plant) in plant.iter().enumerate() {
        fs::write(&index, &planted).unwrap();
        give(&cache, OTHER);
        plant();
        let before = case.sandbox.tree("shared/cache");
        let requests = case.honest.all_requests().len();
        let outcome = available();
        assert!(!outcome.stdout.contains("12.22.99"), "{number}\n{outcome}");
        assert!(case.honest.all_requests().len() > requests, "{number}\n{outcome}");
        assert_eq!(outcome.stderr.matches("the cache is not used").count(), 1, "{outcome}");
        let changes = before.changes(&case.sandbox.tree("shared/cache"));
        assert_eq!(changes, Vec::<String>::new(), "{number}");
        let clean = case.victim(&home, &["cache", "clean"]).run();
        if number < 3 {
            clean.fails_with(77);
        }
    }
}

/// The attacker exchanges files faster than they can be looked at by name.
#[test]
fn what_is_read_is_what_was_judged() {
    if !is_root() {
        return;
    }
    let case = Case::new();
    let home = case.shared("shared");
    let config = home.join("config");
    let [ours, theirs] = ["ours", "theirs"].map(|name| home.join(name));
    for (folder, owner, text) in [(&ours, NOBODY, "quiet = false\n"), (&theirs, OTHER, "")] {
        fs::create_dir(folder).unwrap();
        let settings = if text.is_empty() { case.settings() } else { text.to_owned() };
        fs::write(folder.join("config.toml"), settings).unwrap();
        give(folder, owner);
    }
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                for folder in [&ours, &theirs] {
                    let _ = fs::rename(folder, &config);
                    let _ = fs::rename(&config, folder);
                }
            }
        });
        let run = |_| {
            let command = case.victim(&home, &["available", "node", "12.22.12"]);
            command.variable("NODEJS_ORG_MIRROR", case.honest.node_dist()).run()
        };
        let outcomes: Vec<Outcome> = (0..60).map(run).collect();
        is_done.store(true, Ordering::Relaxed);
        for outcome in &outcomes {
            case.assert_not_steered(outcome);
        }
        let refused = outcomes.iter().filter(|outcome| outcome.status.code() == Some(77)).count();
        assert_ne!(refused, 0, "the attacker's folder was never there");
    });
}
