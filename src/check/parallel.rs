//! Reading many files at once. What is found has the order of the files, however many threads there
//! are.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The most threads: more than there are cores, since they wait for the disk.
const MAX_THREADS: usize = 16;

/// How many items are worth a thread.
const ITEMS_OF_A_THREAD: usize = 16;

/// The stack of a thread: readers of documents recurse.
const STACK: usize = 4 << 20;

/// The results for these items, in their order. Once the results so far weigh more than the limit,
/// the rest is left out.
pub(super) fn map<T: Sync, R: Send>(
    items: &[T],
    of: &(dyn Fn(&T) -> R + Sync),
    (weight, limit): (fn(&R) -> usize, usize),
) -> Vec<R> {
    let (next, total) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let found = Mutex::new(Vec::new());
    // Items are begun in their order, and each that was begun is finished: what there is of too many
    // are the first.
    let work = || {
        while total.load(Ordering::Relaxed) <= limit
            && let place = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(place)
        {
            let result = of(item);
            total.fetch_add(weight(&result), Ordering::Relaxed);
            found.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (items.len() / ITEMS_OF_A_THREAD).min((cores * 8).min(MAX_THREADS));
    thread::scope(|scope| {
        for _ in 1..threads {
            // Without another thread, this one does it all.
            if thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_unstable_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        let all = map(&items, &|item| item * 2, (|_| 1, 10_000));
        assert_eq!(all, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        let none: Vec<usize> = map(&[], &|item: &usize| *item, (|_| 1, 10));
        assert_eq!(none, [0; 0]);
    }

    #[test]
    fn too_many_results_are_the_first() {
        let items: Vec<usize> = (0..1000).collect();
        let some = map(&items, &|item| *item, (|_| 1, 100));
        assert!(some.len() > 100 && some.len() < 200, "{}", some.len());
        assert_eq!(some, items[..some.len()]);
    }
}
