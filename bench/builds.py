#!/usr/bin/env python3
"""Builds of `use` beside each other: time, processor time and memory of its commands.

    python3 bench/builds.py glibc=PATH static=PATH [--rounds 15] [--tmp /dev/shm]

The builds take turns, each in a home of its own and with an environment of HOME, PATH and the mirror's
address. What they fetch is on loopback: the archive of `hosts.py` (35 MB, 105 MB unpacked, 2,000 files),
over HTTP, and over HTTPS with certificates that openssl makes. `use check` reads a project of 12,000
folders with a `package.json` each.

It prints a table in Markdown: medians, ± half of the distance between the quartiles; page faults; and the
most memory that the process had at once, by GNU time.
"""

import argparse
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from hosts import VERSION, Site, made_archive

FOLDERS = 12_000

# What each is, its arguments, how many rounds there are of it for one of the others, and what is run
# before each round.
OPERATIONS = [
    ("use --version", ["--version"], 10, None),
    ("use", [], 10, None),
    ("use list", ["list"], 10, None),
    ("use why node", ["why", "node"], 10, None),
    ("use available node", ["available", "node"], 10, None),
    ("use available node, fetched", ["available", "node"], 4, "cache"),
    ("use check", ["check"], 1, None),
    ("use install, HTTP", ["install", f"node@{VERSION}"], 1, "all"),
    ("use install, HTTPS", ["install", f"node@{VERSION}"], 1, "all"),
    ("use verify", ["verify"], 1, None),
]


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def encrypt(site, folder):
    """The same site over HTTPS; returns its address and the file of its authority."""
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=bench")
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    with open(os.path.join(folder, "names"), "w", encoding="utf-8") as names:
        names.write("subjectAltName=IP:127.0.0.1\n")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "30", "-extfile", "names", "-out", "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))
    old = site.server
    server = type(old)(("127.0.0.1", 0), old.RequestHandlerClass)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://127.0.0.1:{server.server_port}/dist", os.path.join(folder, "ca.pem")


def project(folder):
    for number in range(FOLDERS):
        below = os.path.join(folder, str(number // 100), str(number))
        os.makedirs(below)
        with open(os.path.join(below, "package.json"), "w", encoding="utf-8") as file:
            file.write('{"name": "p%d", "engines": {"node": ">=18"}}\n' % number)
    with open(os.path.join(folder, ".nvmrc"), "w", encoding="utf-8") as file:
        file.write("22\n")


class Build:
    """A build of `use`, in a home of its own."""

    def __init__(self, name, program, folder, mirror):
        self.name, self.home = name, os.path.join(folder, "home-" + name)
        os.mkdir(self.home)
        self.data = os.path.join(self.home, ".local/share/usher")
        self.shims = os.path.join(self.data, "shims")
        self.plain = {"HOME": self.home, "PATH": f"{self.shims}:/usr/bin:/bin",
                      "NODEJS_ORG_MIRROR": mirror, "USHER_SOURCE": "node=nodejs.org"}
        subprocess.run([program, "self", "install"], env=self.plain, check=True,
                       stdout=subprocess.DEVNULL)
        self.found = {}

    def run(self, arguments, folder, environment):
        """Seconds, seconds of processor time, and page faults."""
        quiet = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in [0, 1, 2]]
        os.chdir(folder)
        program = os.path.join(self.shims, "use")
        began = time.perf_counter()
        child = os.posix_spawn(program, ["use", *arguments], environment, file_actions=quiet)
        _, status, used = os.wait4(child, 0)
        seconds = time.perf_counter() - began
        # `use check` says 1 where versions differ.
        if os.waitstatus_to_exitcode(status) not in ([0, 1] if arguments == ["check"] else [0]):
            sys.exit(f"{self.name}: use {' '.join(arguments)}: {status}")
        return seconds, used.ru_utime + used.ru_stime, used.ru_minflt

    def memory(self, arguments, environment):
        """MiB. A child of this process would count what this one had when it was started."""
        time_program = shutil.which("time")
        if not time_program:
            return "–"
        report = os.path.join(self.home, "memory")
        command = [time_program, "-q", "-o", report, "-f", "%M", os.path.join(self.shims, "use")]
        subprocess.run(command + arguments, env=environment, check=False, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(report, encoding="utf-8") as file:
            return f"{int(file.read()) / 1024:.0f}"

    def prepare(self, what):
        if what:
            shutil.rmtree(os.path.join(self.home, ".cache"), ignore_errors=True)
        if what == "all":
            shutil.rmtree(os.path.join(self.data, "toolchains"), ignore_errors=True)


def milliseconds(values):
    low, middle, high = (value * 1000 for value in statistics.quantiles(values, n=4))
    return f"{middle:.1f} ± {(high - low) / 2:.1f}"


def main():
    parser = argparse.ArgumentParser(description="Builds of `use` beside each other.")
    parser.add_argument("builds", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tmp", help="where the homes are; a folder for temporary files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.tmp) as folder:
        site = Site(made_archive())
        encrypted, authority = encrypt(site, folder)
        work = os.path.join(folder, "project")
        project(work)
        builds = []
        for build in arguments.builds:
            name, program = build.split("=", 1)
            builds.append(Build(name, os.path.abspath(program), folder, site.address))
        print("| command | build | wall time, ms | processor time, ms | page faults | memory, MiB |")
        print("|---|---|---:|---:|---:|---:|")
        for title, words, times, before in OPERATIONS:
            found = {build.name: [] for build in builds}
            memory = {}
            for number in range(arguments.rounds * times + 1):
                # Each is first as often as the others.
                for build in builds[number % len(builds):] + builds[:number % len(builds)]:
                    environment = dict(build.plain)
                    if title.endswith("HTTPS"):
                        environment.update(NODEJS_ORG_MIRROR=encrypted, SSL_CERT_FILE=authority)
                    build.prepare(before)
                    measured = build.run(words, work, environment)
                    # The first has files to read that the others find in memory.
                    if number > 0:
                        found[build.name].append(measured)
                        continue
                    build.prepare(before)
                    memory[build.name] = build.memory(words, environment)
            for build in builds:
                wall, processor, faults = zip(*found[build.name])
                print(f"| `{title}` | {build.name} | {milliseconds(wall)} | {milliseconds(processor)} | "
                      f"{statistics.median(faults):.0f} | {memory[build.name]} |", flush=True)
        os.chdir("/")


if __name__ == "__main__":
    main()
