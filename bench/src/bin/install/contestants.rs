//! The programs that install the archive, and their commands. A peer is named by a variable
//! (`BENCH_VOLTA=/path/of/volta`) or found on PATH.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use usher_bench::contestant;

use crate::Result;
use crate::archive::Archive;

/// A program that is measured.
pub(crate) struct Contestant {
    /// Its name in the table.
    pub(crate) name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    /// Variables; `{home}` is the folder of a run.
    variables: Vec<(&'static str, String)>,
    /// A file that its home has from the start, and its text.
    file: Option<(&'static str, String)>,
    /// The command that prepares its home, if it needs one.
    ready: Option<Vec<OsString>>,
    /// A file below its home that must exist afterwards.
    pub(crate) made: Option<PathBuf>,
}

/// usher first, then the installed peers, `tar`, and inflating alone; and the peers that are missing.
pub(crate) fn all(
    root: &Path,
    archive: &Archive,
    mirror: &str,
) -> Result<(Vec<Contestant>, Vec<String>)> {
    let version = &archive.version;
    let mut all = vec![Contestant {
        name: "usher".to_owned(),
        program: root.join("target/release/use"),
        arguments: words(&["install", &format!("node@{version}")]),
        variables: vec![
            ("USHER_HOME", "{home}".to_owned()),
            ("NODEJS_ORG_MIRROR", mirror.to_owned()),
        ],
        file: None,
        ready: Some(words(&["self", "install"])),
        made: Some(format!("toolchains/node/{version}/bin/node").into()),
    }];
    let mut absent = Vec::new();
    for (program, peer) in [("volta", volta as Peer), ("mise", mise)] {
        match contestant::find(program) {
            Some(found) => all.push(peer(found, version, mirror)),
            None => absent.push(format!("{program} isn't installed")),
        }
    }
    all.push(tar(archive));
    all.push(inflate(archive)?);
    Ok((all, absent))
}

type Peer = fn(PathBuf, &str, &str) -> Contestant;

fn volta(program: PathBuf, version: &str, mirror: &str) -> Contestant {
    let hooks = format!(
        "{{\"node\":{{\"index\":{{\"template\":\"{mirror}/index.json\"}},\
         \"distro\":{{\"template\":\"{mirror}/v{{{{version}}}}/{{{{filename}}}}\"}}}}}}"
    );
    Contestant {
        name: format!("Volta {}", contestant::version(&program)),
        program,
        arguments: words(&["install", &format!("node@{version}")]),
        variables: vec![("VOLTA_HOME", "{home}".to_owned())],
        file: Some(("hooks.json", hooks)),
        ready: None,
        made: Some(format!("tools/image/node/{version}/bin/node").into()),
    }
}

fn mise(program: PathBuf, version: &str, mirror: &str) -> Contestant {
    let mut variables = vec![
        ("MISE_NODE_MIRROR_URL", format!("{mirror}/")),
        ("MISE_NODE_VERIFY", "0".to_owned()),
        ("MISE_GPG_VERIFY", "0".to_owned()),
        ("MISE_NODE_GPG_VERIFY", "0".to_owned()),
        ("MISE_USE_VERSIONS_HOST", "0".to_owned()),
        ("MISE_YES", "1".to_owned()),
    ];
    for (name, folder) in [
        ("HOME", ""),
        ("MISE_DATA_DIR", "/data"),
        ("MISE_CONFIG_DIR", "/config"),
        ("MISE_CACHE_DIR", "/cache"),
        ("MISE_STATE_DIR", "/state"),
    ] {
        variables.push((name, format!("{{home}}{folder}")));
    }
    Contestant {
        name: format!("mise {}", contestant::version(&program)),
        program,
        arguments: words(&["install", &format!("node@{version}")]),
        variables,
        file: None,
        ready: None,
        made: Some(format!("data/installs/node/{version}/bin/node").into()),
    }
}

fn tar(archive: &Archive) -> Contestant {
    let script = "tar xzf \"$1\" -C \"$2\" --strip-components 1 && sync -f \"$2\"";
    let mut arguments = words(&["-c", script, "sh"]);
    arguments.extend([archive.path.clone().into(), "{home}".into()]);
    Contestant {
        name: "`tar xzf`, then `sync -f`".to_owned(),
        program: "/bin/sh".into(),
        arguments,
        variables: Vec::new(),
        file: None,
        ready: None,
        made: Some("bin/node".into()),
    }
}

#[expect(clippy::disallowed_methods, reason = "it runs itself")]
fn inflate(archive: &Archive) -> Result<Contestant> {
    Ok(Contestant {
        name: "inflating alone, usher's library".to_owned(),
        program: std::env::current_exe()?,
        arguments: vec!["inflate".into(), archive.path.clone().into()],
        variables: Vec::new(),
        file: None,
        ready: None,
        made: None,
    })
}

impl Contestant {
    /// Its command in a fresh home.
    pub(crate) fn command(&self, home: &Path) -> Result<Command> {
        fs::create_dir_all(home)?;
        if let Some((name, text)) = &self.file {
            fs::write(home.join(name), text)?;
        }
        let arguments = self.arguments.iter().map(|argument| match argument == "{home}" {
            true => home.as_os_str(),
            false => argument.as_os_str(),
        });
        if let Some(ready) = &self.ready {
            let output = self.bare(home).args(ready).output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into());
            }
        }
        let mut command = self.bare(home);
        command.args(arguments);
        Ok(command)
    }

    fn bare(&self, home: &Path) -> Command {
        let there = home.to_string_lossy();
        let mut command = contestant::command(&self.program, home);
        command.current_dir(home);
        for (name, value) in &self.variables {
            command.env(name, value.replace("{home}", &there));
        }
        command
    }
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}
