"""A PostgreSQL server for a bench, on a socket in a folder of its own. As root on Linux, with Debian's postgresql."""

import pathlib, shutil, signal, subprocess, time

PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
NOBODY = 65534


class Server:
    """`settings` are as on the command line, `name=value`; `rules` are lines for pg_hba.conf."""

    def __init__(self, folder, settings, rules=(), port=5432):
        self.folder, self.data, self.settings = folder, folder / "data", [*settings, f"port={port}"]
        self.where = ["-h", folder, "-p", str(port)]
        folder.mkdir()
        folder.parent.chmod(0o755)
        shutil.chown(folder, NOBODY, NOBODY)
        self.nobody = dict(user=NOBODY, group=NOBODY, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        init = [PROGRAMS / "initdb", "--auth=trust", "--username=facetag", "--encoding=UTF8", "--locale=C", "-D", self.data]
        subprocess.run(init, check=True, **self.nobody)
        with open(self.data / "pg_hba.conf", "a") as file:
            file.writelines(f"{rule}\n" for rule in rules)
        self.start()

    def start(self):
        settings = [word for setting in self.settings for word in ("-c", setting)]
        self.process = subprocess.Popen([PROGRAMS / "postgres", "-D", self.data, "-k", self.folder, *settings], **self.nobody)
        while subprocess.run([PROGRAMS / "pg_isready", *self.where], stdout=subprocess.DEVNULL).returncode:
            time.sleep(0.1)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def sql(self, database, sql, rows=None):
        """What a statement answers; `rows` is what it copies from its standard input."""
        psql = [PROGRAMS / "psql", "-qAt", "-v", "ON_ERROR_STOP=1", *self.where, "-U", "facetag", "-d", database]
        return subprocess.run([*psql, "-c", sql], input=rows, check=True, capture_output=True, text=True).stdout.strip()
