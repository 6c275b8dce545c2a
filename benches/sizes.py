#!/usr/bin/env python3
"""A library in a PostgreSQL database, at several sizes: how long a scan that finds nothing new, searches and the page take, and how much memory.

    benches/sizes.py FACETAG PHOTOS...

As root on Linux with Debian's postgresql, FACETAG built with `--features postgres`. For each number of photos a library of made-up rows is
filled as `common/rows.rs` fills one in a folder, three faces a photo, but with 20,000 names and empty embeddings, which
nothing of this reads; and so many sparse files are made, about 300
bytes of disk each. Prints a table in Markdown.
"""

import http.client, json, multiprocessing, os, pathlib, re, shutil, signal, subprocess, sys, tempfile, time

sys.path.append(os.path.join(os.path.dirname(__file__), "common"))
from postgres_server import Server

FACETAG, SIZES = os.path.abspath(sys.argv[1]), [int(size) for size in sys.argv[2:]] or [100_000]
BASE = pathlib.Path(tempfile.mkdtemp(prefix="sizes-"))
NAMES, TOWNS, MONTHS, FACES_A_PHOTO = 20_000, 2_000, 240, 3
COUNT = 21


def environment(database):
    return os.environ | {"HOME": str(BASE), "FACETAG_LIBRARY": f"postgres://facetag@/{database}?host={BASE}/server"}


