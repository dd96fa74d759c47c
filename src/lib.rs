//! The cold half of usher: all that may take its time.

pub mod fetch;
