"""What every benchmark uses: servers as in production, sysbench data, the peers, and one way to print results.

A benchmark prints our figure, the peer's figure of the same run on the same machine, their ratio and the limit, and
ends with status 1 when a limit is missed. Memory is the peak of the process (ru_maxrss).
"""

import argparse
import contextlib
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import servers  # noqa: E402
from tests.support.compare import assert_equal  # noqa: E402,F401
from tests.support.sluice import BINARY, Sluice  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402,F401

PASSWORD = servers.ADMIN_PASSWORD


# ---------------------------------------------------------------- frame


def arguments(description, **defaults):
    """Common options; each keyword becomes an integer option with that default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--source", choices=servers.KINDS, default="mariadb")
    parser.add_argument("--destination", choices=servers.KINDS, default="mariadb")
    parser.add_argument("--no-peers", action="store_true", help="measure Sluice alone")
    for name, value in defaults.items():
        parser.add_argument("--" + name.replace("_", "-"), type=int, default=value, dest=name)
    return parser.parse_args()


class Bench:
    """Servers, a scratch folder and the results of one benchmark: `with Bench("full load") as bench`."""

    def __init__(self, title):
        self.title = title
        self.park = servers.Park()
        self.folder = self.park.base / "bench"
        self.folder.mkdir()
        self.results = []

    def __enter__(self):
        print(f"# {self.title}\n", flush=True)
        return self

    def __exit__(self, kind, value, trace):
        self.park.close()
        shutil.rmtree(self.park.base, ignore_errors=True)
        if kind is None:
            self._print()

    def server(self, kind="mariadb", **options):
        return self.park.new(kind, profile="bench", **options)

    def sluice(self, source, destination, **task):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        return Sluice(BINARY, folder, source, destination, **task)

    def result(self, name, ours, peer=None, limit=None, unit="s"):
        """`limit`: the largest ratio ours / peer that is owed; without a peer the largest value of ours."""
        self.results.append((name, ours, peer, limit, unit))
        print(_line(*self.results[-1]), flush=True)

    def _print(self):
        print("\n| what | Sluice | peer | ratio | owed |\n|---|---|---|---|---|")
        for name, ours, peer, limit, unit in self.results:
            ratio = f"{ours / peer:.2f}" if peer else ""
            print(
                f"| {name} | {ours:.2f} {unit} | {f'{peer:.2f} {unit}' if peer else ''} | {ratio} | "
                f"{f'<= {limit}' if limit else ''} |"
            )
        missed = [r for r in self.results if r[3] is not None and (r[1] / r[2] if r[2] else r[1]) > r[3]]
        if missed:
            print("\nmissed: " + "; ".join(r[0] for r in missed))
            sys.exit(1)


def _line(name, ours, peer, limit, unit):
    text = f"{name}: {ours:.2f} {unit}"
    if peer:
        text += f", peer {peer:.2f} {unit}, ratio {ours / peer:.2f}"
    return text + (f" (owed: at most {limit})" if limit else "")


class Ran:
    def __init__(self, seconds, peak_mib, out):
        self.seconds, self.peak_mib, self.out = seconds, peak_mib, out


def run(command, **options):
    """Runs a program to its end; its seconds, peak memory in MiB and output. Failure is an error."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, **options
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begin
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    if process.returncode != 0:
        raise RuntimeError(f"{command}: status {process.returncode}\n{text[-4000:]}")
    return Ran(seconds, usage.ru_maxrss / 1024, text)


def run_sluice(sluice, verb, *more):
    return run(sluice._command(verb, *more), env=sluice.environment)


def in_parallel(*jobs):
    """Runs callables at the same time; seconds until the last is done. The first error is raised."""
    errors = []

    def guarded(job):
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - handed on below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return time.monotonic() - begin


# ---------------------------------------------------------------- data


