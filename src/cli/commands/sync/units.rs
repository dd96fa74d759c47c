//! The units that start `use sync`: printed for the place where systemd looks for them.

use std::path::Path;

use clap::ValueEnum;
use usher_shims::error::{Error, ErrorKind, Result, Shown};
use usher_shims::folders::MACHINE_DATA;

/// A unit of systemd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    /// Runs `use sync`.
    Service,
    /// Starts the service when an account leaves a request.
    Path,
    /// Starts the service once a day.
    Timer,
}

impl Unit {
    /// Its text, for the machine's usher in this folder.
    pub(super) fn text(self, machine: &Path) -> Result<String> {
        let template = match self {
            Self::Service => include_str!("../../../../contrib/systemd/usher-sync.service"),
            Self::Path => include_str!("../../../../contrib/systemd/usher-sync.path"),
            Self::Timer => include_str!("../../../../contrib/systemd/usher-sync.timer"),
        };
        // systemd has rules of its own for blanks, quotes, `%` and `$`.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let path = machine.to_str().filter(|path| path.chars().all(is_plain));
        let path = path.ok_or_else(|| {
            let what = format!("a unit can't name {}", Shown(machine));
            Error::new(ErrorKind::BadValue, what)
        })?;
        Ok(template.replace(MACHINE_DATA, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_name_the_machines_folder() {
        let text = |unit: Unit, machine: &str| unit.text(Path::new(machine));
        let service = text(Unit::Service, "/opt/tools").unwrap();
        assert!(service.contains("\nExecStart=/opt/tools/shims/use sync --quiet --log syslog\n"));
        let path = text(Unit::Path, "/opt/usher").unwrap();
        assert!(path.contains("\nDirectoryNotEmpty=/opt/usher/requests/new\n"));
        assert!(text(Unit::Timer, "/opt/usher").unwrap().contains("\nOnCalendar="));
        assert!(text(Unit::Path, "/opt/a b").is_err());
    }
}