def facetag(database, *args):
    """What it prints, its seconds and its peak memory in MiB."""
    begun = time.monotonic()
    process = subprocess.Popen([FACETAG, *map(str, args)], env=environment(database), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    return out, time.monotonic() - begun, usage.ru_maxrss // 1024


def make_files(folder, photos):
    """Sparse files, and a row for each: path, size, and when it was modified and changed, in nanoseconds."""
    rows = []
    for month in range(MONTHS):
        (folder / f"month-{month}").mkdir(parents=True)
        for photo in range(month * photos // MONTHS, (month + 1) * photos // MONTHS):
            path = f"{folder}/month-{month}/IMG_{photo}.jpg"
            handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o644)
            os.ftruncate(handle, 4_000_000)
            about = os.fstat(handle)
            os.close(handle)
            rows.append(f"\\\\x{path.encode().hex()}\t4000000\t{about.st_mtime_ns}\t{about.st_ctime_ns}\t{photo + 1}\n")
    return "".join(rows)


def fill(database, folder, photos):
    server.sql("postgres", f"CREATE DATABASE {database}")
    folder.mkdir(parents=True)
    # The folder and this machine are known by this.
    facetag(database, "scan", folder)
    machine = server.sql(database, "SELECT max(machine) FROM roots")
    quiet = "SET session_replication_role = replica;"
    server.sql(database, f"CREATE TEMP TABLE given (path BYTEA, size BIGINT, modified BIGINT, changed BIGINT, photo BIGINT); COPY given FROM STDIN; {quiet} "
        f"INSERT INTO files (path, size, modified, changed, photo_id, machine) SELECT path, size, modified, changed, photo, {machine} FROM given",
        make_files(folder, photos))
    faces = photos * FACES_A_PHOTO
    common = faces // 40
    server.sql(database, f"""{quiet} SELECT setseed(.5);
        INSERT INTO places SELECT town, 'Town ' || town, '', 'Region', 'Country', 'CC', '|town ' || town || '|region|country|cc|' FROM generate_series(1, {TOWNS}) AS town;
        INSERT INTO photos (id, hash, width, height, taken, place_id, detector, scanned_at)
        SELECT id, sha256(id::TEXT::BYTEA), 4000, 3000,
               (2005 + month / 12) || to_char(month % 12 + 1, '"-"FM00') || to_char(1 + random() * 27, '"-"FM00') || to_char(random() * 59, '"T12:"FM00":00"'),
               CASE WHEN random() < .7 THEN 1 + floor(random() * {TOWNS}) END, 'open', ''
        FROM (SELECT id, (id - 1) * {MONTHS} / {photos} AS month FROM generate_series(1, {photos}::BIGINT) AS id) AS ids;
        INSERT INTO originals (machine, path, hash) SELECT machine, path, hash FROM files JOIN photos ON photos.id = photo_id;
        INSERT INTO faces (photo_id, x, y, width, height, landmarks, score, quality, person_id, state, photo_year)
        SELECT 1 + face / {FACES_A_PHOTO}, .1 + .2 * (face % {FACES_A_PHOTO}), .1, .1, .1, decode(repeat('00', 40), 'hex'), .9, random(), person,
               CASE WHEN person <= {NAMES} THEN 'auto' END, 2005 + face / {FACES_A_PHOTO} * {MONTHS} / {photos} / 12
        FROM (SELECT face, CASE WHEN random() < ln({common}) / 40 THEN floor(exp(random() * ln({common}))) ELSE {common} + face END AS person
              FROM generate_series(0, {faces}::BIGINT - 1) AS face) AS whose;
        INSERT INTO people (id, name, key, created_at)
        SELECT person_id, CASE WHEN person_id <= {NAMES} THEN 'Person ' || person_id END, CASE WHEN person_id <= {NAMES} THEN 'person ' || person_id END, ''
        FROM (SELECT DISTINCT person_id FROM faces) AS seen;
        INSERT INTO embeddings SELECT id, 'open', '' FROM faces;
        INSERT INTO settings VALUES ('clusters', 'open 128 1') ON CONFLICT (key) DO UPDATE SET value = excluded.value""")
    server.sql(database, "VACUUM ANALYZE")


def pages(database, photos):
    """The page's start in seconds, its peak memory, and for each page the first answer and the middle one, in milliseconds."""
    begun = time.monotonic()
    page = subprocess.Popen([FACETAG, "serve", "--port", "0"], env=environment(database), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    address = next(found for line in page.stdout if (found := re.search(r"http://([^/\s]+)(/\S*)", line)))
    start = time.monotonic() - begun
    connection = http.client.HTTPConnection(address[1])

    def get(path, cookie=""):
        asked = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 400, (path, answer.status)
        return (time.perf_counter() - asked) * 1e3, answer

    _, answer = get(address[2])
    cookie = "; ".join(value.split(";")[0] for key, value in answer.getheaders() if key.lower() == "set-cookie")
    for what, path in {
        "people": "/people",
        "the most frequent person": "/person/1",
        "the 10,000th": "/person/10000",
        "a photo": f"/photo/{photos // 2}",
        "all photos": "/search",
        "photos of the most frequent person": "/search?all=1",
        "of a person and a year": "/search?q=Person+100+2015",
        "of a town and month": "/search?place=Town+7&since=2015-07-01&until=2015-07-31",
        "of a country": "/search?place=Country",
    }.items():
        first = get(path, cookie)[0]
        others = sorted(get(path, cookie)[0] for _ in range(COUNT))
        yield f"page: {what}", f"{first:.0f} / {others[COUNT // 2]:.0f} ms"
    memory = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{page.pid}/status").read_text())[1]
    yield "page: start, memory", f"{start:.1f} s, {int(memory) // 1024} MiB"
    page.send_signal(signal.SIGTERM)
    page.wait()


def measure(photos):
    database, folder = f"sizes{photos}", BASE / f"photos-{photos}"
    begun = time.monotonic()
    # In a process of its own: what this one has in memory would count as its children's peak.
    filling = multiprocessing.Process(target=fill, args=(database, folder, photos))
    filling.start()
    filling.join()
    assert filling.exitcode == 0
    print(f"{photos} photos written in {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    yield "size of the database", server.sql(database, f"SELECT pg_size_pretty(pg_database_size('{database}'))")
    for again in ["scan without changes", "the same again"]:
        out, seconds, memory = facetag(database, "scan", "--json", folder)
        unchanged = json.loads(out)["unchanged"]
        assert unchanged == photos, unchanged
        yield again, f"{seconds:.1f} s, {memory} MiB"
    for what, command in {
        "find the most frequent person": ["find", "Person 1"],
        "find the 100th": ["find", "Person 100"],
        "find in a town and month": ["find", "--place", "Town 7", "--since", "2015-07", "--until", "2015-07"],
        "people": ["people"],
    }.items():
        out, seconds, memory = min((facetag(database, *command) for _ in range(3)), key=lambda run: run[1])
        yield f"`{what}`", f"{seconds * 1e3:.0f} ms, {out.count(chr(10))} lines"
    yield from pages(database, photos)
    server.sql("postgres", f"DROP DATABASE {database}")
    shutil.rmtree(folder)


# With the memory that a server of such a size would be given.
server = Server(BASE / "server", ["listen_addresses=", "shared_buffers=2GB", "maintenance_work_mem=512MB", "max_wal_size=8GB"])
try:
    columns = []
    for photos in SIZES:
        columns.append({})
        for what, value in measure(photos):
            columns[-1][what] = value
            print(what, value, file=sys.stderr, flush=True)
    print("| photos | " + " | ".join(f"{size:,}" for size in SIZES) + " |\n|" + "---|" * (len(SIZES) + 1))
    for what in columns[0]:
        print(f"| {what} | " + " | ".join(column[what] for column in columns) + " |")
finally:
    server.stop()
    shutil.rmtree(BASE, ignore_errors=True)
