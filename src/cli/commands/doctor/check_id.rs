//! The names of the checks of `use doctor` for programs. They never change.

use serde::Serialize;

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum CheckId {
    /// usher's version, this platform, and usher's folder.
    Usher,
    /// Whether the shims are on PATH.
    ShimsOnPath,
    /// A program comes before the shims on PATH.
    ShimsHidden,
    /// Whether the shims' index is up to date.
    IndexUpToDate,
    /// The shims' index is missing or unreadable.
    IndexMissing,
    /// usher's folder was moved or copied.
    HomeMoved,
    /// The machine's shims are used.
    MachineShims,
    /// The shim folder can't be read.
    ShimsUnreadable,
    /// Shims are missing.
    ShimsMissing,
    /// Shims have a fault.
    ShimsFaulty,
    /// Files that aren't usher's are among the shims.
    ForeignFiles,
    /// Whether usher's folder is writable.
    HomeWritable,
    /// A tool definition of the user's own is invalid.
    DefinitionInvalid,
    /// A tool definition of the user's own replaces usher's.
    DefinitionReplaced,
    /// A version file, or an entry of one, is ignored since it can't be used.
    VersionFileUnusable,
    /// A version file names tools that usher doesn't know.
    UnknownTools,
    /// A lockfile has no entry for what a version file requests.
    RequestNotLocked,
    /// A variable is set, and ignored by the setting `ignore_variables`.
    VariableIgnored,
    /// A variable overrides version files.
    VariableOverrides,
    /// A variable or a setting of a package manager names a version's folder.
    FolderVariable,
    /// A request is broken.
    RequestBroken,
    /// A requested version isn't installed.
    NotInstalled,
    /// A tool isn't pinned, and the system's version runs.
    NotPinned,
    /// An installed version lacks a program.
    VersionDamaged,
    /// A link leads to a folder that is gone, or that isn't used.
    LinkBroken,
    /// The machine removes the active version.
    VersionRetired,
    /// The active version is no longer maintained, or soon won't be.
    EndOfLife,
    /// A virtual environment can't run, or has another version than the one that is requested.
    EnvironmentFaulty,
    /// A virtual environment is active.
    EnvironmentActive,
    /// The system's program is ignored.
    ProgramRejected,
    /// Global packages of a version that is no longer installed.
    PackagesOrphaned,
    /// A file slows down each call of a shim, since no index has it.
    IndexLacksSettings,
    /// A setting that isn't the default.
    Setting,
    /// A rule of the machine's policy.
    PolicyRule,
    /// A source that is read without encryption.
    PlainHttp,
    /// Scripts that run an interpreter where their version was before it was moved.
    ScriptsMoved,
    /// Whether every account has the shims on PATH.
    AllAccountsPath,
}
