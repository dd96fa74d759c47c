//! Too few descriptors: the message blames them, and not what they were needed for.

use crate::commands::{offline_sandbox, sandbox};
use crate::network::Authority;
use crate::support::{Outcome, Sandbox, Upstream};

/// Messages that would blame something else.
const FALSE_BLAMES: [&str; 8] = [
    "doesn't resolve",
    "PEM",
    "certificate",
    "are free",
    "npm config set",
    "check the network",
    "check the settings",
    "printed no registry",
];

/// Runs a command with at most so many descriptors.
fn with_descriptors(sandbox: &Sandbox, count: u32, line: &str) -> Outcome {
    let script = format!("ulimit -n {count}; exec {line}");
    sandbox.command("/bin/sh").arguments(["-c", &script]).run()
}

#[test]
fn too_few_descriptors_are_blamed_on_nothing_else() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let bundle = sandbox.file("ca.pem", Authority::new("a").pem());
    let sandbox = sandbox.with_variable("NODE_EXTRA_CA_CERTS", bundle);
    let (mut refused, mut installed) = (0, 0);
    for count in 4..=40 {
        let outcome = with_descriptors(&sandbox, count, "use install node@12 --json");
        if outcome.status.success() {
            installed += 1;
            std::fs::remove_dir_all(sandbox.toolchain("node", "12.22.12")).unwrap();
        } else {
            refused += 1;
            let text = format!("{}{}", outcome.stdout, outcome.stderr);
            // The loader needs some, too, and has words of its own.
            let is_loader = text.contains("error while loading shared libraries");
            assert!(is_loader || text.contains("(os error 24)"), "{count}: {outcome}");
            for blame in FALSE_BLAMES {
                assert!(!text.contains(blame), "{count}, {blame}: {outcome}");
            }
        }
        let _ = std::fs::remove_dir_all(sandbox.root().join("home/.cache/usher"));
    }
    assert!(refused > 3 && installed > 3, "{refused} refused, {installed} installed");
}

/// A name that can't be resolved for want of descriptors isn't wrong.
#[test]
fn names_resolve_or_the_descriptors_are_blamed() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("NODEJS_ORG_MIRROR", "http://a.invalid/dist");
    let sandbox = sandbox.with_variable("no_proxy", "*");
    let resolved = sandbox.use_command(&["install", "node@12.0.99"]).run();
    resolved.stderr_contains("the name a.invalid doesn't resolve");
    let mut blamed = 0;
    for count in 6..=12 {
        let outcome = with_descriptors(&sandbox, count, "use install node@12.0.99");
        blamed += usize::from(outcome.stderr.contains("can't connect to a.invalid: "));
    }
    assert!(blamed > 0);
}

/// What can't be started for want of descriptors isn't recorded as broken.
#[test]
fn programs_of_the_system_are_not_refused_for_good() {
    let sandbox = offline_sandbox();
    let outcome = with_descriptors(&sandbox, 200, "use reshim");
    outcome.succeeds();
    sandbox.executable("home/.bun/bin/bun", "#!/bin/sh\necho 1.1.30\n");
    let mut failed = 0;
    for count in 5..=14 {
        let outcome = with_descriptors(&sandbox, count, "use list bun");
        failed += usize::from(!outcome.status.success());
        assert!(!outcome.stderr.contains("is ignored"), "{count}: {outcome}");
        assert!(!outcome.stdout.contains("is ignored"), "{count}: {outcome}");
    }
    assert!(failed > 0);
    let index =
        String::from_utf8_lossy(&std::fs::read(sandbox.shim(".usher")).unwrap()).into_owned();
    assert!(!index.contains("Too many open files") && !index.contains("No file descriptors"));
}

/// npm, which is asked for its registry, has the same limit.
#[test]
fn npm_is_not_blamed_for_its_limit() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("npm_config_registry", "null");
    let npm = "#!/bin/sh\nexec 9</dev/null 2>/dev/null && echo $REGISTRY\n";
    sandbox.executable("bin/npm", &npm.replace("$REGISTRY", &upstream.npm_registry()));
    let mut blamed = 0;
    for count in (6..=13).chain([60]) {
        let outcome = with_descriptors(&sandbox, count, "use available pnpm");
        assert!(!outcome.stderr.contains("npm config set"), "{count}: {outcome}");
        // The error's text differs between C libraries.
        let is_blamed = |line: &str| line.contains("/bin/npm: ") && line.contains("(os error 24)");
        blamed += usize::from(outcome.stderr.lines().any(is_blamed));
        // The registry that it names is used; it has no pnpm.
        assert!(count != 60 || outcome.stderr.contains("/npm/pnpm: "), "{outcome}");
    }
    assert!(blamed > 3);
}
