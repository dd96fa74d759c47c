//! A named pipe by which a script reports its progress, so that tests don't have to sleep.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::Sandbox;

/// How long to wait for a line.
const LIMIT: Duration = Duration::from_secs(60);

/// Makes a named pipe. Not every system has the call that makes one in an open folder.
pub(crate) fn make_fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().expect("run mkfifo");
    assert!(made.success(), "mkfifo {}", path.display());
}

/// The reading end of a named pipe.
#[derive(Debug)]
pub(crate) struct Pipe {
    path: PathBuf,
    lines: Receiver<String>,
}

impl Pipe {
    /// Makes the pipe. `path` is relative to the sandbox. A thread reads everything that is
    /// written, so writers never block.
    pub(crate) fn new(sandbox: &Sandbox, path: &str) -> Self {
        let path = sandbox.root().join(path);
        sandbox.command("mkfifo").argument(&path).run().succeeds();
        let (sender, lines) = mpsc::channel();
        let opened = path.clone();
        thread::spawn(move || {
            // `open` waits for a writer. If a test ends before there is one, this thread stays.
            let Ok(file) = File::open(opened) else { return };
            for line in BufReader::new(file).lines() {
                let Ok(line) = line else { return };
                let _ = sender.send(line);
            }
        });
        Self { path, lines }
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for a line that contains this.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(LIMIT) {
            if line.contains(text) {
                return;
            }
            seen.push(line);
        }
        panic!("expected line in the pipe: {text}\n{}", seen.join("\n"));
    }
}
