#!/usr/bin/env python3
"""Three machines scan photos with overlaps into one library in a PostgreSQL database, as root on Linux:

    benches/machines.py FACETAG PHOTOS [COUNT]

PHOTOS has a folder for each person (as LFW has). Each machine is a network namespace with a home of its own, an hour apart where
faketime is installed. One is killed, one is cut off for a minute, and the server is restarted; meanwhile those that reach it name
people. Prints what they did, how the result compares with that of one machine alone, and whether every name is still there.
"""

import json, os, pathlib, shutil, signal, subprocess, sys, tempfile, time

sys.path.append(os.path.join(os.path.dirname(__file__), "common"))
from postgres_server import Server

FACETAG, PHOTOS, COUNT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]), int((sys.argv + ["3000"])[3])
BASE = pathlib.Path(tempfile.mkdtemp(prefix="machines-"))
MACHINES = ["fm1", "fm2", "fm3"]
CLOCKS = {"fm1": "+0", "fm2": "+1h", "fm3": "-1h"}


def run(*command, **how):
    return subprocess.run(command, check=True, **how)


def namespaces():
    run("ip", "link", "add", "fbr0", "type", "bridge")
    run("ip", "addr", "add", "10.77.0.1/24", "dev", "fbr0")
    run("ip", "link", "set", "fbr0", "up")
    for number, name in enumerate(MACHINES, 2):
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"{name}-out", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"{name}-out", "master", "fbr0", "up")
        run("ip", "-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")


def clean():
    for name in MACHINES:
        pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split()
        for pid in map(int, pids):
            os.kill(pid, signal.SIGKILL)
        subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "link", "del", f"{name}-out"], stderr=subprocess.DEVNULL)
    subprocess.run(["ip", "link", "del", "fbr0"], stderr=subprocess.DEVNULL)


