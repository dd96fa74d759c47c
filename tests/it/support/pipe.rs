//! A named pipe, by which a script tells a test how far it is: nobody sleeps.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::Sandbox;

/// Nobody waits longer for a line that never comes.
const LIMIT: Duration = Duration::from_secs(60);

/// The reading end of a named pipe.
#[derive(Debug)]
pub(crate) struct Pipe {
    path: PathBuf,
    lines: Receiver<String>,
}

impl Pipe {
    /// Makes the pipe; `path` is relative to the sandbox. All that is written is read, so that no
    /// writer is ever held up.
    pub(crate) fn new(sandbox: &Sandbox, path: &str) -> Self {
        let path = sandbox.root().join(path);
        sandbox.command("mkfifo").argument(&path).run().succeeds();
        let (sender, lines) = mpsc::channel();
        let opened = path.clone();
        thread::spawn(move || {
            // Opening waits for a writer; a test that ends before there is one leaves this behind.
            let Ok(file) = File::open(opened) else { return };
            for line in BufReader::new(file).lines() {
                let Ok(line) = line else { return };
                let _ = sender.send(line);
            }
        });
        Self { path, lines }
    }

    /// Where it lies.
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
        panic!("expected from the pipe: {text}\n{}", seen.join("\n"));
    }
}
