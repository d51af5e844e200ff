"""Rows of one PostgreSQL table without an index: against `psql COPY (binary) | psql COPY (binary)`, one reader each."""

import os
import subprocess

import common

from tests.support.servers.postgresql import DATABASE


def psql(server, statement):
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", server.host, "-p", str(server.port)]
    return [*command, "-U", "admin", "-d", DATABASE, "-c", statement]


def pipe(source, destination, table):
    environment = {**os.environ, "PGPASSWORD": common.PASSWORD}
    reader = subprocess.Popen(
        psql(source, f"COPY {table} TO STDOUT (FORMAT binary)"), stdout=subprocess.PIPE, env=environment
    )
    subprocess.run(
        psql(destination, f"COPY {table} FROM STDIN (FORMAT binary)"), stdin=reader.stdout, env=environment, check=True
    )
    if reader.wait() != 0:
        raise RuntimeError("psql could not read the table")


def main():
    options = common.arguments(__doc__, rows=4_000_000, rounds=3)
    kinds = [kind if kind.startswith("pg") else "pg18" for kind in (options.source, options.destination)]
    with common.Bench(f"one table of {options.rows} rows, {kinds[0]} to {kinds[1]}, one reader") as bench:
        source, destination = bench.server(kinds[0]), bench.server(kinds[1])
        source.execute(
            "CREATE SCHEMA s",
            "CREATE TABLE s.t (id bigint, a integer, b text, c timestamptz, d numeric(12,2))",
            "INSERT INTO s.t SELECT i, i % 1000, md5(i::text), '2024-01-01'::timestamptz + i * interval '1 second', i / 7.0 "
            f"FROM generate_series(1, {options.rows}) i",
            "VACUUM ANALYZE s.t",
        )
        ours, peers = [], []
        for _ in range(options.rounds):  # taken in turn, so that all meet the same weather
            destination.execute("DROP SCHEMA IF EXISTS s CASCADE", "DROP SCHEMA IF EXISTS sluice CASCADE")
            task = bench.sluice(
                source, destination, types=["schema", "full"], objects=[{"database": "s"}],
                limits={"readers": 1, "writers": 1},
            )  # fmt: skip
            ours.append(common.run_sluice(task, "run"))
            assert destination.value("SELECT count(*) FROM s.t") == options.rows
            if options.no_peers:
                continue
            destination.execute("TRUNCATE s.t")
            peers.append(common.in_parallel(lambda: pipe(source, destination, "s.t")))
            print(f"sluice {ours[-1].seconds:.1f} s, psql {peers[-1]:.1f} s", flush=True)
        bench.result("against a pipe of psql", min(r.seconds for r in ours), min(peers, default=None), 1.15)
        bench.result("peak memory", max(r.peak_mib for r in ours), None, 300, "MiB")


if __name__ == "__main__":
    main()
