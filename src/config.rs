//! What a person or the machine has set up: usher's folders and settings, and how the network is
//! reached.
//!
//! | what | file |
//! |---|---|
//! | usher's folders | [`folders`] |
//! | `config.toml` and the `USHER_…` variables | [`settings`] |
//! | which of the machine's versions its administrator removes, and when | [`retired`] |
//! | where npm's registry is, and the credentials for it | [`npm`] |
//! | where the `PyPI` index is | [`pip`] |
//! | what both are read from, and running an installed npm or pip | [`sources`], [`client`] |
//! | proxies and certificates, as the environment names them | [`network`] |
//!
//! Texts become values here, and nothing is sent.

pub mod client;
pub mod folders;
pub mod network;
pub mod npm;
pub mod pip;
pub mod retired;
pub mod settings;
pub mod sources;
