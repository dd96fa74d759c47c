//! A server that encrypts in front of a fake upstream, with certificates that the test makes; and
//! servers that only begin to encrypt, or don't.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The first and the last year of a certificate.
type Years = (i32, i32);

/// Longer than this test will be run.
pub(super) const GOOD: Years = (2020, 2090);

/// Somebody who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (parameters.not_before, parameters.not_after) =
            (date_time_ymd(1971, 1, 1), date_time_ymd(2199, 1, 1));
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(parameters, key).expect("a certificate"))
    }

    /// Its own certificate, as files have it.
    pub(crate) fn pem(&self) -> String {
        pem(self.0.der())
    }

    /// A server with a certificate for this name.
    pub(super) fn server(&self, name: &str, (first, last): Years) -> Face {
        let mut parameters = CertificateParams::new([name.to_owned()]).expect("a name");
        parameters.not_before = date_time_ymd(first, 1, 1);
        parameters.not_after = date_time_ymd(last, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.0).expect("a certificate");
        face(certificate.der(), &key)
    }

    /// A server that shows the authority's own certificate.
    pub(super) fn itself(&self) -> Face {
        face(self.0.der(), self.0.key())
    }
}

/// A server with a certificate that it signed itself, and that.
pub(super) fn self_signed() -> Face {
    let key = KeyPair::generate().expect("a key");
    let mut parameters = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    parameters.distinguished_name.push(DnType::CommonName, "itself");
    face(parameters.self_signed(&key).expect("a certificate").der(), &key)
}

fn pem(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| str::from_utf8(line).expect("ASCII")).collect();
    let lines = lines.join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

fn face(certificate: &rustls::pki_types::CertificateDer<'_>, key: &KeyPair) -> Face {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone().into_owned()], key.into());
    Face::Encrypted(Arc::new(config.expect("a certificate that fits its key")))
}

/// How a server answers clients that encrypt.
#[derive(Clone)]
pub(super) enum Face {
    /// It does, and hands on what they ask.
    Encrypted(Arc<ServerConfig>),
    /// It ends the connection after so many bytes of its first words.
    Cut(Arc<ServerConfig>, usize),
    /// It answers every request with this.
    Says(&'static [u8]),
}

impl Face {
    /// The same, which ends in the middle of the first words.
    pub(super) fn cut_after(self, bytes: usize) -> Self {
        match self {
            Self::Encrypted(config) => Self::Cut(config, bytes),
            other => other,
        }
    }
}

/// A server; its thread ends when it is dropped.
pub(super) struct Front {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Front {
    /// Serves what the upstream at this address (`http://127.0.0.1:1`) has.
    pub(super) fn start(face: Face, upstream: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listen on loopback");
        let address = listener.local_addr().expect("a port");
        let is_over = Arc::new(AtomicBool::new(false));
        let is_ending = Arc::clone(&is_over);
        let behind = upstream.trim_start_matches("http://").to_owned();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if is_ending.load(Ordering::SeqCst) {
                    break;
                }
                // A client that disconnects isn't the server's error.
                let _ = stream.and_then(|stream| meet(&face, stream, &behind));
            }
        });
        Self { address, is_over, thread: Some(thread) }
    }

    /// Its address: `https://127.0.0.1:1`.
    pub(super) fn base(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn meet(face: &Face, mut stream: TcpStream, behind: &str) -> io::Result<()> {
    match face {
        Face::Encrypted(config) => {
            let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
            hand_on(StreamOwned::new(connection, stream), behind)
        }
        Face::Cut(config, bytes) => {
            let mut connection =
                ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
            connection.read_tls(&mut stream)?;
            connection.process_new_packets().map_err(io::Error::other)?;
            let mut words = Vec::new();
            connection.write_tls(&mut words)?;
            stream.write_all(&words[..*bytes])?;
            end(stream)
        }
        Face::Says(words) => {
            stream.read_exact(&mut [0; 5])?;
            stream.write_all(words)?;
            end(stream)
        }
    }
}

/// Ends a connection in good order: what is read no more would reset it.
fn end(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown(std::net::Shutdown::Write)?;
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

/// Hands one request on, and its answer back.
fn hand_on(mut client: StreamOwned<ServerConnection, TcpStream>, behind: &str) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if client.read(&mut byte)? == 0 {
            return Ok(());
        }
        request.push(byte[0]);
    }
    let mut server = TcpStream::connect(behind)?;
    server.write_all(&request)?;
    match io::copy(&mut server, &mut client) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => return Err(error),
        _ => {}
    }
    client.conn.send_close_notify();
    client.flush()
}
