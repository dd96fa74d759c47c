//! kill -9 at random moments of an install of realistic size. A full run installs a real node, if a
//! registry can be reached.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::state::whole;
use super::{Numbers, is_full, seed};
use crate::real::packed;
use crate::support::{Platform, Sandbox, Upstream, stdout_if_success};

const VERSION: &str = "12.22.12";

#[test]
fn a_large_install_survives_a_kill_at_any_moment() {
    let count = if is_full() { 1_000 } else { 6 };
    let upstream = Upstream::start();
    let real = is_full().then(|| publish_real(&upstream)).flatten();
    let what = real.unwrap_or_else(|| {
        upstream.put_large_node(VERSION, if is_full() { 5_000 } else { 1_200 });
        "generated files"
    });
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.install();
    let target = sandbox.toolchain("node", VERSION);
    let tree = || {
        let _ = fs::remove_file(target.join(".usher-receipt.json"));
        whole(&target)
    };
    let install = || sandbox.use_command(&["install", &format!("node@{VERSION}")]);
    let began = Instant::now();
    install().run().succeeds();
    let length = began.elapsed();
    let clean = tree();
    let seed = seed();
    let mut numbers = Numbers(seed);
    let mut came = 0;
    for number in 0..count {
        let _ = fs::remove_dir_all(&target);
        // A sixth more than the first install took, because some take longer.
        let most = usize::try_from(length.as_micros()).unwrap() * 7 / 6;
        let moment = Duration::from_micros(numbers.below(most) as u64);
        let running = install().start();
        // This is only a timeout: the moment needn't be exact.
        let (_never, moments) = mpsc::channel::<()>();
        let _ = moments.recv_timeout(moment);
        running.signal(Signal::KILL);
        let outcome = running.wait();
        if target.exists() {
            came += 1;
            assert_eq!(tree(), clean, "seed {seed}, number {number}, {moment:?}: {outcome}");
        }
    }
    let _ = fs::remove_dir_all(&target);
    install().run().succeeds();
    assert_eq!(tree(), clean);
    let left = sandbox.usher().join("staging").read_dir().unwrap().count();
    assert_eq!(left, 0, "staging isn't empty");
    eprintln!(
        "{count} installs of {what} ({length:?}) killed; {came} had finished, and were complete"
    );
}

/// Publishes the newest node 22 and an npm from the registry, laid out as in the official archive,
/// under a version that the fake index has.
fn publish_real(upstream: &Upstream) -> Option<&'static str> {
    let folder = tempfile::tempdir().expect("create a temporary folder");
    let platform = Platform::here().node;
    let node = packed(&format!("node-{platform}@22"), folder.path())?;
    let unpack = |archive: &Path, into: &Path| {
        fs::create_dir_all(into).expect("create the folder to unpack into");
        let mut tar = Command::new("tar");
        tar.arg("xzf").arg(archive).args(["--strip-components", "1", "-C"]).arg(into);
        stdout_if_success(&mut tar)
    };
    let plain = folder.path().join("plain");
    unpack(&node, &plain)?;
    let npm = packed("npm@10", folder.path())?;
    unpack(&npm, &plain.join("lib/node_modules/npm"))?;
    let archive = folder.path().join("archive.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("czf").arg(&archive).arg("-C").arg(folder.path()).arg("plain");
    stdout_if_success(&mut tar)?;
    upstream.put_node(VERSION, fs::read(archive).expect("read the archive"));
    Some("a real node and npm")
}
