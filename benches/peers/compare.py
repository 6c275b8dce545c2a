"""Scans an album with facetag and with its peers, in turns on the same machine, and prints a table in Markdown.

    python compare.py ALBUM MODELS [--rounds N] [--known FOLDER]

MODELS is a folder with InsightFace's two ONNX files. KNOWN has photos of one face each, for the `face_recognition` command; without it,
or where that command is not installed, it is left out. Every scan starts with an empty library, models and all.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
FACETAG = HERE.parent.parent / "target/release/facetag"


class Run:
    """A command, with its wall-clock seconds, the share of all cores that it kept busy, and its peak memory in MB."""

    def __init__(self, command: list[str], **environment: str):
        self.peak, self.ticks = 0, {}
        started = time.monotonic()
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, env=os.environ | environment, **pipes)
        watch = threading.Thread(target=self._watch, args=(process,), daemon=True)
        watch.start()
        self.output, said = process.communicate()
        self.seconds = time.monotonic() - started
        watch.join()
        cpu = sum(self.ticks.values()) / os.sysconf("SC_CLK_TCK")
        self.busy = cpu / self.seconds / (os.cpu_count() or 1)
        if process.returncode not in (0, 1):
            sys.exit(f"{command[0]} ended with {process.returncode}: {said}")

    def _watch(self, process: subprocess.Popen) -> None:
        while process.poll() is None:
            members = family(process.pid)
            self.peak = max(self.peak, sum(map(proportional_set, members)))
            for member in members:
                self.ticks[member] = max(self.ticks.get(member, 0), cpu_ticks(member))
            time.sleep(0.05)


def family(pid: int) -> list[int]:
    """A process and all that came of it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid] + [member for child in children for member in family(int(child))]


def cpu_ticks(pid: int) -> int:
    """What a process has computed so far, in the system's ticks."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def proportional_set(pid: int) -> int:
    """Memory of a process in MB, what it shares with others counted in part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) // 1024


def facetag(album: str, models: str | None) -> tuple[Run, int]:
    with tempfile.TemporaryDirectory() as library:
        quietly = {"env": os.environ | {"FACETAG_LIBRARY": library}, "check": True, "capture_output": True}
        if models:
            subprocess.run([FACETAG, "models", "add", models, "--accept-license"], **quietly)
            subprocess.run([FACETAG, "models", "use", "insightface-mbf"], **quietly)
        run = Run([str(FACETAG), "scan", album, "--json"], FACETAG_LIBRARY=library)
    return run, json.loads(run.output)["faces"]


def onnxruntime(album: str, models: str, *options: str) -> tuple[Run, int]:
    run = Run([sys.executable, str(HERE / "onnxruntime_scan.py"), album, models, *options])
    return run, json.loads(run.output)["faces"]


def face_recognition(album: str, known: str) -> tuple[Run, int]:
    run = Run(["face_recognition", "--cpus", "2", known, album])
    lines = (line.rsplit(",", 1)[-1] for line in run.output.splitlines())
    # One line for each face that is somebody or nobody known.
    return run, sum(line not in ("no_persons_found", "") for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("album")
    parser.add_argument("models")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--known")
    args = parser.parse_args()

    photos = sum(path.suffix.lower() in {".heic", ".jpg", ".jpeg", ".png"} for path in Path(args.album).rglob("*"))
    scans = {
        "facetag, `insightface-mbf`": lambda: facetag(args.album, args.models),
        "OpenCV and onnxruntime, the same models, 2 processes": lambda: onnxruntime(args.album, args.models),
        "the same, each process kept to one core": lambda: onnxruntime(args.album, args.models, "--one-core"),
        "facetag, `open`": lambda: facetag(args.album, None),
    }
    if args.known and shutil.which("face_recognition"):
        scans["`face_recognition --cpus 2` (dlib)"] = lambda: face_recognition(args.album, args.known)
    results = {name: [] for name in scans}
    for _ in range(args.rounds):
        for name, scan in scans.items():
            results[name].append(scan())

    print(f"{photos} photos, the median of {args.rounds} rounds\n")
    print("| | photos/s | cores busy | peak memory | faces |")
    print("|---|---|---|---|---|")
    for name, runs in results.items():
        run, faces = sorted(runs, key=lambda result: result[0].seconds)[len(runs) // 2]
        peak = statistics.median(run.peak for run, _ in runs)
        print(f"| {name} | {photos / run.seconds:.2f} | {run.busy:.0%} | {peak:.0f} MB | {faces} |")


if __name__ == "__main__":
    main()
