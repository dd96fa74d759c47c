//! What usher spends its time on: its stages one by one, in this process.

use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::time::Instant;

use flate2::bufread::MultiGzDecoder;
use usher::archive::{UnpackOptions, unpack};
use usher::files::durable::sync_file_system;
use usher::files::integrity::Integrity;
use usher::files::remove::remove_tree;
use usher::files::write_access::{HomeFolders, Readers, WriteAccess};
use usher::http::{Address, Client, DownloadSpec, Downloads, NetworkConfig, NoProgress};
use usher_shims::error::Error;

use crate::archive::Archive;
use crate::runs::Measured;
use crate::{Go, Place, Result};

/// The stages in their order, and inflating alone. Trees are removed when whole homes are.
pub(crate) fn measure(
    archive: &Archive,
    mirror: &str,
    place: &Place,
    rounds: usize,
) -> Result<Vec<Measured>> {
    let names = ["download and hash", "unpack, hash and list", "sync", "inflate alone", "remove"];
    let mut stages =
        names.map(|name| Measured { name: name.to_owned(), times: Vec::new(), memory: 0.0 });
    let round = |number| place.folder.path().join(format!("round-{number}"));
    let removing = |number| timed(|| remove_tree(&round(number).join("tree")).map_err(boxed));
    for number in 0..rounds {
        for (stage, time) in stages.iter_mut().zip(once(archive, mirror, &round(number))?) {
            stage.times.push(time);
        }
        if matches!(place.homes_go, Go::AtOnce) {
            stages[4].times.push(removing(number)?.0);
        }
    }
    if matches!(place.homes_go, Go::AtTheEnd) {
        for number in 0..rounds {
            stages[4].times.push(removing(number)?.0);
        }
    }
    for stage in &mut stages {
        stage.times.sort_by(f64::total_cmp);
    }
    Ok(stages.into())
}

fn once(archive: &Archive, mirror: &str, folder: &Path) -> Result<[f64; 4]> {
    let client = Client::new(NetworkConfig::default());
    let address = format!("{mirror}/v{}/{}", archive.version, archive.name);
    let address = Address::parse(&address).map_err(boxed)?;
    let integrity = Integrity::from_hex(&archive.sha256);
    let artifact = DownloadSpec { address: &address, integrity: integrity.as_ref(), size: None };
    let (cache, tree) = (folder.join("cache"), folder.join("tree"));
    fs::create_dir_all(&tree)?;
    let home = HomeFolders { data: folder, subfolders: Vec::new(), readers: Readers::ByUmask };
    let access = WriteAccess::acquire(&home).map_err(boxed)?;
    let downloads = Downloads::new(&access, &cache, folder);
    let (came, file) = timed(|| downloads.fetch(&client, &artifact, &NoProgress).map_err(boxed))?;
    let shape = UnpackOptions { strip_components: 1, ..UnpackOptions::default() };
    let (unpacked, _) = timed(|| unpack(file.path(), &tree, &shape).map_err(boxed))?;
    let (synced, ()) = timed(|| Ok(sync_file_system(&File::open(&tree)?)?))?;
    let (inflated, _) = timed(|| inflate(file.path()))?;
    file.discard();
    Ok([came, unpacked, synced, inflated])
}

fn boxed(error: impl Into<Error>) -> Box<dyn std::error::Error> {
    error.into().to_string().into()
}

/// How long a stage takes, and what comes of it.
fn timed<T>(stage: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let began = Instant::now();
    let done = stage()?;
    Ok((began.elapsed().as_secs_f64(), done))
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
