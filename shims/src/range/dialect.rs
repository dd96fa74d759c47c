//! The languages in which ranges are written.

/// In which language a range is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// npm's: `>=10 <12 || 14.x`, `^12.1`, `~12.1.3`, `10 - 12`
    /// (<https://github.com/npm/node-semver#ranges>).
    Npm,
    /// Python's PEP 440: `>=3.8,<3.13`, `~=3.9`, `==3.11.*`, `!=3.9.7`
    /// (<https://peps.python.org/pep-0440/#version-specifiers>).
    Pep440,
    /// Poetry's: `^3.11`, `~3.9`, `>=3.8,<4.0 || 3.7.*`
    /// (<https://python-poetry.org/docs/dependency-specification/>).
    Poetry,
    /// Ruby's: `~> 3.1`, `~> 3.1.2, != 3.1.4`
    /// (<https://guides.rubygems.org/patterns/#declaring-dependencies>).
    Gem,
    /// Elixir's: `~> 1.15`, `>= 1.14.0 and < 2.0.0` (<https://hexdocs.pm/elixir/Version.html>).
    Elixir,
    /// Composer's: `^8.1 || ~8.2.0`, `8.1.*`, `8.0 - 8.2`
    /// (<https://getcomposer.org/doc/articles/versions.md>).
    Composer,
    /// A bare version is the least that will do: `go 1.22` (<https://go.dev/ref/mod#go-mod-file-go>).
    Minimum,
    /// Perl's: `5.036` is the least that will do, and means 5.36.0.
    Perl,
}

impl Dialect {
    /// Whether a bare version is a range where a constraint is written: the least that will do, or
    /// that one alone.
    pub(super) fn reads_bare(self) -> bool {
        match self {
            Self::Poetry | Self::Composer | Self::Minimum | Self::Perl => true,
            Self::Npm | Self::Pep440 | Self::Gem | Self::Elixir => false,
        }
    }
}
