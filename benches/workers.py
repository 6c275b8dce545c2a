#!/usr/bin/env python3
"""What a photo costs a PostgreSQL library: one scan, two scans of folders of their own, and two of the same folder, as root on Linux:

    benches/workers.py FACETAG PHOTOS [COUNT]

PHOTOS has a folder for each person (as LFW has). Prints a table in Markdown: the server's CPU and the statements for each photo that was
read, with its preview and its share of the grouping.
"""

import json, os, pathlib, shutil, subprocess, sys, tempfile, time

sys.path.append(os.path.join(os.path.dirname(__file__), "common"))
from postgres_server import Server

FACETAG, PHOTOS, COUNT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]), int((sys.argv + ["1000"])[3])
BASE = pathlib.Path(tempfile.mkdtemp(prefix="workers-"))
TICKS = os.sysconf("SC_CLK_TCK")


def cpu(server):
    """Seconds of CPU that the server's processes have taken, those that have ended too."""
    total = 0
    parent = server.process.pid
    children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    # User and system time; of the first process also that of its children that have ended.
    for pid, fields in [(parent, (11, 12, 13, 14))] + [(child, (11, 12)) for child in children]:
        try:
            values = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            continue
        total += sum(int(values[field]) for field in fields)
    return total / TICKS


def scan(worker, folder):
    home = BASE / "homes" / worker
    home.mkdir(parents=True, exist_ok=True)
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "FACETAG_LIBRARY": f"postgres://facetag@/shared?host={BASE}/server"}
    return subprocess.Popen([FACETAG, "scan", "--json", folder], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def measure(server, folders):
    server.sql("postgres", "CREATE DATABASE shared")
    server.sql("shared", "CREATE EXTENSION pg_stat_statements")
    # The tables are made, and the folders known, before.
    empty = BASE / "empty"
    empty.mkdir(exist_ok=True)
    for worker in folders:
        scan(worker, empty).communicate()
    server.sql("shared", "SELECT pg_stat_statements_reset()")
    begun, before = time.monotonic(), cpu(server)
    scans = [scan(worker, folder) for worker, folder in folders.items()]
    read = sum(json.loads(process.communicate()[0])["photos"] for process in scans)
    seconds, taken = time.monotonic() - begun, cpu(server) - before
    calls = int(server.sql("shared", "SELECT sum(calls) FROM pg_stat_statements"))
    server.sql("postgres", "DROP DATABASE shared")
    shutil.rmtree(BASE / "homes")
    return f"{read} | {read / seconds:.1f} | {taken / read * 1e3:.1f} ms | {calls / read:.0f}"


server = None
try:
    files = sorted(PHOTOS.glob("*/*.jpg"), key=lambda file: (-len(list(file.parent.iterdir())), file))[:COUNT]
    for index, file in enumerate(files):
        for folder in ["all", ["even", "odd"][index % 2]]:
            to = BASE / folder / file.parent.name / file.name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, to)
    server = Server(BASE / "server", ["listen_addresses=", "shared_preload_libraries=pg_stat_statements"])
    print("| | photos | photos/s | server's CPU a photo | statements a photo |\n|---|---|---|---|---|")
    for what, folders in {
        "one scan": {"one": BASE / "all"},
        "two, folders of their own": {"one": BASE / "even", "two": BASE / "odd"},
        "two, the same folder": {"one": BASE / "all", "two": BASE / "all"},
    }.items():
        print(f"| {what} | {measure(server, folders)} |", flush=True)
finally:
    if server:
        server.stop()
    shutil.rmtree(BASE, ignore_errors=True)
