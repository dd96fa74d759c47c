//! kill -9 at random moments of an install of the size that real ones have.

use std::fs;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::state::whole;
use super::{Numbers, is_full, seed};
use crate::bench::{Archive, Platform, Sandbox, Upstream};

const VERSION: &str = "12.22.12";

#[test]
fn an_install_of_real_size_is_killed_at_any_moment() {
    let count = if is_full() { 1_000 } else { 6 };
    let upstream = Upstream::start();
    publish(&upstream, if is_full() { 5_000 } else { 1_200 });
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
        // A sixth beyond the end: not every install takes as long as the first.
        let most = usize::try_from(length.as_micros()).unwrap() * 7 / 6;
        let moment = Duration::from_micros(numbers.below(most) as u64);
        let running = install().start();
        // The moment is what is drawn, and nothing depends on it being met.
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
    assert_eq!(left, 0, "half-made things are left");
    eprintln!(
        "{count} installs of {length:?} killed; in {came} the toolchain had come, and was whole"
    );
}

/// A release of this many files, ten kilobytes each and as well packed as a real one.
fn publish(upstream: &Upstream, files: usize) {
    let name = format!("node-v{VERSION}-{}", Platform::here().node);
    let mut numbers = Numbers(1);
    let mut archive = Archive::new().program(&format!("{name}/bin/node"), "#!/bin/sh\n");
    for number in 0..files {
        let word = numbers.below(usize::MAX);
        let text: String = (0..400).map(|line| format!("{number} {word} {line}: text\n")).collect();
        archive = archive.file(&format!("{name}/lib/{}/{number}", number % 100), &text);
    }
    let bytes = archive.tar_gz();
    let hash = crate::bench::sha256(&bytes);
    upstream.put(&format!("/dist/v{VERSION}/SHASUMS256.txt"), format!("{hash}  {name}.tar.gz\n"));
    upstream.put(&format!("/dist/v{VERSION}/{name}.tar.gz"), bytes);
}
