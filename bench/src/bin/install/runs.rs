//! Runs the contestants in turn, round by round, so that what the machine does meanwhile falls on
//! all of them; the median of each is what counts.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use usher::files::durable::sync_file_system;

use crate::contestants::Contestant;
use crate::{Go, Place, Result};

/// The measurements of one program.
pub(crate) struct Measured {
    /// Its name in the table.
    pub(crate) name: String,
    /// Seconds, in order.
    pub(crate) times: Vec<f64>,
    /// The most memory that it or a child of it had at once, in MiB.
    pub(crate) memory: f64,
}

impl Measured {
    pub(crate) fn median(&self) -> f64 {
        self.at(2)
    }

    /// Half of the middle half's width.
    pub(crate) fn spread(&self) -> f64 {
        (self.at(3) - self.at(1)) / 2.0
    }

    fn at(&self, share: usize) -> f64 {
        self.times.get(self.times.len() * share / 4).copied().unwrap_or(f64::NAN)
    }
}

/// Times them all with their homes in `folder`; also returns which ones failed.
pub(crate) fn measure(
    contestants: &[Contestant],
    place: &Place,
    rounds: usize,
) -> Result<(Vec<Measured>, Vec<String>)> {
    let (mut measured, mut failed) = (Vec::new(), Vec::new());
    for contestant in contestants {
        match once(contestant, place) {
            Ok(_) => measured.push(Measured {
                name: contestant.name.clone(),
                times: Vec::new(),
                memory: 0.0,
            }),
            Err(error) => failed.push(format!("{}: {error}", contestant.name)),
        }
    }
    for _ in 0..rounds {
        for one in &mut measured {
            let found = contestants.iter().find(|contestant| contestant.name == one.name);
            let contestant = found.ok_or("a contestant is missing")?;
            let (time, memory) = once(contestant, place)?;
            one.times.push(time);
            one.memory = one.memory.max(memory);
        }
    }
    for one in &mut measured {
        one.times.sort_by(f64::total_cmp);
    }
    Ok((measured, failed))
}

/// Seconds, and MiB.
fn once(contestant: &Contestant, place: &Place) -> Result<(f64, f64)> {
    let folder = place.folder.path();
    let home = tempfile::Builder::new().prefix("home-").tempdir_in(folder)?.keep();
    let mut command = contestant.command(&home)?;
    command.stdout(Stdio::null()).stderr(File::create(folder.join("stderr"))?);
    // Data that earlier runs left unwritten must not slow down this one.
    sync_file_system(&File::open(folder)?)?;
    let began = Instant::now();
    let (is_success, memory) = ended(command)?;
    let time = began.elapsed().as_secs_f64();
    let is_made = contestant.made.as_ref().is_none_or(|made| home.join(made).is_file());
    if matches!(place.homes_go, Go::AtOnce) {
        remove(&home)?;
    }
    match is_success && is_made {
        true => Ok((time, memory)),
        false => Err(fs::read_to_string(folder.join("stderr"))?.into()),
    }
}

/// Removes a home, in which something that a contestant left behind may still be tidying up.
fn remove(home: &Path) -> Result<()> {
    let mut tries = (0..10).map(|_| fs::remove_dir_all(home));
    match tries.any(|removed| removed.is_ok()) || !home.exists() {
        true => Ok(()),
        false => Err(format!("{} can't be removed", home.display()).into()),
    }
}

/// Whether a command succeeded, and the most memory it had, in MiB.
fn ended(mut command: Command) -> Result<(bool, f64)> {
    let child = command.spawn()?;
    let mut status = 0;
    // SAFETY: a structure of numbers, for which zeros are values.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the process is our child and wasn't waited for; both pointers are to our variables.
    let waited = unsafe {
        libc::wait4(libc::pid_t::try_from(child.id())?, &raw mut status, 0, &raw mut usage)
    };
    if waited < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of KiB")]
    let memory = usage.ru_maxrss as f64 / 1024.0;
    Ok((libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, memory))
}
