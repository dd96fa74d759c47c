//! All input of the resolver: one small trait, for reading only.
//!
//! One world is the operating system ([`Os`]), one a table in memory ([`MemoryWorld`]) for tests.

mod input;
mod memory;
mod os;

pub use input::{
    AnyWorld, FileContent, FileMeta, Identity, LARGEST_FILE, NOT_REGULAR, World, is_absent,
    read_optional,
};
pub use memory::{MemoryWorld, ReadFailure};
pub use os::{Os, file_meta, read_open};
