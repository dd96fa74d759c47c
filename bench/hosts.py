#!/usr/bin/env python3
"""Many accounts of one machine want the same version at once: time, bytes fetched, bytes on disk.

    cargo build --release && sudo python3 bench/hosts.py target/release/use

It runs in a mount namespace with an /opt and an /etc of its own, and fetches from a server on loopback
that it starts. Three ways are compared:

    each      each account downloads the version into its own store (the default)
    requests  the accounts leave requests, and `use sync` serves them (fetch = "requests")
    machine   the machine has the version already

The archive is made here: the layout of node's, about 35 MB, 105 MB unpacked, 2,000 files.
It prints a table in Markdown. Root is needed to act as accounts; nothing outside of a temporary folder
is written.
"""

import argparse
import gzip
import hashlib
import http.server
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

VERSION = "22.11.0"
FIRST_ACCOUNT = 20001
OWN_FOLDERS = """
mount --make-rprivate / && mount -t tmpfs -o mode=755 tmpfs /opt &&
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/work" /etc
"""


def add_file(archive, name, content, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def made_archive():
    """An archive of node's layout; a third of it can't be compressed."""
    source = random.Random(1)
    root = f"node-v{VERSION}-linux-x64"
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        program = f"#!/bin/sh\necho v{VERSION}\n".encode()
        add_file(archive, f"{root}/bin/node", program, 0o755)
        add_file(archive, f"{root}/bin/npm", program, 0o755)
        add_file(archive, f"{root}/bin/npx", program, 0o755)
        add_file(archive, f"{root}/lib/libnode.so", source.randbytes(33 << 20) + bytes(58 << 20))
        for number in range(2000):
            text = b"module.exports = 1 // %d\n" % number * 250
            add_file(archive, f"{root}/lib/node_modules/npm/lib/{number}.js", text)
    return gzip.compress(plain.getvalue(), compresslevel=1)


class Site:
    """A mirror of node's site with one version, which counts what it sends."""

    def __init__(self, archive):
        name = f"node-v{VERSION}-linux-x64.tar.gz"
        release = {"version": f"v{VERSION}", "date": "2024-10-29", "files": ["linux-x64"],
                   "npm": "10.9.0", "lts": "Jod", "security": False}
        # The real index has 230 kB.
        old = [dict(release, version=f"v0.{minor}.{patch}", lts=False)
               for minor in range(40) for patch in range(40)]
        sums = f"{hashlib.sha256(archive).hexdigest()}  {name}\n"
        files = {"/dist/index.json": json.dumps([release] + old).encode(),
                 f"/dist/v{VERSION}/SHASUMS256.txt": sums.encode(),
                 f"/dist/v{VERSION}/{name}": archive}
        self.sent, self.archives, self.lock = 0, 0, threading.Lock()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = files.get(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.send_header("ETag", '"1"')
                self.end_headers()
                with site.lock:
                    site.sent += len(body or b"")
                    site.archives += self.path.endswith(".gz")
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/dist"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def disk_usage(folder):
    """What the files of a folder take on the disk; one with several names counts once."""
    seen, total = set(), 0
    for path, folders, names in os.walk(folder):
        for name in folders + names:
            found = os.lstat(os.path.join(path, name))
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_blocks * 512
    return total


class Machine:
    """The machine's usher, made again for each measurement."""

    def __init__(self, program, site, folder):
        self.program, self.site, self.folder = program, site, folder
        self.environment = {"PATH": "/opt/usher/shims:/usr/bin:/bin", "NODEJS_ORG_MIRROR": site.address,
                            "HOME": os.path.join(folder, "root")}

    def set_up(self, policy):
        shutil.rmtree("/opt/usher", ignore_errors=True)
        shutil.rmtree("/etc/usher", ignore_errors=True)
        shutil.rmtree(os.path.join(self.folder, "homes"), ignore_errors=True)
        for name in ["root", "homes", "project"]:
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        with open(os.path.join(self.folder, "project", ".nvmrc"), "w", encoding="utf-8") as pin:
            pin.write("22\n")
        self.root([self.program, "self", "install", "--system"])
        os.makedirs("/etc/usher", exist_ok=True)
        if policy:
            with open("/etc/usher/policy.toml", "w", encoding="utf-8") as file:
                file.write(policy)

    def root(self, command):
        subprocess.run(command, env=self.environment, check=True, cwd="/", stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def start(self, number):
        home = os.path.join(self.folder, "homes", str(number))
        os.mkdir(home)
        account = FIRST_ACCOUNT + number
        os.chown(home, account, account)
        return subprocess.Popen(["node", "--version"], env=dict(self.environment, HOME=home),
                                cwd=os.path.join(self.folder, "project"), user=account, group=account,
                                extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def serve(self, stop):
        """What systemd's path unit does: `use sync` as long as there are requests."""
        new = "/opt/usher/requests/new"
        while not stop.is_set():
            if os.listdir(new):
                self.root(["/opt/usher/shims/use", "sync", "--quiet"])
            time.sleep(0.01)

    def measure(self, count):
        before, sent, archives = disk_usage("/opt"), self.site.sent, self.site.archives
        began = time.monotonic()
        seconds, failed = [0.0] * count, []

        def run(number):
            process = self.start(number)
            output, errors = process.communicate()
            seconds[number] = time.monotonic() - began
            if output.decode().strip() != f"v{VERSION}":
                failed.append(errors.decode())

        threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            sys.exit(f"{len(failed)} of {count} accounts failed: {failed[0]}")
        homes = disk_usage(os.path.join(self.folder, "homes")) - count * 4096
        return {"last": max(seconds), "median": statistics.median(seconds),
                "sent": self.site.sent - sent, "archives": self.site.archives - archives,
                "disk": disk_usage("/opt") - before + max(homes, 0)}


def measurement(machine, way, count):
    policy = 'fetch = "requests"\nwait = 600\n' if way == "requests" else ""
    machine.set_up(policy)
    if way == "machine":
        machine.root(["/opt/usher/shims/use", "install", "node@22"])
    if way != "requests":
        return machine.measure(count)
    machine.root(["/opt/usher/shims/use", "sync", "--quiet"])
    stop = threading.Event()
    server = threading.Thread(target=machine.serve, args=[stop])
    server.start()
    try:
        return machine.measure(count)
    finally:
        stop.set()
        server.join()


def size(count):
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def main():
    parser = argparse.ArgumentParser(description="Many accounts want the same version at once.")
    parser.add_argument("use", help="the `use` to measure: a release build")
    parser.add_argument("--accounts", default="1,10,50,100", help="how many at once: 1,10,50,100")
    parser.add_argument("--ways", default="each,requests,machine")
    parser.add_argument("--folder", help="where the accounts have their homes; a temporary one")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("root is needed, to act as many accounts: sudo python3 bench/hosts.py …")
    if not arguments.inside:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            os.chmod(folder, 0o755)
            for name in ["etc", "work"]:
                os.mkdir(os.path.join(folder, name))
            again = [sys.executable] + sys.argv + ["--inside", folder]
            script = OWN_FOLDERS + '\nshift; exec "$@"'
            done = subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh", folder] + again)
            sys.exit(done.returncode)
    site = Site(made_archive())
    machine = Machine(os.path.abspath(arguments.use), site, arguments.inside)
    print("| | accounts | the last is ready | half are ready | archives | fetched | on disk |")
    print("|---|---|---|---|---|---|---|")
    for way in arguments.ways.split(","):
        for count in map(int, arguments.accounts.split(",")):
            found = measurement(machine, way, count)
            print(f"| {way} | {count} | {found['last']:.1f} s | {found['median']:.1f} s | "
                  f"{found['archives']} | {size(found['sent'])} | {size(found['disk'])} |", flush=True)


if __name__ == "__main__":
    main()
