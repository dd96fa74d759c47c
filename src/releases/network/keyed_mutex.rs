//! A mutex for each key. Of several threads that need the same index, one fetches it, and the others
//! find it cached.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The keys that are locked.
#[derive(Default)]
pub(crate) struct KeyedMutex {
    locked: Mutex<BTreeSet<String>>,
    freed: Condvar,
}

/// A locked key; unlocked when this is dropped.
pub(crate) struct KeyedGuard<'a> {
    mutex: &'a KeyedMutex,
    key: String,
}

impl KeyedMutex {
    /// Locks a key; waits while another thread has it locked.
    pub(crate) fn lock(&self, key: &str) -> KeyedGuard<'_> {
        let locked = self.freed.wait_while(self.locked(), |locked| locked.contains(key));
        locked.unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        KeyedGuard { mutex: self, key: key.to_owned() }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.locked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyedGuard<'_> {
    fn drop(&mut self) {
        self.mutex.locked().remove(&self.key);
        self.mutex.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_key_is_locked_by_one_thread_at_a_time() {
        let (mutex, inside) = (KeyedMutex::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let _turn = mutex.lock("https://x.example/");
                        let _other = mutex.lock(&format!("https://{:?}/", thread::current().id()));
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(mutex.locked().is_empty());
    }
}
