//! `docs/version-files.md` says what the suite and the registry say.
