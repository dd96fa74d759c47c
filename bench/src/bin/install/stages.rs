//! Where usher's time goes: its stages one by one, in this process.

use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::time::Instant;

use flate2::bufread::MultiGzDecoder;
use usher::fetch::{
    Access, Artifact, Client, Integrity, Proxies, Quiet, Shape, download, remove_tree, unpack,
};
use usher_shims::error::Error;

use crate::Result;
use crate::archive::Archive;
use crate::runs::Measured;

/// The stages in their order, and inflating alone.
pub(crate) fn measure(
    archive: &Archive,
    mirror: &str,
    folder: &Path,
    rounds: usize,
) -> Result<Vec<Measured>> {
    let names = ["download and hash", "unpack, hash and list", "sync", "inflate alone", "remove"];
    let mut stages =
        names.map(|name| Measured { name: name.to_owned(), times: Vec::new(), memory: 0.0 });
    for _ in 0..rounds {
        for (stage, time) in stages.iter_mut().zip(once(archive, mirror, folder)?) {
            stage.times.push(time);
        }
    }
    for stage in &mut stages {
        stage.times.sort_by(f64::total_cmp);
    }
    Ok(stages.into())
}

fn once(archive: &Archive, mirror: &str, folder: &Path) -> Result<[f64; 5]> {
    let none = Proxies::Only { http: None, https: None, except: None };
    let access = Access { proxies: none, ..Access::default() };
    let client = Client::new(access);
    let address = format!("{mirror}/v{}/{}", archive.version, archive.name);
    let integrity = Integrity::from_hex(&archive.sha256);
    let artifact = Artifact { address: &address, integrity: integrity.as_ref() };
    let (file, tree) = (folder.join("archive"), folder.join("tree"));
    fs::create_dir(&tree)?;
    let came = timed(|| {
        let came = download(&client, &artifact, &file, &Quiet);
        came.map_err(told)
    })?;
    let shape = Shape { strip: 1, ..Shape::default() };
    let unpacked = timed(|| unpack(&file, &tree, &shape).map_err(told))?;
    let synced = timed(|| Ok(rustix::fs::syncfs(File::open(&tree)?)?))?;
    let inflated = timed(|| inflate(&file))?;
    let removed = timed(|| remove_tree(&tree).map_err(told))?;
    fs::remove_file(&file)?;
    Ok([came, unpacked, synced, inflated, removed])
}

fn told(error: impl Into<Error>) -> Box<dyn std::error::Error> {
    error.into().to_string().into()
}

fn timed<T>(stage: impl FnOnce() -> Result<T>) -> Result<f64> {
    let began = Instant::now();
    stage()?;
    Ok(began.elapsed().as_secs_f64())
}

/// Inflates an archive and does nothing with it; how long it is then is the answer.
pub(crate) fn inflate(archive: &Path) -> Result<u64> {
    let file = BufReader::with_capacity(64 << 10, File::open(archive)?);
    let mut bytes = MultiGzDecoder::new(file);
    let mut buffer = vec![0; 256 << 10];
    let mut length = 0;
    loop {
        match bytes.read(&mut buffer)? {
            0 => return Ok(length),
            count => length += count as u64,
        }
    }
}
