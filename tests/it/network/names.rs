//! How the name of a server becomes an address: `/etc/hosts`, DNS with search domains, IPv6 alone.
//!
//! C libraries do this differently, so these tests are for each that `use` is built for
//! (`docs/static.md`). Each has a network of its own, which is one thread's and its processes': a
//! loopback, and what the test serves there. It has its own `/etc/resolv.conf`, `/etc/hosts` and
//! `/etc/nsswitch.conf`, too. Where a thread may not have that, the tests are skipped.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::{INDEX, with_one_source};
use crate::commands::skipped;
use crate::support::{Catalogue, Outcome, Sandbox, Upstream};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const HERE_BY_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// The port of DNS.
const DNS: u16 = 53;

/// The bits of a DNS message's third and fourth byte: an answer, cut to what fits, to a name that
/// doesn't exist (RFC 1035, 4.1.1).
const ANSWER: u16 = 0x8180;
const CUT: u16 = 0x0200;
const NO_SUCH_NAME: u16 = 3;

/// A network with a sandbox, whose `use` asks what is served there.
struct Network {
    sandbox: Sandbox,
    upstream: Upstream,
}

impl Network {
    /// Installs a version from the server that has this name, and uninstalls it.
    fn install_from(&self, name: &str) -> Outcome {
        let (_, port) = self.upstream.base().rsplit_once(':').expect("an address with a port");
        let mirror = format!("http://{name}:{port}/dist");
        let install = self.sandbox.use_command(&["install", "node@12.22.12"]);
        let before = self.upstream.requests(INDEX);
        let installed = install.variable("NODEJS_ORG_MIRROR", mirror).run();
        if installed.status.success() {
            assert_eq!(self.upstream.requests(INDEX), before + 1, "{installed}");
            let uninstall = self.sandbox.use_command(&["uninstall", "node@12.22.12", "--yes"]);
            uninstall.run().succeeds();
            self.sandbox.use_command(&["cache", "clean"]).run().succeeds();
        }
        installed
    }
}

/// Runs a test in a network of its own, with this `/etc/resolv.conf` and these lines in `/etc/hosts`.
/// An address of IPv6 is the only kind there.
fn in_network(address: IpAddr, resolv: &str, hosts: &str, test: impl FnOnce(&Network) + Send) {
    let elsewhere = Upstream::start();
    let sandbox = with_one_source(&elsewhere).with_network(&[]);
    sandbox.file("resolv.conf", resolv);
    sandbox.file("hosts", hosts);
    sandbox.file("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    let own = || {
        // SAFETY: the thread's table of descriptors stays the process's.
        let left = unsafe { unshare_unsafe(UnshareFlags::NEWNET | UnshareFlags::NEWNS) };
        if left.is_err() || !set_up(&sandbox, address) {
            return skipped("a thread can't have a network here; names aren't resolved");
        }
        let upstream = Upstream::serving_at(address, &Catalogue::standard());
        test(&Network { sandbox, upstream });
    };
    let ended = thread::scope(|scope| scope.spawn(own).join());
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

/// Brings the loopback up, and puts the sandbox's files over the machine's.
fn set_up(sandbox: &Sandbox, address: IpAddr) -> bool {
    let only_ipv6 = if address.is_ipv6() { "ip -4 address flush dev lo" } else { "true" };
    let script = format!(
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin
        mount --make-rprivate / && ip link set lo up && {only_ipv6} &&
        for file in resolv.conf hosts nsswitch.conf; do
            test ! -e /etc/$file || mount --bind \"$1/$file\" /etc/$file || exit 1
        done && test -e /etc/resolv.conf && test -e /etc/hosts"
    );
    let script =
        sandbox.command("/bin/sh").arguments(["-c", &script, "sh"]).argument(sandbox.root());
    script.run().status.success()
}

/// A DNS server at this address, and the names that it was asked for.
struct Dns(Arc<Mutex<Vec<String>>>);

impl Dns {
    /// Answers with these addresses; `is_cut` are those whose answer doesn't fit into a datagram. Its
    /// threads end with the tests.
    fn start(address: IpAddr, names: &[(&str, IpAddr)], is_cut: bool) -> Self {
        let known = names.iter().map(|(name, address)| ((*name).to_owned(), *address));
        let known: Arc<BTreeMap<String, IpAddr>> = Arc::new(known.collect());
        let asked = Arc::default();
        let socket = UdpSocket::bind((address, DNS)).expect("the port of DNS");
        let listener = TcpListener::bind((address, DNS)).expect("the port of DNS");
        let (of_datagrams, log) = (Arc::clone(&known), Arc::clone(&asked));
        thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                let answer = answer(&buffer[..length], &of_datagrams, &log, is_cut);
                let _ = socket.send_to(&answer, client);
            }
        });
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut length = [0; 2];
                while stream.read_exact(&mut length).is_ok() {
                    let mut query = vec![0; u16::from_be_bytes(length).into()];
                    stream.read_exact(&mut query).expect("a whole query");
                    let answer = answer(&query, &known, &log, false);
                    let length = u16::try_from(answer.len()).expect("a short answer");
                    let _ = stream.write_all(&[&length.to_be_bytes()[..], &answer].concat());
                }
            }
        });
        Self(asked)
    }

    /// How often it was asked for a name.
    fn count(&self, name: &str) -> usize {
        self.0.lock().expect("no panic").iter().filter(|asked| *asked == name).count()
    }
}

