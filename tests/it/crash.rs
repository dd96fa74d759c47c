//! Crash safety: no incomplete toolchain ever looks installed (`docs/reliability.md`).
//!
//! The tests send kill -9 before every system call, make every write fail, run many processes at
//! once, and use homes that other users own or manipulated.
//!
//! Long tests try a random sample, or as much as a time allows (`cargo xtask attack`); a failure
//! prints the seed. To try everything: `USHER_TEST_FULL=1 cargo test --release --test it crash::`.

mod accounts;
mod bare;
mod concurrency;
mod environment;
mod errno;
mod interrupted;
mod mixed;
mod moments;
mod operations;
pub(crate) mod owners;
mod planted;
mod power_cut;
mod refusals;
mod shared;
mod state;
mod sweep;
mod tracer;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Whether to try everything instead of a sample.
#[expect(clippy::disallowed_methods, reason = "USHER_TEST_FULL chooses how much is tested")]
fn is_full() -> bool {
    std::env::var_os("USHER_TEST_FULL").is_some_and(|value| !value.is_empty())
}

/// How long each sweep tries more than its sample: `USHER_TEST_SECONDS`.
#[expect(clippy::disallowed_methods, reason = "USHER_TEST_SECONDS chooses how much is tested")]
fn time() -> Option<Duration> {
    let seconds = std::env::var("USHER_TEST_SECONDS").ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The seed of the random samples: `USHER_TEST_SEED`, else a new one each time.
#[expect(clippy::disallowed_methods, reason = "USHER_TEST_SEED repeats a sample")]
pub(crate) fn seed() -> u64 {
    let given = std::env::var("USHER_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    given.unwrap_or_else(|| now.subsec_nanos().into())
}

/// Pseudo-random numbers from a seed (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit.max(1) as u64).expect("below a limit")
    }
}

/// Prints the progress of a full run.
fn report_progress(name: &str, tried: usize) {
    if is_full() && tried.is_multiple_of(250) {
        eprintln!("{name}: {tried} points so far");
    }
}

/// What a sweep tries, one by one: `count` random items, evenly spread; all of them in a full run. For
/// as long as there is time, these come first and then all others in random order.
fn sample<T: Clone>(all: &[T], count: usize, seed: u64) -> impl Iterator<Item = T> + use<T> {
    let mut numbers = Numbers(seed);
    let start = |place: usize| place * all.len() / count;
    let mut places: Vec<usize> = match is_full() || all.len() <= count {
        true => (0..all.len()).collect(),
        false => (0..count).map(|n| start(n) + numbers.below(start(n + 1) - start(n))).collect(),
    };
    if time().is_some() {
        let mut others: Vec<usize> = (0..all.len()).filter(|n| !places.contains(n)).collect();
        while !others.is_empty() {
            places.push(others.swap_remove(numbers.below(others.len())));
        }
    }
    let end = time().map(|time| Instant::now() + time);
    let is_due = move |n: usize| n < count || end.is_none_or(|end| Instant::now() < end);
    let items: Vec<T> = places.into_iter().map(|place| all[place].clone()).collect();
    let timed = items.into_iter().enumerate().take_while(move |(n, _)| is_due(*n));
    timed.map(|(_, item)| item)
}
