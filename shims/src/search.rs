//! Who asks for which version: the call, variables, the project's files, the defaults, strongest
//! first.

use std::io;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};

use crate::call::Call;
use crate::error::{Error, Escaped, Exit, Result};
use crate::home::Home;
use crate::pin::{Origin, Pin, Place, refuse};
use crate::read::{Written, decode, read};
use crate::request::{Author, Request};
use crate::tool::{PassOver, Reader, Tool, VersionFile};
use crate::world::{World, is_absent, read_optional};

/// Something that the search came upon.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Somebody asks, stronger than any default.
    Pin(Pin),
    /// A project's file says what will do.
    Constraint(Pin),
    /// The user's default, or the machine's.
    Default(Pin),
    /// A variable, or a file that exists for versions alone, can't be used.
    Broken(Error, Culprit),
    /// Something was passed over.
    Note(String),
}

/// What can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Culprit {
    /// A variable.
    Variable,
    /// A file or a folder that can't be read.
    File,
    /// What a file says, there; another request in its place would mend it.
    Text(Place),
}

/// Looks for who asks, strongest first, until the visitor has enough.
pub fn search(
    world: &impl World,
    home: &Home,
    call: &Call,
    visit: &mut dyn FnMut(Finding) -> ControlFlow<()>,
) -> Result<()> {
    let mut search = Search { world, home, tool: call.tool, visit };
    let _ = search.all(call)?;
    Ok(())
}

struct Search<'a, W: World> {
    world: &'a W,
    home: &'a Home,
    tool: &'static Tool,
    visit: &'a mut dyn FnMut(Finding) -> ControlFlow<()>,
}

/// Whether the visitor wants more, or an error that ends everything.
type Step = Result<ControlFlow<()>>;

/// Ends a function where the visitor has enough.
macro_rules! step {
    ($flow:expr) => {
        if $flow.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    };
}

