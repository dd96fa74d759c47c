//! What may be depended on: `deny.toml`, checked by cargo-deny.

use crate::{Outcome, Result, process};

const INSTALL: &str = "cargo install --locked cargo-deny";

pub(crate) fn deny() -> Result<Outcome> {
    if !process::succeeds(process::cargo().args(["deny", "--version"])) {
        return Ok(Outcome::skipped(format!("cargo-deny is not installed: {INSTALL}")));
    }
    let check = ["deny", "--workspace", "--all-features", "check"];
    process::run(process::cargo().args(check).args(["bans", "licenses", "sources"]))?;
    // The database is fetched apart, so that a network that fails isn't taken for an advisory.
    if !process::status(process::cargo().args(["deny", "fetch", "db"]))?.success() {
        return Ok(Outcome::skipped("the advisory database can't be fetched; the rest is ok"));
    }
    process::run(process::cargo().args(check).args(["--disable-fetch", "advisories"]))?;
    Ok(Outcome::default())
}