/// The answer to a query of one question.
fn answer(
    query: &[u8],
    known: &BTreeMap<String, IpAddr>,
    asked: &Mutex<Vec<String>>,
    is_cut: bool,
) -> Vec<u8> {
    let mut labels = Vec::new();
    let mut place = 12;
    while query[place] > 0 {
        let length = usize::from(query[place]);
        labels.push(String::from_utf8_lossy(&query[place + 1..=place + length]).to_lowercase());
        place += length + 1;
    }
    let question = &query[12..place + 5];
    let kind = u16::from_be_bytes([query[place + 1], query[place + 2]]);
    let name = labels.join(".");
    let found = known.get(&name);
    asked.lock().expect("no panic").push(name);
    let data = match (kind, found) {
        (1, Some(IpAddr::V4(address))) => address.octets().to_vec(),
        (28, Some(IpAddr::V6(address))) => address.octets().to_vec(),
        _ => Vec::new(),
    };
    let flags = match found {
        None => ANSWER | NO_SUCH_NAME,
        Some(_) if is_cut => ANSWER | CUT,
        Some(_) => ANSWER,
    };
    let has_answer = !data.is_empty() && !is_cut;
    let mut message = query[..2].to_vec();
    for number in [flags, 1, has_answer.into(), 0, 0] {
        message.extend(number.to_be_bytes());
    }
    message.extend(question);
    if has_answer {
        // The name in the question, one address of the internet, for no time.
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1, 0, 0, 0, 0, 0]);
        message.push(u8::try_from(data.len()).expect("an address is short"));
        message.extend(data);
    }
    message
}

#[test]
fn a_name_in_the_file_of_hosts_needs_no_server() {
    in_network(HERE, "", "127.0.0.1 mirror.test mirror\n", |network| {
        network.install_from("mirror.test").succeeds();
        network.install_from("mirror").succeeds();
        let unknown = network.install_from("absent.test").fails_with(69);
        unknown.stderr_contains("http://absent.test:");
    });
}

#[test]
fn a_name_is_looked_up_in_the_search_domains() {
    let resolv = "nameserver 127.0.0.1\nsearch absent.test corp.test\n";
    in_network(HERE, resolv, "", |network| {
        let dns =
            Dns::start(HERE, &[("mirror.corp.test", HERE), ("here.eu.corp.test", HERE)], false);
        network.install_from("mirror").succeeds();
        assert!(dns.count("mirror.absent.test") > 0 && dns.count("mirror.corp.test") > 0);
        network.install_from("mirror.corp.test").succeeds();
        network.install_from("absent").fails_with(69).stderr_contains("http://absent:");
    });
    // With more dots than a name has, the domains come first.
    let resolv = format!("{resolv}options ndots:2\n");
    in_network(HERE, &resolv, "", |network| {
        Dns::start(HERE, &[("mirror.eu.corp.test", HERE)], false);
        network.install_from("mirror.eu").succeeds();
    });
}

#[test]
fn an_answer_that_does_not_fit_is_asked_for_again() {
    in_network(HERE, "nameserver 127.0.0.1\n", "", |network| {
        Dns::start(HERE, &[("mirror.test", HERE)], true);
        network.install_from("mirror.test").succeeds();
    });
}

#[test]
fn a_dead_name_server_delays_nothing_for_ever() {
    let resolv = "nameserver 127.0.0.9\nnameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
    in_network(HERE, resolv, "", |network| {
        Dns::start(HERE, &[("mirror.test", HERE)], false);
        network.install_from("mirror.test").succeeds();
    });
}

#[test]
fn ipv6_alone_is_enough() {
    in_network(HERE_BY_IPV6, "nameserver ::1\n", "::1 mirror.test\n", |network| {
        let dns = Dns::start(HERE_BY_IPV6, &[("far.test", HERE_BY_IPV6)], false);
        network.install_from("[::1]").succeeds();
        network.install_from("mirror.test").succeeds();
        assert_eq!(dns.count("far.test"), 0);
        network.install_from("far.test").succeeds();
        assert!(dns.count("far.test") > 0);
    });
}
