//! Whose turn it is: what several want at once is asked for once, and the others find it kept.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The addresses that are being asked.
#[derive(Default)]
pub(super) struct Turns {
    asked: Mutex<BTreeSet<String>>,
    ended: Condvar,
}

/// A turn; it ends when this is dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    address: String,
}

impl Turns {
    /// Waits until nobody asks this address.
    pub(super) fn of(&self, address: &str) -> Turn<'_> {
        let asked = self.ended.wait_while(self.asked(), |asked| asked.contains(address));
        asked.unwrap_or_else(PoisonError::into_inner).insert(address.to_owned());
        Turn { turns: self, address: address.to_owned() }
    }

    fn asked(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.asked().remove(&self.address);
        self.turns.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn one_at_a_time_asks_an_address() {
        let (turns, inside) = (Turns::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let _turn = turns.of("https://x.example/");
                        let _other = turns.of(&format!("https://{:?}/", thread::current().id()));
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(turns.asked().is_empty());
    }
}
