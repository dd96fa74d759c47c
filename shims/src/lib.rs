//! The hot half of usher: everything that happens on every call of a shim.
//!
//! ```text
//! argv, env, cwd ─▶ Call ─▶ Tool ─▶ Pin (request + origin) ─▶ Toolchain ─▶ Plan ─▶ execve
//!                                                            │ no installed version matches
//!                                                            ▼
//!                                                  handoff to `use`, the cold half
//! ```
//!
//! # Code map, in the order of the pipeline
//!
//! | station | file |
//! |---|---|
//! | which shim is running, where its home is | [`process`], [`folders`], [`index`] |
//! | the settings that both halves read | [`settings`] |
//! | the program that was called, and the request on its command line | [`call`], [`name`] |
//! | the tool it belongs to: static tables made from `registry/` | [`tool`] |
//! | the origins of requests, strongest first | [`search`], [`pin`] |
//! | what a version file contains | [`read`](mod@read) |
//! | what a lockfile says | [`lock`] |
//! | what a request means | [`request`], [`normalize`](mod@normalize), [`range`], [`version`] |
//! | the toolchain that matches, and whether it may run | [`store`], [`toolchain`], [`policy`], [`tool_policy`] |
//! | which of the machine's versions are retired | [`retired`] |
//! | the next program on PATH, and the guard against loops | [`path`], [`reentry`] |
//! | all of it together | [`resolve`](mod@resolve) |
//! | calls that change a toolchain's content | [`package_calls`] |
//! | becoming the program | [`exec`] |
//! | what was decided, for `USHER_DEBUG` | [`trace`] |
//! | all input | [`world`] |
//! | whose files count in shared folders | [`ownership`] |
//! | what differs between operating systems | `sys` |
//! | errors as users read them, in the characters of their locale | [`error`], [`locale`] |
//!
//! # Invariants
//!
//! - No tool is named in Rust code.
//! - All input comes through [`world::World`]; nothing is written, locked or created.
//! - Nothing that wasn't parsed ([`name::Name`], [`version::Version`]) becomes part of a path.
//! - Only `NotFound` means absent.
//! - Absent on purpose: network, archives, clap, clocks, threads, regular expressions.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests print paths as they are"))]

pub mod call;
pub mod error;
pub mod exec;
pub mod folders;
pub mod index;
pub mod locale;
pub mod lock;
pub mod name;
pub mod normalize;
pub mod ownership;
pub mod package_calls;
pub mod path;
pub mod pin;
pub mod policy;
pub mod process;
pub mod range;
pub mod read;
pub mod reentry;
pub mod request;
pub mod resolve;
pub mod retired;
pub mod search;
pub mod settings;
pub mod store;
mod sys;
pub mod tool;
pub mod tool_policy;
pub mod toolchain;
pub mod trace;
pub mod version;
pub mod world;
