//! All input of the resolver: one small trait, asked and never written to.
//!
//! One world is the operating system ([`Os`]), one a table in memory ([`Memory`]) for tests.

mod input;
mod memory;
mod os;

pub use input::{AnyWorld, Identity, LARGEST_FILE, Seen, World, is_absent, read_optional};
pub use memory::{Failure, Memory};
pub use os::Os;
