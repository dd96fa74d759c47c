//! The cold half of usher: all that may take its time.
#![allow(missing_docs, reason = "skeleton")]

pub mod edit;
pub mod shell_setup;
