//! The hot half of usher: what happens on every call of a shim.
pub mod error;
pub mod name;
pub mod range;
pub mod read;
pub mod request;
pub mod tool;
pub mod version;
pub mod world;
