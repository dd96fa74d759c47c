//! Web servers in front of an account's interpreters: nginx with php-fpm, and with gunicorn in a virtual
//! environment. What is started here is what `docs/hosts.md` shows.
//!
//! nginx listens on a socket in the sandbox, so no port is taken. Skipped where a program is missing.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, geteuid};

use super::{any_python, connected, skipped, with_python};
use crate::support::Sandbox;

/// Where Debian and others have programs for administrators.
const DAEMONS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/usr/bin"];

/// nginx's configuration; `UPSTREAM` is the location's.
const NGINX: &str = "\
daemon off;
master_process off;
pid ROOT/nginx.pid;
error_log ROOT/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path ROOT/tmp;
  proxy_temp_path ROOT/tmp;
  fastcgi_temp_path ROOT/tmp;
  uwsgi_temp_path ROOT/tmp;
  scgi_temp_path ROOT/tmp;
  server {
    listen unix:ROOT/nginx.sock;
    root ROOT/project/public;
    UPSTREAM
  }
}
";

const FASTCGI: &str = "location ~ \\.php$ {
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_pass unix:ROOT/php.sock;
    }";

const PROXY: &str = "location / { proxy_pass http://unix:ROOT/gunicorn.sock; }";

const POOL: &str = "\
[global]
error_log = ROOT/fpm.log
daemonize = no
[eve]
listen = ROOT/php.sock
pm = static
pm.max_children = 1
env[PATH] = ROOT/home/.local/share/usher/shims:/usr/bin:/bin
";

/// What ran, with which settings, and which `php` a child of it is.
const PAGE: &str = "<?php echo PHP_VERSION, ' ', PHP_SAPI, ' ', ini_get('memory_limit'), ' ', \
                    ini_get('date.timezone'), ' ', trim(`php -n -r 'echo PHP_VERSION;'`);";

const APPLICATION: &str = "\
import platform, subprocess, sys
def application(environ, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    child = subprocess.run(['python3', '-c', 'import platform; print(platform.python_version())'],
                           stdout=subprocess.PIPE)
    text = platform.python_version() + ' ' + sys.prefix + ' ' + child.stdout.decode().strip()
    return [text.encode()]
";

fn daemon(is_it: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let entries = DAEMONS.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let mut names = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        Some((path.file_name()?.to_str()?.to_owned(), path.to_str()?.to_owned()))
    });
    names.find(|(name, _)| is_it(name))
}

/// Waits until something listens on a socket, and asks it for a page.
fn page(socket: &Path, path: &str) -> Option<String> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if let Ok(mut stream) = UnixStream::connect(socket) {
            let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
            stream.write_all(request.as_bytes()).ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            // nginx may be there before what is behind it.
            if !answer.starts_with("HTTP/1.1 502 ") {
                return Some(answer.split_once("\r\n\r\n")?.1.to_owned());
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    None
}

fn with_root(sandbox: &Sandbox, text: &str) -> String {
    text.replace("ROOT", sandbox.root().to_str().unwrap())
}

/// The page that nginx serves while the account's server runs.
fn served(sandbox: &Sandbox, upstream: &str, server: crate::support::TestCommand) -> String {
    let (_, nginx) = daemon(|name| name == "nginx").expect("nginx was found before");
    sandbox.folder("tmp");
    let text = with_root(sandbox, &NGINX.replace("UPSTREAM", upstream));
    let user = if geteuid().is_root() { "user root;\n" } else { "" };
    let file = sandbox.file("nginx.conf", format!("{user}{text}"));
    let server = server.start();
    let front = sandbox.command(nginx).argument("-c").argument(file).start();
    let answer = page(&sandbox.root().join("nginx.sock"), "/index.php");
    front.signal(Signal::TERM);
    let front = front.wait();
    server.signal(Signal::TERM);
    let server = server.wait();
    answer.unwrap_or_else(|| panic!("no answer\n{front}\n{server}"))
}

#[test]
fn nginx_serves_an_accounts_pool_of_php_fpm() {
    let versioned =
        |name: &str| name.strip_prefix("php-fpm").is_some_and(|rest| rest.contains('.'));
    let Some((name, _)) = daemon(versioned) else {
        return skipped("this machine has no php-fpm with a version in its name");
    };
    if daemon(|name| name == "nginx").is_none() {
        return skipped("this machine has no nginx");
    }
    // Its main program has the version.
    if !Path::new("/usr/bin/php").exists() {
        return skipped("this machine has no php");
    }
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    let line = name.trim_start_matches("php-fpm");
    sandbox.file("project/.php-version", format!("{line}\n"));
    sandbox.file("project/public/index.php", PAGE);
    // One folder for each version: what is in it is read by no other.
    sandbox.file(format!("home/php/{line}/php.ini"), "memory_limit = 99M\n");
    sandbox.file(format!("home/php/{line}/conf.d/site.ini"), "date.timezone = Europe/Paris\n");
    let pool = sandbox.file("home/fpm.conf", with_root(&sandbox, POOL));
    sandbox.reshim();
    let ini = sandbox.home().join("php").join(line);
    let mut server = sandbox
        .command(sandbox.shim("php-fpm"))
        .argument("--nodaemonize")
        .argument("--fpm-config")
        .argument(pool)
        .variable("PHPRC", &ini)
        .variable("PHP_INI_SCAN_DIR", format!(":{}/conf.d", ini.display()));
    if geteuid().is_root() {
        server = server.argument("--allow-to-run-as-root");
        let pool = sandbox.home().join("fpm.conf");
        let text = fs::read_to_string(&pool).unwrap();
        fs::write(pool, text + "user = root\ngroup = root\n").unwrap();
    }
    let answer = served(&sandbox, FASTCGI, server);
    let words: Vec<&str> = answer.split(' ').collect();
    assert!(words[0].starts_with(line), "{answer}");
    assert_eq!(words[1..4], ["fpm-fcgi", "99M", "Europe/Paris"], "{answer}");
    assert_eq!(words[4], words[0], "{answer}");
}

#[test]
fn nginx_serves_gunicorn_in_a_virtual_environment() {
    let Some(python) = any_python() else { return };
    let Some(sandbox) = connected() else { return };
    if !python.has_pip {
        return skipped("the Python of this machine makes no environments with pip");
    }
    if daemon(|name| name == "nginx").is_none() {
        return skipped("this machine has no nginx");
    }
    let sandbox = with_python(sandbox.with_network(&super::machine::index()));
    sandbox.install();
    sandbox.file("project/.python-version", format!("{}\n", python.version));
    sandbox.file("project/wsgi.py", APPLICATION);
    sandbox.reshim();
    let make = "python3 -m venv venv && venv/bin/pip install --quiet gunicorn";
    let made = sandbox.command("sh").arguments(["-c", make]).with_long_timeout().run();
    if made.stderr.contains("No matching distribution") {
        return skipped("the configured index has no gunicorn");
    }
    made.succeeds();
    let project = sandbox.project();
    // A service manager starts it elsewhere, with a PATH that has the shims.
    let server = sandbox
        .command(project.join("venv/bin/gunicorn"))
        .argument("--chdir")
        .argument(&project)
        .argument("--bind")
        .argument(with_root(&sandbox, "unix:ROOT/gunicorn.sock"))
        .argument("wsgi:application")
        .directory("/");
    let answer = served(&sandbox, PROXY, server);
    let expected = format!("{0} {1}/venv {0}", python.version, project.display());
    assert_eq!(answer, expected);
}