impl<W: World> Search<'_, W> {
    fn all(&mut self, call: &Call) -> Step {
        if let Some(pin) = &call.pin {
            step!((self.visit)(Finding::Pin(pin.clone())));
        }
        step!(self.variables());
        step!(self.project()?);
        for (path, origin) in [
            (self.home.default_file(), Origin::Default as fn(Place) -> Origin),
            (self.home.machine_default_file(), Origin::Machine),
        ] {
            step!(self.default(&path, origin)?);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn variables(&mut self) -> ControlFlow<()> {
        for variable in self.tool.variables {
            if self.home.ignore_variables.iter().any(|ignored| ignored == variable) {
                continue;
            }
            let Some(value) = self.world.variable(variable).filter(|value| !value.is_empty())
            else {
                continue;
            };
            let text = value.to_string_lossy();
            let finding = match Request::parse(&text, self.tool, Author::Person) {
                Ok(request) => Finding::Pin(Pin {
                    requests: vec![request],
                    origin: Origin::Variable(variable),
                }),
                Err(reason) => Finding::Broken(
                    Error::new(
                        Exit::Data,
                        format!(
                            "{variable}={} asks for no version of {}",
                            Escaped(&text),
                            self.tool.name
                        ),
                    )
                    .because(reason)
                    .hint(format!("unset {variable}")),
                    Culprit::Variable,
                ),
            };
            (self.visit)(finding)?;
        }
        ControlFlow::Continue(())
    }

    /// The project's files, nearest folder first.
    fn project(&mut self) -> Step {
        let directory = match self.world.directory() {
            Ok(directory) => directory,
            Err(error) => {
                return Ok((self.visit)(Finding::Note(format!(
                    "the working directory can't be told: {error}"
                ))));
            }
        };
        let names: Vec<&str> = self.tool.files.iter().map(|file| file.name).collect();
        let start = self.outside_of_others(&directory)?;
        for folder in start.ancestors() {
            match self.world.probe(folder, &names) {
                Ok(present) => step!(self.folder(folder, present)?),
                Err(error) if is_refused(&error) => {
                    let note =
                        format!("{} may not be searched", Escaped(&folder.to_string_lossy()));
                    step!((self.visit)(Finding::Note(note)));
                }
                Err(error) => {
                    let error = Error::io("search", folder, &error);
                    step!((self.visit)(Finding::Broken(error, Culprit::File)));
                }
            }
            if self.home.ceiling.as_deref() == Some(folder) {
                break;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn folder(&mut self, folder: &Path, present: u32) -> Step {
        for (place, file) in self.tool.files.iter().enumerate() {
            if present & (1 << place) != 0 {
                step!(self.file(&folder.join(file.name), file)?);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn file(&mut self, path: &Path, file: &'static VersionFile) -> Step {
        let content = match self.world.read(path) {
            Ok(content) => content,
            Err(error) => {
                let broken = (Error::io("read", path, &error), Culprit::File);
                return Ok(self.unusable(broken, &file.reader));
            }
        };
        let text = match decode(&content) {
            Ok(text) => text,
            Err(complaint) => {
                let broken = (refuse(path, &complaint), Culprit::File);
                return Ok(self.unusable(broken, &file.reader));
            }
        };
        match read(&text, &file.reader, self.tool) {
            Ok(written) => self.report(path, written),
            Err(complaint) => {
                let broken = self.says_nothing(path, &complaint);
                Ok(self.unusable(broken, &file.reader))
            }
        }
    }

    fn report(&mut self, path: &Path, written: Vec<Written>) -> Step {
        for written in written {
            let constraint = written.constraint;
            let finding = match self.pin(path, &written, Origin::File, Author::Project) {
                Ok(pin) if constraint => Finding::Constraint(pin),
                Ok(pin) => Finding::Pin(pin),
                // A constraint only reports; a pin that can't be understood must not be passed over.
                Err(broken) if constraint => Finding::Note(broken.0.to_string()),
                Err(broken) => Finding::Broken(broken.0, broken.1),
            };
            step!((self.visit)(finding));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A file that exists for versions alone is an error; one for other things too is a note.
    fn unusable(&mut self, broken: (Error, Culprit), reader: &Reader) -> ControlFlow<()> {
        let (error, culprit) = broken;
        let finding = match reader.is_for_versions_alone() {
            true => Finding::Broken(error, culprit),
            false => Finding::Note(error.to_string()),
        };
        (self.visit)(finding)
    }

    fn default(&mut self, path: &Path, origin: fn(Place) -> Origin) -> Step {
        let content = match read_optional(self.world, path) {
            Ok(Some(content)) => content,
            Ok(None) => return Ok(ControlFlow::Continue(())),
            Err(error) => {
                let error = Error::io("read", path, &error);
                return Ok((self.visit)(Finding::Broken(error, Culprit::File)));
            }
        };
        let text = match decode(&content) {
            Ok(text) => text,
            Err(complaint) => {
                let error = refuse(path, &complaint);
                return Ok((self.visit)(Finding::Broken(error, Culprit::File)));
            }
        };
        let found = match read(&text, &Reader::ToolVersions, self.tool) {
            Ok(found) => found,
            Err(complaint) => {
                let (error, culprit) = self.says_nothing(path, &complaint);
                return Ok((self.visit)(Finding::Broken(error, culprit)));
            }
        };
        for written in found {
            let finding = match self.pin(path, &written, origin, Author::Person) {
                Ok(pin) => Finding::Default(pin),
                Err((error, culprit)) => Finding::Broken(error, culprit),
            };
            step!((self.visit)(finding));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A file that is there for versions and names none.
    fn says_nothing(&self, path: &Path, complaint: &str) -> (Error, Culprit) {
        let error = refuse(path, complaint).hint(format!("use {}", self.tool.name));
        let place = Place { path: path.to_path_buf(), line: 0, field: None };
        (error, Culprit::Text(place))
    }

    fn pin(
        &self,
        path: &Path,
        written: &Written,
        origin: fn(Place) -> Origin,
        author: Author,
    ) -> std::result::Result<Pin, (Error, Culprit)> {
        let place = Place { path: path.to_path_buf(), line: written.line, field: written.field };
        let requests = written.texts.iter().map(|text| {
            Request::parse(text, self.tool, author).map_err(|reason| {
                let error = Error::new(
                    Exit::Data,
                    format!(
                        "{place} asks for {} “{}”, which is no version",
                        self.tool.name,
                        Escaped(text)
                    ),
                );
                let error = error.because(reason).hint(format!("use {}", self.tool.name));
                (error, Culprit::Text(place.clone()))
            })
        });
        Ok(Pin {
            requests: requests.collect::<std::result::Result<_, _>>()?,
            origin: origin(place),
        })
    }

    /// The folder to begin at: the working directory, or what is above other people's code.
    fn outside_of_others(&self, directory: &Path) -> Result<PathBuf> {
        let mut outermost = directory;
        for folder in directory.ancestors() {
            for rule in self.tool.pass_over {
                if self.holds_others(folder, rule)? {
                    outermost = folder.parent().unwrap_or(folder);
                }
            }
        }
        Ok(outermost.to_path_buf())
    }

    fn holds_others(&self, folder: &Path, rule: &PassOver) -> Result<bool> {
        let is_it = matches!(folder.components().next_back(), Some(Component::Normal(_)))
            && folder.ends_with(rule.folder);
        if !is_it || rule.beside.is_empty() {
            return Ok(is_it);
        }
        let Some(parent) = folder.parent() else { return Ok(false) };
        match self.world.probe(parent, rule.beside) {
            Ok(present) => Ok(present != 0),
            Err(error) if is_refused(&error) || is_absent(&error) => Ok(false),
            Err(error) => Err(Error::io("search", parent, &error)),
        }
    }
}

fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}