def sysbench_options(server, database, tables, rows):
    return [
        f"--mysql-socket={server.socket}",
        "--mysql-user=admin",
        f"--mysql-password={PASSWORD}",
        f"--mysql-db={database}",
        f"--tables={tables}",
        f"--table-size={rows}",
        "--db-driver=mysql",
    ]


def sysbench_fill(server, database="sb", tables=4, rows=500_000, threads=2):
    """`tables` tables sbtest1 ... with `rows` rows each, a primary key and one secondary index."""
    server.execute(f"DROP DATABASE IF EXISTS {database}", f"CREATE DATABASE {database}")
    run(
        [
            "sysbench",
            "oltp_write_only",
            *sysbench_options(server, database, tables, rows),
            f"--threads={threads}",
            "prepare",
        ]
    )
    server.execute(*[f"ANALYZE TABLE {database}.sbtest{i + 1}" for i in range(tables)])


def sysbench_write(server, transactions, database="sb", tables=4, rows=500_000, threads=4, rate=0, seconds=0):
    """oltp_write_only: 4 row changes a transaction (two updates, a delete and an insert of one key)."""
    limit = [f"--events={transactions}", f"--time={seconds}"]
    return run(
        [
            "sysbench",
            "oltp_write_only",
            *sysbench_options(server, database, tables, rows),
            f"--threads={threads}",
            f"--rate={rate}",
            *limit,
            "run",
        ]
    )


def small_tables(server, database="many", count=5000, rows=10):
    server.execute(f"DROP DATABASE IF EXISTS {database}", f"CREATE DATABASE {database}")
    with server.session(database) as session:
        session.execute("SET sql_log_bin=0")
        for number in range(count):
            session.execute(
                f"CREATE TABLE t{number} (id INT PRIMARY KEY, name VARCHAR(40), amount DECIMAL(10,2), KEY (name))"
            )
            session.execute(
                f"INSERT INTO t{number} VALUES " + ",".join(f"({i},'name {i}',{i}.25)" for i in range(rows))
            )


# ---------------------------------------------------------------- peers


def mydumper_myloader(bench, source, destination, database="sb", threads=2):
    """Seconds of mydumper and of myloader, one after the other as they are used."""
    folder = bench.folder / "mydumper"
    shutil.rmtree(folder, ignore_errors=True)
    destination.execute(f"DROP DATABASE IF EXISTS {database}")
    login = ["--user=admin", f"--password={PASSWORD}", f"--threads={threads}"]
    dump = run(
        [
            "mydumper",
            *login,
            f"--socket={source.socket}",
            f"--database={database}",
            f"--outputdir={folder}",
            "--rows=125000",
            "--triggers",
            "--routines",
        ]
    )
    load = run(
        [
            "myloader",
            *login,
            f"--socket={destination.socket}",
            f"--directory={folder}",
            "--overwrite-tables",
            "--enable-binlog",
        ]
    )
    shutil.rmtree(folder, ignore_errors=True)
    return dump.seconds, load.seconds


def load_data_floor(bench, source, destination, database="sb", tables=4, connections=2):
    """Seconds of LOAD DATA of the same rows from files, in parallel, secondary index in place."""
    folder = bench.folder / "floor"
    folder.mkdir(exist_ok=True)
    names = [f"sbtest{i + 1}" for i in range(tables)]
    destination.execute(f"DROP DATABASE IF EXISTS {database}_floor", f"CREATE DATABASE {database}_floor")
    for name in names:
        (folder / name).unlink(missing_ok=True)
        source.execute(f"SELECT * INTO OUTFILE '{folder / name}' FROM {database}.{name}")
        statement = source.query(f"SHOW CREATE TABLE {database}.{name}")[0][1]
        destination.execute(statement, database=f"{database}_floor")

    def load(part):
        with destination.session(f"{database}_floor", local_infile=True) as session:
            for name in part:
                session.execute(f"LOAD DATA LOCAL INFILE '{folder / name}' INTO TABLE {name}")

    seconds = in_parallel(*[lambda part=names[i::connections]: load(part) for i in range(connections)])
    destination.execute(f"DROP DATABASE {database}_floor")
    shutil.rmtree(folder, ignore_errors=True)
    return seconds


