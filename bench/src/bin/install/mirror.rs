//! A mirror of node's official site with one version, on loopback.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crate::Result;
use crate::archive::Archive;

/// The mirror; it serves as long as this process lives.
pub(crate) struct Mirror {
    /// `http://127.0.0.1:1234/dist`.
    pub(crate) address: String,
}

struct Served {
    version: String,
    name: String,
    sums: String,
    index: String,
    archive: PathBuf,
}

impl Mirror {
    pub(crate) fn serving(archive: &Archive) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}/dist", listener.local_addr()?);
        let served = Arc::new(Served {
            version: archive.version.clone(),
            name: archive.name.clone(),
            sums: format!("{}  {}\n", archive.sha256, archive.name),
            index: format!(
                "[{{\"version\":\"v{}\",\"date\":\"2026-01-01\",\"files\":[\"linux-x64\"],\
                 \"npm\":\"10.9.9\",\"lts\":\"Jod\",\"security\":false}}]\n",
                archive.version
            ),
            archive: archive.path.clone(),
        });
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                // A client may close the connection when it has what it needs.
                thread::spawn(move || served.answer(connection).ok());
            }
        });
        Ok(Self { address })
    }
}

impl Served {
    fn answer(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(connection.try_clone()?).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        for line in lines {
            if line?.is_empty() {
                break;
            }
        }
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (length, mut body): (u64, Box<dyn Read>) = match self.body(path) {
            Some(Body::Text(text)) => (text.len() as u64, Box::new(text.as_bytes())),
            Some(Body::Archive) => {
                let file = File::open(&self.archive)?;
                (file.metadata()?.len(), Box::new(file))
            }
            None => {
                return connection
                    .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            }
        };
        write!(
            connection,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )?;
        if method == "HEAD" {
            return Ok(());
        }
        std::io::copy(&mut body, &mut connection).map(|_| ())
    }

    fn body(&self, path: &str) -> Option<Body<'_>> {
        let rest = path.split('?').next()?.strip_prefix("/dist")?.trim_start_matches('/');
        if rest == "index.json" {
            return Some(Body::Text(&self.index));
        }
        match rest.strip_prefix(&format!("v{}/", self.version))? {
            "SHASUMS256.txt" => Some(Body::Text(&self.sums)),
            file => (file == self.name).then_some(Body::Archive),
        }
    }
}

/// What an answer holds. The archive stays on disk: the memory of this process would be counted
/// for those that it starts.
enum Body<'a> {
    Text(&'a str),
    Archive,
}