def facetag(machine, database, *args, **how):
    home = BASE / "homes" / machine
    home.mkdir(parents=True, exist_ok=True)
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "FACETAG_LIBRARY": f"postgres://facetag@10.77.0.1:5499/{database}"}
    command = ["ip", "netns", "exec", machine] if machine in MACHINES else []
    if machine in CLOCKS and shutil.which("faketime"):
        command += ["faketime", "-f", CLOCKS[machine]]
    return subprocess.Popen([*command, FACETAG, *map(str, args)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)


def export(database):
    out, error = facetag("alone", database, "export").communicate()
    photos = {}
    for photo in json.loads(out)["photos"]:
        photos.setdefault(photo["hash"], photo)
    return photos


def bcubed(photos):
    """Of the face nearest the centre of each photo, whose person is the name of its folder."""
    rows = []
    for photo in photos.values():
        centre = lambda face: sum((face["box"][i] + face["box"][i + 2] / 2 - 0.5) ** 2 for i in (0, 1))
        if photo["faces"]:
            face = min(photo["faces"], key=centre)
            rows.append((pathlib.Path(photo["path"]).parent.name, face["group"] or f"alone {face['id']}"))
    def mean(one, other):
        groups = {}
        for row in rows:
            groups.setdefault(row[one], []).append(row[other])
        return sum(members.count(row[other]) / len(members) for row in rows for members in [groups[row[one]]]) / len(rows)
    precision, recall = mean(1, 0), mean(0, 1)
    return precision, recall, 2 * precision * recall / (precision + recall)


def decide(machine, names):
    """Names the largest group that has no name, and notes what was acknowledged: the name, and the faces by photo and box."""
    people = json.loads(facetag(machine, "shared", "people", "--json").communicate()[0])
    group = max((person for person in people if not person["name"]), key=lambda person: person["faces"])
    name = f"Person {len(names) + 1}"
    before = export("shared")
    naming = facetag(machine, "shared", "name", group["id"], name)
    naming.communicate()
    if naming.returncode == 0:
        faces = [(hash, tuple(face["box"])) for hash, photo in before.items() for face in photo["faces"] if face["group"] == group["id"]]
        names[name] = faces
        print(f"{machine} named a group of {len(faces)} faces", flush=True)


def main():
    files = sorted(PHOTOS.glob("*/*.jpg"), key=lambda file: (-len(list(file.parent.iterdir())), file))[:COUNT]
    folders = {name: BASE / "photos" / name for name in ["alone", *MACHINES]}
    for index, file in enumerate(files):
        # A third is on one machine alone, a third on two, a third on all.
        owners = [[MACHINES[index % 3]], [MACHINES[index % 3], MACHINES[(index + 1) % 3]], MACHINES][index // 3 % 3]
        for owner in ["alone", *owners]:
            to = folders[owner] / file.parent.name / file.name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, to)
    clean()
    namespaces()
    server = Server(BASE / "server", ["listen_addresses=10.77.0.1"], ["host all all 10.77.0.0/24 trust"], port=5499)
    for database in ["alone", "shared"]:
        server.sql("postgres", f"CREATE DATABASE {database}")
    begun = time.time()
    out, error = facetag("alone", "alone", "scan", "--json", folders["alone"]).communicate()
    print(f"one machine: {time.time() - begun:.1f} s", json.loads(out)["photos"], "photos", flush=True)

    begun = time.time()
    photos = lambda: int(server.sql("shared", "SELECT CASE WHEN to_regclass('photos') IS NULL THEN 0 ELSE (SELECT count(*) FROM photos) END") or 0)
    until = lambda share: [time.sleep(0.2) for _ in iter(lambda: safe(photos) < share * len(files), False)]
    def safe(ask):
        try:
            return ask()
        except subprocess.CalledProcessError:
            return 0
    # The people who are on most photos are grouped first: a scan makes groups at its end, and who decides needs some.
    largest = list(dict.fromkeys(file.parent.name for file in files))[:10]
    facetag("fm1", "shared", "scan", *(folders["fm1"] / name for name in largest)).communicate()
    scans = {name: facetag(name, "shared", "scan", "--json", folders[name], start_new_session=True) for name in MACHINES}
    names = {}
    until(0.2)
    decide("fm2", names)
    until(0.25)
    os.killpg(scans["fm1"].pid, signal.SIGKILL)
    scans.pop("fm1").communicate()
    print(f"killed fm1 at {photos()} photos", flush=True)
    until(0.35)
    run("ip", "link", "set", "fm2-out", "down")
    cut = time.time()
    decide("fm3", names)
    print(f"cut off fm2 at {photos()} photos", flush=True)
    until(0.5)
    server.stop()
    print("stopped the server", flush=True)
    time.sleep(5)
    server.start()
    decide("fm3", names)
    decide("fm1", names)
    time.sleep(max(0, cut + 60 - time.time()))
    run("ip", "link", "set", "fm2-out", "up")
    print(f"fm2 is back after {time.time() - cut:.0f} s, at {photos()} photos", flush=True)
    read = 0
    for name, scan in scans.items():
        out, error = scan.communicate()
        print(name, "exit", scan.returncode, error.strip().splitlines()[-1:] if scan.returncode else "")
        summary = json.loads(out)
        read += summary["photos"]
        print("  ", {key: summary[key] for key in ["photos", "copies", "unchanged", "unreadable", "missing"]}, flush=True)
    print("fm1 again:", facetag("fm1", "shared", "scan", "--json", folders["fm1"]).communicate()[0].strip()[:120])
    print(f"three machines: {time.time() - begun:.1f} s")
    one, three = export("alone"), export("shared")
    faces = lambda photos: {(hash, tuple(face["box"])) for hash, photo in photos.items() for face in photo["faces"]}
    print("the same faces:", faces(one) == faces(three), len(faces(one)), len(faces(three)))
    for name, found in [("one", one), ("three", three)]:
        print(name, "BCubed P %.4f R %.4f F %.4f" % bcubed(found))
    whose = {(hash, tuple(face["box"])): (face.get("person") or {}).get("name") for hash, photo in three.items() for face in photo["faces"]}
    lost = [(name, face) for name, faces in names.items() for face in faces if whose.get(face) != name]
    print(f"names: {len(names)} given to {sum(map(len, names.values()))} faces, {len(lost)} of them lost")
    print("left:", server.sql("shared", "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM claims)"))
    print("check:", facetag("alone", "shared", "check", "--quick").communicate()[0].strip())
    print(facetag("alone", "shared", "machines").communicate()[0])
    server.stop()


try:
    main()
finally:
    clean()
    shutil.rmtree(BASE, ignore_errors=True)