def position(server):
    """(file, offset) of the end of the binary log, and the GTID position."""
    statement = "SHOW MASTER STATUS" if server.is_mariadb else "SHOW BINARY LOG STATUS"
    row = server.query(statement)[0]
    return row[0], row[1]


def gtid(server):
    return server.value("SELECT @@gtid_binlog_pos" if server.is_mariadb else "SELECT @@gtid_executed")


def make_replica(source, replica, at):
    """Points `replica` at `source` from position `at` without starting it. The replica has the data already."""
    if replica.is_mariadb:
        replica.execute(
            f"CHANGE MASTER TO MASTER_HOST='{source.host}', MASTER_PORT={source.port}, MASTER_USER='admin', "
            f"MASTER_PASSWORD='{PASSWORD}', MASTER_LOG_FILE='{at[0]}', MASTER_LOG_POS={at[1]}, MASTER_USE_GTID=no"
        )
    else:
        replica.execute(
            f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='{source.host}', SOURCE_PORT={source.port}, "
            f"SOURCE_USER='admin', SOURCE_PASSWORD='{PASSWORD}', SOURCE_LOG_FILE='{at[0]}', "
            f"SOURCE_LOG_POS={at[1]}, GET_SOURCE_PUBLIC_KEY=1"
        )


def replica_catch_up(source, replica, threads=2, mode="optimistic"):
    """Seconds for the replica to apply everything that waits at the source. MariaDB: slave_parallel_mode `mode`."""
    if replica.is_mariadb:
        replica.execute(f"SET GLOBAL slave_parallel_threads={threads}", f"SET GLOBAL slave_parallel_mode='{mode}'")
    else:
        replica.execute(f"SET GLOBAL replica_parallel_workers={threads}")
    end = position(source)
    begin = time.monotonic()
    if replica.is_mariadb:
        replica.execute("START SLAVE")
        value = replica.value(f"SELECT MASTER_POS_WAIT('{end[0]}', {end[1]}, 600)")
        replica.execute("STOP SLAVE")
    else:
        replica.execute("START REPLICA")
        value = replica.value(f"SELECT SOURCE_POS_WAIT('{end[0]}', {end[1]}, 600)")
        replica.execute("STOP REPLICA")
    if value is None or value < 0:
        raise RuntimeError(f"the replica did not catch up: {value}\n{replica.tail_log()}")
    return time.monotonic() - begin


def best_replica_catch_up(bench, source, make, at):
    """The best of the native replica's parallel settings. `make()` gives a fresh replica with the data of `at`."""
    best = None
    kind_settings = [(0, "optimistic"), (2, "optimistic"), (4, "optimistic"), (4, "conservative")]
    for threads, mode in kind_settings:
        replica = make()
        if not replica.is_mariadb and mode == "conservative":
            continue
        make_replica(source, replica, at)
        seconds = replica_catch_up(source, replica, threads, mode)
        print(f"native replica, {threads} threads, {mode}: {seconds:.2f} s", flush=True)
        best = min(best or seconds, seconds)
        bench.park.release(replica)
    return best


def clone(server, park, **options):
    """A second server with the same data: stops `server` for the copy of its files."""
    server.stop()
    copy = servers.mysql.MysqlServer(server.kind, _fresh(park, server.kind), server.data, profile="bench", **options)
    for name in copy.data.glob("binlog.*"):
        name.unlink()
    for name in ("master.info", "relay-log.info"):
        (copy.data / name).unlink(missing_ok=True)
    server.start()
    park._all.append(copy)
    return copy.start()


def _fresh(park, kind):
    park._number += 1
    folder = park.base / f"{kind}{park._number}"
    folder.mkdir()
    return folder


@contextlib.contextmanager
def peak_of_children():
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    holder = {}
    yield holder
    holder["mib"] = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
