//! The platforms that programs are built for, and what each package manager calls them.

use std::fmt;

/// A program's platform, and which C library it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// As in the name of its program: `use-linux-x64`.
    pub name: &'static str,
    /// What Rust calls it.
    pub target: &'static str,
    /// The kind of its processor.
    pub machine: Machine,
    /// What it runs on.
    pub system: System,
}

/// A kind of processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// `x86_64`.
    X64,
    /// `aarch64`.
    Arm64,
}

/// An operating system, and its C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Every Linux: the C library is in the program.
    Linux,
    /// A Linux with glibc, whose accounts and names may come from its services (LDAP, SSSD, mDNS).
    LinuxGlibc,
    /// macOS.
    Macos,
}

/// The oldest glibc that a program for it runs with: Rust's own, from 2012.
pub const OLDEST_GLIBC: &str = "2.17";

/// The oldest macOS that programs run on: the first for both kinds of machine.
pub const OLDEST_MACOS: &str = "11.0";

/// All platforms, in the order in which they are built and listed.
pub const PLATFORMS: [Platform; 6] = [
    Platform {
        name: "linux-x64",
        target: "x86_64-unknown-linux-musl",
        machine: Machine::X64,
        system: System::Linux,
    },
    Platform {
        name: "linux-arm64",
        target: "aarch64-unknown-linux-musl",
        machine: Machine::Arm64,
        system: System::Linux,
    },
    Platform {
        name: "linux-x64-glibc",
        target: "x86_64-unknown-linux-gnu",
        machine: Machine::X64,
        system: System::LinuxGlibc,
    },
    Platform {
        name: "linux-arm64-glibc",
        target: "aarch64-unknown-linux-gnu",
        machine: Machine::Arm64,
        system: System::LinuxGlibc,
    },
    Platform {
        name: "macos-arm64",
        target: "aarch64-apple-darwin",
        machine: Machine::Arm64,
        system: System::Macos,
    },
    Platform {
        name: "macos-x64",
        target: "x86_64-apple-darwin",
        machine: Machine::X64,
        system: System::Macos,
    },
];

impl Platform {
    /// The platform of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PLATFORMS.iter().find(|platform| platform.name == name)
    }

    /// The platform whose programs run on every machine like this one.
    pub fn of_this_machine() -> Option<&'static Self> {
        let machine = match std::env::consts::ARCH {
            "x86_64" => Machine::X64,
            "aarch64" => Machine::Arm64,
            _ => return None,
        };
        let system = if cfg!(target_os = "macos") { System::Macos } else { System::Linux };
        PLATFORMS.iter().find(|platform| platform.machine == machine && platform.system == system)
    }

    /// Whether package managers get its program: they take the one that runs on every Linux.
    pub(crate) fn is_for_packages(&self) -> bool {
        self.system != System::LinuxGlibc
    }

    /// The name of its program in a release's folder.
    pub fn program_name(&self) -> String {
        format!("use-{}", self.name)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_finds_its_like() {
        assert_eq!(Platform::named("macos-x64").unwrap().program_name(), "use-macos-x64");
        assert_eq!(Platform::named("windows-x64"), None);
        let own = Platform::of_this_machine().unwrap();
        let own_release = own.program_name();
        assert!(
            ["use-linux-x64", "use-linux-arm64", "use-macos-arm64", "use-macos-x64"]
                .contains(&own_release.as_str())
        );
    }
}
