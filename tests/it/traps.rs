//! Traps that shims were seen to fall into, here or in other version managers, each kept closed by
//! a test: with the real node and Python where the trap is theirs, else with the fake tool.

mod argument_zero;
mod children;
mod foreign;
mod installs;
mod places;
mod wrapped;
