//! A mirror of node's official site with one version, on loopback.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
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
    archive: Vec<u8>,
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
            archive: std::fs::read(&archive.path)?,
        });
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                // Whoever hangs up has what it wanted.
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
        let body = self.body(path);
        let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
        let body = body.unwrap_or_default();
        let length = body.len();
        write!(
            connection,
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )?;
        if method == "HEAD" {
            return Ok(());
        }
        connection.write_all(body)
    }

    fn body(&self, path: &str) -> Option<&[u8]> {
        let rest = path.split('?').next()?.strip_prefix("/dist")?.trim_start_matches('/');
        if rest == "index.json" {
            return Some(self.index.as_bytes());
        }
        let file = rest.strip_prefix(&format!("v{}/", self.version))?;
        match file {
            "SHASUMS256.txt" => Some(self.sums.as_bytes()),
            _ if file == self.name => Some(&self.archive),
            _ => None,
        }
    }
}
