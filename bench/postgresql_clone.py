"""A whole PostgreSQL database, pgbench's tables and one with three indexes: against pgcopydb, and against pipes of COPY."""

import os
import pathlib
import subprocess

import common

from tests.support.servers.mysql import MYSQL_ROOT
from tests.support.servers.postgresql import DATABASE

PGBENCH = pathlib.Path("/usr/lib/postgresql/15/bin/pgbench")
TABLES = {
    "public.pgbench_accounts": ["ALTER TABLE {} ADD PRIMARY KEY (aid)"],
    "s.t": ["ALTER TABLE {} ADD PRIMARY KEY (id)", "CREATE INDEX ON {} (a)", "CREATE INDEX ON {} (b)"],
}


def uri(server):
    return f"postgres://admin:{common.PASSWORD}@{server.host}:{server.port}/{DATABASE}"


def clean(destination):
    for schema in ("s", "sluice", "pgcopydb"):
        destination.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    destination.execute(*[f"DROP TABLE IF EXISTS public.pgbench_{t}" for t in ("accounts", "branches", "tellers", "history")])


def pgcopydb(source, destination, jobs):
    """From Debian unstable: it wants the dump program of the server's version."""
    command = ["chroot", str(MYSQL_ROOT), "pgcopydb", "clone", "--table-jobs", str(jobs), "--index-jobs", str(jobs)]
    command += ["--source", uri(source), "--target", uri(destination), "--restart", "--dir", "/tmp/pgcopydb", "--skip-extensions"]
    return common.run(command).seconds


def psql(server, sql):
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", server.host, "-p", str(server.port), "-U", "admin", "-d", DATABASE]
    return [*command, "-c", sql]


def floor(source, destination):
    """Each large table by a pipe of its own, with FREEZE; then the indexes in parallel."""
    environment = {**os.environ, "PGPASSWORD": common.PASSWORD}
    destination.execute(
        "CREATE SCHEMA IF NOT EXISTS s",
        "CREATE TABLE s.t (id bigint NOT NULL, a integer, b text, c timestamptz)",
        "CREATE TABLE public.pgbench_accounts (aid integer NOT NULL, bid integer, abalance integer, filler char(84))",
    )

    def pipe(table):
        reader = subprocess.Popen(psql(source, f"COPY {table} TO STDOUT (FORMAT binary)"), stdout=subprocess.PIPE, env=environment)
        writer = [*psql(destination, f"TRUNCATE {table}"), "-1", "-c", f"COPY {table} FROM STDIN (FORMAT binary, FREEZE)"]
        subprocess.run(writer, stdin=reader.stdout, env=environment, check=True)
        if reader.wait() != 0:
            raise RuntimeError("psql could not read the table")

    def index(statement):
        subprocess.run(psql(destination, statement), env=environment, check=True)

    load = common.in_parallel(*[lambda table=table: pipe(table) for table in TABLES])
    keys = [statement.format(table) for table, statements in TABLES.items() for statement in statements]
    return load + common.in_parallel(lambda: [index(s) for s in keys[::2]], lambda: [index(s) for s in keys[1::2]])


def main():
    options = common.arguments(__doc__, scale=50, rows=2_000_000, writers=2, rounds=2)
    with common.Bench(f"pgbench of scale {options.scale} and {options.rows} rows with three indexes, pg18 to pg18") as bench:
        source, destination = bench.server("pg18"), bench.server("pg18")
        environment = {**os.environ, "PGPASSWORD": common.PASSWORD}
        common.run([PGBENCH, "-h", source.host, "-p", str(source.port), "-U", "admin", "-i", "-q", "-s", str(options.scale), DATABASE],
                   env=environment)  # fmt: skip
        source.execute(
            "CREATE SCHEMA s",
            "CREATE TABLE s.t (id bigint PRIMARY KEY, a integer, b text, c timestamptz)",
            "INSERT INTO s.t SELECT i, (i::bigint * 7919 % 1000003)::integer, md5(i::text), now() "
            f"FROM generate_series(1, {options.rows}) i",
            "CREATE INDEX ON s.t (a)",
            "CREATE INDEX ON s.t (b)",
        )
        source.execute("VACUUM ANALYZE")
        ours, peers, floors = [], [], []
        for _ in range(options.rounds):  # taken in turn, so that all meet the same weather
            clean(destination)
            task = bench.sluice(source, destination, types=["schema", "full"],
                                objects=[{"database": "public"}, {"database": "s"}],
                                limits={"readers": options.writers, "writers": options.writers})  # fmt: skip
            ours.append(common.run_sluice(task, "run"))
            counted = destination.value("SELECT (SELECT count(*) FROM s.t) + (SELECT count(*) FROM public.pgbench_accounts)")
            assert counted == options.rows + options.scale * 100_000, counted
            print(f"sluice {ours[-1].seconds:.1f} s", flush=True)
            if options.no_peers:
                continue
            clean(destination)
            floors.append(floor(source, destination))
            clean(destination)
            peers.append(pgcopydb(source, destination, options.writers))
            print(f"floor {floors[-1]:.1f} s, pgcopydb {peers[-1]:.1f} s", flush=True)
        seconds = min(run.seconds for run in ours)
        bench.result("against pgcopydb", seconds, min(peers, default=None), 0.85)
        bench.result("against pipes of COPY FREEZE, then the indexes", seconds, min(floors, default=None), 1.15)
        bench.result("peak memory", max(run.peak_mib for run in ours), None, 300, "MiB")


if __name__ == "__main__":
    main()
