"""Schema and rows of sysbench tables from MariaDB to PostgreSQL: against pgloader, and against the clients' own pipes."""

import os
import subprocess

import common

from tests.support.servers.postgresql import DATABASE

PGLOADER = """LOAD DATABASE
  FROM mysql://admin:{password}@{source.host}:{source.port}/sb
  INTO postgresql://admin:{password}@{destination.host}:{destination.port}/{database}
  WITH workers = {writers}, concurrency = 1, multiple readers per thread, rows per range = 50000, prefetch rows = 5000
  SET MySQL PARAMETERS net_read_timeout = '600', net_write_timeout = '600'
  BEFORE LOAD DO $$ CREATE SCHEMA IF NOT EXISTS sb $$;
"""


def clean(destination):
    for schema in ("sb", "sluice", "floor"):
        destination.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def pgloader(bench, source, destination, writers):
    file = bench.folder / "sb.load"
    text = PGLOADER.format(source=source, destination=destination, password=common.PASSWORD, database=DATABASE, writers=writers)
    file.write_text(text)
    return common.run(["pgloader", file]).seconds


def floor(source, destination, tables, connections):
    """The client's text output piped into COPY, then keys and indexes."""
    destination.execute("CREATE SCHEMA floor")
    names = [f"sbtest{i + 1}" for i in range(tables)]
    mysql = f"mysql -h {source.host} -P {source.port} -u admin sb --quick -N -B -e"
    psql = f"psql -X -q -v ON_ERROR_STOP=1 -h {destination.host} -p {destination.port} -U admin -d {DATABASE}"
    environment = {**os.environ, "PGPASSWORD": common.PASSWORD, "MYSQL_PWD": common.PASSWORD}

    def load(part):
        for name in part:
            table = f"floor.{name}"
            subprocess.run(
                f"( echo 'BEGIN; CREATE TABLE {table} (id integer NOT NULL, k integer NOT NULL, c char(120) NOT NULL, "
                f"pad char(60) NOT NULL); COPY {table} FROM STDIN WITH (FREEZE);'; "
                f"{mysql} 'SELECT id, k, c, pad FROM {name}'; printf '%s\\n' '\\.' 'COMMIT;' "
                f"'ALTER TABLE {table} ADD PRIMARY KEY (id);' 'CREATE INDEX ON {table} (k);' ) | {psql}",
                shell=True, check=True, env=environment,
            )  # fmt: skip

    return common.in_parallel(*[lambda part=names[i::connections]: load(part) for i in range(connections)])


def main():
    options = common.arguments(__doc__, tables=4, rows=500_000, writers=2, rounds=2)
    to = options.destination if options.destination.startswith("pg") else "pg15"
    with common.Bench(f"full load, {options.tables} x {options.rows} rows, {options.source} to {to}") as bench:
        source, destination = bench.server(options.source), bench.server(to)
        common.sysbench_fill(source, tables=options.tables, rows=options.rows)
        ours, peers, floors = [], [], []
        for _ in range(options.rounds):
            clean(destination)
            task = bench.sluice(
                source, destination, types=["schema", "full"], objects=[{"database": "sb"}],
                limits={"readers": options.writers, "writers": options.writers},
            )  # fmt: skip
            ours.append(common.run_sluice(task, "run"))
            wanted = options.tables * options.rows
            counted = sum(destination.value(f"SELECT count(*) FROM sb.sbtest{i + 1}") for i in range(options.tables))
            assert counted == wanted, counted
            print(f"sluice {ours[-1].seconds:.1f} s", flush=True)
            if options.no_peers:
                continue
            clean(destination)
            floors.append(floor(source, destination, options.tables, options.writers))
            clean(destination)
            peers.append(pgloader(bench, source, destination, options.writers))
            print(f"floor {floors[-1]:.1f} s, pgloader {peers[-1]:.1f} s", flush=True)
        seconds = min(run.seconds for run in ours)
        bench.result("against pgloader", seconds, min(peers, default=None), 0.5)
        bench.result("against the clients' pipes into COPY", seconds, min(floors, default=None), 1.3)
        bench.result("peak memory", max(run.peak_mib for run in ours), None, 300, "MiB")


if __name__ == "__main__":
    main()
