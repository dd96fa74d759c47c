//! What the benchmark's programs share: how others are found and called, and what machine this is.

pub mod contestant;
pub mod machine;
